"""The neutrino floor of xenon: 200 masses, 100 bins, 14 fluxes with errors; a map of 200 x 100.

Peer: the algorithm of the public code of arXiv:2109.03116 as plain loops in this process, on some
of the masses: for each of 40 exposures a root in the cross section, for each of its steps a
minimum over the fluxes by scipy, then differences of the limits along the exposure, and the cross
section where the index of these crosses two.
"""

import argparse

import numpy as np
from scipy.optimize import brentq, minimize

from _timing import cpu, report
from cevns.analysis.fog import FogCase, fog_map, neutrino_floor


def by_loops(case: FogCase, mass_gev: float, exposures: np.ndarray) -> float:
    """The floor of one mass from limits at exposures, minimised and differenced numerically."""
    signal = case.signals([mass_gev])[0]
    backgrounds = case.backgrounds
    errors = np.sqrt((case.neutrinos.changes**2).sum(axis=0))
    total = backgrounds.sum(axis=0) + 1e-30

    def significance(ln_sigma: float, exposure: float) -> float:
        data = exposure * (np.exp(ln_sigma) * signal + total)

        def statistic(theta: np.ndarray) -> float:
            mean = exposure * (total + ((errors * theta)[:, None] * backgrounds).sum(axis=0))
            if (mean <= 0.0).any():
                return 1e300
            return 2.0 * np.sum(mean - data + data * np.log(data / mean)) + theta @ theta

        found = minimize(statistic, np.zeros(errors.size), method="BFGS", options={"gtol": 1e-3})
        return found.fun - 9.0

    limits = []
    for exposure in exposures:
        guess = np.log(9.0 / (exposure * signal.sum()))
        limits.append(brentq(significance, guess - 5.0, guess + 14.0, (exposure,), xtol=1e-3))
    n = -1.0 / np.gradient(np.array(limits), np.log(exposures))
    crossed = int(np.argmax(n >= 2.0))
    if not crossed:
        return float("nan")
    return float(
        np.exp(np.interp(2.0, n[crossed - 1 : crossed + 1], limits[crossed - 1 : crossed + 1]))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one mass by loops, for a smoke test")
    quick = parser.parse_args().quick
    masses = np.geomspace(0.5, 1000.0, 200)
    seconds, floor = cpu(lambda: neutrino_floor(FogCase("Xe"), masses))
    some = [120] if quick else [40, 90, 130, 170]
    case = FogCase("Xe")
    case.backgrounds  # noqa: B018 - the peer is given the rates
    peer = 0.0
    for k in some:
        around = floor.exposure_tonne_year[k] * np.geomspace(1e-2, 1e2, 8 if quick else 40)
        spent, sigma = cpu(lambda k=k, around=around: by_loops(case, masses[k], around))
        peer += spent
        ratio = sigma / floor.cross_section_cm2[k]
        print(f"{masses[k]:.3g} GeV: by loops {sigma:.3e} cm2, {ratio:.3f} of ours")
    report("floor of Xe, 200 masses, one core", seconds, "as loops", peer * masses.size / len(some))
    sigmas = np.geomspace(1e-42, 1e-50, 100)
    seconds, found = cpu(lambda: fog_map(case, masses, sigmas))
    print(f"map of the index, {found.index.size} points: {seconds:.2f} s of one core")


if __name__ == "__main__":
    main()
