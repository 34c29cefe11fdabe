"""Toy goodness of fit: the fraction of toys that the model describes no better than the data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, kstest, poisson

import cevns
from cevns.exceptions import InputError
from cevns.inference import Data, fit, function_model
from cevns.inference.toys.gof import goodness_of_fit
from cevns.parameters import Gaussian, Parameter, Parameters


def flat(observed, start=5.0, constraint=None):
    """The same expectation in every bin."""
    s = Parameter("s", start, role="poi", lower=1e-3, constraint=constraint)
    aside = Parameter("aside", 0.0, constraint=Gaussian(0.0, 1.0))
    ones = np.ones(len(observed))
    return function_model("flat", Parameters([s, aside]), observed, lambda t: t[:, :1] * ones)


def judged(counts, toys=4000, **options):
    model = flat(np.asarray(counts, dtype=float), start=float(np.mean(counts)))
    return goodness_of_fit(model, fit(model, minos="none"), toys, **options)


def deviance(a, b):
    """Of two bins against their mean, by broadcasting."""
    n, m = (np.where(x > 0, x, 1.0) for x in (a, b))
    total = np.where(a + b > 0, a + b, 1.0)
    return 2.0 * (a * np.log(2.0 * n / total) + b * np.log(2.0 * m / total))


@pytest.mark.parametrize("counts", [(4.6, 5.2), (3.45, 6.6), (2.2, 8.1), (1.3, 11.2)])
def test_two_bins_by_enumeration(counts):
    """Two bins of one mean: every outcome and its probability can be written down.

    The counts are not whole numbers, so that no outcome is exactly as far off as they are.
    """
    found = judged(counts, 20_000)
    n = np.arange(60.0)
    probability = poisson.pmf(n, np.mean(counts))
    outcomes = deviance(n[:, None], n)
    seen = float(deviance(*map(np.array, counts)))
    exact = (np.outer(probability, probability) * (outcomes >= seen)).sum()
    assert found.statistic == pytest.approx(seen, abs=1e-4)
    assert 0.001 < exact < 0.999
    # binomial, three and a half standard deviations
    assert found.p_value == pytest.approx(exact, abs=3.5 * np.sqrt(exact * (1 - exact) / 20_000))
    assert found.error == pytest.approx(np.sqrt(exact * (1 - exact) / 20_000), rel=0.2)
    mean = (np.outer(probability, probability) * outcomes).sum()
    assert found.mean == pytest.approx(mean, abs=0.05)
    assert found.toys == 20_000


@pytest.mark.parametrize("counts", [(3, 7), (2, 5)])
def test_toys_as_far_off_as_the_data_count(counts):
    found = judged(counts, 20_000)
    n = np.arange(60.0)
    probability = poisson.pmf(n, np.mean(counts))
    seen = float(deviance(*(np.array(float(c)) for c in counts)))
    exact = (np.outer(probability, probability) * (deviance(n[:, None], n) >= seen - 1e-9)).sum()
    assert found.p_value == pytest.approx(exact, abs=3.5 * np.sqrt(exact * (1 - exact) / 20_000))


def test_good_data_have_a_large_p_and_bad_data_none():
    assert judged([100.0] * 8, 1000).p_value == 1.0  # nothing describes them better
    assert judged([100, 104, 96, 101, 99, 103, 97, 100], 1000).p_value > 0.95
    bad = judged([160, 100, 40, 100, 100, 100, 100, 100], 1000)
    assert bad.p_value == 0.0
    assert 0 < bad.error <= 1e-3  # none of a thousand is not a probability of zero


def test_full_bins_give_the_chi2():
    counts = 1e4 + 100.0 * np.array([1.5, -1.1, 0.3, 1.2, -2.0, 0.4, -0.9, 0.6])
    found = judged(counts, 4000)
    expected = chi2.sf(found.statistic, 7)
    assert 0.1 < expected < 0.4  # away from a half: the other tail would show
    assert found.p_value == pytest.approx(expected, abs=3.5 * np.sqrt(expected / 4000))
    assert found.mean == pytest.approx(7.0, abs=3.5 * np.sqrt(14 / 4000))


@pytest.mark.slow
def test_p_values_of_data_from_the_model_are_uniform():
    rng = np.random.default_rng(5)
    p = [judged(rng.poisson(200.0, 6), 200, seed=i).p_value for i in range(120)]
    assert kstest(p, "uniform").pvalue > 0.01
    # chi2 with a wrong number of degrees of freedom would push them to one side
    assert np.mean(p) == pytest.approx(0.5, abs=3.5 / np.sqrt(12 * 120))


def test_auxiliary_measurements_count():
    """A pull of four is as bad as four standard deviations in a bin, in data and toys."""
    model = flat(np.array([1e4, 1e4]), 1e4, Gaussian(1e4, 1.0))
    pulled = Data(np.array([1e4 + 280.0, 1e4 + 280.0]), np.array([1e4, 0.0]))
    assert goodness_of_fit(model, fit(model, data=pulled, minos="none"), 2000).p_value < 0.01
    near = Data(np.array([1e4 + 60.0, 1e4 - 90.0]), np.array([1e4, 0.0]))
    found = goodness_of_fit(model, fit(model, data=near, minos="none"), 4000)
    expected = chi2.sf(found.statistic, 2)  # two bins and a measurement, one free parameter
    assert found.p_value == pytest.approx(expected, abs=3.5 * np.sqrt(0.25 / 4000))


def test_held_parameters_are_held_in_the_toys():
    """Without a free mean there is one more degree of freedom."""
    model = flat(np.array([1e4 + 150.0, 1e4 + 50.0, 1e4 - 60.0]), start=1e4)
    best = fit(model, fix={"s": 1e4 - 20.0}, poi="aside", minos="none")
    held = goodness_of_fit(model, best, 4000)
    assert held.mean == pytest.approx(3.0, abs=3.5 * np.sqrt(6 / 4000))
    assert held.p_value == pytest.approx(chi2.sf(held.statistic, 3), abs=0.03)
    free = goodness_of_fit(model, fit(model, minos="none"), 4000)
    assert free.mean == pytest.approx(2.0, abs=3.5 * np.sqrt(4 / 4000))


def test_seeds_and_bad_arguments():
    first, again, other = (judged([3.1, 7.2], 500, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other
    with pytest.raises(InputError, match="at least one toy"):
        judged([3.1, 7.2], 0)


def test_of_an_experiment():
    """CsI[Na] is described well with CEvNS and badly without."""
    csi = cevns.load("coherent-csi-2021")
    good = csi.fit(minos="none", gof_toys=400)
    # 99 bins, few counts in many: close to chi2 with the number of degrees of freedom
    assert good.gof.statistic == pytest.approx(good.fit.twice_nll)
    assert good.gof.p_value == pytest.approx(chi2.sf(good.fit.chi2, good.fit.ndof), abs=0.15)
    assert good.to_dict()["goodness_of_fit"]["p_value"] == good.gof.p_value > 0.5
    bad = csi.fit(fix={"cevns": 0.0}, minos="none", gof_toys=400)
    assert bad.gof.p_value < 0.02
