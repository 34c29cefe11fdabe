"""The application: its commands, imported lazily so that ``cevns --help`` is instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from cevns.cli.commands import (
    app_command,
    cite_command,
    compare,
    data_commands,
    directions_command,
    export_command,
    fit_commands,
    fog_command,
    gallery_command,
    global_command,
    init_command,
    limit_command,
    list_models,
    quenching_commands,
    rate_command,
    relic_command,
    report_command,
    reproduce_command,
    scan_command,
    sensitivity_command,
    show_command,
    simulate_command,
    supernova_command,
    toys_command,
    validate_command,
    xsec_commands,
)
from cevns.cli.terminal.options import spread

__all__ = ["app"]

app = typer.Typer(
    name="cevns",
    help="Coherent elastic neutrino-nucleus scattering, from the source to the significance.",
    epilog="Every command is one call in Python: cevns.load('coherent-csi-2021').fit()",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data = typer.Typer(
    help="Public data releases: list, fetch, verify, where.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _version(context: typer.Context, value: bool) -> None:
    if not value:
        return
    if context.params["verbose"]:
        from cevns.cli.printed.versions import versions

        typer.echo(versions())
    else:
        from cevns.records import VERSION

        typer.echo(f"cevns {VERSION}")
    raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, help="print the version")
    ] = False,
    # eager: it is known before `--version` is acted on, whichever of the two is written first
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", is_eager=True, help="with --version: those of Python and packages too"
        ),
    ] = False,
) -> None:
    _ = version
    if verbose:
        from cevns.exceptions import InputError

        raise InputError("--verbose stands with --version: cevns --version --verbose")


_COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_models.list_names,
    "init": init_command.init,
    "show": show_command.show,
    "validate": validate_command.validate,
    "xsec": xsec_commands.xsec,
    "flux": rate_command.flux,
    "rate": rate_command.rate,
    "predict": rate_command.predict,
    "simulate": simulate_command.simulate,
    "fit": fit_commands.fit,
    "profile": fit_commands.profile,
    "systematics": fit_commands.systematics,
    "limit": limit_command.limit,
    "scan": scan_command.scan,
    "merge": scan_command.merge,
    "plot": scan_command.plot,
    "sensitivity": sensitivity_command.sensitivity,
    "compare": compare.compare,
    "global": global_command.global_fit,
    "fog": fog_command.fog,
    "directions": directions_command.directions,
    "toys": toys_command.toys,
    "export": export_command.export,
    "inspect": export_command.inspect,
    "app": app_command.app,
    "quenching": quenching_commands.quenching,
    "supernova": supernova_command.supernova,
    "report": report_command.report,
    "cite": cite_command.cite,
    "gallery": gallery_command.gallery,
    "relic": relic_command.relic,
    "reproduce": reproduce_command.reproduce,
}
"""Commands; the first sentence of each is what the list of all of them says."""
_DATA: dict[str, Callable[..., None]] = {
    "list": data_commands.list_releases,
    "fetch": data_commands.fetch,
    "verify": data_commands.verify,
    "where": data_commands.where,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(spread(_command))
for _name, _command in _DATA.items():
    data.command(_name)(spread(_command))
app.add_typer(data, name="data")
