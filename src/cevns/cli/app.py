"""The application: its commands, imported lazily so that ``cevns --help`` is instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

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

_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "An experiment": {
        "list": list_models.list_names,
        "init": init_command.init,
        "validate": validate_command.validate,
        "show": show_command.show,
        "app": app_command.app,
    },
    "Predictions and simulated data": {
        "rate": rate_command.rate,
        "predict": rate_command.predict,
        "flux": rate_command.flux,
        "xsec": xsec_commands.xsec,
        "quenching": quenching_commands.quenching,
        "simulate": simulate_command.simulate,
        "supernova": supernova_command.supernova,
        "directions": directions_command.directions,
        "fog": fog_command.fog,
        "relic": relic_command.relic,
    },
    "Fits, limits and sensitivities": {
        "fit": fit_commands.fit,
        "profile": fit_commands.profile,
        "systematics": fit_commands.systematics,
        "limit": limit_command.limit,
        "scan": scan_command.scan,
        "merge": scan_command.merge,
        "plot": scan_command.plot,
        "global": global_command.global_fit,
        "sensitivity": sensitivity_command.sensitivity,
        "compare": compare.compare,
        "toys": toys_command.toys,
    },
    "Results for others": {
        "report": report_command.report,
        "export": export_command.export,
        "inspect": export_command.inspect,
        "cite": cite_command.cite,
    },
    "Published results": {
        "reproduce": reproduce_command.reproduce,
        "gallery": gallery_command.gallery,
    },
}
"""Commands as the list of all of them groups them, with the first sentence of each."""
_DATA: dict[str, Callable[..., None]] = {
    "list": data_commands.list_releases,
    "fetch": data_commands.fetch,
    "verify": data_commands.verify,
    "where": data_commands.where,
}


class _Grouped(TyperGroup):
    """The list of commands in its groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the groups, with the commands on data beside the published results."""
        _ = ctx
        width = max(map(len, self.commands))
        room = formatter.width - width - 6
        for heading, group in _COMMANDS.items():
            names = [*group, *(("data",) if heading == "Published results" else ())]
            rows = [(f"{n:{width}}", self.commands[n].get_short_help_str(room)) for n in names]
            with formatter.section(heading):
                formatter.write_dl(rows)


app = typer.Typer(
    name="cevns",
    cls=_Grouped,
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


for _group in _COMMANDS.values():
    for _name, _command in _group.items():
        app.command(_name)(spread(_command))
for _name, _command in _DATA.items():
    data.command(_name)(spread(_command))
app.add_typer(data, name="data")
