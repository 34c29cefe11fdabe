"""Partial widths against amplitudes made of gamma matrices, and hadrons against measured decays."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.constants import ALPHA
from cevns.dark_sector import (
    ChiKind,
    Leptophobic,
    VectorPortal,
    chi_width_mev,
    epsilon_of,
    mediator_width_mev,
    visible_width_mev,
    y_dm_of,
)
from cevns.dark_sector.dark_models import dark_model, dark_models
from cevns.dark_sector.hadrons import baryon_hadron_ratio, hadron_ratio, three_pions
from cevns.dark_sector.widths import lepton_width_mev
from cevns.exceptions import InputError, UnknownNameError

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ONE, NONE = np.eye(2), np.zeros((2, 2))
GAMMA = np.array(
    [np.block([[ONE, NONE], [NONE, -ONE]])] + [np.block([[NONE, s], [-s, NONE]]) for s in SIGMA]
)
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def slash(p):
    return np.einsum("m,mab->ab", METRIC @ p, GAMMA)


def integrated(kind, alpha_d, m1, m2, mass):
    """``(1/(32 pi^2)) (p/m^2) int dOmega |M|^2`` of a mediator polarised along z."""
    p = np.sqrt((mass**2 - (m1 + m2) ** 2) * (mass**2 - (m1 - m2) ** 2)) / (2.0 * mass)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total = 0.0
    for c, w in zip(nodes, weights, strict=True):
        way = np.array([np.sqrt(1.0 - c**2), 0.0, c])
        one = np.array([np.hypot(p, m1), *(p * way)])
        two = np.array([np.hypot(p, m2), *(-p * way)])
        if kind is ChiKind.SCALAR:
            squared = ((one - two)[3]) ** 2
        else:
            vertex = GAMMA[3] @ GAMMA5 if kind is ChiKind.MAJORANA else GAMMA[3]
            bar = GAMMA[0] @ vertex.conj().T @ GAMMA[0]
            left = slash(one) + m1 * np.eye(4)
            squared = np.trace(left @ vertex @ (slash(two) - m2 * np.eye(4)) @ bar).real
        total += 2.0 * np.pi * w * squared
    same = 0.5 if kind is ChiKind.MAJORANA else 1.0  # two identical chi fill half the sphere
    return same * 4.0 * np.pi * alpha_d * p * total / (32.0 * np.pi**2 * mass**2)


@pytest.mark.parametrize("kind", ChiKind)
@pytest.mark.parametrize("m_chi", [1.0, 10.0, 14.9])
def test_a_width_is_the_integral_of_its_amplitude(kind, m_chi):
    found = float(chi_width_mev(kind, 0.3, m_chi, 30.0))
    assert found / integrated(kind, 0.3, m_chi, m_chi, 30.0) == pytest.approx(1.0, abs=1e-12)


def test_the_two_states_of_pseudo_dirac_may_differ():
    found = float(chi_width_mev(ChiKind.PSEUDO_DIRAC, 0.3, 10.0, 30.0, splitting_mev=4.0))
    expected = integrated(ChiKind.PSEUDO_DIRAC, 0.3, 10.0, 14.0, 30.0)
    assert found / expected == pytest.approx(1.0, abs=1e-12)
    assert float(chi_width_mev(ChiKind.PSEUDO_DIRAC, 0.3, 10.0, 30.0, splitting_mev=10.5)) == 0.0


@pytest.mark.parametrize("kind", [ChiKind.SCALAR, ChiKind.DIRAC, ChiKind.MAJORANA])
def test_a_splitting_is_of_pseudo_dirac_alone(kind):
    with pytest.raises(InputError, match="only the two states of pseudo-dirac"):
        chi_width_mev(kind, 0.3, 10.0, 30.0, splitting_mev=1.0)


@pytest.mark.parametrize("kind", ChiKind)
def test_nothing_decays_below_its_threshold(kind):
    assert chi_width_mev(kind, 0.5, 10.0, [5.0, 19.9, 20.0]).tolist() == [0.0, 0.0, 0.0]


def test_leptons_are_dirac_of_another_charge():
    found = float(lepton_width_mev(1e-3, 105.66, 300.0))
    expected = integrated(ChiKind.DIRAC, ALPHA * 1e-6, 105.66, 105.66, 300.0)
    assert found / expected == pytest.approx(1.0, abs=1e-12)


def test_the_total_is_the_sum_over_what_is_open():
    portal, strength = VectorPortal(), ALPHA * 1e-6
    parts = [float(lepton_width_mev(1e-3, m, 600.0)) for m in (0.51099895, 105.6583755)]
    parts.append(strength * 600.0 / 3.0 * float(hadron_ratio(600.0**2)))
    visible = float(visible_width_mev(portal, strength, 600.0))
    assert visible / sum(parts) == pytest.approx(1.0, abs=1e-12)
    total = float(mediator_width_mev(ChiKind.SCALAR, portal, 0.5, strength, 100.0, 600.0))
    dark = float(chi_width_mev(ChiKind.SCALAR, 0.5, 100.0, 600.0))
    assert total - dark == pytest.approx(visible, rel=1e-6, abs=0)


def test_the_rho_agrees_with_its_width_to_electrons():
    # a Breit-Wigner resonance has R = 9 B_ee B_pipi/alpha^2 at its mass; B_ee = 4.72e-5 (PDG)
    s = np.array([775.26**2])
    pions = hadron_ratio(s) - isoscalar(s)
    assert float(pions[0]) / (9.0 * 4.72e-5 / ALPHA**2) == pytest.approx(1.0, abs=0.06)


def isoscalar(s):
    """Three pions through the omega, in units of massless muons."""
    mass, width, electrons = 782.66, 8.68, 7.38e-5 * 8.68
    own = 0.892 * width * three_pions.three_pion_width(s, mass)
    return 9.0 * s * electrons * own / ALPHA**2 / ((s - mass**2) ** 2 + (mass * width) ** 2)


def test_the_baryon_current_makes_pion_photon_at_the_omega_as_measured():
    # baryonic coupling of the omega: twice its electric one; B(pi0 gamma) = 8.35 %, B_ee = 7.38e-5
    s = np.array([782.66**2])
    found = baryon_hadron_ratio(s) - 4.0 * isoscalar(s)
    assert float(found[0]) / (4.0 * 9.0 * 7.38e-5 * 0.0835 / ALPHA**2) == pytest.approx(1, abs=0.06)


def test_three_pions_open_with_the_fourth_power():
    # two powers of the three-body phase space, two of |p+ x p-|^2
    least = 2.0 * 139.57039 + 134.9768
    near, far = (three_pions._dalitz(least + e) for e in (0.5, 1.0))
    assert np.log2(far / near) == pytest.approx(4.0, abs=0.03)


def test_the_dalitz_integral_agrees_with_events():
    # phase space by Raubold and Lynch: a pair of charged pions, then the pair with the neutral one
    rng = np.random.default_rng(3)

    def drawn(mass, n=400_000):
        m, m0 = 139.57039, 134.9768
        pair = rng.uniform(2.0 * m, mass - m0, n)
        k = np.sqrt(pair**2 / 4.0 - m**2)
        p = np.sqrt((mass**2 - (pair + m0) ** 2) * (mass**2 - (pair - m0) ** 2)) / (2.0 * mass)
        c = rng.uniform(-1.0, 1.0, n)
        gamma, beta = np.hypot(pair, p) / pair, p / np.hypot(pair, p)
        across, e = k * np.sqrt(1.0 - c**2), pair / 2.0
        plus, minus = (gamma * (s * k * c + beta * e) for s in (1.0, -1.0))
        cross = np.abs(across * (plus + minus))
        energies = [gamma * (e + s * beta * k * c) for s in (1.0, -1.0)]
        sums = three_pions._propagator(pair**2)
        for energy in energies:
            sums = sums + three_pions._propagator(mass**2 + m**2 - 2.0 * mass * energy)
        wide = mass - m0 - 2.0 * m
        return float((k * p * cross**2 * np.abs(sums) ** 2).mean() * wide)

    ratio = drawn(450.0) / drawn(1050.0)
    expected = three_pions._dalitz(450.0) / three_pions._dalitz(1050.0)
    assert expected / ratio == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("mass", [100.0, 134.0])
def test_the_baryon_current_is_closed_below_the_pion(mass):
    assert float(Leptophobic().channels(mass**2)) == 0.0


def test_quarks_above_the_mesons():
    assert hadron_ratio([1200.0**2, 2000.0**2]).tolist() == [2.0, 2.0]
    assert baryon_hadron_ratio([1200.0**2, 2000.0**2]).tolist() == [1.0, 1.0]


def test_y_and_epsilon_are_inverse():
    y = y_dm_of(1e-4, 0.5, 10.0, 30.0)
    assert float(y) / (1e-8 * 0.5 / 81.0) == pytest.approx(1.0, abs=1e-14)
    assert float(epsilon_of(y, 0.5, 10.0, 30.0)) == pytest.approx(1e-4, rel=1e-14, abs=0)


def test_models_have_a_portal_and_a_kind():
    assert len({m.name for m in dark_models()}) == 8
    assert dark_model("dark-photon").kind is ChiKind.SCALAR
    assert dark_model("Leptophobic_Pseudo_Dirac").portal == Leptophobic()
    with pytest.raises(UnknownNameError, match="did you mean 'dark-photon'"):
        dark_model("dark-foton")
    with pytest.raises(UnknownNameError, match="pseudo-dirac"):
        ChiKind.of("weyl")
