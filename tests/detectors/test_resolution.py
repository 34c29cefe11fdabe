import math

import numpy as np
import pytest
from csi_detector import RESOLUTION
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from cevns import registry
from cevns.detectors import Resolution, resolution_model
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.response import bin_response
from cevns.detectors.resolution.extracted_electrons import ExtractedElectrons
from cevns.detectors.resolution.gamma import Gamma
from cevns.detectors.resolution.gaussian import Gaussian
from cevns.detectors.resolution.geb import GaussianBroadening
from cevns.detectors.resolution.hpge import Germanium
from cevns.detectors.resolution.none import Perfect
from cevns.detectors.resolution.poisson import Poisson
from cevns.exceptions import InputError, UnknownNameError

CONTINUOUS: list[Resolution] = [
    RESOLUTION,
    Gaussian(stochastic=0.58),
    Gaussian(noise_kevee=0.07, stochastic=0.02, constant=0.01),
    Germanium(fwhm_kevee=0.16),
    GaussianBroadening(fwhm_kevee=0.132, stochastic=0.036, quadratic=0.003),
]
ENERGY = st.floats(1e-4, 60.0)


def test_every_file_is_a_model() -> None:
    found = {name: resolution_model(name) for name in registry.names("cevns.detectors.resolution")}
    assert found == {
        "extracted-electrons": ExtractedElectrons,
        "gamma": Gamma,
        "gaussian": Gaussian,
        "geb": GaussianBroadening,
        "hpge": Germanium,
        "none": Perfect,
        "poisson": Poisson,
    }
    with pytest.raises(UnknownNameError, match="gamma"):
        resolution_model("gama")


@given(energy=ENERGY, x=st.floats(1e-3, 200.0))
def test_gamma_is_the_law_of_the_release(energy: float, x: float) -> None:
    a, b = 1.0 / (13.35 * energy), 9.56 * energy
    log = (1 + b) * math.log(a * (1 + b)) - math.lgamma(1 + b) + b * math.log(x) - a * (1 + b) * x
    # the exponent is a difference of terms of order 1e3 at most: 1e3 * 1e-16, exponentiated
    assert RESOLUTION.pdf(x, energy) == pytest.approx(math.exp(log), rel=1e-11, abs=1e-300)


def test_gamma_moments() -> None:
    law = stats.gamma
    energy = np.array([0.1, 1.0, 5.0])
    shape, mean = 1.0 + 9.56 * energy, 13.35 * energy
    x = np.array([3.0, 12.0, 70.0])
    np.testing.assert_allclose(
        RESOLUTION.cdf(x, energy), law.cdf(x, shape, scale=mean / shape), rtol=1e-12
    )
    np.testing.assert_allclose(RESOLUTION.mean(energy), mean, rtol=1e-15)


@pytest.mark.parametrize("resolution", CONTINUOUS)
@settings(max_examples=30, deadline=None)
@given(energy=ENERGY, data=st.data())
def test_cdf_is_the_integral_of_pdf(resolution: Resolution, energy: float, data) -> None:
    marks = resolution.landmarks(np.array([energy]))[0]
    assert np.all(np.diff(marks) >= 0)
    # outer landmarks leave less than 1e-16; rounding of the cdf near 1 doubles it
    assert resolution.cdf(marks[0], energy) + 1.0 - resolution.cdf(marks[-1], energy) < 4e-16
    # whole thousandths: quad cannot refine a piece of the size of a rounding error
    low, high = sorted(n / 1000 for n in data.draw(st.tuples(*[st.integers(0, 1000)] * 2)))
    low, high = (marks[0] + f * (marks[-1] - marks[0]) for f in (low, high))
    inside = [m for m in marks if low < m < high]
    integral = sum(
        quad(lambda x: float(resolution.pdf(x, energy)), a, b, epsabs=1e-13, epsrel=1e-11)[0]
        for a, b in zip([low, *inside], [*inside, high], strict=True)
    )
    # what quad promises, over eight pieces
    assert integral == pytest.approx(
        float(resolution.cdf(high, energy) - resolution.cdf(low, energy)), rel=1e-9, abs=1e-11
    )


