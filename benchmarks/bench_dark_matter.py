"""Dark matter of the beam dump in CsI: a model, 30 masses, a plane of 40 x 40, unweighted events.

Peer: the algorithm of the public Monte Carlo (arXiv:1609.01770) as the plain loop it is, in this
process: draw a pi0, let it decay to a mediator and that to chi, boost both, keep what flies into
the detector, draw a recoil. The detector is blown up to a sphere of 1 m with the same number of
nuclei; in its true size that loop would keep one in 120 of these.
"""

import argparse
import math
import random

import numpy as np

import cevns
from _timing import cpu, report
from cevns.analysis.events.event_sample import recoil_events
from cevns.constants import ALPHA, HBARC2_MEV2_CM2, HBARC_MEV_FM
from cevns.dark_sector.sector import DarkSector
from cevns.nuclear import material
from cevns.nuclear.form_factors import form_factor
from cevns.sources.meson_beams.beam_targets import beam_target
from cevns.sources.meson_beams.meson_decay_rates import PI0, virtuality
from cevns.sources.meson_beams.meson_sample import seen_from
from cevns.sources.meson_spectra.geant4_fit import MODEL as PIONS

NAME, ALPHA_D, EPSILON = "coherent-csi-2021-dm", 0.5, 1e-4
LENGTH_M, MASS_KG, PROTONS, PI0_PER_PROTON = 19.3, 14.6, 3.198e23, 0.11
TRUE_SHARE = 5.7e-6
"""Of 4 pi that the detector covers."""


def isotropic() -> tuple[float, float, float]:
    """A direction."""
    c, phi = random.uniform(-1.0, 1.0), random.uniform(0.0, 2.0 * math.pi)
    s = math.sqrt(1.0 - c * c)
    return s * math.cos(phi), s * math.sin(phi), c


def boosted(e, p, gamma, n, bg):
    """Energy and momentum in the frame where the parent flies along n with beta gamma bg."""
    along = sum(a * b for a, b in zip(p, n, strict=True))
    extra = (gamma - 1.0) * along + bg * e
    return gamma * e + bg * along, tuple(a + extra * b for a, b in zip(p, n, strict=True))


