"""What a run of toys shows: pulls, coverage, statuses, speed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cevns.inference.fitting.levels import threshold
from cevns.inference.minimum.batch import FAILED, STATUS
from cevns.inference.toys.block_fits import Seconds
from cevns.inference.toys.toy_job import QUOTED, ToyJob
from cevns.inference.work.checkpoint import BlockKey
from cevns.records import Result
from cevns.typing import ENGINE, Array, IntArray

__all__ = ["LEVELS", "Coverage", "Pull", "ToyResult"]

LEVELS = (0.6826894921370859, 0.9)
"""Confidence levels whose coverage is tested."""
_OF_FITS = ("theta", "errors", "twice_nll", "edm", "status", "rise", "conditional_status")


@dataclass(frozen=True)
class Pull:
    """Mean and width of ``(fit - truth)/error`` over the toys, with their own errors."""

    mean: float
    mean_error: float
    sd: float
    sd_error: float


@dataclass(frozen=True)
class Coverage:
    """Fraction of intervals that hold the true value, with its binomial error."""

    level: float
    fraction: float
    error: float


@dataclass(frozen=True, eq=False)
class ToyResult(Result):
    """Toys of one point.

    Args:
        model: name of the model.
        poi: parameter whose intervals are tested.
        names: parameter names.
        truth: true parameter vector, ``(n_par,)``.
        n: number of toys.
        seed: master seed.
        point: number of the point.
        theta: fitted parameters, ``(n, n_par)``.
        errors: their errors; zero where fixed or at a bound.
        twice_nll: minimum of -2 ln L, ``(n,)``.
        edm: estimated distance to the minimum.
        status: index into `cevns.inference.minimum.batch.STATUS`.
        rise: -2 ln L with the parameter of interest at its true value minus the minimum; empty
            if coverage was not asked for.
        conditional_status: statuses of those fits.
        audit_differences: -2 ln L of iminuit minus ours for the audited toys; NaN where iminuit
            did not converge.
        timing: ``toys_per_second`` (drawing and free fits, all workers together, warm; None where
            all toys were read from a file), ``compile_s`` (set-up of a worker), ``fit_s``,
            ``coverage_s``, ``audit_s`` (summed over the workers), ``wall_s``, ``workers``.
    """

    main_table: ClassVar[str] = "pulls"

    model: str
    poi: str
    names: tuple[str, ...]
    truth: Array
    n: int
    seed: int
    point: int
    theta: Array = field(repr=False)
    errors: Array = field(repr=False)
    twice_nll: Array = field(repr=False)
    edm: Array = field(repr=False)
    status: IntArray = field(repr=False)
    rise: Array = field(repr=False)
    conditional_status: IntArray = field(repr=False)
    audit_differences: Array = field(repr=False)
    timing: Mapping[str, float | None] = field(repr=False)

    @classmethod
    def build(
        cls,
        job: ToyJob,
        poi: str,
        blocks: Mapping[BlockKey, Mapping[str, Array]],
        times: list[tuple[int, str, Seconds]],
        wall_s: float,
    ) -> ToyResult:
        """Join blocks in their order, whoever computed them."""

        def joined(key: str) -> Any:
            parts = [blocks[i][key] for i in sorted(blocks) if key in blocks[i]]
            return np.concatenate(parts) if parts else np.zeros(0)

        return cls(
            model=job.grid.family.name,
            poi=poi,
            names=job.grid.family.parameters.names,
            truth=job.truth[0, 0],
            n=job.toys,
            seed=job.seed,
            point=job.point,
            **{name: joined(name) for name in _OF_FITS},
            audit_differences=joined("audit"),
            timing=_timing(times, wall_s),
        )

    @property
    def statuses(self) -> dict[str, int]:
        """How each free fit ended; the counts add up to `n`."""
        return {name: int(np.sum(self.status == i)) for i, name in enumerate(STATUS)}

    @property
    def conditional_statuses(self) -> dict[str, int]:
        """How each fit at the true value of the parameter of interest ended."""
        return {name: int(np.sum(self.conditional_status == i)) for i, name in enumerate(STATUS)}

    def pulls_of(self, name: str) -> Array:
        """Pulls of one parameter, of each toy whose fit succeeded off the bounds.

        Args:
            name: of the parameter.

        Returns:
            ``(fit - truth)/error``, ``(n_good,)``.
        """
        k = self.names.index(name)
        good = (self.status != FAILED) & (self.errors[:, k] > 0)
        pull: Array = (self.theta[good, k] - self.truth[k]) / self.errors[good, k]
        return pull

    @property
    def pulls(self) -> dict[str, Pull]:
        """Mean and width of the pulls of every fitted parameter, from `pulls_of`."""
        out = {}
        for name in self.names:
            pull = self.pulls_of(name)
            if pull.size < 2:
                continue
            sd, root = float(pull.std(ddof=1)), math.sqrt(pull.size)
            out[name] = Pull(
                float(pull.mean()), sd / root, sd, sd / math.sqrt(2.0 * (pull.size - 1))
            )
        return out

    @property
    def coverage(self) -> dict[str, Coverage]:
        """Coverage of the profile-likelihood intervals; empty if it was not asked for.

        A toy with a failed fit counts as not covered: that is the careful side.
        """
        if not self.rise.size:
            return {}
        good = (self.status != FAILED) & (self.conditional_status != FAILED)
        out = {}
        for level in LEVELS:
            fraction = float(np.mean(good & (self.rise <= threshold(level))))
            error = math.sqrt(max(fraction * (1.0 - fraction), 1.0 / self.n) / self.n)
            out[f"{100 * level:.3g}%"] = Coverage(level, fraction, error)
        return out

    @property
    def audit(self) -> dict[str, Any]:
        """Comparison with iminuit: number, largest differences of -ln L, deeper minima.

        ``max_above`` is how far our minimum lies above iminuit's at most, ``max_below`` how far
        below: there iminuit stopped short or in another minimum, which is no failure of ours.
        ``deeper_minima`` counts the toys where iminuit's -2 ln L is lower than ours by more than
        `Precision.deeper`, and ``deeper_share`` is their share of the toys compared, an estimate
        for all toys (None where none was compared). It is one from below: iminuit starts once, at
        a random candidate, and can end in the same local minimum.
        """
        difference = 0.5 * self.audit_differences[np.isfinite(self.audit_differences)]
        deeper = int(np.sum(-difference > 0.5 * QUOTED.deeper))
        return {
            "n": int(self.audit_differences.size),
            "iminuit_failed": int(self.audit_differences.size - difference.size),
            "max_above": float(np.max(-difference, initial=0.0)),
            "max_below": float(np.max(difference, initial=0.0)),
            "deeper_minima": deeper,
            "deeper_share": deeper / difference.size if difference.size else None,
        }

    @property
    def audit_text(self) -> str:
        """The audit as one sentence; empty without one."""
        audit = self.audit
        compared = audit["n"] - audit["iminuit_failed"]
        if not compared:
            return ""
        found = "none has"
        if audit["deeper_minima"]:
            share, deeper = audit["deeper_share"], audit["deeper_minima"]
            found = (
                f"{deeper} ({100 * share:.2g} %; of all toys at least about {share * self.n:,.0f}) "
                f"{'has' if deeper == 1 else 'have'}"
            )
        return (
            f"{compared} of {self.n} toys again with iminuit: {found} a deeper minimum elsewhere; "
            f"our -lnL is at most {audit['max_above']:.1e} above and {audit['max_below']:.1e} below"
        )

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain values, without the toys themselves."""
        return {
            "model": self.model,
            "poi": self.poi,
            "n": self.n,
            "seed": self.seed,
            "point": self.point,
            "engine": ENGINE,
            "truth": {k: float(v) for k, v in zip(self.names, self.truth, strict=True)},
            "pulls": {k: vars(v).copy() for k, v in self.pulls.items()},
            "coverage": {k: vars(v).copy() for k, v in self.coverage.items()},
            "statuses": self.statuses,
            "conditional_statuses": self.conditional_statuses,
            "audit": self.audit,
            **self.timing,
        }

    def __str__(self) -> str:
        """Pulls, coverage, statuses and speed as text."""
        lines = [f"{self.n} toys of {self.model}, seed {self.seed}"]
        width = max(len(n) for n in self.names)
        for name, p in self.pulls.items():
            lines.append(
                f"  pull {name:{width}}  mean {p.mean:+.4f} +- {p.mean_error:.4f}   "
                f"sd {p.sd:.4f} +- {p.sd_error:.4f}"
            )
        lines += [
            f"  coverage of the {label} interval of {self.poi}: "
            f"{100 * c.fraction:.2f} +- {100 * c.error:.2f} %"
            for label, c in self.coverage.items()
        ]
        lines.append("  fits: " + ", ".join(f"{v} {k}" for k, v in self.statuses.items()))
        if self.audit_text:
            lines.append(f"  audit: {self.audit_text}")
        t = self.timing
        rate = t["toys_per_second"]
        if rate is not None:
            lines.append(
                f"  {rate:,.0f} toys/s (drawing and free fits, warm, {t['workers']:.0f} workers); "
                f"set-up {t['compile_s']:.1f} s, coverage {t['coverage_s']:.1f} s, "
                f"audit {t['audit_s']:.1f} s, wall {t['wall_s']:.1f} s"
            )
        return "\n".join(lines)


def _timing(times: list[tuple[int, str, Seconds]], wall_s: float) -> dict[str, float | None]:
    """Rates of all workers added up: each runs on a core of its own."""
    workers: dict[str, list[float]] = {}
    # the process that starts a pool measures its first blocks alone: not part of the rate
    pool = {w for _, w, _ in times[len(times) // 2 :]}
    for size, worker, took in times:
        if worker in pool:
            total = workers.setdefault(worker, [0.0, 0.0])
            total[0] += size
            total[1] += took.fit
    rate = sum(n / s for n, s in workers.values()) if workers else None
    return {
        "toys_per_second": rate,
        "workers": float(len(workers)),
        "compile_s": max((took.set_up for _, _, took in times), default=0.0),
        "fit_s": sum(took.fit for _, _, took in times),
        "coverage_s": sum(took.held for _, _, took in times),
        "audit_s": sum(took.audit for _, _, took in times),
        "wall_s": wall_s,
    }
