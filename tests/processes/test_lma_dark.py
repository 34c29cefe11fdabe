from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.processes import lma_dark
from cevns.processes.nsi_quark_mix import DOWN_DEG, UP_DEG, quark_couplings

LMA = {
    "theta_12": 0.59,
    "theta_13": 0.15,
    "theta_23": 0.84,
    "delta": 3.9,
    "dm2_21": 7.4e-5,
    "dm2_31": 2.5e-3,
}


def rotation(i, j, angle, phase=0.0):
    u = np.eye(3, dtype=complex)
    u[i, i] = u[j, j] = math.cos(angle)
    u[i, j] = math.sin(angle) * np.exp(1j * phase)
    u[j, i] = -u[i, j].conj()
    return u


def probabilities(point, epsilon, energy_gev, layers):
    """|S_ba|^2 through layers of potential (eV^2/GeV) and length (GeV/eV^2)."""
    u = rotation(1, 2, point["theta_23"]) @ rotation(0, 2, point["theta_13"])
    u = u @ rotation(0, 1, point["theta_12"], point["delta"])
    vacuum = u @ np.diag([0.0, point["dm2_21"], point["dm2_31"]]) @ u.conj().T / (2 * energy_gev)
    s = np.eye(3)
    for potential, length in layers:
        h = vacuum + potential * (np.diag([1.0, 0.0, 0.0]) + epsilon)
        s = expm(-1j * h * length) @ s
    return np.abs(s) ** 2


@pytest.mark.parametrize("energy_gev", [0.01, 0.3, 3.0, 10.0])
def test_the_partner_has_the_same_oscillations(energy_gev):
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    epsilon = 0.2 * (a + a.conj().T)
    partner, dark = lma_dark.degenerate_partner(LMA, epsilon)
    layers = [(2e-4, 3000.0), (4e-4, 5000.0), (1e-4, 2000.0)]
    usual = probabilities(LMA, epsilon, energy_gev, layers)
    assert np.abs(usual - np.eye(3)).max() > 0.1  # they do oscillate
    # phases of up to 100 are exponentiated to 1e-13
    assert np.allclose(probabilities(partner, dark, energy_gev, layers), usual, atol=1e-10)
    # each of the changes is needed
    for kept in ("theta_12", "dm2_31", "delta"):
        wrong = {**partner, kept: LMA[kept]}
        found = probabilities(wrong, dark, energy_gev, layers)
        if energy_gev == 0.3:
            assert np.abs(found - usual).max() > 1e-3


def test_the_partner_of_the_partner_is_the_point():
    epsilon = np.array([[0.3, 0.1j, 0.0], [-0.1j, 0.0, 0.2], [0.0, 0.2, -0.4]])
    twice = lma_dark.degenerate_partner(*lma_dark.degenerate_partner(LMA, epsilon))
    assert twice[0] == pytest.approx(LMA)
    assert np.allclose(twice[1], epsilon)
    assert lma_dark.degenerate_partner(LMA, np.zeros((3, 3)))[1][0, 0] == -2.0


def test_a_point_that_is_none_is_refused():
    with pytest.raises(InputError, match="needs theta_12, delta"):
        lma_dark.degenerate_partner({"dm2_21": 1.0, "dm2_31": 1.0}, np.zeros((3, 3)))
    with pytest.raises(InputError, match="hermitian"):
        lma_dark.degenerate_partner(LMA, np.triu(np.ones((3, 3))))


@pytest.mark.parametrize("y_n", [lma_dark.Y_N_EARTH, *lma_dark.Y_N_SUN])
def test_quarks_per_electron(y_n):
    # a proton has uud and a neutron udd; one proton an electron
    assert lma_dark.matter_factor(UP_DEG, y_n) == pytest.approx(2 + y_n)
    assert lma_dark.matter_factor(DOWN_DEG, y_n) == pytest.approx(1 + 2 * y_n)
    assert lma_dark.matter_factor(0.0, y_n) == pytest.approx(math.sqrt(5))
    # electrons alone: zeta = 90 degrees
    assert lma_dark.matter_factor(0.0, y_n, 90.0) == pytest.approx(math.sqrt(5))


@given(st.floats(-90, 90), st.floats(0.0, 1.2))
def test_the_factor_of_a_mix_is_that_of_its_quarks(eta, y_n):
    u, d = quark_couplings(eta)
    expected = (2 + y_n) * u + (1 + 2 * y_n) * d
    assert lma_dark.matter_factor(eta, y_n) == pytest.approx(expected, abs=1e-12)


