"""``cevns export`` and ``inspect``: files of likelihoods and results for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal import options, ranges
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.likelihood_files.file_format import Inspection

__all__ = ["export", "inspect"]


def export(
    asked: options.Asked,
    output: Output,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORMAT", help="histfactory, hs3, hepdata, root, csv or arviz"
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="the file, or the folder of a submission (hepdata)")
    ],
    asimov: options.Asimov = False,
    profile_shapes: Annotated[
        bool, typer.Option("--profile-shapes", help="free the shapes that the file holds")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="write nothing if the file differs from the model"),
    ] = False,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW:HIGH:N[:log]",
            help="of --model, twice for a plane: a patchset with a signal at each point "
            "(histfactory)",
        ),
    ] = None,
    scan: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.h5", help="a scan that belongs to it (hepdata)"),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="SEED", min=0, help="of samples (arviz)")] = 1,
    draws: Annotated[
        int, typer.Option(metavar="N", min=100, help="independent draws (arviz)")
    ] = 5000,
) -> None:
    """Write the likelihood to a file for other programs.

    Results can be written too; differences from the model are stated.
    """
    from cevns.likelihood_files.closure import REFINED
    from cevns.likelihood_files.file_format import writer

    name = to.strip().casefold()
    chosen = writer(name)
    chosen.check_extras(grid=bool(parameter), scans=bool(scan))
    chosen.prepare(out)
    study = asked.study
    plan = None
    if parameter:
        if asked.poi or asked.free:
            raise InputError("--parameter cannot be combined with --poi or --free; use one of them")
        plan = _plan(asked, parameter, asimov=asimov)
    question = {**asked.question, **({"at": {}} if plan is not None else {})}
    found = study.export(
        name,
        out,
        **question,
        asimov=asimov,
        profile_shapes=profile_shapes,
        strict=strict,
        plan=plan,
        scans=scan or (),
        seed=seed,
        draws=draws,
    )
    output.console.print(f"{study.title}: {found.format}", style="bold", soft_wrap=True)
    for line in found.written.lines:
        output.console.print(line, soft_wrap=True, highlight=False)
    if any("(cevns " in line for line in found.written.lines):
        output.console.print(f"note: {REFINED}", soft_wrap=True, highlight=False)
    for file in found.files:
        output.console.print(f"written: {file}", soft_wrap=True, highlight=False)
    output.result(found.to_dict(), study)


def _plan(asked: options.Asked, parameters: list[str], *, asimov: bool) -> ScanPlan:
    """The points of a patchset, of models without tables."""
    study = asked.study
    known, axes = study.couplings, {}
    for r in ranges.read(parameters):
        p = known[r.name]
        if p.name in axes:
            raise InputError(f"--parameter {p.name} is given twice; give it one range")
        axes[p.name] = r.axis(p, structural=p.name in study.structural)
    held = options.fixed(study.model("cross-section").parameters, asked.fix) if asked.fix else {}
    return study.plan(axes, at=asked.values, fix=held, asimov=asimov, form="exact")


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="of a likelihood or a result")],
    output: Output,
    table_name: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="print one table of a result only")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="csv, markdown or latex")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the table there, not to the screen")
    ] = None,
) -> None:
    """Show the content of a likelihood or result file.

    Files are those that cevns writes: likelihoods, tables, posteriors, results, scans. A table of a
    result can be printed for a paper or a spreadsheet.
    """
    from cevns.files import check_writable, expanded, write
    from cevns.likelihood_files.exporting import inspect as look
    from cevns.records.table_formats import formatted

    if table_name is None:
        for option, value in {"--format": format_name, "--out": out}.items():
            if value is not None:
                raise InputError(f"{option} is of one table; name it with --table")
    if out is not None:
        check_writable(out)
    path = expanded(file)
    found = look(path)
    if table_name is not None:
        if not found.held:
            raise InputError(
                f"{path} is no result of cevns, but: {found.kind}; --table is for what --json wrote"
            )
        if table_name not in found.held:
            raise UnknownNameError("table of this result", table_name, found.held)
        text = formatted(found.held[table_name], format_name or "csv")
        if out is None:
            output.console.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
        else:
            write(out, f"{text}\n")
    else:
        _print_inspection(path, found, output)
    output.result({"file": str(path), "kind": found.kind, **dict(found.content)})


def _print_inspection(path: Path, found: Inspection, output: Output) -> None:
    output.console.print(f"{path}: {found.kind}", style="bold", soft_wrap=True, highlight=False)
    for line in found.lines:
        output.console.print(line, soft_wrap=True, highlight=False)
    for each in found.tables:
        shown = table(each.title, *each.columns)
        for number, column in enumerate(shown.columns):
            if not all(_is_number(row[number]) for row in each.rows):
                column.justify = "left"
        for row in each.rows:
            shown.add_row(*row)
        output.console.print(shown)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text
    return True
