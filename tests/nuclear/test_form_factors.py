from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import form_factor, form_factors, nuclide

SIZED = [name for name in form_factors() if name != "unity"]
RADII = st.floats(3.0, 6.0)  # above the surface of every model (2.0 fm for the Fermi ones)


def test_the_models_are_the_files():
    assert set(form_factors()) == {
        "helm",
        "helm-rms",
        "klein-nystrand",
        "klein-nystrand-adapted",
        "symmetrised-fermi",
        "fermi",
        "unity",
    }
    with pytest.raises(UnknownNameError, match="unknown form factor 'hlem': did you mean 'helm'"):
        form_factor("hlem")


@pytest.mark.parametrize("name", form_factors())
@given(radius=RADII, q=st.floats(0.0, 5.0))
def test_bounded_by_one_and_one_at_zero(name, radius, q):
    model = form_factor(name)
    assert model.evaluate(0.0, radius) == pytest.approx(1.0, abs=1e-14)
    # |F| <= F(0) for any density that is nowhere negative; rounding
    assert abs(model.evaluate(q, radius)) <= 1.0 + 1e-14


@pytest.mark.parametrize("name", SIZED)
@given(radius=RADII)
def test_the_radius_is_the_rms_radius(name, radius):
    # F = 1 - (q R)^2/6 + O((q R)^4/120): Richardson of two small momenta removes the quartic
    model, q = form_factor(name), 0.02
    one, two = (6.0 * (1.0 - model.evaluate(k * q, radius)) / (k * q) ** 2 for k in (1, 2))
    # left: the sixth-order term, (q R)^4 ~ 2e-4 times 1/840, and rounding 1e-16/(q R)^2
    assert (4.0 * one - two) / 3.0 == pytest.approx(radius**2, rel=1e-5)


@pytest.mark.parametrize("name", SIZED)
def test_no_digits_are_lost_towards_zero(name):
    # across the change from series to closed form the function is smooth: the third difference
    # of a smooth F over steps of 1e-3 is (q R)^3-like, 1e-8 at most; a jump would be seen
    model = form_factor(name)
    q = np.arange(1, 3000) * 1e-3 / 4.8
    assert np.abs(np.diff(model.evaluate(q, 4.8), n=3)).max() < 5e-9
    tiny = model.evaluate(np.array([0.0, 1e-300, 1e-30, 1e-9]), 4.8)
    assert np.abs(tiny - 1.0).max() < 1e-14


def _transform(density, q, reach):
    """Fourier-Bessel transform by adaptive quadrature, an independent way."""
    top = quad(lambda r: density(r) * r * math.sin(q * r) / q, 0, reach, limit=400)[0]
    return top / quad(lambda r: density(r) * r * r, 0, reach, limit=400)[0]


@pytest.mark.parametrize("radius", [3.0, 4.8])
@pytest.mark.parametrize("q", [0.05, 0.5, 1.3, 2.5])
def test_fermi_is_the_transform_of_the_density_of_that_radius(q, radius):
    model = form_factor("fermi")
    a = model.diffuseness_fm

    def moment(c, n):
        return quad(lambda r: r**n / (1 + math.exp((r - c) / a)), 0, c + 36 * a, limit=400)[0]

    from scipy.optimize import brentq

    c = brentq(lambda c: moment(c, 4) / moment(c, 2) - radius**2, 0.5, radius * 1.3, xtol=1e-13)
    expected = _transform(lambda r: 1 / (1 + math.exp((r - c) / a)), q, c + 36 * a)
    # absolute error of quad with epsabs 1.5e-8 on integrals of order 10-100
    assert model.evaluate(q, radius) == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize("q", [0.03, 0.5, 1.3, 2.5])
def test_symmetrised_fermi_is_the_transform_of_the_symmetrised_density(q):
    model = form_factor("symmetrised-fermi")
    a = model.diffuseness_fm
    c = float(model.half_density_radius(np.array(4.8)))

    def density(r):
        return math.sinh(c / a) / (math.cosh(r / a) + math.cosh(c / a))

    assert model.evaluate(q, 4.8) == pytest.approx(_transform(density, q, 30.0), abs=2e-9)


