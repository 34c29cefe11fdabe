"""``cevns report``: results as one page that can be mailed, and its numbers taken out again."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.completion import EXPERIMENTS
from cevns.cli.terminal.output import Output
from cevns.exceptions import FitError, InputError

__all__ = ["report"]


@dataclass(frozen=True, kw_only=True)
class ToReport(options.Fitting):
    """What a report is of: experiments, with what a fit of them takes, and files of results.

    Args:
        experiment: names and paths.
    """

    experiment: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT|SCAN.h5|FIT.json",
            help="experiments as elsewhere (several are fitted together), files of scans, and "
            "what --json wrote; with --extract a report",
            autocompletion=EXPERIMENTS,
        ),
    ]

    @property
    def given(self) -> dict[str, object]:
        """Options that were given, by their names; they are those of a fit."""
        found = {
            "--set": self.set_field,
            "--data": self.data,
            "--model": self.model,
            "--at": self.at,
            "--poi": self.poi,
            "--free": self.free,
            "--fix": self.fix,
            "--asimov": self.asimov,
            "--minos": self.minos != "poi",
            "--gof-toys": self.gof_toys,
            "--width": self.width,
        }
        return {name: value for name, value in found.items() if value}


def report(
    asked: ToReport,
    output: Output,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="default: the name of what it is of, here"),
    ] = None,
    date: Annotated[
        str,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="date of the report, or today; default: SOURCE_DATE_EPOCH, else none",
        ),
    ] = "",
    extract: Annotated[
        bool, typer.Option("--extract", help="give back the JSON in a report")
    ] = False,
) -> None:
    """Write results as one HTML file that can be mailed.

    It holds tables, figures, where all comes from, whom to cite and the results as JSON, and asks
    for nothing from elsewhere. The same input gives the same file.
    """
    from cevns.study.cited_work import is_result

    if extract:
        _extract(asked, output, out)
        return
    files = [Path(name) for name in asked.experiment if is_result(name)]
    names = [name for name in asked.experiment if not is_result(name)]
    if not names and asked.given:
        raise InputError(
            f"{next(iter(asked.given))} is for fits of experiments; a result knows what it was "
            "made with"
        )
    from cevns.report import document

    target = document.prepared(_usual(asked.experiment) if out is None else out)
    results: list[document.Reported] = []
    command = ["cevns", "report"]
    if names:
        fitting = replace(asked, experiment=names)
        found = document.fitted(fitting.study, **fitting.question, **fitting.choices, named=names)
        results.append(found)
        command = shlex.split(found.command("report", *(f.name for f in files)))
    else:
        command += [f.name for f in files]
    results += files
    command += ["--date", date] if date else []
    page = document.compose(*results, date=date, command=shlex.join(command))
    page.write(target)
    console = output.console
    for line in page.answers:
        console.print(line)
    console.print(f"{page.title}: written to {target}", soft_wrap=True, highlight=False)
    output.result(page.record)
    if page.failures:
        raise FitError(f"{page.failures[0].rstrip('.')} ({target} says so)")


def _usual(names: list[str]) -> Path:
    """The file of a report that names none: beside nothing, with the name of what it is of."""
    stem = "-".join(dict.fromkeys(Path(name).stem for name in names))
    return Path("".join(c if c.isalnum() or c in "-_." else "-" for c in stem)[:100] + ".html")


def _extract(asked: ToReport, output: Output, out: Path | None) -> None:
    """Give back the JSON of one report, to standard output or to a file."""
    from cevns.files import write
    from cevns.records.record_files import json_text
    from cevns.report import document

    if asked.given:
        raise InputError(f"--extract takes no {next(iter(asked.given))}: it reads a report")
    if len(asked.experiment) != 1:
        raise InputError("--extract reads one report: name one HTML file")
    text = json_text(document.extract(asked.experiment[0]))
    where = str(out) if out is not None else output.json
    if where is None or where == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write(where, text)
