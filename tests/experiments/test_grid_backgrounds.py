"""Backgrounds that follow parameters on a grid, exact counts, and files of releases."""

import numpy as np
import pytest

from cevns.exceptions import CevnsError
from cevns.experiments import load

FILE = """
schema: 1
name: own
source: {{kind: sns, distance: 20 m, protons: 1e23}}
target: {{material: Ge, mass: 20 kg}}
detector: {{response: {{kind: identity}}}}
axes: {{energy: {{unit: keVnr, edges: [2, 6, 12, 24]}}}}
backgrounds:
  steps: {{count: {count}, strength: [size], energy: {energy}}}
parameters:
  tilt: {{constraint: {tilt}, acts_on: {stage}}}
  size: {{constraint: 1.0 +/- 0.5, acts_on: component}}
"""
GRID = "{kind: grid, file: steps.npz, table: steps, between: line}"
TABLE = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [6.0, 3.0, 1.0]])


@pytest.fixture
def write(tmp_path):
    def make(count="{exact: 12.0}", energy=GRID, tilt="0 +/- 1", stage="shape"):
        np.savez(
            tmp_path / "steps.npz",
            parameters=np.array(["tilt"]),
            tilt=np.array([-1.0, 0.0, 1.0]),
            edges=np.array([2.0, 6.0, 12.0, 24.0]),
            steps=TABLE,
        )
        path = tmp_path / "own.yaml"
        path.write_text(
            FILE.format(count=count, energy=energy, tilt=tilt, stage=stage), encoding="utf-8"
        )
        return path

    return make


def test_the_count_follows_the_table(write):
    model = load(write()).model()
    assert model.parameters["steps"].fixed
    at = {"cevns": 0.0, "tilt": 0.5, "size": 2.0}
    counts = model.expected(model.parameters.at(at).values)
    # 12 events at the nominal tilt, twice that, between two rows
    assert counts == pytest.approx(24.0 / 6.0 * 0.5 * (TABLE[1] + TABLE[2]))


def test_a_nominal_value_off_the_grid(write):
    model = load(write(tilt="0.5 +/- 1")).model()
    counts = model.expected(model.parameters.at({"cevns": 0.0}).values)
    assert counts.sum() == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tilt": "3 +/- 1"}, "goes from -1 to 1"),
        ({"count": "{exact: -2}"}, "not negative"),
        ({"count": "{exact: no}"}, "is not a number"),
        ({"energy": "{kind: grid, file: no.npz, table: steps}"}, "check the path"),
        ({"energy": "{kind: grid, file: steps.npz, table: none}"}, "holds no 'none'"),
        ({"energy": '{kind: grid, file: "release:nowhere/a.npz", table: steps}'}, "data release"),
        ({"energy": '{kind: grid, file: "release:nowhere", table: steps}'}, "release:NAME/FILE"),
        ({"energy": "{kind: flat}"}, "no variation of that name"),
    ],
)
def test_mistakes_are_said(write, changes, said):
    with pytest.raises(CevnsError, match=said):
        load(write(**changes)).model()


def test_an_undeclared_parameter_of_the_grid(write):
    path = write()
    text = path.read_text(encoding="utf-8")
    without = "".join(line for line in text.splitlines(True) if "tilt:" not in line)
    path.write_text(without, encoding="utf-8")
    with pytest.raises(CevnsError, match=r"follows 'tilt'; declare 'tilt: \{constraint"):
        load(path).model()
