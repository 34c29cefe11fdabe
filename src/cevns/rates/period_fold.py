"""Recoils of a source whose spectra change with time: a fold for each time bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from cevns.nuclear.materials import Material
from cevns.processes import Interaction, KernelProcess
from cevns.rates.fold import Fold
from cevns.rates.kernel_fold import KernelFold
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["KernelPeriods", "PeriodFold"]

F = TypeVar("F", Fold, KernelFold)


@dataclass(frozen=True)
class _Periods(Generic[F]):
    """Folds of the parts in time, one behind another: a fold to whoever folds on.

    Each flavour is there once for each time bin, so that energies and times of a flavour are not
    taken as independent.

    Args:
        periods: folds of the parts, on the same nodes, target and process.
    """

    periods: tuple[F, ...]

    @property
    def nodes(self) -> Array:
        """Recoil energies, keVnr."""
        return self.periods[0].nodes

    @property
    def flavours(self) -> tuple[str, ...]:
        """Flavours of the first time bin, then of the next, and so on."""
        return tuple(flavour for fold in self.periods for flavour in fold.flavours)

    @property
    def source(self) -> Source:
        """The first part; none has parameters."""
        return self.periods[0].source

    @property
    def material(self) -> Material:
        """The target."""
        return self.periods[0].material

    def spectrum(self, values: Mapping[str, Array | float] | None = None, **nuclear: Any) -> Array:
        """Counts per node, ``(..., flavours, nodes)``, as `Fold.spectrum`."""
        return np.concatenate([f.spectrum(values, **nuclear) for f in self.periods], axis=-2)


@dataclass(frozen=True)
class PeriodFold(_Periods[Fold]):
    """Folds of terms: a `Fold` to whoever folds on, with the terms of all time bins."""

    @property
    def interaction(self) -> Interaction:
        """The process."""
        return self.periods[0].interaction

    def folded_terms(self, f: int, a: int, neutron_rms_fm: float) -> Array:
        """As `Fold.folded_terms`."""
        period, flavour = divmod(f, len(self.periods[0].flavours))
        return self.periods[period].folded_terms(flavour, a, neutron_rms_fm)

    def neutron_rms_fm(self, a: int, values: Mapping[str, Array | float]) -> Array | float:
        """As `Fold.neutron_rms_fm`."""
        return self.periods[0].neutron_rms_fm(a, values)


@dataclass(frozen=True)
class KernelPeriods(_Periods[KernelFold]):
    """Folds of a kernel: a `KernelFold` to whoever folds on."""

    @property
    def interaction(self) -> KernelProcess:
        """The process."""
        return self.periods[0].interaction
