"""Regenerate the tables of the germanium 2024 measurement that the package carries.

    python tools/carry_ge_2024.py TRANSCRIPTION_DIR [OUTPUT_DIR]

TRANSCRIPTION_DIR holds a third party's transcription of a figure of arXiv:2406.13806: counts with
beam on and off, ten rows of 4 us from -4 us by nine columns of energy. The columns came without
edges: 2 keVee from 1.5 keVee puts the 10.37 keV line of Ge-71 where the fifth column peaks. So
everything made from these tables is indicative.
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
EDGES_US: Array = np.linspace(-4.0, 36.0, 11)

SOURCE = """\
Source: COHERENT Collaboration, "First detection of coherent elastic neutrino-nucleus scattering on
germanium", arXiv:2406.13806, a figure.
Edition: a third party's transcription, without the edges of its columns: 2 keVee from 1.5 keVee
puts the 10.37 keV line of Ge-71 into the fifth, where the counts peak. INDICATIVE ONLY.
Regenerate: python tools/carry_ge_2024.py TRANSCRIPTION_DIR"""


def read(path: Path) -> Array:
    """A grid of counts by time and energy, shape (10, 9)."""
    lines = enumerate(read_lines(path), start=1)
    return read_rows(path, lines, len(EDGES_KEVEE) - 1, separator=",")[0]


def carry(folder: Path, home: Path) -> None:
    """Write both tables into the folder `home`."""
    home.mkdir(parents=True, exist_ok=True)
    energies, times = len(EDGES_KEVEE) - 1, len(EDGES_US) - 1
    for name, title in (
        ("on", "Events with beam on, by reconstructed energy and time after the beam signal."),
        ("off", "Events with beam off, by reconstructed energy and time after the trigger."),
    ):
        counts = read(folder / f"T377_{name}_count_grid.csv")
        write(
            home / f"{name}-counts.csv",
            title,
            SOURCE,
            "reconstructed energy edges in keVee, time edges in us, events",
            {
                "energy_low": np.repeat(EDGES_KEVEE[:-1], times),
                "energy_high": np.repeat(EDGES_KEVEE[1:], times),
                "time_low_us": np.tile(EDGES_US[:-1], energies),
                "time_high_us": np.tile(EDGES_US[1:], energies),
                "count": counts.T.ravel(),
            },
        )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except CevnsError as error:
        sys.exit(f"error: {error}")