def test_narrow_at_zero_energy() -> None:
    for resolution in (*CONTINUOUS[:2], Poisson(13.0)):
        assert resolution.cdf(1.0, 0.0) == pytest.approx(1.0, abs=1e-10)  # floor of the energy
    assert np.isfinite(RESOLUTION.pdf([0.0, 1e-3, 5.0], 0.0)).all()
    assert RESOLUTION.pdf(-1.0, 1.0) == 0.0


def test_gaussian_terms_add_in_quadrature() -> None:
    assert Gaussian(stochastic=0.58).sigma(100.0) / 100.0 == pytest.approx(0.058, rel=1e-14)
    three = Gaussian(noise_kevee=0.3, stochastic=0.2, constant=0.1)
    assert three.sigma(4.0) == pytest.approx(math.sqrt(0.09 + 0.16 + 0.16), rel=1e-14)


def test_germanium_has_the_width_of_the_pulser_and_of_charge() -> None:
    """By the definition of a width at half maximum, and as numbers of pairs: variance F N."""
    ge = Germanium(fwhm_kevee=0.048)
    top, half = ge.pdf([0.0, 0.024], 0.0)
    assert half == pytest.approx(top / 2.0, rel=1e-6)  # the tiny energy has its own charge
    pairs = 10.37 / 0.00296
    charge = 0.00296 * math.sqrt(0.11 * pairs)
    assert ge.sigma(10.37) ** 2 == pytest.approx(ge.sigma(0.0) ** 2 + charge**2, rel=1e-9)
    no_charge = Germanium(fwhm_kevee=0.048, fano=0.0)
    assert no_charge.sigma(10.37) == no_charge.sigma(0.0)
    assert [r.seen_from_kevee for r in (ge, RESOLUTION, Perfect())] == [0.00296, 0.0, 0.0]


def test_broadening_is_a_full_width() -> None:
    """At half of FWHM(E) from the mean the density is half of that at the mean."""
    ge = GaussianBroadening(fwhm_kevee=0.132, stochastic=0.036, quadratic=0.003)
    width = 0.132 + 0.036 * math.sqrt(10.37 + 0.003 * 10.37**2)
    top, half = ge.pdf([10.37, 10.37 + width / 2.0], 10.37)
    assert half == pytest.approx(top / 2.0, rel=1e-9)
    # the constant term adds to the width, not in quadrature
    assert ge.sigma(0.0) == pytest.approx(0.132 / 2.354820, rel=1e-4)
    straight = GaussianBroadening(fwhm_kevee=0.132, stochastic=0.036)
    rise = straight.sigma(4.0) - straight.sigma(1.0)
    assert rise == pytest.approx(0.036 / 2.354820, rel=1e-6)


def test_poisson_fills_one_pe_bins() -> None:
    model = Poisson(13.348)
    k = np.arange(60)
    expected = stats.poisson.pmf(k, 13.348 * 0.7)
    for offset in (0.0, 0.5, 0.999):
        np.testing.assert_allclose(model.pdf(k + offset, 0.7), expected, rtol=1e-12)
    np.testing.assert_allclose(
        model.cdf(k + 1.0, 0.7), stats.poisson.cdf(k, 13.348 * 0.7), rtol=1e-12
    )
    assert model.cdf(3.25, 0.7) == pytest.approx(expected[:3].sum() + 0.25 * expected[3], rel=1e-12)
    assert model.pdf(-0.5, 0.7) == 0.0


def test_electrons_without_a_loss_are_poisson() -> None:
    """The mean is charge yield times extraction times energy."""
    red, light = ExtractedElectrons(6.5, 0.54), Poisson(6.5 * 0.54)
    k, energy = np.arange(20), np.array([[1e-6], [0.4], [3.0]])
    np.testing.assert_allclose(red.pdf(k, energy), light.pdf(k, energy), rtol=1e-12)
    np.testing.assert_allclose(red.cdf(k + 0.3, energy), light.cdf(k + 0.3, energy), rtol=1e-12)
    hardly = ExtractedElectrons(6.5, 0.54, lifetime_us=1e9, longest_drift_us=1.0)
    np.testing.assert_allclose(hardly.pdf(k, energy), red.pdf(k, energy), rtol=1e-7)


