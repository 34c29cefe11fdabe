from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.exceptions import InputError, UnknownNameError
from cevns.propagation import Extent, Mixing, Oscillation, vacuum_phase

SHARES = st.floats(0.0, 1.0)


def test_the_constant_of_the_phase():
    # 1.267 dm2 L/E, the form in every paper: to its four digits
    assert float(vacuum_phase(1.0, 1.0, 1.0)) == pytest.approx(1.267, abs=5e-4)
    # e^2 = 1, hbar c = 197.327 eV nm: 1 eV2 m/(4 hbar c 1 MeV)
    assert float(vacuum_phase(1.0, 1.0, 1.0)) == pytest.approx(
        1e9 / (4 * 197.3269804 * 1e6), rel=1e-12
    )


def test_short_baseline_without_extent_is_sine_squared():
    energy = np.linspace(1.0, 60.0, 50)
    expected = np.sin(1e3 / (4 * 197.3269804) * 2.5 * 19.3 / energy) ** 2
    assert np.allclose(Oscillation(2.5, 19.3)(energy), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dm2", [0.3, 1.0, 10.0, 80.0])
@pytest.mark.parametrize("energy", [12.0, 29.79, 50.0])
def test_extents_are_means_over_the_line_of_flight(dm2, energy):
    def sine2(length):
        return np.sin(float(vacuum_phase(dm2, length, energy))) ** 2

    uniform = quad(lambda x: sine2(19.3 + x) / 0.5, -0.25, 0.25, epsabs=1e-13, limit=200)[0]
    own = Oscillation(dm2, 19.3, (Extent(0.5),))(np.array([energy]))[0]
    assert own == pytest.approx(uniform, abs=1e-12)
    sigma = 0.2
    norm = sigma * np.sqrt(2 * np.pi)
    gaussian = quad(
        lambda x: sine2(19.3 + x) * np.exp(-0.5 * (x / sigma) ** 2) / norm,
        -9 * sigma, 9 * sigma, epsabs=1e-13, limit=400,
    )[0]  # fmt: skip
    own = Oscillation(dm2, 19.3, (Extent(sigma, "gaussian"),))(np.array([energy]))[0]
    assert own == pytest.approx(gaussian, abs=1e-12)


def test_source_and_detector_add_their_spreads():
    both = Oscillation(5.0, 19.3, (Extent(0.5), Extent(0.4)))(np.array([20.0]))[0]

    def inner(y):
        return quad(
            lambda x: np.sin(float(vacuum_phase(5.0, 19.3 + x + y, 20.0))) ** 2 / 0.5, -0.25, 0.25
        )[0]

    assert both == pytest.approx(quad(lambda y: inner(y) / 0.4, -0.2, 0.2)[0], abs=1e-10)


def test_decoherence_is_a_half_and_no_splitting_is_nothing():
    energy = np.array([0.0, 5.0, 30.0])
    assert (Oscillation(np.inf, 19.3)(energy) == 0.5).all()
    assert (Oscillation(0.0, 19.3)(energy) == 0.0).all()
    far = Oscillation(1e5, 19.3, (Extent(0.5, "gaussian"),))(energy)
    assert np.allclose(far, 0.5, rtol=0, atol=1e-15)
    # a sharp end of the spread leaves 1/(k d)
    far = Oscillation(1e5, 19.3, (Extent(0.5),))(energy[1:])
    assert (np.abs(far - 0.5) < 0.5 * energy[1:] / (1.2669 * 1e5 * 0.5)).all()


@given(SHARES, SHARES, SHARES, SHARES)
def test_probabilities_are_unitary(ee, mumu, tau, s):
    mixing = Mixing.from_angles(ee, mumu, tau)
    assert mixing.sterile >= -1e-15
    for a in ("e", "mu", "tau"):
        row = [float(mixing.probability(a, b, s)) for b in ("e", "mu", "tau", "s")]
        assert sum(row) == pytest.approx(1.0, abs=1e-14)
        assert min(row) > -1e-14
        for b in ("e", "mu", "tau"):
            # no CP violation where one splitting acts
            assert row[("e", "mu", "tau").index(b)] == pytest.approx(
                float(mixing.probability(b, a, s)), abs=1e-15
            )
    assert float(mixing.sin2_2theta("e", "e")) == pytest.approx(ee, abs=1e-15)
    assert float(mixing.sin2_2theta("mu", "mu")) == pytest.approx(mumu, abs=1e-15)


def test_two_flavours_are_a_rotation():
    """|U_e4|^2 = sin^2 theta, |U_s4|^2 = cos^2 theta: nu_e <-> nu_s by hand."""
    theta = 0.3
    mixing = Mixing({"e": np.sin(theta) ** 2, "mu": 0.0, "tau": 0.0})
    assert float(mixing.sin2_2theta("e", "s")) == pytest.approx(np.sin(2 * theta) ** 2, rel=1e-14)
    assert float(mixing.sin2_2theta("e", "e")) == pytest.approx(np.sin(2 * theta) ** 2, rel=1e-14)


def test_four_flavours_by_their_amplitudes():
    """The full sum over mass states with a 4 x 4 rotation, three of them degenerate."""
    rng = np.random.default_rng(4)
    u, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    mixing = Mixing(dict(zip(("e", "mu", "tau"), u[:3, 3] ** 2, strict=True)))
    phase = 0.7  # dm2 L/4E
    evolve = u @ np.diag(np.exp(-2j * phase * np.array([0, 0, 0, 1]))) @ u.T
    for a, name in enumerate(("e", "mu", "tau")):
        for b, other in enumerate(("e", "mu", "tau", "s")):
            own = float(mixing.probability(name, other, np.sin(phase) ** 2))
            assert own == pytest.approx(abs(evolve[b, a]) ** 2, abs=1e-14)


def test_bad_input():
    with pytest.raises(InputError, match="dm2_41 must be zero or positive"):
        Oscillation(-1.0, 19.3)
    with pytest.raises(InputError, match="baseline must be positive"):
        Oscillation(1.0, 0.0)
    with pytest.raises(InputError, match="extent must be zero or positive"):
        Extent(-0.5)
    with pytest.raises(UnknownNameError, match="shape of an extent"):
        Extent(0.5, "round")
