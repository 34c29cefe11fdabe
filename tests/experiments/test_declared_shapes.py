"""Backgrounds and efficiencies declared by a formula: a file that needs no table of its own."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.detectors.efficiency.step import Step
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load

TEXT = """\
schema: 1
name: mine
source: {kind: sns, distance: 20 m, protons: 1.0e23}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63}
  resolution: {kind: gaussian, noise: 0.1 keVee}
axes: {energy: {unit: keVee, edges: [0.5, 1, 2, 5, 9]}}
backgrounds:
  flat: {count: 100 +/- 1, energy: {kind: flat}}
"""
EDGES = np.array([0.5, 1.0, 2.0, 5.0, 9.0])


@pytest.fixture
def write(written):
    return partial(written, TEXT)


def shape(path) -> np.ndarray:
    return load(path).inputs.channels[""].backgrounds["flat"].ravel()


def test_a_flat_background(write):
    # the same arithmetic in double precision
    assert shape(write()) == pytest.approx(np.diff(EDGES) / 8.5, rel=1e-14)


@pytest.mark.parametrize(
    ("scale", "kevee"),
    [("3 keVee", 3.0), ("3000 eVee", 3.0), ("0.01 keVee", 0.01), ("1e9 keVee", 1e9)],
)
def test_an_exponential_background(write, scale, kevee):
    path = write(("{kind: flat}", f"{{kind: exponential, scale: {scale}}}"))
    bins = [quad(lambda e: np.exp(-(e - 0.5) / kevee), a, b)[0] for a, b in pairwise(EDGES)]
    # quad's own accuracy; the bins far above a short scale hold nothing
    assert shape(path) == pytest.approx(np.array(bins) / sum(bins), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("scales", "kevee", "height"),
    [
        ("[28 keVee, 320 keVee]", (28.0, 320.0), 0.99),
        ("[320 keVee, 28000 eVee]", (320.0, 28.0), 0.01),
        ("[0.002 keVee, 3 keVee]", (0.002, 3.0), 0.5),  # heights are those at zero energy
        ("[0.2 keVee, 0.6 keVee]", (0.2, 0.6), 0.99),
    ],
)
def test_a_sum_of_exponentials(write, scales, kevee, height):
    """The excess of a phonon detector, f exp(-T/a) + (1 - f) exp(-T/b)."""
    heights = (height, 1.0 - height)
    kind = f"{{kind: exponentials, scales: {scales}, heights: {list(heights)}}}"

    def density(e: float) -> float:
        return sum(h * np.exp(-e / s) for h, s in zip(heights, kevee, strict=True))

    bins = [quad(density, a, b, epsabs=0.0)[0] for a, b in pairwise(EDGES)]
    found = shape(write(("{kind: flat}", kind)))
    assert found == pytest.approx(np.array(bins) / sum(bins), rel=1e-7, abs=1e-12)


def test_a_sum_far_above_its_scales(write):
    """exp(-500) and exp(-5000) at the first edge: what is left has the slower fall."""
    kind = "{kind: exponentials, scales: [0.1 eVee, 1 eVee], heights: [0.99, 0.01]}"
    alone = shape(write(("{kind: flat}", "{kind: exponential, scale: 1 eVee}")))
    assert shape(write(("{kind: flat}", kind))) == pytest.approx(alone, rel=1e-12)


def test_a_shape_in_photo_electrons_and_time(user_file):
    path = user_file(
        (
            "energy: {file: coherent-csi-2021/ac-energy-1pe.csv, role: ac-energy}",
            "energy: {kind: exponential, scale: 10 PE}",
        )
    )
    ssb = load(path).inputs.channels[""].backgrounds["ssb"]
    edges = np.array([0, 8, 12, 16, 20, 24, 32, 40, 50, 60])
    along = -np.diff(np.exp(-edges / 10.0)) / (1 - np.exp(-6.0))
    # the differences of exponentials lose two digits at the end
    assert ssb.sum(axis=1) == pytest.approx(along, rel=1e-12)
    assert ssb.shape[1] == 11


@pytest.mark.parametrize(
    ("energy", "message"),
    [
        ("{kind: exponential, scale: 3}", "without a unit; write for example '1 keVee'"),
        ("{kind: exponential, scale: 3 PE}", "unit of light"),
        ("{kind: exponential, scale: 3 keVnr}", "unit of nuclear recoil energy, not of electron"),
        ("{kind: exponential, scale: -3 keVee}", "must be positive"),
        ("{kind: exponential, scale: 0 keVee}", "must be positive"),
        ("{kind: exponential, scale: nan keVee}", "not a finite number"),
        ("{kind: exponential}", "field 'backgrounds.flat.energy.scale': this field is missing"),
        ("{kind: flat, scale: 3 keVee}", "there is no such field"),
        (
            "{kind: exponentials, scales: [3 keVee, 9 keVee], heights: [1]}",
            "2 scales need as many heights, not 1",
        ),
        (
            "{kind: exponentials, scales: [3 keVee, 9 keVnr], heights: [1, 2]}",
            "unit of nuclear recoil energy, not of electron",
        ),
        ("{kind: exponentials, scales: [3 keVee, 9 keVee], heights: [1, 0]}", "heights"),
        ("{kind: exponentials, scales: [3 keVee], heights: [1]}", "scales"),
        ("{kind: square}", "unknown energy shape 'square'"),
        ("flat", r"expected \{kind: flat\} or \{file"),
    ],
)
def test_shapes_that_are_none(write, energy, message):
    with pytest.raises(SchemaError, match=message):
        load(write(("{kind: flat}", energy)))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("12", r"line 10: field 'backgrounds.flat.count': .*'value \+/- error'.*'12 \+/- 0.1'"),
        ("2000", r"'2000 \+/- 2e\+01'"),
        ("true", "not of the form"),
        ("-3 +/- 1", "cannot be negative"),
    ],
)
def test_a_count_needs_its_error(write, count, message):
    with pytest.raises(SchemaError, match=message):
        load(write(("100 +/- 1", count)))


def test_the_first_edge_that_a_table_lacks(write, tmp_path):
    (tmp_path / "off.csv").write_text("low,high,counts\n0.5,4,7\n4,9,3\n")
    path = write(("{kind: flat}", "{file: off.csv}"))
    with pytest.raises(
        InputError,
        match=r"bin edge 1 is not among those of the table off.csv \(0.5, 4, 9\); give "
        "the table finer bins or choose the axes among these$",
    ):
        _ = load(path).inputs


def test_the_table_of_a_release_is_told_apart(user_file):
    path = user_file(("edges: [0, 8, 12,", "edges: [0, 8.25, 12.5,"))
    with pytest.raises(InputError, match=r"edge 8.25 .* carried table .* use the public release"):
        _ = load(path).inputs


# -- a step in the efficiency -----------------------------------------------------------------


def test_a_step_is_a_threshold(write):
    """A step at a bin edge takes the bins below it away and leaves those above as they are."""
    without = load(write()).predict()
    step = "  efficiency: {energy: {kind: step, threshold: 1, plateau: 0.8}}\naxes:"
    with_step = load(write(("axes:", step))).predict()
    above = load(write(("[0.5, 1, 2, 5, 9]", "[1, 2, 5, 9]"))).predict()
    assert with_step["cevns"] < 0.8 * without["cevns"]
    # two integrations of the same counts
    assert with_step["cevns"] == pytest.approx(0.8 * above["cevns"], rel=1e-6)


def test_a_step_inside_a_bin(write):
    """The kink is integrated exactly: the same counts as with an edge at the threshold."""
    step = "  efficiency: {energy: {kind: step, threshold: 0.77}}\naxes:"
    inside = load(write(("axes:", step))).predict()["cevns"]
    edge = load(write(("[0.5, 1, 2, 5, 9]", "[0.77, 2, 5, 9]"))).predict()["cevns"]
    assert inside == pytest.approx(edge, rel=1e-6)  # two integrations of the same counts


@pytest.mark.parametrize("numbers", [(np.nan, 1.0), (np.inf, 1.0), (1.0, 1.2), (1.0, -0.1)])
def test_steps_that_are_none(numbers):
    with pytest.raises(InputError, match="step efficiency"):
        Step(*numbers)


# -- the composition --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("Ge, composition: {Ge76: 0.9}", "composition"),
        ("Ge, composition: {Cs133: 1}", "composition"),
        ("Ge, composition: {Ge999: 1}", "composition"),
        ("Xx, composition: {Ge76: 1}", "material"),
    ],
)
def test_who_is_to_blame_for_a_target(write, target, field):
    with pytest.raises(SchemaError, match=f"line 4: field 'target.{field}'"):
        _ = load(write(("Ge", target))).material
