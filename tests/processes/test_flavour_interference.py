"""Flavours that arrive together: rates with the density matrix, by another way and by symmetry."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import cevns
from cevns.constants import G_FERMI_MEV, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.nuclear import couplings, form_factor, material, nuclide
from cevns.particles import LEPTONS
from cevns.processes import (
    Combined,
    ElectronScattering,
    StandardModel,
    electron_scattering,
    interaction,
)
from cevns.processes.charge_radius import ChargeRadius
from cevns.processes.framework.abilities import turns_flavours
from cevns.processes.magnetic_moment_mass_basis import MassBasisMoments
from cevns.processes.millicharge import STRENGTH_MEV2, UNIT_E, Millicharge
from cevns.processes.nsi import NSI
from cevns.propagation.lepton_mixing import MASS_STATES, LeptonMixing
from cevns.rates import flux_averaged_cross_section
from cevns.rates.electrons import ElectronFold
from cevns.rates.fold import Fold
from cevns.sources import SNS
from cevns.sources.sun import ELECTRONS_MOL_CM3, Sun

SUN = Sun(live_time_d=365.25, branches=("b8",), delta_cp_deg=215.0, sin2_theta23=0.45)
XE = nuclide("Xe131")  # one neutron is alone: with the axial current
SCHEME = couplings("erler-su")
PAIRS = [(i, j, LEPTONS[i] + LEPTONS[j]) for i in range(3) for j in range(i, 3)]


def by_names(matrix):
    """A hermitian matrix of flavours as the parameters eps_ab of one kind of quark."""
    out = {}
    for i, j, ab in PAIRS:
        out[f"eps_{ab}_u"] = matrix[i, j].real
        if i != j:
            out[f"eps_{ab}_u_im"] = matrix[i, j].imag
    return out


def hermitian(seed, size=0.3):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    return size * (m + m.conj().T) / 2.0


def traced(rho, vector, axial, mass, energy, t):
    """G_F^2 M/(2 pi) Tr[rho X] with X of the full cross section, cm2/MeV.

    Terms V V, V A and A A are products of matrices: a neutrino of flavour a leaves as f with the
    amplitude G_fa, so the rate is Tr[rho G^+ G].
    """
    y, z = t / energy, mass * t / energy**2
    v2, a2 = vector.conj().T @ vector, axial.conj().T @ axial
    va = vector.conj().T @ axial + axial.conj().T @ vector
    x = v2 * (2 - 2 * y + y**2 - z) + a2 * (2 - 2 * y + y**2 + z) + va * (2 * y - y**2)
    size = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * mass / (2.0 * math.pi)
    return size * np.trace(rho @ x).real


def integrated(function, mass, recoil_kev):
    """Over the spectrum of 8B, all its neutrinos, from the least energy, by adaptive pieces."""
    t = 1e-3 * recoil_kev
    least = 0.5 * (t + math.sqrt(t * t + 2.0 * mass * t))
    mixing, part = SUN._converted(), SUN.parts[0]
    edges = [least, *(e for e in part.curve.energy_mev if e > least)]

    def integrand(energy):
        rho = mixing.density_matrix(energy, ELECTRONS_MOL_CM3["b8"])
        return float(part.curve(np.array(energy))) * function(rho, energy, t)

    pieces = (quad(integrand, a, b, epsrel=1e-9)[0] for a, b in pairwise(edges))
    return part.flux_cm2_s * sum(pieces)


def of_the_fold(process, source, recoil_kev, values):
    """Flux times d(sigma)/dT, cm2/keV per cm2 and second, of one Xe131."""
    xe = material("Xe131")
    fold = Fold(source, process, xe, 1.0, form_factor("unity"), np.array([recoil_kev]))
    number = xe.nuclei_per_kg()["Xe131"] * 365.25 * 86400.0
    return float(fold.spectrum(values).sum()) / number


@pytest.mark.parametrize("seed", [1, 2])
def test_interactions_that_turn_flavours_in_the_light_of_the_sun(seed):
    eps, recoil = hermitian(seed), 1.3
    process = interaction("nsi", couplings="erler-su")
    quarks = (2.0 * XE.z + XE.n) * eps
    axial = StandardModel("erler-su").axial_charge("nu_e", XE) * np.eye(3)
    weak = np.diag([SCHEME.gv_p(a) * XE.z + SCHEME.gv_n * XE.n for a in LEPTONS])

    def rate(rho, energy, t):
        return traced(rho, weak + quarks, axial, XE.mass_mev, energy, t)

    expected = 1e-3 * integrated(rate, XE.mass_mev, recoil)
    found = of_the_fold(process, SUN, recoil, by_names(eps))
    assert found / expected == pytest.approx(1.0, rel=1e-7)
    # a mixture of flavours gives another rate: what was missed
    mixture = sum(of_the_fold(process, _Alone(SUN, f), recoil, by_names(eps)) for f in SUN.flavours)
    assert abs(mixture / expected - 1.0) > 0.02


class _Alone:
    """One species of a source, which says nothing of mass states."""

    def __init__(self, source, species):
        self._source, self.flavours = source, (species,)

    def __getattr__(self, name):
        if name in ("in_mass_states", "arriving_mixing"):
            raise AttributeError(name)
        return getattr(self._source, name)


@pytest.mark.parametrize("model", ["nsi", "charge-radius", "millicharge"])
def test_diagonal_couplings_see_the_probabilities(model):
    values = {
        "nsi": {"eps_ee_u": 0.2, "eps_mumu_d": -0.1, "eps_tautau_u": 0.05},
        "charge-radius": {"charge_radius_ee": 9.0, "charge_radius_tautau": -20.0},
        "millicharge": {"millicharge_ee": 30.0, "millicharge_mumu": -20.0},
    }[model]
    process = interaction(model, couplings="erler-su")
    whole = of_the_fold(process, SUN, 0.9, values)
    apart = sum(of_the_fold(process, _Alone(SUN, f), 0.9, values) for f in SUN.flavours)
    assert whole / apart == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("state", [0, 1, 2])
def test_couplings_that_are_diagonal_in_mass(state):
    """A rotation of the basis: G = sum_i lambda_i |nu_i><nu_i| scatters nu_i with lambda_i alone.

    The phases of eps enter, so that the sign of the imaginary parts is tested.
    """
    mixing = LeptonMixing(0.31, 0.05, 0.6, 130.0)
    u, sizes = mixing.matrix, np.array([0.3, -0.2, 0.7])
    eps = (u * sizes) @ u.conj().T
    process = Combined(StandardModel(axial=False), (NSI(),), mixing)
    found = process.weights(MASS_STATES[state], XE, by_names(eps)).sum()
    scheme = couplings("scholberg2021")
    single = scheme.gv_p("mu") * XE.z + scheme.gv_n * XE.n
    expected = (single + (2.0 * XE.z + XE.n) * sizes[state]) ** 2
    assert found / expected == pytest.approx(1.0, rel=1e-12)


def test_the_same_coupling_for_all_needs_no_flavours():
    values = {f"eps_{a}_u": 0.1 for a in ("ee", "mumu", "tautau")}
    process = interaction("nsi")
    assert of_the_fold(process, SUN, 1.0, values) / of_the_fold(
        process, replace(SUN, sin2_theta12=0.0, sin2_theta13=0.0), 1.0, values
    ) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("which", ["millicharge", "charge-radius"])
def test_photons_that_turn_flavours_at_electrons(which):
    recoil = 12.0
    photon = hermitian(5, 1.0).real * (3.0 if which == "millicharge" else 40.0)
    values = {f"{which.replace('-', '_')}_{ab}": photon[i, j] for i, j, ab in PAIRS}
    weak = np.diag([2.0 * 0.23857 + s for s in (0.5, -0.5, -0.5)])
    axial = np.diag([0.5, -0.5, -0.5])
    q2 = 2e-3 * M_ELECTRON_MEV * recoil
    unit = -STRENGTH_MEV2 * UNIT_E / q2 if which == "millicharge" else 0.0238 * 1.0
    if which == "charge-radius":
        # sqrt2 pi alpha/(3 G_F) at 1e-32 cm2
        unit = STRENGTH_MEV2 / 6.0 * 1e-32 / HBARC2_MEV2_CM2

    def rate(rho, energy, t):
        return traced(rho, weak + unit * photon, axial, M_ELECTRON_MEV, energy, t)

    expected = 1e-3 * integrated(rate, M_ELECTRON_MEV, recoil)
    xe = material("Xe131")
    process = electron_scattering(interaction(which))
    fold = ElectronFold(SUN, process, xe, 1.0, np.array([recoil]))
    number = fold.electrons[0] * 365.25 * 86400.0
    found = float(fold.spectrum(values).sum()) / number
    assert found / expected == pytest.approx(1.0, rel=1e-7)


def test_who_asks_for_mass_states():
    asks = {n: turns_flavours(interaction(n)) for n in ("nsi", "nsi-quark-mix", "charge-radius")}
    assert all(asks.values())
    names = ("standard-model", "magnetic-moment", "light-vector", "nsi+flavoured-cross-sections")
    assert not any(turns_flavours(interaction(n)) for n in names if n != "light-vector")
    assert turns_flavours(ElectronScattering((Millicharge(), ChargeRadius())))
    assert not turns_flavours(ElectronScattering())
    # what is not from far away has no mass states to arrive in
    sns = SNS(distance_m=19.3, protons=1e23)
    found = flux_averaged_cross_section(sns, "Xe", interaction=interaction("nsi"))
    assert list(found.flavours) == ["nu_mu", "nu_e", "nubar_mu"]
    found = flux_averaged_cross_section(SUN, "Xe", interaction=interaction("nsi"))
    assert list(found.flavours) == list(MASS_STATES)
    still = replace(SUN, oscillation="none", delta_cp_deg=270.0, sin2_theta23=0.5)
    assert still.in_mass_states() is still


def test_an_experiment_with_the_sun_sees_the_interference():
    study = cevns.load("xenonnt-2026", models="nsi")
    with_, without = (study.predict(at={"eps_emu_u": eps}) for eps in (0.1, 0.0))
    opposite = study.predict(at={"eps_emu_u": -0.1})
    name = study.experiments[0].name
    counts = [p[name]["cevns"] for p in (without, with_, opposite)]
    # a mixture would give the same for both signs
    assert abs(counts[1] - counts[2]) > 0.05 * counts[0]


# -- magnetic moments of mass states ---------------------------------------------------------------


def antisymmetric(moments):
    a, b, c = moments
    return np.array([[0.0, c, -b], [-c, 0.0, a], [b, -a, 0.0]])


def test_moments_of_mass_states_are_those_of_the_matrix():
    moments = np.array([0.7, -1.1, 0.4])
    values = {f"lambda_{k + 1}": m for k, m in enumerate(moments)}
    mixing = LeptonMixing(0.31, 0.05, 0.6, 130.0)
    process = ElectronScattering((MassBasisMoments(mixing),), mixing)
    position = [t.name for t in process.terms].index("magnetic")
    matrix = antisymmetric(moments)
    for i, state in enumerate(MASS_STATES):
        found = process.weights(state, values)[position]
        assert found == pytest.approx((matrix[:, i] ** 2).sum(), rel=1e-12)
    for a, name in enumerate(LEPTONS):
        found = process.weights(f"nu_{name}", values)[position]
        out = matrix @ mixing.matrix[a].conj()
        assert found == pytest.approx((np.abs(out) ** 2).sum(), rel=1e-12)
        assert found == pytest.approx(process.weights(f"nubar_{name}", values)[position], rel=1e-12)


def test_the_moment_that_borexino_saw():
    """arXiv:1510.01684: Lambda_1, 2, 3 < 5.6, 4.0, 3.1 from mu_eff < 3.1 (1e-11 mu_B).

    mu_eff^2 = sum_k (1 - P_k) Lambda_k^2 with 7Be of 0.862 MeV gives 5.0, 3.9 and 3.1. One moment
    alone cannot give all three of the paper: with any P_k that add to one sum (mu_eff/Lambda_k)^2
    is 2, and theirs is 1.91. The first needs P_1 = 0.69, more than cos^2 theta_12.
    """
    line = replace(Sun(live_time_d=1.0, branches=("be7",)))
    share = line._converted().mass_states(0.862, ELECTRONS_MOL_CM3["be7"])
    limits = 3.1 / np.sqrt(1.0 - share)
    assert limits[1:] == pytest.approx([4.0, 3.1], abs=0.15)
    assert limits == pytest.approx([5.01, 3.88, 3.13], abs=0.01)
    assert ((3.1 / limits) ** 2).sum() == pytest.approx(2.0, abs=1e-12)
    assert ((3.1 / np.array([5.6, 4.0, 3.1])) ** 2).sum() == pytest.approx(1.91, abs=0.01)
    # the process says the same: the moment common to all flavours that gives as many electrons
    recoil, xe = np.array([10.0]), material("Xe131")

    def counts(model, values):
        fold = ElectronFold(line, electron_scattering(interaction(model)), xe, 1.0, recoil)
        return float((fold.spectrum(values) - fold.spectrum({})).sum())

    flux = np.array([0.103, 0.897])
    energies = np.array([0.3843, 0.8613])
    above = energies > 0.5 * (0.01 + math.sqrt(0.01**2 + 0.02 * M_ELECTRON_MEV))
    both = line._converted().mass_states(energies, ELECTRONS_MOL_CM3["be7"])
    kinematics = flux * above * (1.0 / 0.01 - 1.0 / energies)
    for k in range(3):
        expected = ((1.0 - both[k]) * kinematics).sum() / kinematics.sum()
        ratio = counts("magnetic-moment-mass-basis", {f"lambda_{k + 1}": 1.0}) / counts(
            "magnetic-moment", {"mu_nu": 1.0}
        )
        assert ratio == pytest.approx(expected, rel=1e-9)
