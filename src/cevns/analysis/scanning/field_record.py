"""What a scan over a field of the experiment file found, the same fresh or read from its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from cevns import records
from cevns.analysis.sensitivity.topic import Quantity
from cevns.inference.work.scan_store import ScanFile
from cevns.records import Result
from cevns.records.record_tables import RecordTable, columns_of
from cevns.typing import Array

__all__ = ["FIELD", "NUMBERS", "FieldScan"]

FIELD: Final = "field"
"""The ``method`` of such a scan in its file."""
NUMBERS: Final = (
    "signal", "background", "value", "error", "lower", "upper", "upper_limit", "significance",
)  # fmt: skip
"""What is known at each value of the field; NaN where a number does not exist."""
_DISCOVERY: Final = (3.0, 5.0)
"""Significances of which it is said where they are reached."""


@dataclass(frozen=True, eq=False)
class FieldScan(Result):
    """What is expected of experiments, against a number in their file: mass, time, distance.

    Args:
        file: datasets, fingerprint and notes, as they stand in the HDF5 file.
    """

    main_table: ClassVar[str] = "points"

    file: ScanFile

    def __repr__(self) -> str:
        """What was scanned."""
        return f"<FieldScan of {self.name}: {self.title}>"

    def __str__(self) -> str:
        """What was found, in lines."""
        return "\n".join(self.summary())

    # -- what was asked ------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The field."""
        (name,) = self.file.run["axes"]
        return str(name)

    @property
    def unit(self) -> str:
        """Unit of its values; empty for plain numbers."""
        (unit,) = self.file.run["units"]
        return str(unit)

    @property
    def logarithmic(self) -> bool:
        """Whether the values are equidistant in the logarithm."""
        return bool(self.file.run["logarithmic"][0])

    @property
    def values(self) -> Array:
        """Of the field, in its unit."""
        return self.file.datasets[f"axis/{self.name}"]

    @property
    def cl(self) -> float:
        """Confidence level of intervals and limits."""
        return float(self.file.run["confidence level"])

    @property
    def title(self) -> str:
        """The experiments in words."""
        return str(self.file.run["title"])

    @property
    def quantity(self) -> Quantity:
        """What is asked of the experiments."""
        asked = self.file.run["quantity"]
        return Quantity(
            asked["name"], asked["title"], kind=asked["kind"], unit=asked["unit"],
            needs_zero=asked["needs_zero"],
        )  # fmt: skip

    # -- what was found ------------------------------------------------------------------------

    def __getitem__(self, number: str) -> Array:
        """One of `NUMBERS` at each value; the error is relative where the quantity says so."""
        return self.file.datasets[f"expected/{number}"]

    @property
    def main(self) -> Array:
        """The error or, of a limit, the limit."""
        return self["upper_limit" if self.quantity.kind == "limit" else "error"]

    def written(self, i: int) -> str:
        """`main` at one of the values in three digits, relative errors in per cent."""
        value, kind = float(self.main[i]), self.quantity.kind
        if np.isnan(value):
            return "-"
        if kind == "relative":
            return f"{100.0 * value:#.3g}".rstrip(".") + " %"
        return f"{'< ' if kind == 'limit' else ''}{value:#.3g}".rstrip(".")

    @property
    def has_significance(self) -> bool:
        """Whether a significance against no signal is known anywhere."""
        return not np.isnan(self["significance"]).all()

    @property
    def constant(self) -> dict[str, float]:
        """Backgrounds whose counts are the same at all values, where others move."""
        return dict(self.file.run["constant"])

    def reached(self, sigmas: float) -> float | None:
        """The value of the field from which the significance is at least so large.

        It is interpolated between the values; None where it is reached nowhere, or at the first.
        """
        z, x = self["significance"], self.values
        above = z >= sigmas
        if not above[-1] or above.all():
            return None
        i = int(np.flatnonzero(~above)[-1])
        if not np.isfinite(z[i]):
            return None
        share = (sigmas - z[i]) / (z[i + 1] - z[i])
        if self.logarithmic:
            return float(x[i] * (x[i + 1] / x[i]) ** share)
        return float(x[i] + share * (x[i + 1] - x[i]))

    def summary(self) -> list[str]:
        """What was found, in lines, beside the table."""
        q, unit = self.quantity, f" {self.unit}".rstrip()
        level = f"{100.0 * self.cl:g} %"
        what = f"{level} upper limit on" if q.kind == "limit" else "error (one sigma) of"
        low, high = (f"{v:.4g}{unit}" for v in self.values[[0, -1]])
        first, last = self.written(0), self.written(-1)
        lines = [f"{what} {q.name}: {first} at {self.name} = {low}, {last} at {high}"]
        if q.needs_zero and not self.has_significance:
            lines.append("no significance: without background there is none")
        beside = self.file.run.get("channels beside")
        if beside:
            of = " and ".join(self.file.run["channels"])
            lines.append(
                f"signal and background are those of {of}; {' and '.join(beside)} "
                f"{'has' if len(beside) == 1 else 'have'} no signal"
            )
        if moved := self.file.run.get("uncertainties"):
            lines.append(f"the error includes the uncertainties of {', '.join(moved)}")
        for sigmas in _DISCOVERY if q.needs_zero else ():
            at = self.reached(sigmas)
            if at is not None:
                lines.append(f"{sigmas:g} sigma are reached at {self.name} = {at:.3g}{unit}")
        if self.constant:
            said = ", ".join(f"{n} ({c:.4g} events)" for n, c in self.constant.items())
            lines.append(f"the same at every {self.name}: {said}")
        return lines

    def record_tables(self) -> dict[str, RecordTable]:
        """With the values of the field as rows."""
        columns = {self.name: self.values, **{n: self[n] for n in NUMBERS}}
        kept = {n: c for n, c in columns.items() if not np.isnan(c).all()}
        own = {k: v for k, v in super().record_tables().items() if not k.startswith("values")}
        return {**own, "points": columns_of(kept)}

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns scan`` over a field."""
        run, q = self.file.run, self.quantity
        numbers = {n: [None if np.isnan(v) else float(v) for v in self[n]] for n in NUMBERS}
        return records.cited(
            {
                **records.head(),
                "experiments": run["experiments"],
                "field": self.name,
                "unit": self.unit,
                "logarithmic": self.logarithmic,
                "quantity": {"name": q.name, "title": q.title, "kind": q.kind, "unit": q.unit},
                "cl": self.cl,
                "asimov": True,
                "held": run["held"],
                "constant": self.constant,
                "values": self.values.tolist(),
                "expected": numbers,
                "citations": run["citations"],
            },
            "fit",
            "asymptotic",
        )
