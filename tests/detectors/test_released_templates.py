"""Tables on a grid of parameters, and the responses made of them."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import RegularGridInterpolator

from cevns.detectors import QuenchingCurve
from cevns.detectors.efficiency.step import Step
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.resolution.none import Perfect
from cevns.detectors.responses.folded_template import FoldedTemplate
from cevns.detectors.responses.recoil_templates import RecoilTemplates
from cevns.exceptions import DataError, InputError
from cevns.morphing import ParameterGrid, halves, read_grid_table, steps

ENERGIES = np.array([0.5, 1.0, 2.0])
VALUES = {"light": np.array([-1.0, 0.0, 2.0]), "charge": np.array([-3.0, 1.0])}
TABLE = np.random.default_rng(3).uniform(0.0, 0.2, (3, 2, 3, 4))
STILL = QuenchingCurve(np.array([1.0]), np.zeros((0, 1)), np.zeros((0, 1)))


@pytest.fixture
def archive(tmp_path):
    def make(**changes):
        arrays = {
            "parameters": np.array(list(VALUES)),
            **VALUES,
            "edges": np.arange(5.0),
            "recoil_energy_kev": ENERGIES,
            "recoils": TABLE,
            "counts": TABLE[:, :, 0],
            **changes,
        }
        path = tmp_path / "templates.npz"
        np.savez(path, **{n: a for n, a in arrays.items() if a is not None})
        return path

    return make


def test_lines_are_those_of_scipy():
    grid = ParameterGrid(VALUES, "line")
    table = TABLE.reshape(3, 2, -1)
    peer = RegularGridInterpolator(tuple(VALUES.values()), table)
    at = np.random.default_rng(1).uniform([-1, -3], [2, 1], (50, 2))
    ours = grid.shares(at) @ table.reshape(6, -1)
    assert_allclose(ours, peer(at), rtol=1e-13)


@pytest.mark.parametrize("between", ["line", "spline"])
def test_shares(between):
    grid = ParameterGrid(VALUES, between)
    at = np.array([[0.4, -0.3], [-0.6, 0.9]])
    assert_allclose(grid.shares(at).sum(axis=-1), 1.0, rtol=1e-14)
    assert_allclose(grid.shares([0.0, 1.0]), np.eye(6)[3], atol=1e-15)  # exact at the grid
    for k in range(2):
        step = 1e-6 * np.eye(2)[k]
        slope = (grid.shares(at + step) - grid.shares(at - step)) / 2e-6
        assert_allclose(grid.shares(at, slope_of=k), slope, atol=1e-8)
    # beyond the ends nothing moves
    assert_allclose(grid.shares([9.0, -7.0]), grid.shares([2.0, -3.0]))


def test_grids_of_other_values_are_not_taken_for_each_other():
    one, other = (ParameterGrid({"a": np.array([0.0, 1.0, end])}, "line") for end in (2.0, 3.0))
    assert one.shares([1.5]).tolist() == [0.0, 0.5, 0.5]
    assert other.shares([1.5]).tolist() == [0.0, 0.75, 0.25]


@pytest.mark.parametrize("between", ["line", "spline"])
def test_grids_and_tables_travel_once_they_were_used(between, archive):
    """Workers of toys get the experiment whole."""
    table = read_grid_table(archive(), "recoils", along="recoil_energy_kev")
    grid, at = ParameterGrid(table.values, between), np.array([[0.4, -0.3]])
    wanted = grid.shares(at), grid.shares(at, slope_of=1)
    there, content = pickle.loads(pickle.dumps((grid, table)))
    # other places than those whose shares are kept
    np.testing.assert_array_equal(there.shares(at + 0.1), grid.shares(at + 0.1))
    np.testing.assert_array_equal((there.shares(at), there.shares(at, slope_of=1)), wanted)
    np.testing.assert_array_equal(content.content, table.content)


def test_recoils_follow_lines_and_end(archive):
    response = RecoilTemplates(archive(), between="line").on(
        np.arange(5.0), Perfect(), Unity(), STILL
    )
    energy = np.array([0.4999, 0.5, 0.8, 1.5, 2.0, 2.0001])
    peer = RegularGridInterpolator((*VALUES.values(), ENERGIES), TABLE)
    seen = response.evaluate(energy, np.array([[0.5, 0.0]]))[0]
    at = np.array([[0.5, 0.0, e] for e in energy[1:-1]])
    assert_allclose(seen[1:-1], peer(at), rtol=1e-13)
    assert (seen[[0, -1]] == 0.0).all()
    value, _, slopes = response.evaluate_with_derivatives(energy, np.array([[0.5, 0.0]]))
    up, down = (response.evaluate(energy, np.array([[0.5 + h, 0.0]])) for h in (1e-6, -1e-6))
    assert_allclose(value[0], seen)
    assert_allclose(slopes[0, 0], (up - down)[0] / 2e-6, atol=1e-8)


def test_steps_and_scale_are_put_together(archive):
    scale = TABLE.max(axis=(0, 1, 3))
    relative = TABLE / scale[:, None]
    path = archive(recoils=None, recoils_steps=steps(relative), recoils_scale=scale)
    read = read_grid_table(path, "recoils", along="recoil_energy_kev")
    assert_allclose(read.content, TABLE, rtol=6e-4)
    # nothing is lost but what half precision loses
    assert (read.content == relative.astype(np.float16).astype(float) * scale[:, None]).all()


def test_steps_lose_no_number_of_half_precision():
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = np.random.default_rng(1).permutation(numbers).reshape(8, 4, 32, 64)
    found = halves(steps(numbers))
    assert (found.view(np.uint16) == numbers.view(np.uint16)).all()


def test_a_folded_template_shares_out_its_recoils(archive):
    model = FoldedTemplate(archive(), "counts", 5.0, (0.5, 3.0), between="line")
    response = model.on(np.arange(5.0), Perfect(), Unity(), STILL)
    seen = response.evaluate(np.array([0.4, 0.6, 2.9, 3.1]), np.array([0.0, 1.0]))
    assert_allclose(seen[1:3], [TABLE[1, 1, 0] / 5.0] * 2)
    assert (seen[[0, 3]] == 0.0).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recoils": None}, "holds no 'recoils'"),
        ({"light": None}, "not a NumPy archive"),
        ({"recoil_energy_kev": ENERGIES[::-1]}, "must be two or more and increase"),
        ({"recoils": TABLE[:2]}, "needs axes of 3 light, 2 charge, 3 recoil_energy_kev"),
        ({"recoils": -TABLE}, "negative or not finite"),
        ({"recoils": TABLE * np.nan}, "negative or not finite"),
        ({"recoils": TABLE * 9.0}, "at most 1 in all bins"),
        ({"recoils_scale": np.ones(2)}, "not one number for each"),
        ({"recoils": np.array([{}])}, "not a NumPy archive"),
    ],
)
def test_a_broken_archive_is_said(archive, changes, said):
    with pytest.raises(DataError, match=said):
        RecoilTemplates(archive(**changes))


def test_no_archive_at_all(tmp_path):
    path = tmp_path / "no.npz"
    with pytest.raises(DataError, match="check the path"):
        RecoilTemplates(path)
    path.write_text("low,high\n", encoding="utf-8")
    with pytest.raises(DataError, match="not a NumPy archive"):
        RecoilTemplates(path)


def test_what_templates_do_not_go_with(archive):
    model = RecoilTemplates(archive())
    with pytest.raises(InputError, match="have 4 bins and the axis 3"):
        model.on(np.arange(4.0), Perfect(), Unity(), STILL)
    with pytest.raises(InputError, match="declare the axis with the edges"):
        model.on(np.arange(5.0) + 1.0, Perfect(), Unity(), STILL)
    with pytest.raises(InputError, match="include the efficiency"):
        model.on(np.arange(5.0), Perfect(), Step(0.5), STILL)
    moving = QuenchingCurve(np.array([1.0]), np.ones((1, 1)), np.zeros((1, 1)))
    with pytest.raises(InputError, match="include the quenching"):
        model.on(np.arange(5.0), Perfect(), Unity(), moving)
    with pytest.raises(InputError, match="cannot give"):
        FoldedTemplate(archive(), "counts", 0.1, (0.5, 3.0))
    with pytest.raises(InputError, match="there is no recoil"):
        FoldedTemplate(archive(), "counts", 5.0, (3.0, 0.5))


def test_a_file_that_changed_is_read_again(archive):
    path = archive()
    first = read_grid_table(path, "recoils", along="recoil_energy_kev")
    assert read_grid_table(path, "recoils", along="recoil_energy_kev") is first
    with pytest.raises(ValueError, match="read-only"):
        first.content[...] = 0.0
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(path, **{**arrays, "recoils": 2.0 * arrays["recoils"]})
    again = read_grid_table(path, "recoils", along="recoil_energy_kev")
    assert_allclose(again.content, 2.0 * first.content, rtol=1e-12)
