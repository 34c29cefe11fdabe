"""The carried tables against the published figures, and against the release itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cevns.datasets import carried, csi2021, read_table

PE = [0, 8, 12, 16, 20, 24, 32, 40, 50, 60]
TIME = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6]
WIDE_PE = [*PE, 80, 100, 130, 170, 250]
HOME = carried(csi2021.NAME)
WIDE = HOME.with_name(f"{HOME.name}-dm")
TABLES = {
    "observed-counts": "observed",
    "ac-energy": "ac-energy",
    "ac-energy-1pe": "ac-energy",
    "brn-pe": "brn-energy",
    "brn-time": "brn-time",
    "nin-pe": "nin-energy",
    "nin-time": "nin-time",
}
IN_ENERGY = ("observed-counts", "ac-energy", "brn-pe", "nin-pe")
"""Of the search up to 250 PE; its shapes in time are those of the published fit."""
TOOL = Path(__file__).parents[2] / "tools" / "carry_csi_2021.py"


def histogram(name: str, home: Path = HOME) -> csi2021.Shape:
    """A carried table with one axis."""
    table = read_table(home / f"{name}.csv")
    low, high, content = table.columns
    return csi2021.Shape(table.edges(low, high), table.grid(content, (low, high)))


def observed(home: Path = HOME) -> tuple[list[float], list[float], np.ndarray]:
    table = read_table(home / "observed-counts.csv")
    axes = ("pe_low", "pe_high"), ("time_low_us", "time_high_us")
    pe, time = (table.edges(*axis).tolist() for axis in axes)
    return pe, time, table.grid("count", *axes)


def test_the_tables_are_all_there():
    assert {path.stem for path in HOME.glob("*.csv")} == set(TABLES)
    assert {path.stem for path in WIDE.glob("*.csv")} == set(IN_ENERGY)


@pytest.mark.parametrize("path", [*HOME.glob("*.csv"), *WIDE.glob("*.csv")])
def test_each_says_what_it_is_and_where_it_comes_from(path):
    header = read_table(path).header
    for word in ("arXiv:2110.07730", "Edition: arXiv v2", "sha256", "Regenerate:", "Columns:"):
        assert word in header


def test_published_counts():
    pe, time, counts = observed()
    assert (pe, time) == (PE, TIME)
    assert counts.sum() == 1578
    assert histogram("ac-energy").content.sum() == 1295
    fine = histogram("ac-energy-1pe")
    assert np.array_equal(fine.rebin(PE), histogram("ac-energy").content)


def test_up_to_250_pe_the_counts_are_those_of_the_release():
    pe, time, counts = observed(WIDE)
    assert (pe, time) == (WIDE_PE, TIME)
    assert counts.sum() == 5142
    assert histogram("ac-energy", WIDE).content.sum() == 4890
    assert np.array_equal(counts[:9], observed()[2])
    for name in IN_ENERGY[1:]:
        wide, narrow = histogram(name, WIDE), histogram(name)
        assert np.array_equal(wide.content[:9], narrow.content), name


@pytest.mark.parametrize("name", ["brn", "nin"])
def test_shapes_have_the_released_norm_and_the_analysis_edges(name):
    # normalised below 60 PE; six printed digits in 60 bins
    assert histogram(f"{name}-pe").content.sum() == pytest.approx(1, abs=1e-6)
    time = histogram(f"{name}-time")
    assert time.edges[[0, -1]].tolist() == [-0.25, 6.25]
    assert np.isin(TIME, time.edges).all()


def test_prompt_neutrons_arrive_when_published():
    time = histogram("brn-time")
    centres = 0.5 * (time.edges[1:] + time.edges[:-1])
    weight = time.content / time.content.sum()
    mean = weight @ centres
    # the 10-ns shape has mean 0.661 and width 0.156 us; uniform bins of width w widen the
    # variance by w^2/12, (0.018 us)^2, that is 0.001 us
    assert mean == pytest.approx(0.661, abs=0.001)
    assert np.sqrt(weight @ (centres - mean) ** 2) == pytest.approx(0.156, abs=0.002)


def test_carried_tables_are_the_release(public_csi):
    data = csi2021.load(public_csi)
    assert np.array_equal(observed()[2], data.coincident.histogram(PE, TIME))
    assert np.array_equal(observed(WIDE)[2], data.coincident.histogram(WIDE_PE, TIME))
    for name in ("ac-energy", "ac-energy-1pe"):
        here = histogram(name)
        there = data.anticoincident.histogram(here.edges, [0, 6])[:, 0]
        assert np.array_equal(here.content, there), name
    for name, role in TABLES.items():
        if role[:3] in {"brn", "nin"}:
            here = histogram(name)
            there = data.samples[role].rebin(here.edges)
            # tables hold ten digits
            assert np.allclose(here.content, there, rtol=1e-9, atol=1e-12), name


def test_efficiency_in_time_can_be_applied_inside_the_carried_bins(public_csi):
    """62.5 ns is fine enough: the normalised, weighted shape differs by under 3e-5."""

    def weighted(shape):
        edges = np.unique(np.concatenate([TIME, shape.edges[shape.edges >= 0]]))
        edges = edges[edges <= 6]
        content = shape.rebin(edges)
        # exp(-0.0494 (t - 0.52)) after 0.52 us, averaged over each bin by 20 points
        points = edges[:-1, None] + np.diff(edges)[:, None] * (np.arange(20) + 0.5) / 20
        efficiency = np.exp(-0.0494 * np.clip(points - 0.52, 0, None)).mean(axis=1)
        index = np.searchsorted(TIME, edges[:-1], side="right") - 1
        sums = np.bincount(index, content * efficiency)
        return sums / sums.sum()

    data = csi2021.load(public_csi)
    for name in ("brn", "nin"):
        fine = weighted(data.samples[f"{name}-time"])
        # of 18.4 events this is 0.0006, of the +-30 events on the signal nothing
        assert np.abs(weighted(histogram(f"{name}-time")) - fine).max() < 3e-5


def test_regeneration(public_csi, tmp_path):
    run = [sys.executable, str(TOOL), str(public_csi), str(tmp_path / "out")]
    subprocess.run(run, check=True, capture_output=True)
    for home, out in ((HOME, tmp_path / "out"), (WIDE, tmp_path / "out-dm")):
        assert {p.name for p in out.iterdir()} == {p.name for p in home.iterdir()}
        for path in home.iterdir():
            again = read_table(out / path.name)
            for column, values in read_table(path).columns.items():
                assert np.array_equal(again[column], values), (path, column)


def test_regeneration_from_a_wrong_folder_says_so(tmp_path):
    run = [sys.executable, str(TOOL), str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith("error: ")
    assert "does not exist" in done.stderr
    assert not (tmp_path / "out").exists()
