"""Regenerate the tables of the germanium 2024 measurement that the package carries.

    python tools/carry_ge_2024.py TRANSCRIPTION_DIR [OUTPUT_DIR]

TRANSCRIPTION_DIR holds a third party's transcription of a figure of arXiv:2406.13806: counts with
beam on and off, ten rows of 4 us from -4 us by nine columns of energy. The columns came without
edges: 2 keVee from 1.5 keVee is a guess that puts the 10.37 keV line of Ge-71 where the fifth
column peaks. So everything made from these tables is indicative.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from carry_csi_2021 import write
from cevns.datasets.delimited_text import read_lines, read_rows
from cevns.exceptions import CevnsError
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/experiments/catalogue" / "coherent-ge-2024"
EDGES_KEVEE: Array = np.linspace(1.5, 19.5, 10)
WINDOW = slice(1, 4)
"""Rows of 4 us from 0 to 12 us after the beam: muon decays and the collection of charge."""

SOURCE = """\
Source: COHERENT Collaboration, "First detection of coherent elastic neutrino-nucleus scattering on
germanium", arXiv:2406.13806, a figure.
Edition: a third party's transcription, without the edges of its columns: 2 keVee from 1.5 keVee is
a guess (the 10.37 keV line of Ge-71 peaks in the fifth). INDICATIVE ONLY.
Regenerate: python tools/carry_ge_2024.py TRANSCRIPTION_DIR"""


def read(path: Path) -> Array:
    """A grid of counts, shape (10, 9)."""
    lines = enumerate(read_lines(path), start=1)
    return read_rows(path, lines, len(EDGES_KEVEE) - 1, separator=",")[0]


def carry(folder: Path, home: Path) -> None:
    """Write both tables into the folder `home`."""
    home.mkdir(parents=True, exist_ok=True)
    for name, title, counts in (
        (
            "on-counts",
            "Events with beam on, 0 to 12 us after the beam.",
            read(folder / "T377_on_count_grid.csv")[WINDOW].sum(axis=0),
        ),
        (
            "off-counts",
            "Events with beam off, -4 to 36 us: the steady-state background of 10/3 windows.",
            read(folder / "T377_off_count_grid.csv").sum(axis=0),
        ),
    ):
        write(
            home / f"{name}.csv",
            title,
            SOURCE,
            "reconstructed energy edges in keVee, events",
            {"energy_low": EDGES_KEVEE[:-1], "energy_high": EDGES_KEVEE[1:], "count": counts},
        )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except CevnsError as error:
        sys.exit(f"error: {error}")
