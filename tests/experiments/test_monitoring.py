"""How long it takes to see a reactor change: by hand in one bin, and with pseudo-experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cevns
from cevns.analysis.expected.monitoring import days_to_see
from cevns.exceptions import InputError
from cevns.experiments import load

HALF = {"source.power": "1.95 GW"}


def rates(overrides=None):
    """Counts per day with the reactor on, signal and background."""
    experiment = load("conus-2020", overrides=overrides)
    days = experiment.source.live_time_d
    return experiment.prediction() / days, 870.507 / days


def test_one_bin_by_hand():
    found = days_to_see(load("conus-2020"), load("conus-2020", overrides=HALF), 2.0)
    signal, background = rates()
    assert rates(HALF)[0] == pytest.approx(signal / 2, rel=1e-9)
    before, after = signal + background, 0.5 * signal + background
    # the change is small beside the counts, 2 %, so that both are Gaussian within that
    assert found.after_as_long == pytest.approx(
        4.0 * (before + after) / (before - after) ** 2, 1e-3
    )
    assert found.after_a_long_time == pytest.approx(4.0 * after / (before - after) ** 2, rel=0.02)


def test_half_of_pseudo_experiments_see_it():
    """Counts of both periods, drawn after the change and tested against no change."""
    found = days_to_see(load("conus-2020"), load("conus-2020", overrides=HALF))
    signal, background = rates()
    mean = np.array([[signal + background], [0.5 * signal + background]]) * found.after_as_long
    counts = np.random.default_rng(20261129).poisson(mean, (2, 20_000)).astype(float)
    difference, total = counts[0] - counts[1], counts.sum(axis=0)
    assert np.mean(difference / np.sqrt(total) > 3.0) == pytest.approx(0.5, abs=0.015)


def test_a_change_of_fuel_is_harder_to_see_than_one_of_power():
    """Uranium burns to plutonium: some per cent of the counts, and days go with their square."""
    burnt = load(
        "conus-2020",
        overrides={"source.fractions": "{u235: 0.40, u238: 0.074, pu239: 0.45, pu241: 0.076}"},
    )
    first = load("conus-2020")
    fuel, power = (
        days_to_see(first, other) for other in (burnt, load("conus-2020", overrides=HALF))
    )
    part = 1.0 - burnt.prediction() / first.prediction()
    assert 0.02 < part < 0.12
    assert fuel.after_as_long == pytest.approx(power.after_as_long * (0.5 / part) ** 2, rel=0.02)


def test_only_changes_of_the_source_are_seen_in_days():
    """A larger target has more background, and a variant is there before and after."""
    larger = cevns.load("conus-2020", overrides={"target.mass": "5 kg"})
    assert larger.compare()["conus-2020"].days is None
    weaker = {"variant": "excess", "source.power": "[2 GW, 4.25 GW]"}
    found = cevns.load("nucleus-2026", overrides=weaker).compare()["nucleus-2026"]
    assert [s.label for s in found.steps] == ["power"]
    assert found.days.after_as_long > 1e5  # the excess hides the cores
    variant = cevns.load("nucleus-1g", overrides={"variant": "sapphire"}).compare()["nucleus-1g"]
    assert [s.label for s in variant.steps] == ["target"]
    alone = cevns.load("red-100", overrides={"source.power": "1.5 GW"})
    assert alone.compare()["red-100"].days is None  # it has no background


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("ricochet-ge", {"source.power": "29 MW"}, "ricochet-ge declares no background: add 'back"),
        ("conus-2020", {"target.mass": "5 kg"}, "of the source only, and target.mass changed"),
        ("conus-2020", {"source.duty": "1.0"}, "the same counts are expected before and after"),
        (
            "coherent-csi-2021",
            {"source.distance": "25 m"},
            "all times, such as reactors, unlike coh",
        ),
    ],
)
def test_why_no_days_are_told(name, change, reason):
    found = cevns.load(name, overrides=change).compare()[name]
    assert found.days is None
    assert reason in found.no_days
    assert found.to_dict()["no_days_to_see"] == found.no_days


def test_two_experiments_are_not_one_that_changed():
    found = cevns.load("conus-2020", "conus-2024").compare()["conus-2024"]
    assert (found.days, found.no_days) == (None, "")


def test_where_there_is_no_such_number():
    first = load("conus-2020")
    assert days_to_see(first, first) is None
    assert days_to_see(load("coherent-csi-2021"), load("coherent-csi-2021")) is None
    with pytest.raises(InputError, match="significance of a change must be positive"):
        days_to_see(first, first, -1.0)


def test_one_experiment_is_compared_with_itself_changed():
    """Channels with detectors of their own have their counterparts."""
    study = cevns.load("conus-plus-2025", overrides={"source.power": "1.8 GW"})
    found = study.compare(sigmas=3.0)["conus-plus-2025"]
    assert [s.label for s in found.steps] == ["power"]
    assert found.end == pytest.approx(0.5 * found.start, rel=1e-9)
    assert found.days.after_as_long > 1.9 * found.days.after_a_long_time
    assert math.isfinite(found.to_dict()["days_to_see"]["after_as_long"])
    with pytest.raises(InputError, match="after a change of a field"):
        cevns.load("conus-plus-2025").compare()
