"""``cevns gallery``: the tables and figures of the field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal.figure_options import Form, suffixes
from cevns.cli.terminal.output import Output, prepare_folder, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.report.gallery import Entry

__all__ = ["gallery"]


def gallery(
    output: Output,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="entries; with --out, all by default")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="write NAME.png and, of tables, NAME.csv there"),
    ] = None,
    form: Form = None,
) -> None:
    """Tables and figures of the field, published and ours.

    Without a name, the entries are listed; with --out, all are computed and written.
    """
    from cevns.report.gallery import entries, entry

    endings = suffixes(form)
    if form and out is None:
        raise InputError("--format applies to the figures; add --out DIR")
    chosen = [entry(name) for name in names] if names else list(entries())
    if not names and out is None:
        listed = table("gallery", "name", "what", "here", left=3)
        for e in chosen:
            listed.add_row(
                e.name, e.title, e.missing or ("yes, in part carried" if e.carried else "yes")
            )
        output.console.print(listed)
        output.console.print("carried: from tables in the package, which the entry names")
        record = [
            {"name": e.name, "title": e.title, "missing": e.missing, "carried": e.carried}
            for e in chosen
        ]
        output.result({"entries": record})
        return
    if out is not None:
        prepare_folder(out, "--out")
    records: list[dict[str, Any]] = []
    for e in chosen:
        # by name it is wanted and its absence an error; among all it is passed over with a word
        if e.missing and not names:
            output.console.print(f"{e.name}: skipped, {e.missing}")
            records.append({"name": e.name, "title": e.title, "skipped": e.missing})
            continue
        records.append(_write(output, e, out, endings))
    output.result({"entries": records})


def _write(output: Output, e: Entry, out: Path | None, endings: Sequence[str]) -> dict[str, Any]:
    from cevns.files import write
    from cevns.report import save

    record: dict[str, Any] = {"name": e.name, "title": e.title, "carried": e.carried}
    if e.carried:
        output.console.print(f"{e.name}: read from tables in the package: {e.carried}")
    numbers = e.table()
    if numbers is not None:
        shown = table(e.title, *numbers.columns)
        for i, column in enumerate(shown.columns):
            column.justify = "left" if numbers.is_text(i) else "right"
        for row in numbers.rows:
            shown.add_row(*(numbers.text(cell) for cell in row))
        output.console.print(shown)
        for note in numbers.notes:
            output.console.print(f"  {note}")
        record["columns"] = list(numbers.columns)
        record["rows"] = [list(row) for row in numbers.rows]
        record["notes"] = list(numbers.notes)
    if out is None:
        return record
    figure = e.figure()
    paths = [save(figure, out / f"{e.name}{ending}") for ending in endings]
    if numbers is not None:
        paths.append(out / f"{e.name}.csv")
        write(paths[-1], numbers.csv())
    record["files"] = [str(path) for path in paths]
    output.console.print(", ".join(record["files"]))
    return record
