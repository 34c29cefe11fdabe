"""``cevns compare``: from one prediction to another, one change at a time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, prepare_figure, table
from cevns.exceptions import InputError
from cevns.records import cited

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.changes import Comparison

__all__ = ["compare"]

_MANY: Final = 4
"""Steps from which on equal ones are written as one."""
_SAME: Final = 1e-9


def compare(
    opened: options.Opened,
    output: Output,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="write the figure there")
    ] = None,
    sigmas: Annotated[
        float | None,
        typer.Option(
            help="significance at which a change of one experiment is observed  [default: 3]"
        ),
    ] = None,
) -> None:
    """Convert the prediction of one experiment to another.

    The CEvNS count of the first experiment is converted to the others, one change at a time.

    A single experiment is compared with itself after the changes of --set, and where its source is
    a reactor the days are told in which its counts show them.
    """
    prepare_figure(plot, "--plot")
    study = opened.open()
    if sigmas is not None and len(study.experiments) > 1:
        raise InputError(
            "--sigmas belongs to one experiment, compared with itself after --set: of several "
            "experiments no days are told"
        )
    found = study.compare(sigmas=3.0 if sigmas is None else sigmas)
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
    output.result(cited(record, "asymptotic"), study)


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
    if result.days is not None:
        console.print(
            f"at {result.days.sigmas:g} sigma the change is observed after "
            f"{result.days.after_as_long:.3g} live days if as many precede the change, and after "
            f"{result.days.after_a_long_time:.3g} if many more precede it (median, from counts)"
        )
    elif result.no_days:
        console.print(f"the number of days to observe the change is not given: {result.no_days}")


def _first(fields: Mapping[str, str]) -> str:
    """The first field that changed; many edges of equal steps in few words."""
    text = next(iter(fields.values()), "")
    if not (text.startswith("[") and text.endswith("]")):
        return text
    try:
        edges = [float(part) for part in text[1:-1].split(",")]
    except ValueError:
        return text
    steps = [b - a for a, b in pairwise(edges)]
    if len(steps) < _MANY or max(steps) - min(steps) > _SAME * abs(steps[0]):
        return text
    return f"{edges[0]:g} to {edges[-1]:g} in steps of {steps[0]:.6g}"
