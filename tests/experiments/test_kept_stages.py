"""An experiment with changed fields keeps what these do not touch, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.experiments import load
from cevns.experiments.prediction.built_once import BuiltOnce

CSI = "coherent-csi-2021"


@pytest.fixture(scope="module")
def csi():
    experiment = load(CSI)
    _ = experiment.model()
    return experiment


def test_a_mass_keeps_response_and_arrival_times(csi):
    heavy = csi.with_changes({"target.mass": "20 kg"})
    assert heavy.response is csi.response
    assert heavy.times is csi.times
    assert heavy.declaration.detector is csi.declaration.detector
    np.testing.assert_allclose(
        heavy.signal().by_flavour(values(heavy)),
        csi.signal().by_flavour(values(csi)) * 20.0 / 14.6,
        rtol=1e-12,
    )


def test_what_is_used_is_not_forgotten():
    """Many new things do not drive out one that each of them asked for."""
    known, often = BuiltOnce(), object()
    made = []
    for k in range(40):
        known.once((often,), "release", lambda: made.append(1))
        known.once((object(),), k, lambda: None)
    assert len(made) == 1


def values(experiment) -> dict[str, np.ndarray]:
    """Nominal values of what moves the signal."""
    declared = experiment.declared
    return {n: np.array([declared[n].value]) for n in experiment.signal().parameters}


@pytest.mark.parametrize(
    "field",
    [
        {"detector.resolution.light_yield": "10 PE/keVee"},
        {"detector.efficiency.energy.coefficients.2": "14"},
        {"detector.efficiency.time.start": "1 us"},
        {"axes.energy.edges": "[0, 8, 16, 24, 60]"},
        {"source.pulse_sigma": "300 ns"},
        {"parameters.t0.constraint": "600 +/- 25 ns"},
        {"target.material": "NaI"},
        {"source.distance": "25 m", "target.mass": "3 kg"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_the_model_is_that_of_a_file_read_anew(csi, field):
    anew, changed = load(CSI, overrides=field).model(), csi.with_changes(field).model()
    assert anew.parameters.names == changed.parameters.names
    np.testing.assert_array_equal(
        anew.expected(anew.parameters.values), changed.expected(changed.parameters.values)
    )
    assert anew.parameters.values.tolist() == changed.parameters.values.tolist()


def test_what_was_changed_before_stays(csi):
    twice = csi.with_changes({"target.mass": "20 kg"}).with_changes({"source.distance": "25 m"})
    both = load(CSI, overrides={"target.mass": "20 kg", "source.distance": "25 m"})
    assert twice.overrides == both.overrides
    assert twice.prediction() == both.prediction()


def test_channels_with_sections_of_their_own_are_changed_too():
    conus = load("conus-plus-2025")
    _ = conus.model()
    changes = {"target.mass": "2 kg", "detector.quenching.k": "0.157"}
    kept, anew = conus.with_changes(changes), load("conus-plus-2025", overrides=changes)
    assert kept.prediction() == pytest.approx(anew.prediction(), rel=1e-14)
    both = {f"channels.{name}.target.mass": "2 kg" for name in ("c3-on", "c3-off")}
    alone = conus.with_changes(both)
    views = conus.views, alone.views
    assert views[0]["c3-on"].response is views[1]["c3-on"].response
    assert alone.views["c3-on"].declaration.target.mass == 2.0
    assert alone.views["c5-on"].declaration.target.mass == 0.94
