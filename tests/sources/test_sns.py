from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV, M_MUON_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.sources import SNS, protons_on_target, source, sources

CSI = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
MICHEL = ("nu_e", "nubar_mu")
T0 = 0.474


def test_the_sources_are_the_files():
    assert {"sns", "tabulated"} <= set(sources())
    assert source("SNS", distance_m=19.3, protons=3.198e23) == CSI
    with pytest.raises(UnknownNameError, match="unknown source"):
        source("sun-spot")


@pytest.mark.parametrize("flavour", MICHEL)
def test_the_michel_spectra_in_their_printed_form(flavour):
    e = np.linspace(0.01, 52.8, 50)
    printed = {
        "nubar_mu": 64 * e**2 / M_MUON_MEV**3 * (0.75 - e / M_MUON_MEV),
        "nu_e": 192 * e**2 / M_MUON_MEV**3 * (0.5 - e / M_MUON_MEV),
    }[flavour]
    # rounding, relative to the largest density: near the end point nu_e is a small difference
    assert np.allclose(CSI.spectrum(flavour, e), printed, rtol=0, atol=1e-16)
    assert CSI.spectrum(flavour, [-1.0, 53.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("flavour", MICHEL)
@pytest.mark.parametrize("e_min", [0.0, 1.0, 20.0, 29.8, 50.0, 52.8])
def test_moments_are_integrals_of_the_spectrum(flavour, e_min):
    moments = CSI.moments(flavour, e_min)
    for k in range(3):
        expected = quad(
            lambda e, k=k: float(CSI.spectrum(flavour, e)) * e**-k,
            max(e_min, 1e-300),
            E_MICHEL_MAX_MEV,
            epsabs=0,
            epsrel=1e-12,
        )[0]
        assert moments[k] == pytest.approx(expected, rel=1e-11)  # as asked of quad, times ten


@pytest.mark.parametrize(("flavour", "mean"), [("nubar_mu", 36.98), ("nu_e", 31.70)])
def test_mean_energies(flavour, mean):
    own = quad(lambda e: e * float(CSI.spectrum(flavour, e)), 0, E_MICHEL_MAX_MEV)[0]
    assert own == pytest.approx(mean, abs=5e-3)  # as quoted, two decimals
    # closed form: 7/20 and 3/10 of the muon mass
    exact = {"nubar_mu": 0.35, "nu_e": 0.3}[flavour] * M_MUON_MEV
    assert own == pytest.approx(exact, rel=1e-12)


def test_the_line():
    assert CSI.lines("nu_mu") == ((E_PION_LINE_MEV, 1.0),)
    assert CSI.lines("nu_e") == ()
    below, at, above = E_PION_LINE_MEV - 1e-9, E_PION_LINE_MEV, E_PION_LINE_MEV + 1e-9
    moments = CSI.moments("nu_mu", [below, at, above])
    expected = [1, 1 / E_PION_LINE_MEV, 1 / E_PION_LINE_MEV**2]
    assert np.allclose(moments.T, [expected, expected, [0, 0, 0]], rtol=1e-15)
    assert CSI.recoil_kinks == (CSI.end_point_mev("nu_mu"), CSI.end_point_mev("nubar_mu"))
    assert pytest.approx(29.792, abs=5e-4) == E_PION_LINE_MEV


@given(st.sampled_from(CSI.flavours), st.lists(st.floats(0.0, 60.0), min_size=2, max_size=20))
def test_moments_fall_with_the_threshold(flavour, energies):
    moments = CSI.moments(flavour, np.sort(energies))
    assert moments.shape == (3, len(energies))
    assert (moments >= 0).all()
    assert (np.diff(moments, axis=1) <= 1e-15).all()  # rounding of numbers up to one
    assert (CSI.moments(flavour, 52.83 + np.array(energies)) == 0).all()


def test_fluence_and_flux():
    # 0.0848 * 3.198e23/(4 pi (1930 cm)^2)
    expected = 0.0848 * 3.198e23 / (4 * math.pi * 1930.0**2)
    assert CSI.fluence_cm2("nu_e") == pytest.approx(expected, rel=1e-14)
    # published total at 20 m: 4.3e7 /cm2/s, between the yields in use, 1.4 MW of 1 GeV
    for yield_, flux in ((0.08, 4.17e7), (0.0848, 4.42e7)):
        sns = SNS(distance_m=20.0, protons=1e23, yield_per_flavour=yield_)
        total = sum(sns.flux_cm2_s(f, 1.4, 1.0) for f in sns.flavours)
        assert total == pytest.approx(flux, rel=2e-3)  # three figures


def test_protons_on_target():
    assert protons_on_target(1.0, 1.0) == pytest.approx(2.247e19, abs=5e15)
    # 13.99 GWh of 0.983 GeV are the 3.198e23 protons of arXiv:2110.07730; 0.983 has three figures
    assert protons_on_target(13990.0, 0.983) == pytest.approx(3.198e23, rel=6e-4)


@pytest.mark.parametrize("field", ["distance_m", "protons", "yield_per_flavour", "pulse_sigma_us"])
@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_sources_are_refused(field, bad):
    good = {"distance_m": 19.3, "protons": 1e23, "yield_per_flavour": 0.08, "pulse_sigma_us": 0.1}
    with pytest.raises(InputError, match="must be positive and finite"):
        SNS(**(good | {field: bad}))


@pytest.mark.parametrize("angle", [-1.0, 180.5, float("nan"), float("inf")])
def test_an_impossible_angle_is_refused(angle):
    with pytest.raises(InputError, match="it is from 0, along the beam, to 180"):
        SNS(distance_m=19.3, protons=1e23, angle_deg=angle)


def test_decay_at_rest_does_not_know_the_angle():
    turned = SNS(distance_m=19.3, protons=3.198e23, angle_deg=137.0)
    assert (CSI.angle_deg, turned.angle_deg) == (90.0, 137.0)
    for flavour in CSI.flavours:
        assert turned.fluence_cm2(flavour) == CSI.fluence_cm2(flavour)


def test_unknown_flavours_are_refused():
    for call in (
        lambda: CSI.moments("nubar_e", 1.0),
        lambda: CSI.spectrum("nu_tau", 1.0),
        lambda: CSI.fluence_cm2("nu_x"),
        lambda: CSI.time_pdf("nubar_e", 1.0, T0),
    ):
        with pytest.raises(UnknownNameError, match="stopped-pion source"):
            call()


def _folded(flavour, t, sigma):
    """Gaussian folded with the decays by quadrature in the decay time, as independent check."""
    pi, mu = 0.026033, 2.19698

    def decay(s):
        if flavour == "nu_mu":
            return math.exp(-s / pi) / pi
        return (math.exp(-s / mu) - math.exp(-s / pi)) / (mu - pi)

    def gauss(s):
        return math.exp(-0.5 * ((t - s - T0) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))

    low, high = max(0.0, t - T0 - 10 * sigma), max(0.0, t - T0 + 10 * sigma)
    points = [p for p in (pi, 3 * pi, 10 * pi, t - T0) if low < p < high]
    return quad(
        lambda s: decay(s) * gauss(s), low, high, points=points or None, limit=400, epsabs=1e-13
    )[0]


@pytest.mark.parametrize("flavour", CSI.flavours)
@pytest.mark.parametrize("t", [-0.2, 0.2, 0.474, 0.6, 1.0, 3.0])
@pytest.mark.parametrize("sigma", [0.02, 0.15, 0.4])
def test_time_pdf_is_the_fold_of_pulse_and_decays(flavour, t, sigma):
    sns = SNS(distance_m=19.3, protons=1e23, pulse_sigma_us=sigma)
    # quadrature to 1e-13 absolute and 1e-8 relative (its default)
    assert sns.time_pdf(flavour, t, T0) == pytest.approx(
        _folded(flavour, t, sigma), rel=1e-8, abs=1e-12
    )


@pytest.mark.parametrize("flavour", CSI.flavours)
@pytest.mark.parametrize("t", [-0.3, 0.3, 0.7, 2.0, 8.0])
def test_time_cdf_is_the_integral_of_the_pdf(flavour, t):
    area = quad(
        lambda s: float(CSI.time_pdf(flavour, s, T0)), -1.2, t, points=[T0] if t > T0 else None,
        limit=400, epsabs=1e-13,
    )[0]  # fmt: skip
    # the pdf below -1.2 us (11 sigma) is 1e-29
    assert CSI.time_cdf(flavour, t, T0) == pytest.approx(area, rel=1e-8, abs=1e-12)


def test_mean_times_are_pulse_plus_lives():
    t = np.linspace(-2, 80, 400001)
    for flavour, mean in (("nu_mu", T0 + 0.026033), ("nu_e", T0 + 0.026033 + 2.19698)):
        # trapezoid of a smooth density, step 0.2 ns; the tail after 80 us is e^-36
        own = np.trapezoid(t * CSI.time_pdf(flavour, t, T0), t)
        assert own == pytest.approx(mean, abs=1e-7)


@given(
    st.sampled_from(CSI.flavours),
    st.floats(1e-4, 3.0),
    st.floats(-1.0, 1.0),
    st.lists(st.floats(-50.0, 200.0), min_size=2, max_size=20),
)
def test_time_cdf_rises_from_zero_to_one(flavour, sigma, t0, times):
    sns = SNS(distance_m=19.3, protons=1e23, pulse_sigma_us=sigma)
    cdf = sns.time_cdf(flavour, np.sort(times), t0)
    assert (np.diff(cdf) >= -1e-15).all()  # rounding
    assert ((cdf >= 0) & (cdf <= 1 + 1e-15)).all()
    assert sns.time_cdf(flavour, -1e4, t0) == 0.0
    assert sns.time_cdf(flavour, 1e4, t0) == pytest.approx(1.0, abs=1e-15)
    pdf = sns.time_pdf(flavour, np.sort(times), t0)
    assert np.isfinite(pdf).all()
    assert (pdf >= 0).all()


def test_t0_moves_the_pulse_and_broadcasts():
    t, t0 = np.linspace(0, 6, 13), np.array([0.4, 0.5, 0.6])
    batch = CSI.time_cdf("nu_mu", t, t0[:, None])
    assert batch.shape == (3, 13)
    # only t - t0 enters: rounding of that difference
    assert np.allclose(batch[1], CSI.time_cdf("nu_mu", t - 0.5, 0.0), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"distance_m": 1e-8}, "distance in m is 1e-08, not between 0.1"),
        ({"yield_per_flavour": 1000.0}, "neutrinos per proton and flavour is 1000"),
        ({"pulse_sigma_us": 1e6}, "width of the proton pulse in us is 1e\\+06"),
        ({"yield_per_flavour": 8.48}, "0.08 to 0.09 at the SNS"),
    ],
)
def test_what_no_experiment_has_is_refused(given: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        SNS(**{"distance_m": 20.0, "protons": 1e23, **given})


@pytest.mark.parametrize("sigma", [0.15, 15.0, 3000.0])
def test_pulses_of_any_width_are_exact_and_quick(sigma: float) -> None:
    """Exponents of 2e5 that cancel left noise, which took minutes and 9 GB to integrate."""
    from cevns.constants import TAU_PION_US
    from cevns.detectors import time_bins

    source = SNS(distance_m=20.0, protons=1e23, pulse_sigma_us=sigma)
    for t in np.array([-0.5, 0.0, 0.3, 1.0]) * max(1.0, 0.1 * sigma):

        def emitted(life: float, t: float = float(t)) -> float:
            z = (t - 0.5 - TAU_PION_US * life) / sigma
            return math.exp(-life - 0.5 * z * z) / (sigma * math.sqrt(2.0 * math.pi))

        exact = quad(emitted, 0.0, 60.0, epsrel=1e-12, epsabs=0.0, limit=400)[0]
        assert float(source.time_pdf("nu_mu", t, 0.5)) == pytest.approx(exact, rel=1e-9, abs=0.0)
    edges = np.array([0.0, 1.0, 6.0])
    binned = time_bins(lambda t, t0: source.time_pdf("nu_e", t, t0), edges, [0.5])[0]
    steps = np.diff(source.time_cdf("nu_e", edges, 0.5))
    np.testing.assert_allclose(binned, steps, rtol=1e-9)
