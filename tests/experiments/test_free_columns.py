"""Backgrounds flat in a part of the axis, and a pulse time that is free between two ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load

FILE = """\
schema: 1
name: columns
title: two columns of germanium
source: {kind: sns, distance: 20 m, protons: 1e24}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157}
  resolution: {kind: gaussian, noise: 80 eVee}
axes:
  energy: {unit: keVee, edges: [1, 2, 3, 5]}
  time: {unit: us, edges: [-2, 0, 2, 4, 10]}
backgrounds:
  low:
    count: {free: 40}
    energy: {kind: flat, within: [1 keVee, 3 keVee]}
    time: {kind: exponential, rate: 0 /us}
  high:
    count: {free: 20}
    energy: {kind: flat, within: [3000 eVee, 5 keVee]}
    time: {kind: exponential, rate: 0 /us}
parameters:
  t0: {free: 500 ns, within: [0 us, 2 us], acts_on: pulse-time}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "columns.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file


def shape(path: Path, name: str, **changes: str) -> np.ndarray:
    model = load(path, overrides=changes).model("count")
    (channel,) = model.channels
    return channel.component(name).shape.nominal.reshape(3, 4).sum(axis=1)


def test_columns_fill_their_part_of_the_axis(path: Path) -> None:
    np.testing.assert_allclose(shape(path, "low"), [0.5, 0.5, 0.0], atol=1e-15)
    np.testing.assert_allclose(shape(path, "high"), [0.0, 0.0, 1.0], atol=1e-15)


def test_an_end_inside_a_bin_and_one_outside_the_region(path: Path) -> None:
    within = {"backgrounds.low.energy.within": "[0 keVee, 2.5 keVee]"}
    np.testing.assert_allclose(shape(path, "low", **within), [2 / 3, 1 / 3, 0.0], rtol=1e-12)


def test_the_pulse_time_has_its_ends_and_no_constraint(path: Path) -> None:
    t0 = load(path).model("count").parameters["t0"]
    assert (t0.value, t0.lower, t0.upper) == (0.5, 0.0, 2.0)
    assert t0.constraint is None
    assert not t0.fixed


def test_it_is_found_wherever_it_lies(path: Path, tmp_path: Path) -> None:
    """The counts that are expected at 1.5 us, to whole events, fitted from 0.5 us."""
    large = {"source.protons": "1e27"}
    true = cevns.load(path, overrides={**large, "parameters.t0.free": "1500 ns"})
    model = true.model("count")
    counts = model.expected(model.parameters.values).round().reshape(3, 4)
    energies, times = [1, 2, 3, 5], [-2, 0, 2, 4, 10]
    rows = [
        f"{energies[i]},{energies[i + 1]},{times[k]},{times[k + 1]},{counts[i, k]:.0f}"
        for i in range(3)
        for k in range(4)
    ]
    lines = ["e_low,e_high,t_low,t_high,count", *rows]
    (tmp_path / "counts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = cevns.load(path, overrides={**large, "data": "{counts: {file: counts.csv}}"}).fit()
    assert found.fit["t0"].value == pytest.approx(1.5, abs=0.02)
    assert found.fixed_pulse_time is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", within: [0 us, 2 us]", "", "a free pulse time needs bounds"),
        ("[0 us, 2 us]", "[1 us, 2 us]", "0.5 does not lie between 1 and 2"),
        ("[0 us, 2 us]", "[500 ns, 0.5 us]", "both ends are the same"),
        ("[0 us, 2 us]", "[0 us, 2 keV]", "keV"),
        ("free: 500 ns", "constraint: 500 +/- 100 ns", "a constraint has an error"),
        ("[1 keVee, 3 keVee]", "[3 keVee, 1 keVee]", "the ends must increase"),
        ("[1 keVee, 3 keVee]", "[1 PE, 3 PE]", "PE"),
        ("[1 keVee, 3 keVee]", "[6 keVee, 8 keVee]", "no content inside the analysis region"),
    ],
)
def test_slips(path: Path, old: str, new: str, said: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises((SchemaError, InputError), match=said):
        load(path).model("count")
