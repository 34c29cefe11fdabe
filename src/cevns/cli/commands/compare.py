"""``cevns compare``: from one prediction to another, one change at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.files import check_writable

__all__ = ["compare"]


def compare(
    first: options.ExperimentName,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="the experiment to arrive at")],
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="write the figure there")
    ] = None,
    json: options.Json = None,
) -> None:
    """Turn one experiment's predicted CEvNS count into another's, one change at a time."""
    from cevns.analysis.changes import compare as compare_experiments

    output = Output(json)
    if plot is not None:
        check_writable(plot)
    result = compare_experiments(options.load(first, None, None), options.load(second, None, None))
    shown = table(
        f"from {result.first.title} to {result.second.title}",
        "change",
        "before",
        "after",
        "predicted CEvNS",
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
    output.console.print(shown)
    record = {
        "experiments": {e.name: e.provenance() for e in (result.first, result.second)},
        **result.to_dict(),
    }
    if plot is not None:
        from cevns.report import save
        from cevns.report.change_figures import change_figure

        save(change_figure(result), plot)
        record["figures"] = [str(plot)]
    output.result(record)


def _first(fields: Mapping[str, str]) -> str:
    """The first field that changed, in few words."""
    text = next(iter(fields.values()), "")
    return text if len(text) <= 28 else f"{text[:25]}..."
