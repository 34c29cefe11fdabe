"""What was asked in a scan and what was found, read off its datasets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.scan.feldman_cousins import STOP_SIGMA
from cevns.inference.scan.profile_scan import levels
from cevns.inference.work.scan_store import ScanFile
from cevns.parameters import Parameter
from cevns.typing import Array, BoolArray

if TYPE_CHECKING:
    from cevns.inference.scan.regions import Contour

__all__ = ["Pieces", "ScanFindings"]

Pieces = list[tuple[float, float]]
"""Allowed pieces of a parameter, from the lowest."""
_ON_BOUND = 1e-9
"""Part of a scanned range within which a best fit lies on its bound."""


@dataclass(frozen=True, eq=False)
class ScanFindings:
    """Question and answer of a scan of one or two parameters.

    Args:
        file: datasets, fingerprint and notes, as they stand in the HDF5 file.
    """

    file: ScanFile

    # -- what was asked ------------------------------------------------------------------------

    @property
    def method(self) -> str:
        """``profile``, ``fc``, ``cls`` or ``bayes``."""
        return str(self.file.run["method"])

    @property
    def cl(self) -> float:
        """Confidence level."""
        return float(self.file.run["confidence level"])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(self.file.run["axes"])

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the axes."""
        return tuple(self.file.run["units"])

    @property
    def logarithmic(self) -> tuple[bool, ...]:
        """Which axes are equidistant in the logarithm."""
        return tuple(self.file.run["logarithmic"])

    @property
    def axes(self) -> tuple[Array, ...]:
        """Values along each axis."""
        return tuple(self.file.datasets[f"axis/{n}"] for n in self.names)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(a) for a in self.axes)

    @property
    def raster(self) -> tuple[str, ...]:
        """Structural axes: at each of their values the question is about the other one alone."""
        return tuple(self.file.run["raster"])

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the statistic by Wilks' theorem."""
        return len(self.names) - len(self.raster)

    @property
    def title(self) -> str:
        """Experiments and physics in a line."""
        return f"{' + '.join(self.file.run['experiments'])}: {self.file.run['physics']}"

    @property
    def heading(self) -> str:
        """The same in words, for figures; as `title` where the file does not have them."""
        return str(self.file.run.get("title", self.title))

    # -- what was found ------------------------------------------------------------------------

    @cached_property
    def q(self) -> Array:
        """-2 ln L above its minimum, with the shape of the grid."""
        return self.file.datasets["profile/q"].reshape(self.shape)

    @property
    def best(self) -> Mapping[str, float]:
        """Parameters at the best fit; of a posterior, their means."""
        if self.method == "bayes":
            mean = self.file.datasets["posterior/mean"].tolist()
            return dict(zip(self.file.run["sampled"], mean, strict=True))
        names = self.file.run["parameters"]
        theta = np.atleast_2d(self.file.datasets["profile/best"])
        lowest = np.atleast_1d(self.file.datasets.get("profile/best_twice_nll", np.zeros(1)))
        i = int(np.argmin(lowest)) if len(lowest) == len(theta) else 0  # of toys, one a slice
        at = self.file.datasets.get("profile/best_structure")
        if at is None and self.raster and len(theta) == len(lowest):
            at = self.file.datasets[f"axis/{self.raster[0]}"][[i]]
        structure = {} if at is None else dict(zip(self.raster, at.tolist(), strict=True))
        found = dict(zip(names, theta[i].tolist(), strict=True))
        return {**structure, **{n: self._settled(n, v) for n, v in found.items()}}

    def _settled(self, name: str, value: float) -> float:
        """A best value of a scanned parameter; the bound, where it lies on it up to rounding.

        A minimiser stops at its tolerance before a bound, where -2 ln L is the same.
        """
        if name not in self.names:
            return value
        at = self.names.index(name)
        length = float(np.ptp(self.axes[at]))
        bounds = [b for b in self.file.run["bounds"][at] if b is not None]
        return float(next((b for b in bounds if abs(value - b) < _ON_BOUND * length), value))

    @property
    def wilks(self) -> float:
        """The critical value of q if it is distributed as chi2."""
        return levels(self.cl, self.degrees)

    @property
    def critical(self) -> Array:
        """The critical value of q at every point; that of Wilks where toys were not needed."""
        if self.method == "fc":
            found = self.file.datasets["toys/critical"].reshape(self.shape)
            return np.where(self.excluded, self.wilks, found)
        return np.full(self.shape, self.wilks)

    @property
    def excluded(self) -> BoolArray:
        """Points that are so far out that they are excluded without toys."""
        none = np.zeros(self.shape, dtype=bool)
        return self.file.datasets.get("toys/excluded", none).astype(bool).reshape(self.shape)

    @property
    def shared(self) -> bool:
        """Whether all points of a Feldman-Cousins scan share the toys of some anchors."""
        return self.file.run.get("toys at") == "anchors"

    @property
    def border(self) -> BoolArray:
        """Points of a Feldman-Cousins scan whose p-value is within four errors of the border's."""
        p, error = (
            self.file.datasets[f"toys/{n}"].reshape(self.shape) for n in ("p_value", "p_error")
        )
        near: BoolArray = (np.abs(p - (1.0 - self.cl)) < STOP_SIGMA * error) & ~self.excluded
        return near

    @property
    def refused(self) -> str:
        """Why the result is not to be used; empty for a good one."""
        return str(self.file.notes.get("refused", ""))

    @property
    def excess(self) -> Array:
        """Q above its critical value: negative inside the region."""
        return self.q - self.critical

    @property
    def failed(self) -> int:
        """Points without a converged fit."""
        if self.method == "bayes":
            return 0
        return int(np.sum(~np.isfinite(self.q)))

    @property
    def unsure(self) -> BoolArray:
        """Points whose minimum may lie lower: a fit that did not converge has come lower."""
        none = np.zeros(self.shape, dtype=bool)
        return self.file.datasets.get("profile/unsure", none).astype(bool).reshape(self.shape)

    @cached_property
    def intervals(self) -> Pieces:
        """Pieces of the confidence set of a scan of one parameter, in order.

        Raises:
            InputError: if two parameters were scanned.
        """
        if len(self.names) != 1:
            raise InputError(
                f"a scan of {' and '.join(self.names)} has contours, not intervals; scan one"
            )
        found = self.file.datasets.get("region/intervals")
        return self._sets()[0] if found is None else [(float(a), float(b)) for a, b in found]

    def begins(self, name: str) -> bool:
        """Whether a set from the first value of a scanned parameter holds all below it too.

        Along a logarithmic axis the Standard Model, zero, is below any range.
        """
        at = self.names.index(name)
        low = self.file.run["bounds"][at][0]
        return bool(self.axes[at][0] == low or (low == 0.0 and self.logarithmic[at]))

    @property
    def upper_limit(self) -> float | None:
        """The end of the set of one parameter, where it is an upper limit; None elsewhere.

        That is one piece from the bound of the parameter to a value inside the scanned range.
        """
        (values,), (name,) = self.axes, self.names
        if len(self.intervals) != 1 or not self.begins(name):
            return None
        low, high = self.intervals[0]
        return high if low <= values[0] and high < values[-1] else None

    def _sets(self) -> list[Pieces]:
        """What is allowed in each slice; without a structural axis there is one slice."""
        if self.method == "cls":
            from cevns.inference.scan.cls import ClsScan

            # from no signal to the upper limit; nothing where no scanned value is allowed
            null = float(self.file.run["null"])
            limits = ClsScan(self.file).upper().tolist()
            return [[] if math.isnan(upper) else [(null, upper)] for upper in limits]
        numbers = self.file.datasets.get("region/slice")
        if numbers is not None:  # the ends were fitted
            ends = self.file.datasets["region/intervals"].tolist()
            found = list(zip(numbers.tolist(), ends, strict=True))
            count = len(self.axes[self.names.index(self.raster[0])])
            return [[(a, b) for k, (a, b) in found if k == number] for number in range(count)]
        from cevns.inference.scan.regions import confidence_set

        at = next(i for i, n in enumerate(self.names) if n not in self.raster)
        q, critical = (
            np.moveaxis(a, at, -1).reshape(-1, self.shape[at]) for a in (self.q, self.critical)
        )
        sets = [confidence_set(self.axes[at], *both) for both in zip(q, critical, strict=True)]
        return [[(p.lower, p.upper) for p in s.pieces] for s in sets]

    def contours(self, *, wilks: bool = False) -> Contour:
        """The border of the region of a scan of two parameters.

        Args:
            wilks: by the quantile of chi2, whatever the method.

        Raises:
            InputError: if one parameter was scanned.
        """
        if len(self.names) != 2:
            raise InputError(f"a scan of {self.names[0]} alone has intervals, not contours")
        from cevns.inference.model.grid import Axis
        from cevns.inference.scan.regions import contour

        first, second = (
            Axis(Parameter(n, 0.0, unit=u), x, log)
            for n, u, x, log in zip(
                self.names, self.units, self.axes, self.logarithmic, strict=True
            )
        )
        return contour((first, second), self.q, self.wilks if wilks else self.critical)

    def slices(self) -> list[tuple[float, Pieces]]:
        """Of a scan with a structural axis: each of its values, and the pieces allowed there.

        Raises:
            InputError: if no axis is structural.
        """
        if not self.raster:
            raise InputError(f"a scan of {' and '.join(self.names)} has no structural axis")
        values = self.file.datasets[f"axis/{self.raster[0]}"].tolist()
        return list(zip(values, self._sets(), strict=True))
