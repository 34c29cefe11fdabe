"""Reactors: the recoil spectrum of a target, the fit of CONUS+ and its toys.

Peers, in the same process: an adaptive integral over neutrino energies for every recoil energy
(scipy's quad, split at the kinks of the spectrum); and a likelihood of the same six spectra written
down plainly, with templates that are quadratic in the two pulls, which iminuit minimises. Times are
CPU times of one core with one BLAS thread, as the machine may be shared.
"""

import argparse
import math
from itertools import pairwise

import numpy as np
from iminuit import Minuit
from scipy.integrate import quad
from scipy.special import xlogy

import cevns
from _timing import cpu, report
from cevns import material, recoil_spectrum
from cevns.experiments.fast_form import fast_form
from cevns.inference import asimov
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.model.data import draw
from cevns.inference.toys.toy_run import run_toys
from cevns.processes import differential_cross_section, interaction, kinematics
from cevns.sources.reactor import Reactor

NAME = "conus-plus-2025"


def by_quad(source: Reactor, target: str, recoil_kev: np.ndarray, process) -> np.ndarray:
    """Counts per kg and keV, an integral for each recoil energy and nuclide."""
    species, end = "nubar_e", source.end_point_mev("nubar_e")
    fluence, mix = source.fluence_cm2(species), material(target)
    nuclei = mix.nuclei_per_kg()
    # as a table of 5 keV that plain arithmetic reads: calls of NumPy for one energy would decide
    step = 0.005
    table = source.spectrum(species, np.arange(0.0, end + 2 * step, step)).tolist()
    out = np.zeros_like(recoil_kev)
    for i, t in enumerate(recoil_kev):
        for nuclide in mix.nuclides:
            mass = nuclide.mass_mev
            low = float(kinematics.minimum_energy_mev(t, mass))
            if low >= end:
                continue
            first, second = 1e-3 * t, 0.5e-3 * t * mass
            # the form factor stands before the integral: once for each recoil energy
            height = differential_cross_section(
                nuclide, end, t, species, interaction=process, form_factor="helm"
            ) / (1.0 - first / end - second / end**2)

            def slope(energy, first=first, second=second):
                place = energy / step
                left = int(place)
                flux = table[left] + (place - left) * (table[left + 1] - table[left])
                return (1.0 - first / energy - second / energy**2) * flux

            # steps of the tables: where one ends and the next begins
            steps = [e for e in (2.0, 8.0) if low < e < end]
            edges = [low, *steps, end]
            parts = pairwise(edges)
            total = sum(quad(slope, a, b, epsrel=1e-3, limit=200)[0] for a, b in parts)
            out[i] += nuclei[nuclide.name] * fluence * float(height) * total
    return out


def least_cpu(function, repeats: int) -> float:
    """Smallest CPU time of a call in seconds, after one call that warms up."""
    function()
    return min(cpu(function)[0] for _ in range(repeats))


class Plain:
    """-2 ln L of the channels of a model from templates at -1, 0 and +1 sigma of its pulls."""

    def __init__(self, model) -> None:
        self.names = model.parameters.names
        start = model.parameters.values
        self.pulls = [n for n in self.names if model.parameters[n].constraint is not None]
        self.counts = [n for n in self.names if n not in self.pulls]

        def signal(**pulls: float) -> np.ndarray:
            at = dict.fromkeys(self.counts, 0.0) | {"cevns": 1.0} | pulls
            return model.expected(model.parameters.at(at).values)

        middle = signal()
        self.base = np.stack(
            [model.expected(model.parameters.at(self._only(name)).values) for name in self.counts]
        )
        sides = [(signal(**{n: 1.0}), signal(**{n: -1.0})) for n in self.pulls]
        self.slopes = np.stack([0.5 * (a - b) for a, b in sides])
        self.bends = np.stack([0.5 * (a + b) - middle for a, b in sides])
        self.start = start

    def _only(self, name: str) -> dict[str, float]:
        return dict.fromkeys(self.counts, 0.0) | {name: 1.0}

    def value(self, theta: np.ndarray, data: np.ndarray) -> float:
        sizes = np.array([theta[self.names.index(n)] for n in self.counts])
        pulls = np.array([theta[self.names.index(n)] for n in self.pulls])
        mu = sizes @ self.base + theta[0] * (pulls @ self.slopes + pulls**2 @ self.bends)
        mu = np.maximum(mu, 1e-9)
        return 2.0 * float((mu - data - xlogy(data, mu / np.maximum(data, 1e-300))).sum()) + float(
            pulls @ pulls
        )

    def fit(self, data: np.ndarray, *, minos: bool) -> Minuit:
        minuit = Minuit(lambda theta: self.value(theta, data), self.start, name=self.names)
        minuit.errordef = 1.0
        minuit.limits["cevns"] = (0.0, None)
        minuit.migrad()
        minuit.hesse()
        if minos:
            minuit.minos("cevns")
        return minuit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, for a smoke test")
    quick = parser.parse_args().quick

    source = Reactor(power_gw=3.6, distance_m=20.7, live_time_d=1.0)
    process = interaction("standard-model", couplings="tree-lowE", axial=False)
    few = np.geomspace(0.03, 2.0, 4 if quick else 20)
    many = np.geomspace(0.03, 2.0, 200)
    for target in ("Ge", "CaWO4"):

        def ours(recoil, target=target):
            found = recoil_spectrum(
                source, target, 1.0, recoil, interaction=process, form_factor="helm"
            )
            return found["nubar_e"]

        seconds, plain = cpu(lambda target=target: by_quad(source, target, few, process))
        print(f"{target}: quad differs by {np.abs(ours(few) / plain - 1.0).max():.1e} at most")
        report(
            f"recoil spectrum of {target}, 200 energies",
            least_cpu(lambda: ours(many), 3 if quick else 200),
            "quad over neutrino energies, from fewer",
            seconds * many.size / few.size,
        )

    model = cevns.load(NAME).model("count")
    fast, _ = fast_form(model)
    by_hand, data = Plain(model), asimov(model)
    repeats = 1 if quick else 10
    one, other = fit(model, data=data)["cevns"], by_hand.fit(data.counts, minos=True)
    print(f"{NAME}: {one.value:.1f} +- {one.error:.1f}; plain {other.values['cevns']:.1f} "
          f"+- {other.errors['cevns']:.1f}")  # fmt: skip
    for minos, words in ((False, "minimum and covariance"), (True, "with MINOS of the count")):
        peer = least_cpu(lambda minos=minos: by_hand.fit(data.counts, minos=minos), repeats)
        for title, chosen in (("exact", model), ("tabulated", fast)):

            def quoted(chosen=chosen, which="poi" if minos else "none"):
                return fit(chosen, data=data, minos=which)

            seconds = least_cpu(quoted, repeats)
            report(f"fit of {NAME}, {title}, {words}", seconds, "plain, iminuit", peer)

    n = 500 if quick else 20_000
    seconds, toys = cpu(lambda: run_toys(fast, n, seed=1, audit=0.0, workers=1))
    print(toys)
    drawn = draw(model, model.parameters.values, np.random.default_rng(2), 10 if quick else 200)
    spent, _ = cpu(lambda: [by_hand.fit(counts, minos=False) for counts in drawn.counts.T])
    peer = drawn.counts.shape[1] / spent
    rate = n / seconds
    print(f"toys of {NAME}: {rate:,.0f} /s of CPU on one core; plain {peer:,.0f} /s; "
          f"ratio {rate / peer:.0f}")  # fmt: skip
    assert math.isclose(one.value, other.values["cevns"], rel_tol=0.02)


if __name__ == "__main__":
    main()
