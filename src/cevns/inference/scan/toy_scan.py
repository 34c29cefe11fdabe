"""What toys at the points of a grid say: p-values, critical values and where Wilks differs.

With n toys at a point of which k have a q at least as large as the data's, the p-value is k/n,
and a point is accepted at confidence level cl where p > 1 - cl. The critical value q_c is the
sample quantile with the same answer: the m-th smallest q with m = ceil(cl n), so that the data
are accepted where q <= q_c. Its error is half the distance between the order statistics one
binomial standard deviation, sqrt(n cl (1 - cl)), either side of m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cevns.inference.toys.point_toys import TIE
from cevns.inference.work.checkpoint import Block
from cevns.inference.work.scan_store import ScanFile
from cevns.typing import Array, IntArray

__all__ = ["DEEPER", "LEVELS", "ToyScan", "assemble", "collect", "critical_value", "p_value"]

DEEPER = 0.1
"""Difference of -2 ln L by which iminuit must be lower for another minimum: fits of toys stop up to
0.05 above theirs (`cevns.inference.toys.point_fits`)."""
LEVELS = np.concatenate([np.arange(0.0, 0.9, 0.02), np.arange(0.9, 1.0, 0.005)])
"""Levels of the stored quantiles of q."""


def p_value(q: Array, q_data: float) -> tuple[float, float]:
    """Share of toys at least as far off as the data, and its binomial error.

    Examples:
        >>> p_value(np.array([0.0, 1.0, 2.0, 3.0]), 2.0)[0]
        0.5
    """
    if not q.size:
        return math.nan, math.nan
    p = float(np.mean(q >= q_data - TIE))
    return p, math.sqrt(max(p * (1.0 - p), 1.0 / q.size) / q.size)


def critical_value(q: Array, cl: float) -> tuple[float, float]:
    """The value of q that a fraction `cl` of the toys does not exceed, and its error.

    Examples:
        >>> value, error = critical_value(np.arange(1000.0), 0.9)
        >>> value, round(error, 1)
        (899.0, 9.0)
    """
    n = q.size
    if not n:
        return math.nan, math.nan
    ordered = np.sort(q)
    m = min(n, math.ceil(cl * n - 1e-9))
    spread = math.sqrt(n * cl * (1.0 - cl))
    high = ordered[min(n, round(m + spread)) - 1]
    low = ordered[max(1, round(m - spread)) - 1]
    return float(ordered[m - 1]), float(0.5 * (high - low))


@dataclass(frozen=True, eq=False)
class ToyScan:
    """A Feldman-Cousins scan.

    Args:
        names: parameters or structural axes that were scanned.
        axes: their values.
        parameters: names of the models' parameters.
        q_data: statistic of the data at each point, ``(size,)``.
        p_value: share of toys at least as far off.
        p_error: its binomial error.
        critical: value of q that bounds the accepted region at `cl`.
        critical_error: its error from the number of toys.
        n_toys: toys of each point whose fits succeeded.
        theta: where the toys were drawn, ``(size, n_par)``.
        best: best fit of each slice, ``(n_slices, n_par)``.
        best_twice_nll: -2 ln L there, ``(n_slices,)``.
        quantiles: of q over the toys at `levels`, ``(size, len(levels))``.
        levels: the levels.
        cl: confidence level.
        degrees: of freedom of q by Wilks' theorem.
        policy: where the nuisances of the toys are.
        failed: toys with a failed fit, in all.
        outliers: toys whose free fit ended above the one at the point, in all.
        audit: differences of -2 ln L between iminuit and ours for the audited toys.
        notes: dates, hosts, speed.
        file: what the HDF5 file of the scan holds.
    """

    names: tuple[str, ...]
    axes: tuple[Array, ...] = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    q_data: Array = field(repr=False)
    p_value: Array = field(repr=False)
    p_error: Array = field(repr=False)
    critical: Array = field(repr=False)
    critical_error: Array = field(repr=False)
    n_toys: IntArray = field(repr=False)
    theta: Array = field(repr=False)
    best: Array = field(repr=False)
    best_twice_nll: Array = field(repr=False)
    quantiles: Array = field(repr=False)
    levels: Array = field(repr=False)
    cl: float
    degrees: int
    policy: str
    failed: int
    outliers: int
    audit: Array = field(repr=False)
    notes: Mapping[str, Any] = field(repr=False)
    file: ScanFile = field(repr=False)

    @classmethod
    def of(cls, file: ScanFile) -> ToyScan:
        """The scan that a file holds."""
        run, data = file.run, file.datasets
        toys = file.group("toys")
        return cls(
            names=tuple(run["axes"]),
            axes=tuple(data[f"axis/{name}"] for name in run["axes"]),
            parameters=tuple(run["parameters"]),
            q_data=data["profile/q"],
            theta=data["profile/theta"],
            best=data["profile/best"],
            best_twice_nll=data["profile/best_twice_nll"],
            n_toys=np.asarray(toys["n"], dtype=np.int64),
            failed=int(toys["failed"]),
            outliers=int(toys["outliers"]),
            audit=toys["audit"],
            cl=run["confidence level"],
            degrees=run["degrees"],
            policy=run["nuisances of the toys"],
            notes=file.notes,
            file=file,
            **{
                k: toys[k]
                for k in (
                    "p_value",
                    "p_error",
                    "critical",
                    "critical_error",
                    "quantiles",
                    "levels",
                )
            },
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(a) for a in self.axes)

    @property
    def best_fit(self) -> Array:
        """The best fit of all slices, ``(n_par,)``."""
        best: Array = self.best[int(np.argmin(self.best_twice_nll))]
        return best

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which points are in the confidence region, ``(size,)``."""
        return self.p_value > 1.0 - self.cl

    @property
    def wilks_critical(self) -> float:
        """The critical value if q were distributed as chi2."""
        from scipy.stats import chi2

        return float(chi2.ppf(self.cl, self.degrees))

    @property
    def wilks_p_value(self) -> Array:
        """The p-values if it were."""
        from scipy.stats import chi2

        return np.asarray(chi2.sf(self.q_data, self.degrees))

    @property
    def wilks_accepted(self) -> NDArray[np.bool_]:
        """Which points would be in the confidence region."""
        return self.q_data <= self.wilks_critical

    @property
    def deeper(self) -> int:
        """Audited toys for which iminuit found a deeper minimum elsewhere."""
        return int(np.sum(self.audit < -DEEPER))

    def to_dict(self) -> dict[str, Any]:
        """A summary as plain values."""
        return {
            "axes": {n: a.tolist() for n, a in zip(self.names, self.axes, strict=True)},
            "best": dict(zip(self.parameters, self.best_fit.tolist(), strict=True)),
            "cl": self.cl,
            "nuisances_of_the_toys": self.policy,
            "toys": int(self.n_toys.sum()),
            "accepted_points": int(self.accepted.sum()),
            "accepted_points_wilks": int(self.wilks_accepted.sum()),
            "critical_value_wilks": self.wilks_critical,
            "critical_value_range": [float(self.critical.min()), float(self.critical.max())],
            "failed": self.failed,
            "outliers": self.outliers,
            "audited": int(self.audit.size),
            "audited_deeper": self.deeper,
            **self.notes,
        }


