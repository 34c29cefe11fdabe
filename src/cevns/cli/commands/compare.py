"""``cevns compare``: from one prediction to another, one change at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError
from cevns.files import check_writable

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.changes import Comparison

__all__ = ["compare"]


def compare(
    opened: options.Opened,
    output: Output,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="write the figure there")
    ] = None,
) -> None:
    """Turn the first experiment's predicted CEvNS count into the others', one change at a time."""
    if plot is not None:
        check_writable(plot)
    study = opened.open()
    found = study.compare()
    if plot is not None and len(found) > 1:
        raise InputError("--plot draws one comparison; name two experiments")
    for result in found.values():
        _show(output.console, result)
    record: dict[str, Any] = study.provenance()
    records = {name: result.to_dict() for name, result in found.items()}
    if len(found) == 1:
        record |= next(iter(records.values()))
    else:
        record["comparisons"] = records
    if plot is not None:
        from cevns.report import change_figure, save

        save(change_figure(next(iter(found.values()))), plot)
        record["figures"] = [str(plot)]
    output.result(record)


def _show(console: Console, result: Comparison) -> None:
    shown = table(
        f"from {result.first.title} to {result.second.title}",
        "change",
        "before",
        "after",
        "predicted signal",
        "ratio",
        left=3,
    )
    shown.add_row("", "", "", f"{result.start:.1f}", "")
    for step in result.steps:
        shown.add_row(
            step.label,
            _first(step.before),
            _first(step.after),
            f"{step.prediction:.1f}",
            f"{step.ratio:.3f}",
        )
    shown.add_section()
    for name, (before, after) in result.backgrounds().items():
        shown.add_row(name, before, after, "", "")
    z = ["" if value is None else f"{value:.2f}" for value in result.expected_z]
    shown.add_row("expected significance", *z, "", "")
    console.print(shown)


def _first(fields: Mapping[str, str]) -> str:
    """The first field that changed, in few words."""
    text = next(iter(fields.values()), "")
    return text if len(text) <= 28 else f"{text[:25]}..."