def by_loops(m_chi: float, m_v: float, radius_m: float, wanted: int) -> tuple[float, int]:
    """Recoils of all energies that the loop predicts, and how many pi0 it drew for `wanted`."""
    sample = seen_from(PIONS(beam_target("sns-1gev", None, None), ""), PI0.mass_mev, 90.0, 4096)
    weights = np.cumsum(sample.weight) / sample.weight.sum()
    along = (sample.momentum * sample.cosine).tolist()
    momenta, gammas = sample.momentum.tolist(), sample.gamma.tolist()
    cosine_least = 1.0 / math.hypot(1.0, radius_m / LENGTH_M)
    branching = (
        virtuality(
            DarkSector("vector", "scalar", m_chi, m_v, ALPHA_D), PI0, off_shell=False
        ).branching
        * EPSILON**2
    )
    atoms, per_kg = material("CsI").atoms, material("CsI").nuclei_per_kg()
    form = form_factor("klein-nystrand")
    tables = []
    for nuclide, _ in atoms:
        grid = np.geomspace(1e-3, 1e4, 600)
        q = np.sqrt(2e-3 * nuclide.mass_mev * grid) / HBARC_MEV_FM
        squares = form.evaluate(q, form.default_rms_radius(nuclide)) ** 2
        tables.append((math.log(grid[0]), math.log(grid[1] / grid[0]), squares.tolist()))
    star_v = (PI0.mass_mev**2 - m_v**2) / (2.0 * PI0.mass_mev)
    energy_v = math.hypot(star_v, m_v)
    star = math.sqrt(0.25 * m_v**2 - m_chi**2)
    total, kept, drawn = 0.0, 0, 0
    while kept < wanted:
        drawn += 1
        i = min(int(np.searchsorted(weights, random.random())), len(momenta) - 1)
        p = momenta[i]  # in units of the mass
        c = along[i] / p
        phi = random.uniform(0.0, 2.0 * math.pi)
        s = math.sqrt(max(1.0 - c * c, 0.0))
        n = (s * math.cos(phi), s * math.sin(phi), c)  # the detector is along z
        flight = isotropic()
        e1, p1 = boosted(energy_v, tuple(star_v * a for a in flight), gammas[i], n, p)
        size = math.sqrt(sum(a * a for a in p1))
        direction = tuple(a / size for a in p1)
        out = isotropic()
        for sign in (1.0, -1.0):
            e, q = boosted(0.5 * m_v, tuple(sign * star * a for a in out), e1 / m_v, direction,
                           size / m_v)  # fmt: skip
            momentum = math.sqrt(sum(a * a for a in q))
            if q[2] < cosine_least * momentum:
                continue
            kept += 1
            for (nuclide, _), (first, step, squares) in zip(atoms, tables, strict=True):
                mass = nuclide.mass_mev
                top = 2.0 * mass * momentum**2 / (mass**2 + m_chi**2 + 2.0 * mass * e)
                # one recoil with its weight, uniform in the logarithm above 1 eV
                low = 1e-6
                t = low * (top / low) ** random.random()
                f2 = squares[min(int((math.log(1e3 * t) - first) / step), len(squares) - 1)]
                sigma = (
                    2.0 * math.pi * ALPHA * ALPHA_D * EPSILON**2 * nuclide.z**2 * f2 * mass
                    * (2.0 * e - t) ** 2 / (momentum**2 * (2.0 * mass * t + m_v**2) ** 2)
                    * HBARC2_MEV2_CM2 * t * math.log(top / low)
                )  # fmt: skip
                total += sigma * per_kg[nuclide.name] * MASS_KG
    area = 2.0 * math.pi * (1.0 - cosine_least) * (100.0 * LENGTH_M) ** 2
    return total / drawn * PROTONS * PI0_PER_PROTON * branching / area, drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few masses, for a smoke test")
    quick = parser.parse_args().quick
    study = cevns.load(NAME, models="dark-photon")
    at = {"mass_ratio": 3.0, "alpha_d": ALPHA_D, "epsilon": EPSILON}

    def model(mass: float) -> float:
        return study.predict(at={**at, "m_chi": float(mass)})[NAME]["dm"]

    spent, _ = cpu(lambda: model(7.0))
    print(f"first model, with the tables of the detector: {spent:.2f} s of one core")
    spent, number = cpu(lambda: model(10.0))
    print(f"a further model, CEvNS included: {1e3 * spent:.0f} ms; {number:.2f} events")
    masses = np.geomspace(1.0, 60.0, 5 if quick else 30)
    spent, _ = cpu(lambda: [model(m) for m in masses])
    print(f"{masses.size} masses: {spent:.2f} s of one core")
    plane = {
        "y_dm": np.geomspace(1e-13, 1e-8, 5 if quick else 40),
        "m_chi": np.geomspace(1.0, 60.0, 3 if quick else 40),
    }
    held = {"mass_ratio": 3.0, "alpha_d": ALPHA_D}
    spent, found = cpu(lambda: study.scan(plane, at=held))
    print(f"plane of {found.q.size} points: {spent:.1f} s of one core")
    here = {**at, "m_chi": 10.0}
    recoils = recoil_events(study.experiments[0], "dm", at=here)
    draw = 20_000 if quick else 1_000_000
    spent, _ = cpu(lambda: recoils.draw(draw, np.random.default_rng(1)))
    wanted = 20 if quick else 1000
    random.seed(1)
    looped, (expected, drawn) = cpu(lambda: by_loops(10.0, 30.0, 1.0, wanted))
    print(
        f"recoils of all energies: {recoils.expected:.1f}, by loops {expected:.1f} of {wanted} chi "
        f"in {drawn} decays"
    )
    report(f"{draw} unweighted events", spent, "loop, sphere of 1 m", looped / wanted * draw)
    true = 0.25 / LENGTH_M**2 / TRUE_SHARE
    print(
        f"events/s: {draw / spent:.3g}, by loops {wanted / looped:.3g}, "
        f"{wanted / looped / true:.3g} in the true size"
    )


if __name__ == "__main__":
    main()
