"""``cevns validate``: all slips of experiment files at once; the JSON schema for editors."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.completion import EXPERIMENTS
from cevns.cli.terminal.output import Output
from cevns.cli.terminal.screen import screen
from cevns.exceptions import InputError, SchemaError

__all__ = ["validate"]


def validate(
    output: Output,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="experiment files, or names from 'cevns list'",
            autocompletion=EXPERIMENTS,
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON schema of experiment files")
    ] = False,
    set_field: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="change a field of every file before the check"
        ),
    ] = None,
    data: options.DataFolder = None,
) -> None:
    """Check experiment files and report all errors.

    Each error is reported with its line and field.
    """
    if schema:
        from cevns.experiments.file_schema import file_schema

        if files or output.json is not None:
            raise InputError("--schema only prints the schema; omit files and --json")
        sys.stdout.write(dumps(file_schema(), indent=1) + "\n")
        return
    if not files:
        raise InputError("name the files to check, or ask for the schema with --schema")
    from cevns.experiments.slips import slips

    wrong, record = 0, {}
    # mistakes are for people: on standard error, as those of every command
    errors = screen(stderr=True)
    for file in files:
        found = slips(file, data=data, overrides=options.changes_of(set_field))
        for slip in found:
            errors.print(f"cevns: {slip}")
        record[file] = [_record(slip) for slip in found]
        wrong += len(found)
        if not found:
            output.console.print(f"{file}: valid")
    output.result({"slips": record})
    if wrong:
        raise typer.Exit(2)


def _record(slip: Exception) -> dict[str, Any]:
    """A slip with its place."""
    if isinstance(slip, SchemaError):
        where = {"file": Path(slip.path).as_posix(), "line": slip.line, "field": slip.field}
        return {**where, "message": slip.message}
    return {"file": None, "line": None, "field": None, "message": str(slip)}
