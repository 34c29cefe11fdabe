"""The application: its commands, imported lazily so that ``cevns --help`` is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.commands import (
    compare as comparing,
)
from cevns.cli.commands import (
    data_commands as data,
)
from cevns.cli.commands import (
    fit_commands as fitting,
)
from cevns.cli.commands import (
    gallery_command as gallery,
)
from cevns.cli.commands import (
    limit_command as limits,
)
from cevns.cli.commands import (
    list_models as catalogue,
)
from cevns.cli.commands import (
    quenching_commands as quenching,
)
from cevns.cli.commands import (
    rate_command as rates,
)
from cevns.cli.commands import (
    reproduce_command as reproduction,
)
from cevns.cli.commands import (
    scan_command as scanning,
)
from cevns.cli.commands import (
    toys_command as pseudo,
)
from cevns.cli.commands import (
    xsec_commands as cross_section,
)

__all__ = ["app"]

app = typer.Typer(
    name="cevns",
    help="Coherent elastic neutrino-nucleus scattering, from the source to the significance.",
    epilog="Every command is one call in Python: cevns.load('coherent-csi-2021').fit()",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from cevns.records import VERSION

        typer.echo(f"cevns {VERSION}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="print the version"),
    ] = False,
) -> None:
    _ = version


app.command("list")(catalogue.list_names)
app.command("xsec")(cross_section.xsec)
app.command("rate")(rates.rate)
app.command("predict")(rates.predict)
app.command("fit")(fitting.fit)
app.command("profile")(fitting.profile)
app.command("systematics")(fitting.systematics)
app.command("limit")(limits.limit)
app.command("scan")(scanning.scan)
app.command("merge")(scanning.merge)
app.command("plot")(scanning.plot)
app.command("compare")(comparing.compare)
app.command("toys")(pseudo.toys)
app.command("quenching")(quenching.quenching)
app.command("gallery")(gallery.gallery)
app.command("reproduce")(reproduction.reproduce)
app.add_typer(data.app, name="data")
