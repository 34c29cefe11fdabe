"""NUCLEUS with the excess of events at low energies, which is per detector and not per kilogram."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

import cevns
from cevns.exceptions import SchemaError
from cevns.experiments import load

EXPOSURES = {"both": 0.7953, "near-off": 0.0832, "far-off": 0.0832, "both-off": 0.0383}
LIVE_D = 292.2
EXCESS = {"variant": "excess"}


def density(t_ev: float) -> float:
    """S/B of arXiv:2603.24450."""
    return float(0.99 * np.exp(-t_ev / 28.0) + 0.01 * np.exp(-t_ev / 320.0))


def test_the_level_is_that_of_the_article():
    """3650/d t^-0.59 in 35 to 500 eV, averaged over a year from day 9 on, from 20 eV."""
    mean = 3650.0 * quad(lambda t: t**-0.59, 9.0, 374.25)[0] / 365.25
    assert mean == pytest.approx(217.0, abs=0.5)
    down = quad(density, 20.0, 500.0)[0] / quad(density, 35.0, 500.0)[0]
    assert down == pytest.approx(1.57, abs=5e-3)
    assert mean * down == pytest.approx(340.0, rel=5e-3)


@pytest.mark.parametrize("mass", [7, 14])
def test_more_mass_in_four_detectors_has_no_more_of_it(mass):
    """Four times 340 a day in each state of the cores, whatever the detectors weigh."""
    model = load("nucleus-2026", overrides={**EXCESS, "target.mass": f"{mass} g"}).model()
    found = model.totals_by_channel(model.parameters.values)
    for channel, exposure in EXPOSURES.items():
        own = found[f"nucleus-2026.{channel}"]
        assert own[f"excess-{channel}"] == pytest.approx(4 * 340 * LIVE_D * exposure)
    assert found["nucleus-2026.both"]["cevns"] == pytest.approx(53.7 * mass / 7.0, rel=2e-3)


def test_energies_alone_tell_it_from_cevns():
    """The error from Fisher's information of the bins, by hand: 25 times the signal."""
    study = cevns.load("nucleus-2026", overrides=EXCESS)
    poi = study.fit(asimov=True).poi
    (experiment,) = study.experiments
    edges = experiment.energy_edges
    signal = experiment.signal().evaluate(
        {p.name: np.array([p.value]) for p in experiment.interaction.parameters}
    )
    shape = signal.ravel() / signal.sum()
    flat = np.diff(edges) * np.where(edges[1:] < 0.2001, 0.209 / 0.180, 0.167 / 0.300)
    excess = np.array([quad(density, 1e3 * a, 1e3 * b)[0] for a, b in pairwise(edges)])
    # parameters: signal, background, four excesses
    information = np.zeros((6, 6))
    powers = {"both": 1.0, "near-off": 0.3325, "far-off": 0.6675, "both-off": 0.0}
    seen = sum(p * EXPOSURES[c] for c, p in powers.items())
    for k, (channel, exposure) in enumerate(EXPOSURES.items()):
        rows = np.zeros((6, len(flat)))
        rows[0] = shape * powers[channel] * exposure / seen
        rows[1] = exposure * flat / flat.sum()
        rows[2 + k] = exposure * excess / excess.sum()
        mean = poi.value * rows[0] + 0.376 * LIVE_D * rows[1] + 1360 * LIVE_D * rows[2 + k]
        information += (rows / mean) @ rows.T
    error = np.sqrt(np.linalg.inv(information)[0, 0])
    assert error / poi.value == pytest.approx(25.3, abs=0.1)
    # bounds that the fit meets on its way are no part of the curvature
    assert poi.error == pytest.approx(error, rel=3e-3)
    # the fit keeps the background from turning negative, which is 0.3 of its own errors away
    assert poi.error_up == pytest.approx(error, rel=3e-2)


EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "excess-in-time.yaml"


def written(folder: Path, old: str, new: str) -> Path:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = folder / EXAMPLE.name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("exponent", "begin_d"), [(0.59, 0.0), (0.59, 9.0), (0.0, 0.0), (1.0, 2.0), (2.5, -3.0)]
)
def test_it_falls_with_time(tmp_path, exponent, begin_d):
    fall = f"exponent: {exponent}, begin: {begin_d} d"
    path = written(tmp_path, "exponent: 0.59, begin: 0 d", fall)
    inputs = load(path).inputs.channels[""]
    edges = [9, 16, 32, 64, 128, 192, 256, 299.6, 330, 360.4, 374.25]
    bins = [quad(lambda t: (t - begin_d) ** -exponent, a, b)[0] for a, b in pairwise(edges)]
    found = inputs.backgrounds["excess"].sum(axis=0)
    assert_allclose(found, np.array(bins) / sum(bins), rtol=1e-7)


def test_energies_and_times_tell_more():
    """16 times the signal in place of 25: the fall is known, and the power of the cores."""
    poi = cevns.load(EXAMPLE).fit(asimov=True).poi
    assert poi.value == pytest.approx(59.3, abs=0.1)
    assert poi.error_up / poi.value == pytest.approx(16.0, abs=0.5)


@pytest.mark.parametrize("begin", ["10 d", "9 d"])
def test_a_fall_that_begins_within_the_axis(tmp_path, begin):
    path = written(tmp_path, "exponent: 0.59, begin: 0 d", f"exponent: 1.2, begin: {begin}")
    with pytest.raises(SchemaError, match="'excess', time: a power law begins before the first"):
        load(path)


@pytest.mark.parametrize(("exponent", "said"), [("-1", "0 or more"), ("11", "10 or less")])
def test_an_exponent_that_is_none(tmp_path, exponent, said):
    path = written(tmp_path, "exponent: 0.59", f"exponent: {exponent}")
    with pytest.raises(SchemaError, match=f"exponent': must be {said}, got {exponent}"):
        load(path)
