"""What a scan found: one record for all methods, the same fresh or read from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from cevns.analysis.scanning.field_record import FIELD
from cevns.analysis.scanning.scan_findings import ScanFindings
from cevns.analysis.scanning.scan_text import summary
from cevns.citations import Citations
from cevns.exceptions import InputError
from cevns.inference.work.scan_store import read_scan
from cevns.records import Result, cited
from cevns.records.record_tables import RecordTable, columns_of
from cevns.typing import ENGINE

__all__ = ["Scan"]

_METHODS = {
    "bayes": ("bayes",),
    "cls": ("cls",),
    "fc": ("feldman-cousins",),
    "profile": ("asymptotic",),
}
"""What each method cites (`cevns.citations.methods`)."""

_AT_POINTS: Final = {
    "delta_twice_nll": "profile/q",
    "critical_value": "toys/critical",
    "p_value": "toys/p_value",
    "p_value_error": "toys/p_error",
    "cls": "cls/cls",
    "density": "posterior/density",
    "credibility": "posterior/credibility",
}
"""Columns of the table of points, by the dataset that holds them."""


class Scan(Result, ScanFindings):
    """A scan of one or two parameters: what it found, as lines and as JSON."""

    main_table: ClassVar[str] = "points"

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
        if file.run.get("method") == FIELD:
            raise InputError(
                f"{path} is a scan over {file.run['axes'][0]}, a field of the experiment "
                "file; a scan of parameters is needed here"
            )
        return cls(file)

    def explore(self, state: str = "") -> Any:
        """A scan has no sliders: it holds numbers and not the experiments.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"a scan holds no experiments to explore{f' at {state}' if state else ''}; explore "
            "the study that it was made with"
        )

    def __repr__(self) -> str:
        """What was scanned, and how."""
        return f"<Scan of {', '.join(self.names)} by {self.method}: {self.title}>"

    def __str__(self) -> str:
        """What was found, in lines."""
        return "\n".join(self.summary())

    def summary(self) -> list[str]:
        """What was found, in lines."""
        return summary(self)

    def record_tables(self) -> dict[str, RecordTable]:
        """With the points of the grid as rows: where, and what was found there."""
        grid = np.meshgrid(*self.axes, indexing="ij")
        columns = {n: g.ravel() for n, g in zip(self.names, grid, strict=True)}
        found = self.file.datasets
        columns |= {name: found[key].ravel() for name, key in _AT_POINTS.items() if key in found}
        own = {k: v for k, v in super().record_tables().items() if not k.startswith("values.")}
        return {**own, "points": columns_of(columns)}

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
            "unsure_points": int(self.unsure.sum()),
        }
        if len(self.names) == 1:
            out["intervals"] = [list(p) for p in self.intervals]
            out["upper_limit"] = self.upper_limit
        if self.raster:
            out["slices"] = [
                {self.raster[0]: v, "intervals": [list(p) for p in pieces]}
                for v, pieces in self.slices()
            ]
        out["values"] = {n: a.tolist() for n, a in zip(self.names, self.axes, strict=True)}
        out |= self._of_method()
        of = [*_METHODS[self.method], *(["shared-toys"] if self.shared else [])]
        engine = run.get("engine") or self.file.notes.get("engine", ENGINE)
        return cited({**out, "seed": run.get("seed"), "engine": engine, **self._citations()}, *of)

    def _citations(self) -> dict[str, Any]:
        """What the run says; of a scan of an earlier version the papers of its measurements."""
        run = self.file.run
        if "citations" in run:
            return {"citations": run["citations"]}
        return {"citations": Citations.of(run.get("cite", ()), "measurement").records()}

    def _of_method(self) -> dict[str, Any]:
        """What one method has and others do not."""
        run = self.file.run
        if self.method == "bayes":
            posterior = self.file.group("posterior")
            return {
                "critical_value": float(posterior["level"]),
                "priors": run["priors"],
                "r_hat": float(np.max(posterior["r_hat"])),
            }
        if self.method == "cls":
            from cevns.inference.scan.cls import ClsScan

            found = ClsScan(self.file).to_dict()
            kept = {k: found[k] for k in ("limited", "null", "upper", "expected")}
            return {"critical_value": 1.0 - self.cl, **kept, "cls_form": found["method"]}
        if self.method == "profile":
            return {
                "critical_value": self.wilks,
                "delta_twice_nll": self.q.tolist(),
                "fits_by_toys": self.file.notes.get("fits by toys"),
            }
        toys = self.file.group("toys")
        return {
            "critical_value": toys["critical"].tolist(),
            "excluded_without_toys": int(self.excluded.sum()),
            "p_value_of_the_excluded_below": run.get("p-value of the excluded below"),
            "refused": self.refused or None,
            "critical_value_error": toys["critical_error"].tolist(),
            "p_value": toys["p_value"].tolist(),
            "delta_twice_nll": self.q.tolist(),
            "toys": int(toys["n"].sum()) if not self.shared else self._drawn(),
            "fits": int(toys["fits"]) if "fits" in toys else None,
            "toys_at": "anchors" if self.shared else "every-point",
            "anchors": len(run.get("anchors", [])),
            "p_value_error": toys["p_error"].tolist(),
            "equivalent_toys": toys["equivalent"].tolist() if "equivalent" in toys else None,
            "effective_toys": toys["effective"].tolist() if self.shared else None,
            "sum_of_weights": toys["sum"].tolist() if self.shared else None,
            "points_with_own_toys": int(np.sum(toys["own_at_last"] > 0)) if self.shared else None,
            "goodness_of_fit": toys["goodness_of_fit"].tolist() if self.shared else None,
            "nuisances_of_the_toys": run["nuisances of the toys"],
            "best_fit_within": run["best fit within"],
        }

    def _drawn(self) -> int:
        """Toys that were drawn, of shared ones."""
        run = self.file.run
        own = int(self.file.datasets["toys/own_at_last"].sum())
        return len(run["anchors"]) * int(run["toys of an anchor"]) + own