def collect(size: int, blocks: Mapping[int, Block], hypothesis: int = 0) -> list[Array]:
    """Statistics of the toys of each point, those of failed fits left out."""
    parts: list[list[Array]] = [[np.zeros(0)] for _ in range(size)]
    for key in sorted(blocks):
        block = blocks[key]
        if int(block["hypothesis"][0]) != hypothesis:
            continue
        pieces = np.split(block["q"], len(block["point"]))
        for point, q in zip(block["point"], pieces, strict=True):
            parts[int(point)].append(q[np.isfinite(q)])
    return [np.concatenate(p) for p in parts]


def assemble(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[int, Block]
) -> dict[str, Array]:
    """The datasets of a Feldman-Cousins scan from its toys."""
    q_data = inputs["profile/q"]
    toys = collect(len(q_data), blocks)
    p, p_error = np.array([p_value(q, d) for q, d in zip(toys, q_data, strict=True)]).T
    critical, critical_error = np.array(
        [critical_value(q, run["confidence level"]) for q in toys]
    ).T
    nothing = np.full(len(LEVELS), np.nan)
    keys = sorted(blocks)
    out = {
        "n": np.array([q.size for q in toys]),
        "p_value": p,
        "p_error": p_error,
        "critical": critical,
        "critical_error": critical_error,
        "levels": LEVELS,
        "quantiles": np.array([np.quantile(q, LEVELS) if q.size else nothing for q in toys]),
        "failed": np.array(sum(int(np.sum(np.isnan(blocks[k]["q"]))) for k in keys)),
        "outliers": np.array(sum(int(blocks[k]["outliers"].sum()) for k in keys)),
        "audit": np.concatenate([np.zeros(0), *(blocks[k]["audit"] for k in keys)]),
    }
    if run["toys kept"]:
        out |= {
            "q": np.concatenate(toys),
            "start": np.concatenate([[0], np.cumsum(out["n"])]),
        }
    return {f"toys/{name}": array for name, array in out.items()}
