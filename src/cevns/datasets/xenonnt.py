"""Reader of the templates of XENONnT's search for solar 8B, packed into one archive.

``packed_templates.npz`` holds, for each run, arrays of events per tonne year in the 81 bins
``(3, 3, 3, 3)`` of cS2, time shadow, S1 score and S2 score: ``sr0_b8_2024`` and ``sr0_rg_2024``
with light and charge yield (seven values each, -3 to 3) before them, ``sr0_er_2024`` without. The
files packed are those of XENONnT/light_wimp_data_release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cevns.morphing import read_grid_table
from cevns.typing import Array

__all__ = ["FILE", "YIELDS", "XenonNT", "load"]

FILE: Final = "packed_templates.npz"
YIELDS: Final[Mapping[str, tuple[float, ...]]] = {
    "light_yield": (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0),
    "charge_yield": (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0),
}
"""The values of the yields, in standard deviations, in the order of the axes."""
_TABLES: Final = {"b8_2024": YIELDS, "rg_2024": YIELDS, "er_2024": {}}


@dataclass(frozen=True, eq=False)
class XenonNT:
    """The templates of 2024.

    Attributes:
        samples: events per tonne year by run and kind (``sr0_b8_2024``), ``(7, 7, 81)`` or
            ``(81,)``.
    """

    samples: Mapping[str, Array]


def load(folder: Path | str) -> XenonNT:
    """Read the templates of 2024.

    Raises:
        DataError: if the archive or a table is missing, or has other axes.
    """
    path = Path(folder) / FILE
    found = {}
    for run in ("sr0", "sr1"):
        for kind, values in _TABLES.items():
            name = f"{run}_{kind}"
            found[name] = read_grid_table(path, name, parameters=values).content
    return XenonNT(found)