@given(st.floats(-1, 1), st.floats(-20, 80), st.floats(0.1, 1.1))
def test_the_dark_difference_in_matter_is_minus_two(difference, eta, y_n):
    dark = lma_dark.dark_difference(difference, eta_deg=eta, y_n=y_n)
    factor = lma_dark.matter_factor(eta, y_n)
    assert factor * (dark + difference) == pytest.approx(-2.0)
    back = lma_dark.dark_difference(dark, eta_deg=eta, y_n=y_n)
    assert back == pytest.approx(difference, abs=1e-12)


@pytest.mark.parametrize(("quark", "eta"), [("u", UP_DEG), ("d", DOWN_DEG)])
def test_the_declared_dark_region_lies_in_the_image_of_the_standard_one(quark, eta):
    # solar neutrinos fix the dark solution, so it maps onto the standard one at the Sun's
    # composition; the declared ends are those of a fit to all data, hence inside
    standard, dark = lma_dark.region(quark, "LMA"), lma_dark.region(quark)
    image = lma_dark.dark_difference(
        np.array([[standard.lower], [standard.upper]]), eta_deg=eta, y_n=np.array(lma_dark.Y_N_SUN)
    )
    assert image.min() <= dark.lower < dark.upper <= image.max()
    assert dark.upper < standard.lower


def test_the_regions_are_declared_with_their_source():
    assert len(lma_dark.regions()) == 4
    assert all("from memory" in r.source for r in lma_dark.regions())
    u, d = lma_dark.region("u"), lma_dark.region("d")
    assert (u.lower, u.upper, d.lower, d.upper) == (-1.192, -0.802, -1.232, -1.111)
    with pytest.raises(UnknownNameError, match="unknown oscillation region 's LMA-D'"):
        lma_dark.region("s")


HEADER = "quark,solution,lower,upper,source\n"


def test_a_table_of_ones_own(tmp_path):
    own = tmp_path / "regions.csv"
    own.write_text(f"# mine\n\n{HEADER}u,LMA-D,-1.0,-0.9,here\n", encoding="utf-8")
    ee, mumu = lma_dark.dark_points("u", [0.2], points=2, path=own)
    assert (ee - mumu)[:, 0] == pytest.approx([-1.0, -0.9])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}u,LMA-D,-1,x,here\n", r"line 2: a region is a quark .* not 'u,LMA-D,-1,x,here'"),
        (f"{HEADER}# why\ns,LMA,-1,1,here\n", "line 3: a region is"),
        (f"{HEADER}u,LMA,1,-1,here\n", "line 2: a region is"),
        (f"{HEADER}u,LMA,-1,inf,here\n", "line 2: a region is"),
        (f"{HEADER}u,LMA,-1,1\n", "line 2: a region is"),
        ("a,b\n", "has the columns quark,"),
        ("", "has the columns quark,"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path, text, said):
    own = tmp_path / "regions.csv"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        lma_dark.regions(own)
    with pytest.raises(DataError, match="cannot be read"):
        lma_dark.regions(tmp_path / "none.csv")


def test_points_along_the_dark_solution():
    free = np.linspace(-0.5, 0.5, 5)
    ee, mumu = lma_dark.dark_points("d", free, points=7)
    assert ee.shape == mumu.shape == (7, 5)
    assert np.array_equal(mumu[3], free)
    difference = ee - mumu
    assert np.allclose(difference, difference[:, :1])
    assert difference[[0, -1], 0] == pytest.approx([-1.232, -1.111])


def test_points_for_an_angle_follow_the_exact_degeneracy():
    # protons alone: N_p = N_e everywhere, one value in Sun and Earth, and exact
    ee, mumu = lma_dark.dark_points(0.0, [0.0, 0.3], points=4)
    assert np.allclose(ee - mumu, -2 / math.sqrt(5))
    # at the angle of one quark: -2/(2 + Y_n) from 1/6 to 1/2
    ee, _ = lma_dark.dark_points(UP_DEG, 0.0, points=2)
    assert ee[:, 0] == pytest.approx([-2 / (2 + 1 / 6), -0.8])
    ee, _ = lma_dark.dark_points(DOWN_DEG, 0.0, y_n=lma_dark.Y_N_EARTH)
    assert ee.ravel() == pytest.approx([-2 / 3.102])


def test_points_that_make_no_sense_are_refused():
    # 1 + Y_n tan(eta) = 0: no potential
    with pytest.raises(InputError, match="has no effect in matter"):
        lma_dark.dark_points(-45.0, 0.0, y_n=1.0)
    with pytest.raises(InputError, match="at least one value"):
        lma_dark.dark_points("u", [])
    with pytest.raises(InputError, match="y_n belongs to an angle"):
        lma_dark.dark_points("u", 0.0, y_n=0.5)
