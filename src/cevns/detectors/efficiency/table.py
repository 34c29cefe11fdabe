"""An efficiency given at points or in bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cevns.columns import line_of_row, read_columns
from cevns.detectors.framework.efficiency_curve import Efficiency, vary
from cevns.detectors.framework.variation import Variation
from cevns.exceptions import DataError, InputError
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Table"]

CITE = "file: the points are those of the experiment"


@dataclass(frozen=True)
class Table(Efficiency):
    """Linear between points and constant beyond them, or constant in bins and zero outside.

    Args:
        x: points, or bin edges (one more than values); increasing.
        values: efficiencies, from 0 to 1.
        variations: +1 and -1 sigma values by name.

    Raises:
        InputError: if x does not increase, a value is no probability, or the counts differ.

    Examples:
        >>> Table((0.0, 10.0), (0.0, 0.8))([5.0, 20.0]).tolist()
        [0.4, 0.8]
        >>> Table((0.0, 10.0, 20.0), (0.2, 0.8))([5.0, 10.0, 20.0]).tolist()
        [0.2, 0.8, 0.0]
    """

    x: tuple[float, ...]
    values: tuple[float, ...]
    variations: Mapping[str, Variation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        x, values = np.asarray(self.x, dtype=float), np.asarray(self.values, dtype=float)
        if not (np.isfinite(x).all() and np.all(np.diff(x) > 0)):
            raise InputError("an efficiency table needs finite, increasing x")
        if values.size < 1 or x.size - values.size not in (0, 1):
            raise InputError(
                f"an efficiency table needs as many values as points, or one less than bin edges; "
                f"got {values.size} values and {x.size} x"
            )
        if not np.all((values >= 0.0) & (values <= 1.0)):
            raise InputError("the values of an efficiency table must lie between 0 and 1")
        _ = self.varied  # the variations must be tables too

    @classmethod
    def from_csv(cls, path: Path | str) -> Table:
        """Read columns ``x, efficiency`` (points) or ``low, high, efficiency`` (bins).

        Raises:
            DataError: if the file is missing or broken, bins do not join, x does not increase, or
                a value is no probability; with the line.
        """
        columns = read_columns(path, ("efficiency",))
        values = tuple(columns["efficiency"].tolist())
        for row, value in enumerate(values):
            if not 0.0 <= value <= 1.0:
                raise DataError(
                    f"an efficiency of {value:g} is not between 0 and 1 (80 % is 0.8)",
                    path=path,
                    line=line_of_row(path, row),
                )
        if "x" in columns:
            _increasing(path, columns["x"])
            return cls(tuple(columns["x"].tolist()), values)
        if not {"low", "high"} <= columns.keys():
            raise DataError("needs a column 'x', or columns 'low' and 'high'", path=path)
        if not np.array_equal(columns["high"][:-1], columns["low"][1:]):
            raise DataError("the bins do not join: each must begin where one ends", path=path)
        _increasing(path, columns["low"], columns["high"])
        return cls((*columns["low"].tolist(), float(columns["high"][-1])), values)

    @property
    def binned(self) -> bool:
        """Whether x are bin edges."""
        return len(self.x) == len(self.values) + 1

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        at = np.asarray(x, dtype=float)
        grid, values = np.asarray(self.x), np.asarray(self.values)
        if not self.binned:
            result: Array = np.interp(at, grid, values)
        else:
            padded = np.concatenate([np.zeros(1), values, np.zeros(1)])
            result = padded[np.searchsorted(grid, at, side="right")]
        return result

    @property
    def kinks(self) -> tuple[float, ...]:
        """All points or edges."""
        return tuple(self.x)

    @property
    def known(self) -> tuple[float, float]:
        """From the first to the last of them."""
        return self.x[0], self.x[-1]

    @property
    def varied(self) -> Mapping[str, tuple[Efficiency, Efficiency]]:
        """The varied tables."""
        return vary(lambda v: replace(self, values=v, variations={}), self.variations)


def _increasing(path: Path | str, x: Array, high: Array | None = None) -> None:
    """Refuse points that do not increase, or bins without a width, by their line."""
    falls = np.append(False, np.diff(x) <= 0.0) if high is None else high <= x
    if falls.any():
        row = int(np.argmax(falls))
        what = f"x = {x[row]:g} is not above the point before it"
        if high is not None:
            what = f"a bin from {x[row]:g} to {high[row]:g} has no width"
        raise DataError(what, path=path, line=line_of_row(path, row))


MODEL = Table
