"""Tables of CsI[Na] 2017 and germanium 2024: what they say, and that they can be made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cevns.datasets import csi2017, read_table
from cevns.datasets.places import CARRIED

TOOLS = Path(__file__).parents[2] / "tools"
CSI, GE = CARRIED / csi2017.NAME, CARRIED / "coherent-ge-2024"
CSI_TABLES = ("observed-counts", "ac-energy", "ac-time", "brn-pe", "brn-time")


@pytest.mark.parametrize("name", CSI_TABLES)
def test_csi_tables_say_what_they_are(name):
    header = read_table(CSI / f"{name}.csv").header
    for word in ("arXiv:1804.09459", "Zenodo record 1228631", "sha256", "Regenerate:", "Columns:"):
        assert word in header


def test_csi_counts():
    table = read_table(CSI / "observed-counts.csv")
    counts = table.grid("count", ("pe_low", "pe_high"), ("time_low_us", "time_high_us"))
    assert counts.shape == (12, 12)
    assert counts.sum() == 547
    assert read_table(CSI / "ac-energy.csv")["count"].sum() == 405
    time = read_table(CSI / "ac-time.csv")
    assert time["count"].sum() == 703
    assert time["count"][:12].sum() == 405  # the same events, below 6 us


def test_germanium_tables_say_that_they_are_indicative():
    for name in ("on-counts", "off-counts"):
        assert "INDICATIVE ONLY" in read_table(GE / f"{name}.csv").header
    on, off = (read_table(GE / f"{n}-counts.csv") for n in ("on", "off"))
    energies, times = ("energy_low", "energy_high"), ("time_low_us", "time_high_us")
    with_beam, without = (t.grid("count", energies, times) for t in (on, off))
    assert with_beam.shape == without.shape == (9, 10)
    assert with_beam[:4, 1:4].sum() == 61  # 0 to 12 us
    assert without[:4].sum() == 116
    # the column of the line of Ge-71
    assert [t.sum(axis=1)[4] for t in (with_beam, without)] == [45, 42]


@pytest.mark.parametrize(("tool", "home"), [("carry_csi_2017.py", CSI), ("carry_ge_2024.py", GE)])
def test_regeneration(public_data, tmp_path, tool, home):
    source = public_data / home.name
    if not source.is_dir():
        pytest.skip(f"CEVNS_DATA does not hold {home.name}")
    run = [sys.executable, str(TOOLS / tool), str(source), str(tmp_path / "out")]
    subprocess.run(run, check=True, capture_output=True)
    assert {p.name for p in home.glob("*.csv")} == {p.name for p in (tmp_path / "out").iterdir()}
    for path in home.glob("*.csv"):
        again = read_table(tmp_path / "out" / path.name)
        for column, values in read_table(path).columns.items():
            assert np.array_equal(again[column], values), (path.name, column)


@pytest.mark.parametrize("tool", ["carry_csi_2017.py", "carry_ge_2024.py"])
def test_a_wrong_folder_is_said_in_a_sentence(tmp_path, tool):
    run = [sys.executable, str(TOOLS / tool), str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith("error: ")
    assert "does not exist" in done.stderr
