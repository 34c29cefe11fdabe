"""A released signal at other couplings, and a published prediction to which ours is scaled."""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns import datasets
from cevns.exceptions import SchemaError
from cevns.experiments.prediction.reweighted import Reweighted

LAR = "coherent-lar-2020"
PANDAX = "pandax4t-2024"
has_lar = pytest.mark.skipif(datasets.find(LAR) is None, reason="needs the argon release")


def signal(**overrides: str) -> tuple[np.ndarray, np.ndarray]:
    """Expected signal of argon at the nominal and at another weak mixing angle, by cell."""
    study = cevns.load(LAR, overrides={k.replace("_", "."): v for k, v in overrides.items()})
    model = study.model("sin2-theta-w")
    channel = model.channels[0]
    shape = channel.components[0].shape
    assert isinstance(shape, Reweighted) == (overrides.get("signal_use") == "reweighted")
    out = []
    for mixing in (0.23857, 0.30):
        theta = model.parameters.at({"sin2_theta_w": mixing}).values[:, None]
        out.append(model.at(channel, theta).component(0)[:, 0].reshape(channel.cells))
    return out[0], out[1]


@has_lar
def test_template_times_the_ratio_of_predictions():
    released = cevns.load(LAR).model("count").channels[0].components[0].shape.nominal
    made, moved = signal(signal_use="reweighted")
    assert made.sum() == pytest.approx(128.0)
    assert made == pytest.approx(128.0 * released.reshape(made.shape), rel=1e-10, abs=1e-12)
    # the ratio by energy and time of the signal from first principles, summed over the pulse shape
    own, other = (cells.sum(axis=1) for cells in signal(signal_use="first-principles"))
    ratio = np.where(own > 1e-9 * own.max(), other / np.maximum(own, 1e-300), 1.0)
    assert moved == pytest.approx(made * ratio[:, None], rel=1e-5, abs=1e-9)


@has_lar
def test_slopes_are_those_of_the_expectation():
    model = cevns.load(
        LAR, overrides={"signal.use": "reweighted", "parameters.f90.held": "false"}
    ).model("sin2-theta-w")
    nominal = model.parameters.at({"sin2_theta_w": 0.25, "f90": 0.4, "t0": 0.5}).values
    slopes = model.linearise(nominal[None])[1][0]
    for name, step in (("sin2_theta_w", 1e-4), ("f90", 1e-3), ("t0", 1e-4)):
        i = model.parameters.position(name)
        ends = np.stack([nominal, nominal])
        ends[:, i] += [step, -step]
        up, down = model.expected(ends[0]), model.expected(ends[1])
        expected = (up - down) / (2 * step)
        assert slopes[i] == pytest.approx(expected, rel=1e-4, abs=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("couplings", ["tree-lowE", "cadeddu2022"])
def test_the_standard_model_is_what_is_published(couplings: str):
    """Whatever the couplings are: other cross sections enter by their ratio."""
    study = cevns.load(PANDAX, overrides={"interaction.couplings": couplings, "predicted": "5.25"})
    assert study.predict()[PANDAX]["cevns"] == pytest.approx(5.25, rel=1e-12)
    model, plain = (
        cevns.load(
            PANDAX, overrides={"interaction.couplings": couplings, "predicted": scale}
        ).model("sin2-theta-w")
        for scale in ("5.25", "null")
    )
    rises = [
        float(m.expected(m.parameters.at({"sin2_theta_w": 0.30}).values).sum())
        / float(m.expected(m.parameters.values).sum())
        for m in (model, plain)
    ]
    assert rises[0] == pytest.approx(rises[1], rel=1e-12)
    assert rises[0] > 1.1


def test_one_number_for_channels_is_refused():
    with pytest.raises(SchemaError, match="'predicted' is one number for the whole signal"):
        cevns.load("xenonnt-2026", overrides={"predicted": "5.25"})
