"""The fit: closed form, closure and coverage by toys, treatments, eigen-variations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cevns import quenching
from cevns.detectors.quenching.constant import Constant
from cevns.exceptions import CevnsWarning, FitError, InputError, UnknownNameError
from cevns.inference import Likelihood, asimov
from cevns.inference import fit as fit_model
from cevns.inference.model.data import draw
from cevns.quenching import DataSet, QuenchingFit
from cevns.quenching.curve_families import family, polynomial
from cevns.quenching.curve_fit import minimum, settled
from cevns.quenching.curve_model import PointsModel
from cevns.typing import Array


@pytest.fixture(scope="module")
def csi() -> QuenchingFit:
    return quenching.fit("csi")


def points(name: str, recoil: Array, factor: Array, error: float = 0.02, **more: object) -> DataSet:
    zero = np.zeros_like(recoil)
    made = DataSet(
        name, name, "made here", "csi", recoil, factor * recoil, zero, error * factor * recoil,
        zero, zero,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


# -- the fit is the textbook one -------------------------------------------------------------------


def test_it_is_generalised_least_squares(csi: QuenchingFit) -> None:
    """Nuisances in the fit or their covariance in closed form: the same numbers and errors.

    The additive common errors are exactly equivalent; a scale error multiplies the curve, so its
    covariance is taken with the fitted curve, and agreement is then to second order in 3 %.
    """
    model = csi.model
    t = model.recoil_kev
    basis = np.stack([(t / 1e3) ** k * 1e3 for k in range(1, 5)])
    curve = csi.family.energy(t, csi.numbers)
    covariance = np.diag(model.sigma**2)
    for k, s in enumerate(model.sets):
        mine = model.owner == k
        scale = np.where(mine, s.scale_error * curve, 0.0)
        offset = np.where(mine, s.offset_error_kevee, 0.0)
        covariance += np.outer(scale, scale) + np.outer(offset, offset)
    weight = np.linalg.inv(covariance)
    errors = np.linalg.inv(basis @ weight @ basis.T)
    numbers = errors @ basis @ weight @ model.observed
    # a fifth of a standard deviation and 5 % of the error: second order in (pull x 3 %)
    assert np.abs((numbers - csi.numbers) / csi.errors).max() < 0.2
    np.testing.assert_allclose(np.sqrt(np.diag(errors)), csi.errors, rtol=0.05)


def test_without_scale_errors_the_closed_form_is_exact() -> None:
    sets = [replace(s, scale_error=0.0) for s in quenching.load_points("csi")[0]]
    fit = quenching.fit("csi", sets=sets)
    model, t = fit.model, fit.model.recoil_kev
    basis = np.stack([(t / 1e3) ** k * 1e3 for k in range(1, 5)])
    offset = np.where(model.owner == 0, model.sets[0].offset_error_kevee, 0.0)
    weight = np.linalg.inv(np.diag(model.sigma**2) + np.outer(offset, offset))
    errors = np.linalg.inv(basis @ weight @ basis.T)
    numbers = errors @ basis @ weight @ model.observed
    residual = model.observed - numbers @ basis
    # MIGRAD stops within 2e-5 of the minimum of chi2: 5e-3 of a standard deviation
    assert np.abs((numbers - fit.numbers) / fit.errors).max() < 5e-3
    np.testing.assert_allclose(np.sqrt(np.diag(errors)), fit.errors, rtol=1e-3)
    assert fit.result.chi2 == pytest.approx(residual @ weight @ residual, abs=1e-4)


def test_minuit_and_gauss_newton_agree(csi: QuenchingFit) -> None:
    chi2, theta, covariance = minimum(csi.model)
    elsewhere = fit_model(csi.model.as_model)  # from pulls of zero
    width = np.sqrt(np.diag(elsewhere.covariance))
    for found in (csi.result, elsewhere):
        assert chi2 == pytest.approx(found.chi2, abs=2e-5)
        assert np.abs((theta - found.theta) / width).max() < 5e-3
    # the Fisher information of a curve that is linear but for the scale nuisances
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), width, rtol=0.05)


def test_record_is_chi2_with_and_without_pulls(csi: QuenchingFit) -> None:
    pulls = csi.result.theta[len(csi.numbers) :]
    inside = float((csi.residuals**2).sum())
    assert csi.result.deviance == pytest.approx(inside, rel=1e-12)
    assert csi.result.pearson == pytest.approx(inside, rel=1e-12)
    assert csi.result.chi2 == pytest.approx(inside + float((pulls**2).sum()), rel=1e-12)
    assert csi.result.ndof == len(csi.residuals) - len(csi.numbers)
    expected = sum(csi.result.components.values())
    away = (csi.model.observed - expected) / csi.model.sigma
    np.testing.assert_allclose(csi.residuals, away, rtol=1e-9)


def test_gradient_is_that_of_chi2(csi: QuenchingFit) -> None:
    likelihood = Likelihood.of(csi.model.as_model)
    width = np.sqrt(np.diag(csi.result.covariance))
    at = csi.result.theta + 0.5 * width
    gradient = likelihood.gradient(at)
    for k, step in enumerate(1e-3 * width):
        up, down = at.copy(), at.copy()
        up[k] += step
        down[k] -= step
        difference = float(likelihood.twice_nll(up) - likelihood.twice_nll(down)) / (2.0 * step)
        # chi2 is of fourth order at most in any parameter: differences good to 1e-6
        assert gradient[k] == pytest.approx(difference, rel=1e-5, abs=1e-4 / width[k])


def test_minos_is_hesse_for_a_linear_curve() -> None:
    fit = quenching.fit("ar", tension="none", minos="all")
    for p in fit.result:
        assert p.error_up is not None
        assert p.error_down is not None
        # exactly parabolic; MINOS and HESSE have tolerances of about a per mille
        assert p.error_up == pytest.approx(p.error, rel=5e-3)
        assert p.error_down == pytest.approx(p.error, rel=5e-3)


# -- closure and coverage --------------------------------------------------------------------------


def test_asimov_points_give_back_the_truth(csi: QuenchingFit) -> None:
    truth = csi.result.theta.copy()
    truth[len(csi.numbers) :] = 0.0
    model = csi.model.as_model
    result = fit_model(model, data=asimov(model, truth))
    errors = np.sqrt(np.diag(result.covariance))
    assert result.chi2 < 1e-6
    assert np.abs((result.theta - truth) / errors).max() < 1e-3


@pytest.mark.parametrize(
    ("material", "curve"), [("csi", "polynomial"), ("ge", "modified-lindhard")]
)
def test_toys_are_unbiased_and_covered(material: str, curve: str) -> None:
    """Pulls of QF(10 keV) and chi2 over 400 toys with all common errors thrown."""
    fit = quenching.fit(material, curve=curve, tension="none")
    model, truth = fit.model, fit.result.theta.copy()
    n = len(fit.numbers)
    truth[n:] = 0.0
    rng = np.random.default_rng(20260)
    t = np.array([10.0])
    true = float(model.family.energy(t, truth[:n])[0])
    pulls, chi2 = [], []
    toys = draw(model.as_model, truth, rng, 400)
    for toy in range(400):
        lowest, theta, errors = minimum(model, toys.columns(toy))
        covariance = errors[:n, :n]
        slope = model.family.gradient(t, theta[:n])[:, 0]
        energy = float(model.family.energy(t, theta[:n])[0])
        pulls.append((energy - true) / np.sqrt(slope @ covariance @ slope))
        chi2.append(lowest)
    # 400 toys: mean +- 0.05, width +- 0.035, coverage +- 2.3 %, chi2 +- sqrt(2 ndof/400);
    # each within 3.5 of these standard deviations
    assert abs(np.mean(pulls)) < 3.5 * 0.05
    assert abs(np.std(pulls) - 1.0) < 3.5 * 0.035
    assert abs(np.mean(np.abs(pulls) < 1.0) - 0.683) < 3.5 * 0.023
    assert abs(np.mean(chi2) - fit.result.ndof) < 3.5 * np.sqrt(2.0 * fit.result.ndof / 400.0)


# -- what is done about disagreement ---------------------------------------------------------------

RECOIL = np.linspace(5.0, 60.0, 12)


def test_inflation_is_that_of_the_particle_data_group() -> None:
    first = points("a", RECOIL, np.full(12, 0.10))
    second = points("b", RECOIL, np.full(12, 0.11))
    plain = quenching.fit("csi", sets=[first, second], curve="constant", tension="none")
    fit = quenching.fit("csi", sets=[first, second], curve="constant")
    s = np.sqrt(plain.result.chi2 / plain.result.ndof)
    assert s > 1.5
    assert fit.inflation == pytest.approx(s)
    assert fit.errors[0] == pytest.approx(s * plain.errors[0])
    agreeing = quenching.fit("csi", sets=[first], curve="constant")
    assert agreeing.inflation == 1.0


def test_sets_that_differ_by_factors_get_that_normalisation_error() -> None:
    """Two sets 10 % apart with negligible errors, solved by hand.

    m (1 + tau x) = a and m (1 + tau y) = b with x^2 + y^2 the smallest gives
    m = (a^2 + b^2)/(a + b), and x^2 + y^2 = sets - 1 = 1 gives tau.
    """
    a, b = 0.100, 0.110
    first = points("a", RECOIL, np.full(12, a), error=0.01)
    second = points("b", RECOIL, np.full(12, b), error=0.01)
    fit = quenching.fit("csi", sets=[first, second], curve="constant", tension="per-set")
    m = (a**2 + b**2) / (a + b)
    # the errors of 0.3 % (1 % over sqrt(12)) change tau by half their square over its: 0.1 %
    assert fit.model.tau == pytest.approx(np.hypot(a / m - 1.0, b / m - 1.0), rel=0.01)
    assert fit.numbers[0] == pytest.approx(m, rel=1e-3)
    # HESSE finds its errors by differences, here with a correlation of 0.99
    assert fit.errors[0] / m == pytest.approx(fit.model.tau / np.sqrt(2.0), rel=0.02)
    alone = quenching.fit("csi", sets=[first], curve="constant", tension="per-set")
    assert alone.model.tau == 0.0


def test_errors_with_a_large_tau_are_those_of_the_second_derivatives() -> None:
    # numbers and normalisations are nearly degenerate there, and chi2 is far from a parabola
    with pytest.warns(CevnsWarning, match="differ in shape"):
        fit = quenching.fit("ge", curve="constant", tension="per-set")
    theta = fit.result.theta
    curvature = Likelihood.of(fit.model.as_model).hessian(theta, np.arange(theta.size))
    wanted = np.sqrt(np.diag(2.0 * np.linalg.inv(curvature)))
    np.testing.assert_allclose([p.error for p in fit.result], wanted, rtol=1e-4)
    assert fit.result.edm < 1e-8


def test_sets_that_differ_in_shape_are_found_out() -> None:
    with pytest.warns(CevnsWarning, match="differ in shape"):
        quenching.fit("ge", tension="per-set")


def test_outliers_are_clipped_by_name_and_never_many() -> None:
    factor = np.full(12, 0.10)
    factor[7] = 0.13
    fit = quenching.fit(
        "csi", sets=[points("a", RECOIL, factor)], curve="constant", outliers="clip"
    )
    assert [(name, recoil) for name, recoil, _ in fit.clipped] == [("a", RECOIL[7])]
    assert fit.numbers[0] == pytest.approx(0.10, rel=1e-6)
    wild = points("a", RECOIL, 0.1 + 0.05 * (-1.0) ** np.arange(12))
    with pytest.raises(InputError, match="a fifth of the points"):
        quenching.fit("csi", sets=[wild], curve="constant", outliers="clip")


def test_recoil_errors_count_once_and_as_said() -> None:
    """QF error from a 5 % error of T: over sqrt(n) if independent, whole if common, none if not."""
    base = points("a", RECOIL, np.full(12, 0.10), error=0.001, recoil_error_kev=0.05 * RECOIL)

    def error(meaning: str) -> float:
        fit = quenching.fit("csi", sets=[base], curve="constant", recoil_errors=meaning)
        return float(fit.errors[0] / fit.numbers[0])

    # in quadrature with 0.1 %/sqrt(12), which is 2e-4 of it or less
    assert error("independent") == pytest.approx(np.hypot(0.05, 0.001) / np.sqrt(12.0), rel=1e-3)
    assert error("common") == pytest.approx(0.05, rel=1e-2)
    assert error("spread") == pytest.approx(0.001 / np.sqrt(12.0), rel=1e-3)


def test_scale_errors_do_not_pull_the_curve_down() -> None:
    """Errors that multiply the curve have no bias; errors of the points would have (D'Agostini)."""
    up, down = np.full(6, 0.105), np.full(6, 0.095)
    both = points("a", RECOIL, np.concatenate([up, down]), error=0.001, scale_error=0.10)
    both = replace(both, electron_error_kevee=0.0001 * RECOIL)  # equal weights in QF
    fit = quenching.fit("csi", sets=[both], curve="constant", tension="none")
    assert fit.numbers[0] == pytest.approx(0.100, rel=1e-5)


# -- eigen-variations and export -------------------------------------------------------------------


def test_eigen_variations_are_the_covariance(csi: QuenchingFit) -> None:
    vectors, shares = csi.eigenvectors()
    width = csi.errors
    rebuilt = vectors.T @ vectors
    np.testing.assert_allclose(
        rebuilt / np.outer(width, width), csi.covariance / np.outer(width, width), atol=1e-9
    )
    assert shares.sum() == pytest.approx(1.0)
    assert (np.diff(shares) <= 0).all()
    t = np.linspace(3.0, 60.0, 20)
    curve = csi.quenching(components=4)
    from cevns.quenching.variations import error_of

    np.testing.assert_allclose(error_of(curve, t), csi.energy(t)[1], rtol=1e-6)
    # their curves are orthogonal in the mean over the measured energies, so the shares add up
    grid = np.linspace(csi.model.recoil_kev.min(), csi.model.recoil_kev.max(), 200)
    gradient = csi.family.gradient(grid, csi.numbers) / grid
    overlap = (vectors @ gradient) @ (vectors @ gradient).T / 200.0
    assert np.abs(overlap - np.diag(np.diag(overlap))).max() < 1e-9 * overlap[0, 0]


def test_number_of_eigen_variations(csi: QuenchingFit) -> None:
    assert csi.quenching().variation_names == tuple(f"qf.csi.{k}" for k in range(4))
    assert csi.quenching(2).variation_names == ("qf.csi.0", "qf.csi.1")
    assert len(quenching.fit("ge").quenching().variations) == 1
    with pytest.raises(InputError, match="are too many"):
        csi.quenching(5)


# -- published comparisons and choices -------------------------------------------------------------


def test_argon_line() -> None:
    """Slope and offset of the CENNS-10 release, 0.246(6) + 0.00078(9) T, within two errors."""
    fit = quenching.fit("ar")
    assert abs(fit.numbers[0] - 0.246) < 2 * 0.006
    assert abs(fit.numbers[1] - 0.00078) < 2 * 0.00009


def test_references_against_points(csi: QuenchingFit) -> None:
    chi2, n = quenching.chi2_of(quenching.references("csi")["released 2021"], csi.model.sets)
    assert n == 18  # one point lies beyond its 60 keVnr
    assert 5.0 < chi2 < 30.0
    # a curve far off is found out: 3 % instead of 9 %
    assert quenching.chi2_of(Constant(0.03), csi.model.sets)[0] > 300.0


def test_a_bare_curve_against_points_without_common_errors_is_a_sum_of_squares() -> None:
    chi2, n = quenching.chi2_of(Constant(0.11), [points("a", RECOIL, np.full(12, 0.10))])
    assert chi2 == pytest.approx(12 * 5.0**2)
    assert n == 12
    beyond = Constant(0.11, valid_kev=(900.0, 1000.0))
    assert quenching.chi2_of(beyond, quenching.load_points("csi")[0]) == (0.0, 0)


def test_points_that_cannot_tell_the_numbers_apart_have_no_minimum() -> None:
    same = points("a", np.full(4, 10.0), np.full(4, 0.1))
    with pytest.raises(FitError, match="do not determine all numbers"):
        quenching.fit("csi", sets=[same], curve="linear")


def test_choices_by_name() -> None:
    for wrong in ({"tension": "wish"}, {"outliers": "x"}, {"recoil_errors": "x"}, {"curve": "x"}):
        with pytest.raises(UnknownNameError):
            quenching.fit("csi", **wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="data set"):
        quenching.fit("csi", include=["coherent-9"])
    with pytest.raises(InputError, match="no data set is left"):
        quenching.fit("csi", without=["coherent-1", "coherent-2"])
    with pytest.raises(InputError, match="needs an element"):
        quenching.fit("csi", curve="lindhard")
    with pytest.raises(InputError, match="cannot determine"):
        quenching.fit("ar", include=["warp"], curve="linear")
    with pytest.raises(InputError, match="order"):
        polynomial(9)


def test_a_model_settles_on_its_own_slopes(csi: QuenchingFit) -> None:
    model = settled(PointsModel.of(family("polynomial", "csi"), csi.model.sets))
    slope = model.family.slope(model.column("recoil_kev"), minimum(model)[1][:4])
    # settled to 1e-4 of a standard deviation of the coefficients
    np.testing.assert_allclose(slope, model.slope, rtol=1e-3)
