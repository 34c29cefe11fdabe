"""A released template that is folded with a recoil spectrum already: only its size is ours.

Where a collaboration releases what it expects of one source, and no response to single recoils,

    R_b(theta) = N_b(theta) / N        for recoils between two energies, zero elsewhere

with N_b the released counts and N the recoils between these energies that belong to them. So the
template keeps its shape, and its size goes with the number of recoils. That is right for whatever
multiplies the spectrum (a flux, a charge of the nucleus) and wrong for what changes its shape, such
as a light mediator, which an experiment with this response refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np

from cevns.detectors.responses.matrix import MatrixResponse
from cevns.detectors.responses.recoil_templates import ReleasedTemplates
from cevns.exceptions import InputError
from cevns.morphing import Between, GridTable, read_grid_table
from cevns.units import Unit

__all__ = ["MODEL", "FoldedResponse", "FoldedTemplate"]

CITE = "file: the response is released by the experiment"


@dataclass(frozen=True, eq=False)
class FoldedResponse(MatrixResponse):
    """A matrix of one row, which is a template of one spectrum."""


@dataclass(frozen=True, eq=False)
class FoldedTemplate(ReleasedTemplates):
    """The template of a file.

    Args:
        file: an archive of tables on a grid (`cevns.morphing`).
        table: which of its tables: counts, ``(n_1, ..., n_k, n_bins)``.
        recoils: number of recoils between the energies that the counts belong to, in the same
            exposure; for the shipped files what their own interaction predicts, so that the
            prediction in the Standard Model is the released one.
        energies_kev: between which recoils are counted.
        between: what lies between the values of a parameter, ``spline`` or ``line``.
        parameter_values: by name, the values of the parameters, where the file does not say.

    Raises:
        DataError: if the file is missing or malformed.
        InputError: if `recoils` are fewer than the counts, or the energies do not increase.
    """

    file: Path
    table: str
    recoils: float
    energies_kev: tuple[Annotated[float, Unit("keV")], Annotated[float, Unit("keV")]]
    between: Between = "spline"
    parameter_values: dict[str, list[float]] | None = None
    _read: GridTable = field(init=False, repr=False)
    _response: FoldedResponse = field(init=False, repr=False)

    def __post_init__(self) -> None:
        read = read_grid_table(self.file, self.table, parameters=self.parameter_values)
        low, high = self.energies_kev
        if not 0.0 <= low < high:
            raise InputError(f"energies: there is no recoil from {low:g} to {high:g} keV")
        most = float(read.content.sum(axis=-1).max())
        if not self.recoils >= most:
            raise InputError(
                f"recoils: {self.recoils:g} cannot give the {most:g} counts of {self.table!r}"
            )
        object.__setattr__(self, "_read", read)
        share = (read.content / self.recoils)[..., None, :]
        response = FoldedResponse(np.array([low, high]), share, read.values, self.between)
        object.__setattr__(self, "_response", response)


MODEL = FoldedTemplate
