"""Recoil angles: closed forms, an independent program, a Monte Carlo, and three integrals alike.

The independent program had the couplings `scholberg2021`, Helm's form factor with the radius of
Lewin and Smith, and the vector part alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from cevns.exceptions import InputError, SpeciesError
from cevns.nuclear import nuclide
from cevns.processes import differential_cross_section, interaction
from cevns.processes.framework.kinematics import (
    cos_recoil_angle,
    energy_at_angle_mev,
    maximum_recoil_kev,
    recoil_at_angle_kev,
    recoil_slope_kev,
)
from cevns.rates import recoil_spectrum
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources import SNS, Source, source

PROCESS = interaction("standard-model", couplings="scholberg2021", axial=False)
SUN = source("sun", live_time_d=365.25, branches="b8")
PIDAR = SNS(distance_m=20.0, protons=1e23)
# threshold: mean, mean square, median in degrees, peak, share above 0.9
OWN = {
    (SUN, "He"): {
        0.0: (0.533, 0.333, 57.3, 0.576, 0.036),
        1.0: (0.560, 0.354, 55.8, 0.576, 0.038),
        6.0: (0.640, 0.436, 50.2, 0.635, 0.053),
    },
    (SUN, "F"): {
        0.0: (0.532, 0.332, 57.3, 0.575, 0.036),
        1.0: (0.623, 0.417, 51.5, 0.622, 0.049),
        3.0: (0.715, 0.529, 44.1, 0.723, 0.083),
    },
    (SUN, "Xe"): {
        0.0: (0.530, 0.330, 57.5, 0.570, 0.035),
        1.0: (0.814, 0.670, 35.1, 0.837, 0.192),
    },
    (PIDAR, "CsI"): {
        0.0: (0.479, 0.275, 61.7, 0.455, 0.019),
        5.0: (0.647, 0.440, 49.8, 0.591, 0.040),
        10.0: (0.726, 0.543, 43.8, 0.836, 0.088),
    },
    (PIDAR, "Ar"): {
        0.0: (0.505, 0.302, 59.6, 0.509, 0.026),
        20.0: (0.682, 0.484, 46.7, 0.648, 0.058),
    },
    (PIDAR, "Ge"): {
        0.0: (0.494, 0.291, 60.5, 0.485, 0.023),
        3.0: (0.566, 0.351, 56.2, 0.502, 0.029),
    },
    (PIDAR, "F"): {
        0.0: (0.513, 0.312, 58.9, 0.528, 0.029),
        50.0: (0.705, 0.514, 44.4, 0.708, 0.072),
    },
}
CASES = [(s, t, thr, own) for (s, t), rows in OWN.items() for thr, own in rows.items()]


def angles(of: Source, target: str, threshold_kev: float = 0.0, **more: object) -> RecoilAngles:
    options = {"interaction": PROCESS, "form_factor": "helm", **more}
    return RecoilAngles(of, target, 1000.0, threshold_kev, **options)


@dataclass(frozen=True)
class Line(Source):
    """Neutrinos of one energy."""

    energy_mev: float
    flavours = ("nu_e",)

    @property
    def recoil_kinks(self):
        return (self.energy_mev,)

    def spectrum(self, flavour, energy_mev):
        return np.zeros(np.shape(energy_mev))

    def end_point_mev(self, flavour):
        return self.energy_mev

    def lines(self, flavour):
        return ((self.energy_mev, 1.0),)

    def breaks(self, flavour):
        return (self.energy_mev,)

    def fluence_cm2(self, flavour):
        return 1e15


@pytest.mark.parametrize(("of", "target", "threshold", "own"), CASES)
def test_independent_program(of, target, threshold, own):
    found = angles(of, target, threshold)
    mean, square, median, peak, share = own
    assert found.mean() == pytest.approx(mean, abs=0.001)
    assert found.mean(2) == pytest.approx(square, abs=0.001)
    assert found.median_deg == pytest.approx(median, abs=0.1)
    assert found.peak == pytest.approx(peak, abs=0.006)
    assert found.above(0.9) == pytest.approx(share, abs=0.001)


@pytest.mark.parametrize("target", ["He4", "F19", "Ar40", "Xe132", "W184"])
@pytest.mark.parametrize("energy", [0.1, 1.0])
def test_one_energy_without_form_factor(target, energy):
    found = angles(Line(energy), target)  # E << M, and F = 1 at such momenta
    assert found.mean() == pytest.approx(8.0 / 15.0, abs=1e-3)
    assert found.mean(2) == pytest.approx(1.0 / 3.0, abs=1e-3)
    assert found.median_deg == pytest.approx(np.degrees(np.arccos(np.sqrt(1 - 0.5**0.5))), abs=0.05)
    assert found.peak == pytest.approx(3.0**-0.5, abs=1e-3)
    c = np.array([0.2, 0.5, 0.9])
    assert found.density(c) / found.total == pytest.approx(4.0 * c * (1.0 - c * c), rel=3e-3)


def test_counts_are_those_of_the_recoil_spectrum():
    for of, target, threshold in ((SUN, "F", 1.0), (PIDAR, "CsI", 5.0)):
        found = angles(of, target, threshold)
        kinks = {
            float(maximum_recoil_kev(e, x.mass_mev))
            for e in of.recoil_kinks
            for x in found.material.nuclides
        }
        edges = np.unique([threshold, *(k for k in kinks if k > threshold)])
        edges = np.unique(np.concatenate([edges, np.linspace(threshold, edges[-1], 60)]))
        x, w = np.polynomial.legendre.leggauss(8)
        half = np.diff(edges)[:, None] / 2
        recoil = (edges[:-1, None] + half * (x + 1)).ravel()
        rows = recoil_spectrum(of, target, 1000.0, recoil, interaction=PROCESS, form_factor="helm")
        whole = sum(rows.values()) @ (half * w).ravel()
        assert found.total == pytest.approx(whole, rel=1e-6)


def test_monte_carlo():
    # events drawn with the cross section, a line and two spectra among the neutrinos
    rng = np.random.default_rng(20261130)
    nucleus = nuclide("Ar40")
    tops = {f: PIDAR.end_point_mev(f) for f in PIDAR.flavours}
    cosine, weight = [], []
    for flavour, top in tops.items():
        size = 400_000
        if flavour == "nu_mu":
            energy = np.full(size, PIDAR.lines(flavour)[0][0])
            density = np.ones(size)
        else:
            energy = rng.uniform(0.0, top, size)
            density = top * PIDAR.spectrum(flavour, energy)
        limit = maximum_recoil_kev(energy, nucleus.mass_mev)
        recoil = rng.uniform(0.0, 1.0, size) * limit
        slope = differential_cross_section(
            nucleus, energy, recoil, flavour, interaction=PROCESS, form_factor="helm"
        )
        here = recoil > 20.0
        found = cos_recoil_angle(energy, recoil, nucleus.mass_mev)
        cosine.append(found[here])
        weight.append((density * slope * limit * PIDAR.fluence_cm2(flavour))[here])
    c, w = np.concatenate(cosine), np.concatenate(weight)
    found = angles(PIDAR, "Ar40", 20.0)
    assert found.mean() == pytest.approx((w @ c) / w.sum(), abs=0.001)
    assert found.mean(2) == pytest.approx((w @ c**2) / w.sum(), abs=0.001)
    edges = np.linspace(0.3, 1.0, 15)
    shares = np.histogram(c, edges, weights=w)[0] / w.sum()
    assert found.counts(edges) / found.total == pytest.approx(shares, abs=0.0015)


@pytest.mark.parametrize(("of", "target", "threshold"), [(SUN, "He", 6.0), (PIDAR, "CsI", 5.0)])
def test_energies_first_and_cosines_first(of, target, threshold):
    # over E at fixed c with the nodes of the flux; at fixed T with its moments; rows at fixed T
    found = angles(of, target, threshold)
    edges = np.linspace(0.0, 1.0, 9)
    cells = found.cells([threshold, 2 * threshold, 5 * threshold, 300.0], edges)
    counts = found.counts(edges)
    assert cells.sum(axis=0) == pytest.approx(counts, rel=2e-5, abs=1e-5 * counts.max())
    recoil = np.array([1.2, 2.0, 4.0]) * threshold
    above = found.above_at(recoil, np.linspace(0.0, 1.0, 401))
    rows = found.legendre_rows(recoil, 2)
    assert above[0] == pytest.approx(rows[0], rel=1e-7)
    # int P_1 = int (counts above c) dc for 0 <= c <= 1
    assert np.trapezoid(above, dx=1 / 400, axis=0) == pytest.approx(rows[1], rel=1e-3)
    one = angles(of, target, threshold).legendre(2)
    whole = np.array([found.total, found.mean() * found.total])
    assert one[:2] == pytest.approx(whole, rel=1e-12)


def test_rows_integrate_to_the_moments():
    found = angles(PIDAR, "Ar40", 20.0)
    cuts = np.unique([20.0, *maximum_recoil_kev(PIDAR.recoil_kinks, nuclide("Ar40").mass_mev)])
    x, w = np.polynomial.legendre.leggauss(40)
    half = np.diff(cuts)[:, None] / 2
    recoil, weight = (cuts[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
    rows = found.legendre_rows(recoil, 6) @ weight
    assert rows == pytest.approx(found.legendre(6), rel=1e-5, abs=1e-5 * rows[0])


def test_plane_of_the_continuous_part():
    found = angles(SUN, "F19", 1.0)
    c = 0.7
    top = float(recoil_at_angle_kev(SUN.end_point_mev("nu_e"), c, nuclide("F19").mass_mev))
    recoil = np.linspace(1.0, top, 20001)
    whole = np.trapezoid(found.plane(recoil, c), recoil)
    assert whole == pytest.approx(float(found.density(c)), rel=1e-4)
    assert float(found.plane(0.5, c)) == 0.0  # below the threshold
    assert float(found.plane(5.0, 0.01)) == 0.0  # no neutrino does that


def test_kinematics_are_each_other():
    mass = nuclide("F19").mass_mev
    energy, c = np.array([[2.0], [50.0], [900.0]]), np.array([0.05, 0.5, 0.999])
    recoil = recoil_at_angle_kev(energy, c, mass)
    assert cos_recoil_angle(energy, recoil, mass) == pytest.approx(np.broadcast_to(c, (3, 3)))
    assert energy_at_angle_mev(recoil, c, mass) == pytest.approx(np.broadcast_to(energy, (3, 3)))
    step = 1e-6
    up, down = (recoil_at_angle_kev(energy, c + s, mass) for s in (step, -step))
    assert recoil_slope_kev(energy, c, mass) == pytest.approx((up - down) / (2 * step), rel=1e-6)
    assert np.isinf(energy_at_angle_mev(100.0, 1e-3, mass))


def test_survival_of_electron_neutrinos_changes_no_angle():
    tree = interaction("standard-model", couplings="tree-lowE", axial=False)
    both = [
        angles(source("sun", live_time_d=1.0, branches="b8", oscillation=o), "F", 1.0,
               interaction=tree)
        for o in ("msw", "none")
    ]  # fmt: skip
    assert both[0].mean() == pytest.approx(both[1].mean(), rel=1e-12)
    assert both[0].total == pytest.approx(both[1].total, rel=1e-12)


def test_fast_neutrinos():
    # form factors keep recoils of atmospheric neutrinos at small cosines
    found = angles(source("atmospheric", live_time_d=365.25), "Xe132", 1.0)
    x = np.linspace(0.0, 1.0, 1601)
    assert found.total == pytest.approx(np.trapezoid(found.density(x), x), rel=3e-3)
    assert found.mean() < 0.45
    assert found.counts([-1.0, 0.0, 1.0]) == pytest.approx([0.0, found.total])


def test_extensions_of_the_standard_model():
    # a magnetic moment adds 1/T, so recoils across the beam
    plain = angles(PIDAR, "Ar", 5.0, interaction=None)
    moved = angles(
        PIDAR, "Ar", 5.0, interaction=interaction("magnetic-moment"),
        values={"mu_nu": 100.0},
    )  # fmt: skip
    assert moved.total > 1.05 * plain.total
    assert moved.mean() < plain.mean() - 0.01


def test_bad_input():
    with pytest.raises(InputError, match=r"above the threshold of 200 keV: the largest is 142"):
        angles(source("sun", live_time_d=1.0, branches="b8"), "He4", 200.0)
    with pytest.raises(InputError, match="threshold in keV"):
        angles(SUN, "He", -1.0)
    with pytest.raises(InputError, match="target mass"):
        RecoilAngles(SUN, "He", 0.0)
    with pytest.raises(InputError, match="a cosine is between -1 and 1"):
        angles(SUN, "He").density(1.2)
    with pytest.raises(InputError, match="that increase"):
        angles(SUN, "He").counts([0.5, 0.1])
    with pytest.raises(InputError, match="that increase"):
        angles(SUN, "He").cells([5.0, 1.0], [0.0, 1.0])
    with pytest.raises(InputError, match="another process"):
        angles(SUN, "He", interaction=interaction("wimp-si"))
    with pytest.raises(InputError, match="may diverge at small recoil energies"):
        angles(PIDAR, "Ar", interaction=interaction("magnetic-moment"))
    with pytest.raises(SpeciesError):
        angles(source("halo", live_time_d=1.0), "He")
