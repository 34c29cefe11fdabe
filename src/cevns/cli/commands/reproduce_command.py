"""``cevns reproduce``: published numbers beside ours."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.terminal.output import Output, table

__all__ = ["reproduce"]


def reproduce(
    output: Output,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="rows; a beginning is enough")
    ] = None,
) -> None:
    """Compare with published numbers: quantity, published, ours, difference, agrees."""
    from rich.text import Text

    from cevns.experiments import load
    from cevns.reproduction import reproduce as rows

    shown = table(
        "published numbers and ours",
        "id",
        "quantity",
        "published",
        "ours",
        "diff/σ",
        "agrees",
        left=2,
    )
    records = []
    notes: dict[str, str] = {}
    for row in rows(ids or ()):
        p = row.published
        unit = f" {p.unit}" if p.unit else ""
        if row.skipped:
            notes.setdefault(row.skipped, p.id)
        shown.add_row(
            p.id,
            p.quantity + (f" [{p.unit}]" if unit else ""),
            row.published_text,
            row.ours_text,
            "" if row.difference is None else f"{row.difference:+.2f}",
            Text(row.verdict_text.replace("no", "NO", 1), "bold")
            if row.verdict == "no"
            else row.verdict_text,
        )
        if p.note:
            notes.setdefault(p.note, p.id)
        records.append(row.to_dict())
    output.console.print(shown)
    if any(row["own"] is not None for row in records):
        output.console.print("  (own): judged by an independent program with the same inputs")
    for note, first in notes.items():
        output.console.print(f"  {first}: {note}")
    used = {
        name: load(name).provenance()["inputs"]
        for name in dict.fromkeys(r["experiment"] for r in records if r["experiment"])
    }
    output.result({"rows": records, "experiments": used})
