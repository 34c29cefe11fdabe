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
        typer.Argument(
            metavar="[ID]...", help="ids of rows, their first letters, or names of experiments"
        ),
    ] = None,
) -> None:
    """Compare published numbers with ours.

    Each row has the difference, a verdict and the reason.
    """
    from rich.text import Text

    from cevns.reproduction import reproduce as rows
    from cevns.study import load

    found = list(rows(ids or ()))
    by_program = any(one.own is not None for row in found for one in row.published.each)
    shown = table(
        "published numbers and ours",
        "id",
        "quantity",
        "published",
        *(["program"] if by_program else []),
        "ours",
        "diff/σ",
        "verdict",
        left=2,
    )
    notes: dict[str, str] = {}
    for row in found:
        p = row.published
        shown.add_row(
            p.id,
            p.quantity + (f" [{p.unit}]" if p.unit else ""),
            row.published_text,
            *([row.own_text] if by_program else []),
            row.ours_text,
            "" if row.difference is None else f"{row.difference:+.2f}",
            Text(row.verdict, "bold") if row.verdict == "differs" else row.verdict,
        )
        if row.reason:
            notes.setdefault(row.reason, p.id)
    output.console.print(shown)
    if by_program:
        output.console.print("  program: an independent program with the same inputs")
    for note, first in notes.items():
        output.console.print(f"  {first}: {note}")
    names = dict.fromkeys(name for row in found for name in row.experiments)
    opened = (e for name in names for e in load(name).experiments)
    used = {e.name: e.provenance()["inputs"] for e in opened}
    output.result({"rows": [row.to_dict() for row in found], "experiments": used})
