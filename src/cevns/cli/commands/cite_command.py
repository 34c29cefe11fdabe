"""``cevns cite``: whom to cite for an experiment, or for a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output
from cevns.exceptions import InputError

__all__ = ["cite"]


def cite(
    output: Output,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT|RESULT.json|SCAN.h5",
            help="experiments, JSON files of --json, files of scans, and reports",
        ),
    ],
    format_name: Annotated[
        str, typer.Option("--format", metavar="NAME", help="bibtex, text or markdown")
    ] = "bibtex",
    model: Annotated[str | None, options.NewPhysics] = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
) -> None:
    """List the references of an experiment, a result or a scan.

    Each reference is given with its use; for an experiment, those of a fit are listed.
    """
    from cevns.citations import Citations
    from cevns.study.cited_work import cite as cited
    from cevns.study.cited_work import is_result

    Citations().format(format_name)  # refuses a wrong name before anything is read
    given = {"--model": model, "--set": set_field, "--data": data}
    for option in (name for name, value in given.items() if value is not None):
        if all(is_result(one) for one in what):
            raise InputError(
                f"{option} applies to experiments only; a result already contains its settings"
            )
    found = cited(
        *(Path(one) if is_result(one) else one for one in what),
        data=data,
        overrides=options.changes_of(set_field),
        models=model,
    )
    output.console.print(
        found.format(format_name), markup=False, highlight=False, soft_wrap=True, emoji=False
    )
    output.result({"citations": found.records()})
