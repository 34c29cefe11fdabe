"""The fast form of a model against the exact one, at points that its own check does not use."""

import warnings

import numpy as np
import pytest
from user_files import seeded_file

from cevns.analysis.coupling_families import extended
from cevns.exceptions import CevnsWarning
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.experiments.tables.features import ResponseTables
from cevns.inference import Likelihood, asimov

SHIFT = 0.02
"""Twice what is promised: the check sees some 80 points, these are others and more."""


def pulls_alone(model):
    """Each constrained parameter alone, from -3 to 3 sigma in steps that meet no knot."""
    nominal, points = model.parameters.values, []
    for i, p in enumerate(model.parameters):
        if p.constraint is not None and not p.fixed:
            moved = np.tile(nominal, (42, 1))
            moved[:, i] = p.constraint.mean + p.constraint.sigma * np.linspace(-3.0, 3.0, 42)
            moved[:, i] = np.clip(moved[:, i], p.lower, p.upper)
            points.append(moved)
    return points


def together(model, likelihood, n=400):
    """All free parameters at once, by the Fisher information, where -2 ln L rises by up to nine."""
    free = np.array(model.parameters.free)
    nominal = model.parameters.values
    inverse = np.linalg.pinv(likelihood.fisher(nominal)[np.ix_(free, free)])
    rng = np.random.default_rng(77)
    points = np.tile(nominal, (n, 1))
    points[:, free] += rng.multivariate_normal(np.zeros(len(free)), inverse, n, method="eigh")
    points = np.clip(
        points, [p.lower for p in model.parameters], [p.upper for p in model.parameters]
    )
    rise = likelihood.twice_nll(points) - likelihood.twice_nll(nominal[None])
    return points[rise <= 9.0]


def disagreement(exact, fast):
    """Largest difference of -2 ln L, and of the number of events in parts of it."""
    data = asimov(exact)
    likelihood = Likelihood.of(exact, data)
    points = [together(exact, likelihood), *pulls_alone(exact)]
    points = np.concatenate(points)
    wanted = likelihood.twice_nll(points)
    points, wanted = points[np.isfinite(wanted)], wanted[np.isfinite(wanted)]
    assert len(points) > 100
    shift = np.abs(Likelihood.of(fast, data).twice_nll(points) - wanted).max()
    counts, others = (m.expected(points).sum(axis=-1) for m in (exact, fast))
    return shift, np.abs(others / counts - 1.0).max()


@pytest.mark.parametrize("seed", [0, 3, 6, 17])
def test_user_files(seed, tmp_path):
    exact = load(seeded_file(seed, tmp_path)).model("cross-section")
    fast, error = fast_form(exact)
    assert error is not None, "the exact model is used"
    assert error.small
    shift, count = disagreement(exact, fast)
    assert shift < SHIFT
    assert count < 2e-4


@pytest.mark.slow
def test_of_fifty_user_files_at_most_three_stay_exact(tmp_path):
    fallen = []
    for seed in range(50):
        exact = load(seeded_file(seed, tmp_path)).model("cross-section")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CevnsWarning)
            fast, error = fast_form(exact)
        if error is None:
            fallen.append(seed)
            continue
        shift, count = disagreement(exact, fast)
        assert shift < SHIFT, seed
        assert count < 2e-4, seed
    assert len(fallen) <= 3, fallen


@pytest.mark.parametrize("question", ["count", "cross-section", "sin2-theta-w"])
@pytest.mark.parametrize(
    "name",
    ["coherent-csi-2021", "coherent-csi-2017", "coherent-ge-2024", "coherent-lar-engineering"],
)
def test_shipped_experiments(name, question):
    exact = load(name).model(question)
    fast, error = fast_form(exact)
    assert error is not None
    shift, count = disagreement(exact, fast)
    assert shift < SHIFT
    assert count < 2e-4


def test_pulls_beyond_the_table_stay_where_it_ends():
    model = fast_form(load("coherent-csi-2021").model("cross-section"))[0]
    place = model.parameters.names.index("qf.csi.1")
    points = np.tile(model.parameters.values, (3, 1))
    points[:, place] = 5.9, 6.5, 8.0
    counts = model.expected(points)
    np.testing.assert_allclose(counts[2], counts[1], rtol=1e-12)
    slopes = model.linearise(points)[1][:, place]
    assert np.abs(slopes[0]).max() > 0.0
    assert np.abs(slopes[2]).max() == 0.0


def test_tables_that_are_too_coarse_are_refined(tmp_path):
    tables = ResponseTables()
    exact = load(seeded_file(3, tmp_path)).model("cross-section")
    group = exact.channels[0].group
    coarse = fast_form(exact, {group: tables})[1]
    assert coarse.small
    assert tables.level > 0


def test_a_response_that_no_table_holds_stays_exact_with_a_word(monkeypatch, tmp_path):
    monkeypatch.setattr("cevns.experiments.tables.features.LEVELS", ((9, 1e-1),))
    exact = load(seeded_file(3, tmp_path)).model("cross-section")
    with pytest.warns(CevnsWarning, match="the exact model is used, which is slower"):
        fast, error = fast_form(exact)
    assert error is None
    assert fast is exact


def test_spectra_that_pile_up_below_the_threshold(tmp_path):
    """A charge alone, with no slope at zero, in nuclei that a plain gaussian lifts to the window.

    What lies far below the threshold is little of it and moves with the energy scale by orders of
    magnitude. The rise of -2 ln L is followed to the end of a limit.
    """
    shipped = load("conus-plus-2025").path.read_text()
    assert shipped.count("{kind: hpge, fwhm:") == 4  # of three detectors, and of the variant
    path = tmp_path / "noise.yaml"
    path.write_text(shipped.replace("{kind: hpge, fwhm:", "{kind: gaussian, noise: 20 eVee} #"))
    experiment = load(path, overrides={"interaction.electrons": "false"})
    process = extended(experiment, "millicharge")
    exact = experiment.model(("millicharge_etau",), interactions=[process])
    fast, error = fast_form(exact)
    assert error is not None
    points = np.concatenate(pulls_alone(exact))
    data = asimov(exact)
    for charge in (20.0, 95.0):
        points[:, exact.parameters.position("millicharge_etau")] = charge
        found, wanted = (Likelihood.of(m, data).twice_nll(points) for m in (fast, exact))
        kept = wanted < 9.0
        assert kept.sum() > 50
        assert np.abs(found - wanted)[kept].max() < SHIFT
