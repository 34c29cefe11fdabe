"""What a CLs scan says: which points are excluded, limits and their expected bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cevns.inference.scan.sensitivity import SIGMAS
from cevns.inference.work.scan_store import ScanFile
from cevns.typing import Array

__all__ = ["ClsScan"]


@dataclass(frozen=True, eq=False)
class ClsScan:
    """CLs on a grid of one parameter, at one or more values of a structural axis.

    Args:
        names: parameters or structural axes that were scanned.
        axes: their values.
        logs: which of them are logarithmic.
        scanned: the parameter that is limited.
        q_data: statistic of the data at each point, ``(size,)``.
        p_signal: p_{s+b}, ``(size,)``.
        p_null: CL_b, ``(size,)``.
        cls: their ratio.
        cls_error: its error from the number of toys; zero without toys.
        expected: CLs expected under the null hypothesis, for fluctuations of the limit by
            -2 ... +2 standard deviations, ``(5, size)``.
        cl: confidence level.
        method: ``asymptotic`` or ``toys``.
        null: value of the parameter without signal.
        best: best fits of the slices, ``(n_slices, n_par)``.
        failed: toys with a failed fit, in all.
        notes: dates, hosts, speed.
        file: what the HDF5 file of the scan holds.
    """

    names: tuple[str, ...]
    axes: tuple[Array, ...] = field(repr=False)
    logs: tuple[bool, ...]
    scanned: str
    q_data: Array = field(repr=False)
    p_signal: Array = field(repr=False)
    p_null: Array = field(repr=False)
    cls: Array = field(repr=False)
    cls_error: Array = field(repr=False)
    expected: Array = field(repr=False)
    cl: float
    method: str
    null: float
    best: Array = field(repr=False)
    failed: int
    notes: Mapping[str, Any] = field(repr=False)
    file: ScanFile = field(repr=False)

    @classmethod
    def of(cls, file: ScanFile) -> ClsScan:
        """The scan that a file holds."""
        run, data = file.run, file.datasets
        return cls(
            names=tuple(run["axes"]),
            axes=tuple(data[f"axis/{name}"] for name in run["axes"]),
            logs=tuple(run["logarithmic axes"]),
            scanned=run["limited"],
            q_data=data["profile/q"],
            p_signal=data["cls/p_signal"],
            p_null=data["cls/p_null"],
            cls=data["cls/cls"],
            cls_error=data["cls/cls_error"],
            expected=data["cls/expected"],
            cl=run["confidence level"],
            method="toys" if run["toys"] else "asymptotic",
            null=run["null"],
            best=data["profile/best"],
            failed=int(data["cls/failed"]),
            notes=file.notes,
            file=file,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(a) for a in self.axes)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which points are not excluded, ``(size,)``."""
        return self.cls > 1.0 - self.cl

    def upper(self, values: Array | None = None) -> Array:
        """The upper limit of each slice, by interpolation of the logarithm of CLs.

        Args:
            values: in place of CLs, ``(size,)``: a row of `expected`, or `p_signal` for the
                limit without CLs.

        Returns:
            ``(n_slices,)``; NaN where no point of the slice is accepted, infinite where the last
            one is: the limit is not on the grid.
        """
        column = self.names.index(self.scanned)
        table = (self.cls if values is None else values).reshape(self.shape)
        rows = np.moveaxis(table, column, -1).reshape(-1, self.shape[column])
        x, log = self.axes[column], self.logs[column]
        # none of n toys as far off says that the probability is below about 1/n, no more
        rows = np.maximum(rows, 1.0 / self.file.run["toys"] if self.method == "toys" else 1e-300)
        return np.array([_last_crossing(x, row, 1.0 - self.cl, log=log) for row in rows])

    def to_dict(self) -> dict[str, Any]:
        """A summary as plain values."""
        return {
            "axes": {n: a.tolist() for n, a in zip(self.names, self.axes, strict=True)},
            "limited": self.scanned,
            "cl": self.cl,
            "method": self.method,
            "null": self.null,
            "upper": _plain(self.upper()),
            "expected": {
                f"{s:+.0f}": _plain(self.upper(row))
                for s, row in zip(SIGMAS, self.expected, strict=True)
            },
            **self.notes,
        }


def _plain(values: Array) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _last_crossing(x: Array, values: Array, goal: float, *, log: bool) -> float:
    accepted = np.flatnonzero(values > goal)
    if not accepted.size:
        return np.nan
    i = int(accepted[-1])
    if i == len(x) - 1:
        return np.inf
    low, high = np.log(values[[i, i + 1]])
    share = (low - np.log(goal)) / (low - high)
    a, b = np.log(x[[i, i + 1]]) if log else x[[i, i + 1]]
    return float(np.exp(a + share * (b - a)) if log else a + share * (b - a))
