"""Sources that emit different numbers of each flavour, against a quadrature of its own.

Stopped pions give as many neutrinos of each of their three flavours, so that a fluence of one
flavour in place of another's would not show there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV
from cevns.experiments import load
from cevns.nuclear import form_factor, material
from cevns.processes import StandardModel, differential_cross_section, kinematics
from cevns.rates import flux_averaged_cross_section, recoil_spectrum
from cevns.rates.fold import Fold
from cevns.sources import SNS

EQUAL = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
YIELDS = {"nu_mu": 1.0, "nu_e": 2.5, "nubar_mu": 0.4}


@dataclass(frozen=True)
class Unequal:
    """The spectra of stopped pions with a number of neutrinos of its own for each flavour."""

    like: SNS = EQUAL

    def __getattr__(self, name):
        return getattr(EQUAL, name)

    def fluence_cm2(self, flavour):
        return YIELDS[flavour] * EQUAL.fluence_cm2(flavour)


UNEQUAL = Unequal()


def slope(flavour, nuclide, recoil_kev):
    """Cross section by recoil energy, cm2/keV, over the spectrum of a flavour."""
    if flavour == "nu_mu":
        return float(differential_cross_section(nuclide, E_PION_LINE_MEV, recoil_kev, flavour))
    low = float(kinematics.minimum_energy_mev(recoil_kev, nuclide.mass_mev))
    if low >= E_MICHEL_MAX_MEV:
        return 0.0
    x, w = np.polynomial.legendre.leggauss(60)
    half = 0.5 * (E_MICHEL_MAX_MEV - low)
    energy = low + half * (x + 1.0)
    sigma = differential_cross_section(nuclide, energy, recoil_kev, flavour)
    return float(half * w @ (EQUAL.spectrum(flavour, energy) * sigma))


def counts_per_kev(flavour, target, mass_kg, recoil_kev):
    nuclei = material(target).nuclei_per_kg()
    per_nucleus = [
        [nuclei[x.name] * slope(flavour, x, t) for x in material(target).nuclides]
        for t in recoil_kev
    ]
    emitted = YIELDS[flavour] * 0.0848 * 3.198e23 / (4.0 * np.pi * 1930.0**2)
    return mass_kg * emitted * np.sum(per_nucleus, axis=1)


RECOIL = np.array([0.5, 5.0, 12.0, 20.0, 35.0])


@pytest.mark.parametrize("target", ["CsI", "Ar"])
def test_the_fold_weights_each_flavour_by_its_own_fluence(target):
    fold = Fold(
        UNEQUAL,
        StandardModel(),
        material(target),
        14.6,
        form_factor("klein-nystrand"),
        nodes_kev=RECOIL,
    )
    spectrum = fold.spectrum()
    free = recoil_spectrum(UNEQUAL, target, 14.6, RECOIL)
    assert fold.flavours == tuple(YIELDS)
    for row, flavour in zip(spectrum, fold.flavours, strict=True):
        expected = counts_per_kev(flavour, target, 14.6, RECOIL)
        # sixty nodes on a polynomial in E and 1/E: rounding
        assert_allclose(row, expected, rtol=1e-8, err_msg=flavour)
        assert_allclose(free[flavour], expected, rtol=1e-8, err_msg=flavour)


def test_counts_of_the_fold_over_its_own_nodes():
    """With quadrature weights the flavours are in the ratio of their fluences."""
    made = [
        Fold(s, StandardModel(), material("Ar"), 24.0, form_factor("helm")).spectrum().sum(axis=1)
        for s in (UNEQUAL, EQUAL)
    ]
    assert_allclose(made[0] / made[1], list(YIELDS.values()), rtol=1e-12)


@pytest.mark.parametrize("target", ["CsI", "Ar40", "Ge"])
def test_the_mean_cross_section_is_over_neutrinos(target):
    """sum_f fluence_f sigma_f / sum_f fluence_f, with sigma_f by a quadrature over recoils."""
    nuclides = material(target).atoms
    atoms = sum(n for _, n in nuclides)
    x, w = np.polynomial.legendre.leggauss(60)
    sigma = {}
    for flavour in YIELDS:
        end, total = E_PION_LINE_MEV if flavour == "nu_mu" else E_MICHEL_MAX_MEV, 0.0
        for nuclide, n in nuclides:
            top = float(kinematics.maximum_recoil_kev(end, nuclide.mass_mev))
            recoil = 0.5 * top * (x + 1.0)
            total += n / atoms * 0.5 * top * w @ [slope(flavour, nuclide, t) for t in recoil]
        sigma[flavour] = total
    own = flux_averaged_cross_section(UNEQUAL, target)
    # the integrand ends like a power of sqrt(T_max - T): sixty nodes give 1e-6
    for flavour, expected in sigma.items():
        assert own.flavours[flavour] == pytest.approx(expected, rel=1e-5, abs=0.0)
    mean = sum(YIELDS[f] * s for f, s in sigma.items()) / sum(YIELDS.values())
    assert own.mean_cm2 == pytest.approx(mean, rel=1e-5, abs=0.0)
    plain = sum(sigma.values()) / 3.0
    assert abs(own.mean_cm2 / plain - 1.0) > 0.01  # beyond the tolerance above
    assert flux_averaged_cross_section(EQUAL, target).mean_cm2 == pytest.approx(
        plain, rel=1e-5, abs=0.0
    )


@pytest.mark.slow
def test_a_simulated_flux_with_other_numbers_of_each_flavour(tmp_path, monkeypatch):
    """From the files of a flux to the counts of an experiment: linear in each flavour."""
    monkeypatch.delenv("CEVNS_DATA", raising=False)

    def predicted(**yields):
        folder = tmp_path / "-".join(f"{v:g}" for v in yields.values())
        folder.mkdir()
        energy, time = np.arange(0, 60.05, 0.1), np.arange(0, 30000.1, 4.0)
        delta = SNS(distance_m=19.3, protons=1.0, pulse_sigma_us=1e-9)
        stems = {"nu_mu": "NuMu", "nu_e": "NuE", "nubar_mu": "AntiNuMu"}
        for flavour, stem in stems.items():
            n = 1e6 * yields[flavour]
            for kind, unit, centres, counts in (
                ("ke", "MeV", energy, -np.diff(delta.moments(flavour, energy)[0])),
                ("t", "ns", time, np.diff(delta.time_cdf(flavour, time * 1e-3, 0.0))),
            ):
                middle = 0.5 * (centres[1:] + centres[:-1])
                lines = [f"{x:.6f},{n * c:.10g}" for x, c in zip(middle, counts, strict=True)]
                text = "\n".join([f"# bin_center_{unit},counts", *lines])
                (folder / f"{kind}{stem}_export.csv").write_text(text + "\n")
        source = (
            f"{{kind: tabulated, path: {folder}, distance: 19.3 m, protons: 3.198e23, "
            "yield_per_flavour: 0.0848}"
        )
        experiment = load("coherent-csi-2021", overrides={"source": source})
        return experiment.predict()["cevns"], experiment.cross_section_cm2

    equal, of_equal = predicted(nu_mu=1.0, nu_e=1.0, nubar_mu=1.0)
    more_e, of_more_e = predicted(nu_mu=1.0, nu_e=2.0, nubar_mu=1.0)
    unequal, of_unequal = predicted(nu_mu=1.0, nu_e=2.5, nubar_mu=0.4)
    more_mubar, of_more_mubar = predicted(nu_mu=1.0, nu_e=1.0, nubar_mu=2.0)
    e, mubar = more_e - equal, more_mubar - equal
    assert 50 < e < 150 < mubar < 200  # of 331 events
    assert unequal == pytest.approx(equal + 1.5 * e - 0.6 * mubar, rel=1e-6)
    # sums of cross sections over neutrinos, three, four and 3.9 of them
    e, mubar = (4 * of - 3 * of_equal for of in (of_more_e, of_more_mubar))
    assert 3.9 * of_unequal == pytest.approx(
        3 * of_equal + 1.5 * e - 0.6 * mubar, rel=1e-6, abs=0.0
    )
    assert abs(of_unequal / of_equal - 1.0) > 0.03
