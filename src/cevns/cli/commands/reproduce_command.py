"""``cevns reproduce``: published numbers beside ours."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.terminal.output import Output, table

__all__ = ["reproduce"]


def reproduce(
    output: Output,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="of rows, whole or its beginning"),
    ] = None,
) -> None:
    """Compare with published numbers: quantity, published, ours, difference, agrees."""
    from rich.text import Text

    from cevns.reproduction import reproduce as rows
    from cevns.study import load

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
    records, judged_by_own = [], False
    experiments: list[str] = []
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
        experiments += row.experiments
        judged_by_own |= any(one.own is not None for one in p.each)
    output.console.print(shown)
    if judged_by_own:
        output.console.print("  (own): judged by an independent program with the same inputs")
    for note, first in notes.items():
        output.console.print(f"  {first}: {note}")
    opened = (e for name in dict.fromkeys(experiments) for e in load(name).experiments)
    used = {e.name: e.provenance()["inputs"] for e in opened}
    output.result({"rows": records, "experiments": used})
