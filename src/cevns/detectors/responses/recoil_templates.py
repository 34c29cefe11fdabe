"""Released templates of recoils of single energies: straight lines between them, nothing beyond.

    R_b(T; theta) = sum_j h_j(T) R_jb(theta)

with h_j the function that is one at energy T_j of the file, zero at the others and straight in
between, and R_jb the probability that a recoil of T_j is found in bin b, which follows its
parameters as `cevns.morphing` says. A collaboration that simulates its detector so releases the
whole of it: bins may be those of any number of observables, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.quenching_curve import QuenchingCurve
from cevns.detectors.resolution import Resolution
from cevns.detectors.responses.matrix import MatrixResponse
from cevns.exceptions import DataError, InputError
from cevns.morphing import Between, GridTable, read_grid_table
from cevns.typing import Array

__all__ = ["MODEL", "RecoilTemplates", "ReleasedTemplates", "TemplatesResponse"]

CITE = "file: the response is released by the experiment"

_ROUNDING = 1e-3
"""Of probabilities that were written with half precision."""


@dataclass(frozen=True, eq=False)
class TemplatesResponse(MatrixResponse):
    """Templates of single energies; as `MatrixResponse`, of which the rows are these energies.

    Its `true_edges` are the energies of the templates, ``(n_true,)``, keV.
    """

    def places(self, energy_kevee: Array) -> Array:
        """See `MatrixResponse`: shares of the two energies around, none outside of all."""
        known = self.true_edges
        left = np.clip(np.searchsorted(known, energy_kevee, side="right") - 1, 0, len(known) - 2)
        along = (energy_kevee - known[left]) / (known[left + 1] - known[left])
        inside = (along >= 0.0) & (along <= 1.0)
        out = np.zeros((energy_kevee.size, known.size))
        rows = np.arange(energy_kevee.size)
        out[rows, left] = np.where(inside, 1.0 - along, 0.0)
        out[rows, left + 1] = np.where(inside, along, 0.0)
        return out


class ReleasedTemplates:
    """What templates of a release share: bins and parameters of the file, all else in them."""

    _read: GridTable
    _response: MatrixResponse

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """See `ResponseModel`: those of the file, within the ends of their values."""
        return self._response.parameters

    def on(
        self, edges: Array, resolution: Resolution, efficiency: Efficiency, curve: QuenchingCurve
    ) -> MatrixResponse:
        """See `ResponseModel`: the bins are those of the file.

        Raises:
            InputError: if the axis has others, quenching varies, or an efficiency is declared.
        """
        del resolution
        if len(curve.odd):
            raise InputError("released templates include the quenching; remove its variations")
        if not isinstance(efficiency, Unity):
            raise InputError(
                "released templates include the efficiency; remove 'detector.efficiency.energy'"
            )
        self._read.check_bins(edges)
        return self._response


@dataclass(frozen=True, eq=False)
class RecoilTemplates(ReleasedTemplates):
    """The templates of a file.

    Args:
        file: an archive of tables on a grid (`cevns.morphing`), with the increasing energies in
            ``recoil_energy_kev`` and, before the bins, an axis along them.
        table: which of its tables: probabilities, ``(n_1, ..., n_k, n_energies, n_bins)``.
        between: what lies between the values of a parameter, ``spline`` or ``line``.
        parameter_values: by name, the values of the parameters, where the file does not say.

    Raises:
        DataError: if the file is missing or malformed, or recoils of one energy are seen more than
            once.
    """

    file: Path
    table: str = "recoils"
    between: Between = "spline"
    parameter_values: dict[str, list[float]] | None = None
    _read: GridTable = field(init=False, repr=False)
    _response: MatrixResponse = field(init=False, repr=False)

    def __post_init__(self) -> None:
        read = read_grid_table(
            self.file, self.table, parameters=self.parameter_values, along="recoil_energy_kev"
        )
        assert read.along is not None
        if (total := read.content.sum(axis=-1).max()) > 1.0 + _ROUNDING:
            raise DataError(
                f"the table {self.table!r} holds probabilities, at most 1 in all bins together, "
                f"not {total:g}",
                path=self.file,
            )
        object.__setattr__(self, "_read", read)
        response = TemplatesResponse(read.along, read.content, read.values, self.between)
        object.__setattr__(self, "_response", response)


MODEL = RecoilTemplates
