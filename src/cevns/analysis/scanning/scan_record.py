"""What a scan found: one record for all methods, the same fresh or read from its file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.scan.profile_scan import levels
from cevns.inference.work.scan_store import ScanFile, read_scan
from cevns.parameters import Parameter
from cevns.typing import ENGINE, Array

if TYPE_CHECKING:
    from cevns.inference.scan.contours import Contour


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan of one or two parameters.

    Args:
        file: datasets, fingerprint and notes, as they stand in the HDF5 file.
    """

    file: ScanFile

    @classmethod
    def read(cls, path: Path | str) -> Scan:
        """A scan from its file.

        Raises:
            DataError: if the file is missing, truncated or of another kind.
            InputError: if it holds only a share of a scan.
        """
        file = read_scan(path)
        if file.shard is not None:
            i, n = file.shard
            raise InputError(f"{path} holds share {i}/{n} of a scan; join all with 'cevns merge'")
        return cls(file)

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
        return {**structure, **dict(zip(names, theta[i].tolist(), strict=True))}

    @property
    def wilks(self) -> float:
        """The critical value of q if it is distributed as chi2."""
        return levels(self.cl, self.degrees)

    @property
    def critical(self) -> Array:
        """The critical value of q at every point."""
        if self.method == "fc":
            return self.file.datasets["toys/critical"].reshape(self.shape)
        return np.full(self.shape, self.wilks)

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

    @cached_property
    def intervals(self) -> list[tuple[float, float]]:
        """Pieces of the confidence set of a scan of one parameter, in order.

        Raises:
            InputError: if two parameters were scanned.
        """
        self._one()
        found = self.file.datasets.get("region/intervals")
        if found is not None:
            return [(float(a), float(b)) for a, b in found]
        if self.method == "cls":
            from cevns.inference.scan.cls_result import ClsScan

            return self._below(ClsScan.of(self.file).upper()[0])
        from cevns.inference.scan.disjoint import confidence_set

        pieces = confidence_set(self.axes[0], self.q, self.critical).pieces
        return [(p.lower, p.upper) for p in pieces]

    def _below(self, upper: float) -> list[tuple[float, float]]:
        """From no signal to an upper limit; nothing where no scanned value is allowed."""
        return [] if math.isnan(upper) else [(float(self.file.run["null"]), float(upper))]

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
        from cevns.inference.scan.contours import contour

        first, second = (
            Axis(Parameter(n, 0.0, unit=u), x, log)
            for n, u, x, log in zip(
                self.names, self.units, self.axes, self.logarithmic, strict=True
            )
        )
        return contour((first, second), self.q, self.wilks if wilks else self.critical)

    def slices(self) -> list[tuple[float, list[tuple[float, float]]]]:
        """Of a scan with a structural axis: each of its values, and the pieces allowed there.

        Raises:
            InputError: if no axis is structural.
        """
        if not self.raster:
            raise InputError(f"a scan of {' and '.join(self.names)} has no structural axis")
        if self.method == "cls":
            from cevns.inference.scan.cls_result import ClsScan

            pieces = [self._below(u) for u in ClsScan.of(self.file).upper()]
        else:
            from cevns.inference.scan.disjoint import confidence_set

            at = self.names.index(self.raster[0])
            q, critical = (np.moveaxis(a, at, 0) for a in (self.q, self.critical))
            sets = [
                confidence_set(self.axes[1 - at], *both) for both in zip(q, critical, strict=True)
            ]
            pieces = [[(p.lower, p.upper) for p in s.pieces] for s in sets]
        values = self.file.datasets[f"axis/{self.raster[0]}"].tolist()
        return list(zip(values, pieces, strict=True))

    def summary(self) -> list[str]:
        """What was found, in lines."""
        from cevns.analysis.scanning.scan_text import summary

        return summary(self)

    def _one(self) -> None:
        if len(self.names) != 1:
            raise InputError(
                f"a scan of {' and '.join(self.names)} has contours, not intervals; scan one"
            )

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns scan`` and ``cevns limit``."""
        run = self.file.run
        out: dict[str, Any] = {
            "experiments": run["experiments"],
            "model": run["physics"],
            "method": self.method,
            "cl": self.cl,
            "parameters": {
                n: {"unit": u, "from": float(a[0]), "to": float(a[-1]), "points": len(a)}
                for n, u, a in zip(self.names, self.units, self.axes, strict=True)
            },
            "raster": list(self.raster),
            "degrees_of_freedom": self.degrees,
            "asimov": run["asimov"],
            "held": {**run["held parameters"], **run["held couplings"]},
            "best_fit": dict(self.best),
            "critical_value_wilks": self.wilks,
            "failed_points": self.failed,
        }
        if len(self.names) == 1:
            out["intervals"] = [list(p) for p in self.intervals]
        if self.raster:
            out["slices"] = [
                {self.raster[0]: v, "intervals": [list(p) for p in pieces]}
                for v, pieces in self.slices()
            ]
        out["values"] = {n: a.tolist() for n, a in zip(self.names, self.axes, strict=True)}
        out |= {
            "profile": self._profile_dict,
            "fc": self._toys_dict,
            "cls": self._cls_dict,
            "bayes": self._posterior_dict,
        }[self.method]()
        engine = run.get("engine") or self.file.notes.get("engine", ENGINE)
        return {**out, "seed": run.get("seed"), "engine": engine}

    def _profile_dict(self) -> dict[str, Any]:
        return {"critical_value": self.wilks, "delta_twice_nll": self.q.tolist()}

    def _toys_dict(self) -> dict[str, Any]:
        toys = self.file.group("toys")
        return {
            "critical_value": self.critical.ravel().tolist(),
            "critical_value_error": toys["critical_error"].tolist(),
            "p_value": toys["p_value"].tolist(),
            "delta_twice_nll": self.q.tolist(),
            "toys": int(toys["n"].sum()),
            "nuisances_of_the_toys": self.file.run["nuisances of the toys"],
            "best_fit_within": self.file.run["best fit within"],
        }

    def _cls_dict(self) -> dict[str, Any]:
        from cevns.inference.scan.cls_result import ClsScan

        found = ClsScan.of(self.file).to_dict()
        return (
            {"critical_value": 1.0 - self.cl}
            | {k: found[k] for k in ("limited", "null", "upper", "expected")}
            | {"cls_form": found["method"]}
        )

    def _posterior_dict(self) -> dict[str, Any]:
        return {
            "critical_value": float(self.file.datasets["posterior/level"]),
            "priors": self.file.run["priors"],
            "r_hat": float(np.max(self.file.datasets["posterior/r_hat"])),
        }
