"""A user's list of mesons, of a simulation for example."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cevns.columns import read_columns
from cevns.exceptions import DataError, InputError
from cevns.sources.meson_beams.beam_targets import BeamTarget
from cevns.sources.meson_beams.meson_sample import POINTS, Mesons
from cevns.typing import Array

__all__ = ["MODEL", "MesonList"]

CITE = "file: the mesons are a list of the experiment"

_COLUMNS = ("px_mev", "py_mev", "pz_mev")


@dataclass(frozen=True)
class MesonList:
    """Mesons by their momenta, a CSV with the columns ``px_mev``, ``py_mev``, ``pz_mev``.

    The beam goes along +z. A column ``weight`` is optional. Each meson stands for all of its
    azimuth around the beam: short lists are repeated with other azimuths up to 8192 points.

    Args:
        beam: not used, the list is of its own beam.
        file: path of the table.

    Raises:
        InputError: if no file is given.
        DataError: if the file breaks its structure, or a weight is negative.
    """

    beam: BeamTarget
    file: str = ""

    def __post_init__(self) -> None:
        if not self.file:
            raise InputError("mesons 'list' needs meson_file, a CSV with " + ", ".join(_COLUMNS))
        self._read()

    def _read(self) -> tuple[Array, Array, Array]:
        stat = Path(self.file).stat() if Path(self.file).exists() else None
        return _momenta(self.file, (stat.st_mtime_ns, stat.st_size) if stat else (0, 0))

    @property
    def description(self) -> str:
        """The file and its length."""
        return f"list of {self._read()[0].size} mesons, {Path(self.file).name}"

    def mesons(self, mass_mev: float) -> Mesons:
        """The list itself, as often as is needed for a smooth azimuth."""
        cosine, momentum, weight = self._read()
        times = max(1, -(-POINTS // cosine.size))
        kinetic = np.sqrt(momentum**2 + mass_mev**2) - mass_mev
        cosine, kinetic, weight = (np.repeat(a, times) for a in (cosine, kinetic, weight))
        return Mesons(cosine, kinetic, weight / weight.sum())


@lru_cache(maxsize=4)
def _momenta(path: str, state: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Cosines, momenta (MeV) and weights of a file in a state."""
    _ = state
    table = read_columns(path, _COLUMNS)
    momentum = np.sqrt(sum(table[c] ** 2 for c in _COLUMNS))
    weight = table.get("weight", np.ones(momentum.shape))
    if weight.min() < 0.0 or weight.sum() <= 0.0:
        raise DataError("weights are not negative, and not all zero", path=path)
    cosine = np.where(
        momentum > 0.0, table["pz_mev"] / np.where(momentum > 0.0, momentum, 1.0), 1.0
    )
    return cosine, momentum, weight


MODEL = MesonList