@pytest.mark.parametrize("lifetimes", [2e-6, 0.25, 1.0, 6.0])
@pytest.mark.parametrize("energy", [0.01, 0.5, 4.0])
def test_electrons_of_all_depths(lifetimes: float, energy: float) -> None:
    """Against the integral over depth; the mean is that of exp(-t/lifetime)."""
    model = ExtractedElectrons(6.5, 0.8, lifetime_us=300.0, longest_drift_us=300.0 * lifetimes)
    k = np.arange(60)

    def at_depth(u: float, k: int) -> float:
        return float(stats.poisson.pmf(k, 5.2 * energy * math.exp(-lifetimes * u)))

    # a difference of two probabilities near one, over a: 1e-16/a is left of each
    for n in (0, 1, 2, 4, 9, 25):
        whole = quad(at_depth, 0.0, 1.0, args=(n,), epsabs=1e-14, epsrel=1e-11)[0]
        assert float(model.pdf(n + 0.5, energy)) == pytest.approx(whole, rel=1e-8, abs=1e-9)
    shares = model.pdf(k, energy)
    assert shares.sum() == pytest.approx(1.0, abs=1e-8)
    mean = 5.2 * energy * (1.0 - math.exp(-lifetimes)) / lifetimes
    assert float(model.mean(energy)) == pytest.approx(mean, rel=1e-9)
    assert k @ shares == pytest.approx(mean, rel=1e-8, abs=1e-8)
    np.testing.assert_allclose(model.cdf(k + 1.0, energy), np.cumsum(shares), atol=1e-12)


def test_a_threshold_sees_more_than_the_mean_loss() -> None:
    """Of a mean of one and a drift of a lifetime: 2.40 per cent are four or more, not 1.90."""
    model = ExtractedElectrons(1.0 / (1.0 - math.exp(-1.0)), 1.0, 300.0, 300.0)
    assert float(model.mean(1.0)) == pytest.approx(1.0)
    assert 1.0 - float(model.cdf(4.0, 1.0)) == pytest.approx(0.0240, abs=5e-5)
    assert stats.poisson.sf(3, 1.0) == pytest.approx(0.0190, abs=5e-5)
    seen = bin_response([1.0], [4.0, 60.0], model, Unity())
    assert float(seen[0, 0]) == pytest.approx(0.0240, abs=5e-5)


def test_refusals() -> None:
    for make in (
        lambda: Gamma(-1.0, 9.56),
        lambda: Gamma(13.35, math.nan),
        lambda: Gaussian(),
        lambda: Gaussian(noise_kevee=-1.0),
        lambda: Germanium(0.0),
        lambda: GaussianBroadening(0.0, 0.036),
        lambda: GaussianBroadening(0.132, -0.036),
        lambda: GaussianBroadening(0.132, 0.036, math.nan),
        lambda: Germanium(0.048, fano=-0.1),
        lambda: Germanium(0.048, pair_energy_ev=math.inf),
        lambda: ExtractedElectrons(0.0, 0.5),
        lambda: ExtractedElectrons(6.5, 1.2),
        lambda: ExtractedElectrons(6.5, 0.5, lifetime_us=300.0),
        lambda: ExtractedElectrons(6.5, 0.5, longest_drift_us=300.0),
        lambda: ExtractedElectrons(6.5, 0.5, lifetime_us=-300.0, longest_drift_us=300.0),
        lambda: ExtractedElectrons(6.5, 0.5).cells(np.array([0.0, 1e6])),
        lambda: Poisson(0.0),
        lambda: Perfect(math.inf),
        lambda: Perfect().pdf(1.0, 1.0),
    ):
        with pytest.raises(InputError):
            make()
