"""``cevns init``: an experiment file of one's own to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.completion import EXPERIMENTS, TEMPLATES
from cevns.cli.terminal.output import Output
from cevns.exceptions import InputError

__all__ = ["init"]


def init(
    output: Output,
    out: Annotated[Path, typer.Option(metavar="FILE.yaml", help="the file to write")],
    template: Annotated[
        str | None,
        typer.Argument(
            metavar="beam|reactor|sun",
            help="the kind of source; or --from",
            autocompletion=TEMPLATES,
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FILE",
            help="copy a shipped experiment, with its tables",
            autocompletion=EXPERIMENTS,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="of the experiment; default: that of FILE")
    ] = None,
    set_field: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a field of the file"),
    ] = None,
) -> None:
    """Write a commented experiment file for your own detector.

    The file can be used without changes.
    """
    from cevns.experiments.own_file import own_file

    file = own_file(
        template,
        like=like,
        name=_name_of(out) if name is None else name,
        overrides=options.changes_of(set_field),
    )
    written = file.write(out)
    console = output.console
    for path in written:
        console.print(f"written: {path}")
    console.print(
        f"next: cevns validate {out}\n"
        f"      cevns show {out} --plots figures\n"
        f"      cevns rate {out} --plots figures\n"
        f"      cevns fit {out} --asimov --plots figures\n"
        f"      cevns scan {out} --parameter target.mass=1kg:100kg:20:log --plots figures"
    )
    output.result({"files": [str(p) for p in written]})


def _name_of(out: Path) -> str:
    """The name of a file as that of an experiment."""
    text = "-".join(part for part in out.stem.lower().replace("_", "-").split("-") if part)
    if not text.replace("-", "").isascii() or not text.replace("-", "").isalnum():
        raise InputError(
            f"{out.name} cannot name an experiment; add --name with small letters, digits and '-'"
        )
    return text
