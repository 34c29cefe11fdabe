"""Published results at reactors, in Standard Models."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cevns.exceptions import UnknownNameError
from cevns.experiments import catalogue
from cevns.reproduction.reactor_limits import ReactorResult, reactor_result, reactor_results


def test_ratios_as_published():
    found = {r.id: r.ratios() for r in reactor_results() if r.ratio is not None}
    assert found["conus-2024"] == (1.6, 2.0)
    assert found["connie-2019"] == (40.0,)
    assert found["red-100"] == (60.0, 90.0)


def test_limits_on_counts_are_divided_by_our_prediction():
    conus = reactor_result("conus_2020")
    assert conus.ratios()[0] == pytest.approx(85 / 33.6, rel=0.04)  # an independent program
    assert conus.text() == "< 2.53"
    # 0.086 counts/kg/d, and 0.839 of that at 3.1 GW and 11.1 m
    assert reactor_result("nugen-2022").ratios()[0] == pytest.approx(
        0.47 / (0.086 * 0.839), rel=0.05
    )


@pytest.mark.parametrize("result", reactor_results(), ids=lambda r: r.id)
def test_the_prediction_has_the_quenching_of_the_result(result):
    experiment = result.loaded()
    if experiment is None:
        assert result.threshold_kevnr
        return
    assert result.experiment in catalogue()
    assert experiment.material.name == result.target
    declared = experiment.declaration.detector.quenching
    words = "none" if declared is None else declared.kind
    if result.threshold_kevnr is not None:  # electrons a keV, in the place of a quenching
        assert experiment.declaration.axes.energy.unit == "electrons"
        words = "charge yield"
    assert words == result.quenching.casefold()
    if result.k is not None:
        assert experiment.quenching.parameters == (result.k,)


def test_what_is_from_memory_says_so():
    memory = {r.id for r in reactor_results() if r.memory}
    assert memory >= {"connie-2022", "nugen-2022", "texono-2025", "red-100"}
    assert not memory & {"conus-2024", "conus-plus-2025", "miner-2025", "nucleus-technical"}


GOOD = {
    "id": "x", "title": "X", "target": "Ge", "kind": "limit", "ratio": (2.0,), "quenching": "none",
    "experiment": "conus-2020", "source": "nowhere",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"experiment": None}, "name the 'experiment'"),
        ({"kind": "measurement"}, "1 numbers are no measurement"),
        ({"ratio": None}, "give a 'ratio'"),
        ({"ratio": None, "events": 3.0, "per_kg_day": 1.0}, "give a 'ratio'"),
        ({"level": 1.0}, "less than 1"),
        ({"detector": "y"}, "Extra inputs"),
    ],
)
def test_bad_results(change, message):
    ReactorResult.model_validate(GOOD)
    with pytest.raises(ValidationError, match=message):
        ReactorResult.model_validate({**GOOD, **change})


def test_unknown_result():
    with pytest.raises(UnknownNameError, match="conus-2020"):
        reactor_result("conus-202")