@pytest.mark.parametrize("q", [0.2, 1.0, 2.0])
def test_symmetrised_fermi_agrees_with_the_printed_closed_form(q):
    model = form_factor("symmetrised-fermi")
    a = model.diffuseness_fm
    x = q * float(model.half_density_radius(np.array(4.8)))
    y = math.pi * q * a
    printed = 3 / (x * (x * x + y * y)) * (y / math.sinh(y))
    printed *= y * math.sin(x) / math.tanh(y) - x * math.cos(x)
    assert model.evaluate(q, 4.8) == pytest.approx(printed, rel=1e-12)  # rounding


@pytest.mark.parametrize("q", [0.1, 0.8, 1.7])
def test_helm_is_a_sphere_times_a_gaussian(q):
    r0 = math.sqrt(5 / 3 * (4.8**2 - 3 * 0.9**2))
    sphere = _transform(lambda r: 1.0, q, r0)
    assert form_factor("helm").evaluate(q, 4.8) == pytest.approx(
        sphere * math.exp(-0.5 * (0.9 * q) ** 2), abs=2e-9
    )


@pytest.mark.parametrize("q", [0.1, 0.8, 1.7])
def test_klein_nystrand_is_a_sphere_times_a_yukawa(q):
    sphere = _transform(lambda r: 1.0, q, 1.2 * 133 ** (1 / 3))
    yukawa = _transform(lambda r: math.exp(-r / 0.7) / (r + 1e-300), q, 40.0)
    model = form_factor("klein-nystrand")
    radius = model.default_rms_radius(nuclide("Cs133"))
    assert model.evaluate(q, radius) == pytest.approx(sphere * yukawa, abs=2e-8)


def test_models_of_one_radius_agree_at_small_momentum():
    # at q R = 1 they differ by the fourth moment only: (qR)^4/120 times its spread of 15 %
    values = [float(form_factor(name).evaluate(1 / 4.8, 4.8)) for name in SIZED]
    assert max(values) - min(values) < 1.5e-3


def test_default_radii():
    cs = nuclide("Cs133")
    # Lewin & Smith: c = 1.23 A^(1/3) - 0.6, R0^2 = c^2 + 7/3 pi^2 0.52^2 - 5 0.9^2
    c = 1.23 * 133 ** (1 / 3) - 0.6
    r0 = math.sqrt(c * c + 7 / 3 * (math.pi * 0.52) ** 2 - 5 * 0.81)
    assert form_factor("helm").default_rms_radius(cs) == pytest.approx(
        math.sqrt(0.6 * r0**2 + 3 * 0.81), rel=1e-14
    )
    # 5.04 fm as quoted for Cs; it is 5.0450, on the edge of rounding: a unit of the last digit
    assert form_factor("klein-nystrand").default_rms_radius(cs) == pytest.approx(5.04, abs=1e-2)
    for name in ("helm-rms", "klein-nystrand-adapted", "symmetrised-fermi", "fermi"):
        assert form_factor(name).default_rms_radius(cs) == cs.charge_radius_fm


@pytest.mark.parametrize(
    "name", ["helm-rms", "klein-nystrand-adapted", "symmetrised-fermi", "fermi"]
)
def test_a_proton_is_too_small_for_a_surface(name):
    model = form_factor(name)
    with pytest.raises(InputError, match="cannot describe H1"):
        model.default_rms_radius(nuclide("H1"))
    assert model.minimum_rms_fm > nuclide("H1").charge_radius_fm


@pytest.mark.parametrize("name", form_factors())
def test_batches_of_radii_broadcast(name):
    model, q, radii = form_factor(name), np.linspace(0, 2, 7), np.array([3.5, 4.0, 4.8])
    batch = model.evaluate(q, radii[:, None])
    assert batch.shape == (3, 7)
    for radius, row in zip(radii, batch, strict=True):
        assert np.allclose(row, model.evaluate(q, radius), rtol=0, atol=1e-15)
