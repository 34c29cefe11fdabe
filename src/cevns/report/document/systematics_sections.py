"""The table of systematic uncertainties as a section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cevns.records.record_tables import RecordTable
from cevns.report.document.page_elements import Section, Table
from cevns.report.document.quoted_numbers import percent

__all__ = ["systematics_section"]

_FIELDS = ("impact_up", "impact_down", "error_share", "pull", "constraint", "held")


def systematics_section(record: Mapping[str, Any] | None, note: str = "") -> Section:
    """What each uncertainty does to the prediction and to the fit.

    Args:
        record: of ``cevns systematics``; None where there is none.
        note: why there is none.
    """
    title = "Systematic uncertainties"
    if record is None:
        return Section(title, [note] if note else [])
    names = list(record["prediction_errors"])
    one = len(names) == 1
    heads = ["prediction" if one else f"prediction {n}" for n in names]
    rows, raw = [], []
    for r in record["systematics"]:
        shifts = [_pair(r["predictions"].get(n), 1) for n in names]
        impact = None if r["impact_up"] is None else (r["impact_up"], r["impact_down"])
        held = r["held"]
        rows.append(
            (
                r["name"],
                r.get("description", ""),
                *shifts,
                _pair(impact, 2),
                "" if held else percent(r["error_share"]),
                "held" if held else f"{r['pull']:+.2f} ± {r['constraint']:.2f}".replace("-", "−"),
            )
        )
        ends = (v for n in names for v in r["predictions"].get(n, (None, None)))
        raw.append((r["name"], *ends, *(r[k] for k in _FIELDS)))
    blank = [""] * (1 + len(names))
    rows.append(("statistical", *blank, "", percent(record["statistical"]), ""))
    errors = [f"± {percent(e)}" for e in record["prediction_errors"].values()]
    rows.append(("total", "", *errors, "", percent(record["total"]), ""))
    sides = [f"prediction_{side} {n}" for n in names for side in ("up", "down")]
    table = Table(
        ("parameter", "what", *heads, "impact", "share", "pull"),
        rows,
        "",
        RecordTable(("name", *sides, *_FIELDS), tuple(raw)),
        2,
        " ".join(_words(record)),
    )
    return Section(title, tables=[table])


def _words(record: Mapping[str, Any]) -> Iterator[str]:
    """What the columns mean."""
    yield (
        "Prediction: change of the predicted signal at +1 and −1 standard deviation of the "
        "constraint. Impact: change of the fitted value with the parameter moved by its fitted "
        "error. Share: what the fit error loses, in quadrature, with the parameter held."
    )
    if record["relative_to"] == "error":
        yield "Both are in units of the fit error."
    if any(row["held"] for row in record["systematics"]):
        yield "Held: not varied in the fit."


def _pair(pair: Sequence[float] | None, digits: int) -> str:
    return "" if pair is None else " ".join(percent(end, digits, "+") for end in pair)
