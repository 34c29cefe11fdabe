"""The application: its commands, imported lazily so that ``cevns --help`` is instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from cevns.cli.commands import (
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


_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_models.list_names, "Experiments, sources, interactions and what else there is."),
    "init": (init_command.init, "Write an experiment file of your own to begin with."),
    "show": (show_command.show, "What an experiment file declares, with figures."),
    "validate": (validate_command.validate, "Check experiment files: all slips at once."),
    "xsec": (xsec_commands.xsec, "Cross sections of a nuclide or material."),
    "flux": (rate_command.flux, "Flux and fluence at the detector by species."),
    "rate": (rate_command.rate, "Recoil spectrum by flavour and expected counts."),
    "predict": (rate_command.predict, "Expected counts by component, before any fit."),
    "simulate": (simulate_command.simulate, "Unweighted events of an experiment."),
    "fit": (fit_commands.fit, "Fit one experiment, or several together."),
    "profile": (fit_commands.profile, "Profile likelihood of a parameter."),
    "systematics": (fit_commands.systematics, "The effect of each uncertainty."),
    "limit": (limit_command.limit, "Allowed ranges of a parameter; upper limits on CEvNS."),
    "scan": (scan_command.scan, "Regions of one or two parameters of new physics."),
    "merge": (scan_command.merge, "Join the shares of a scan."),
    "plot": (scan_command.plot, "Draw a scan, with others or published curves over it."),
    "sensitivity": (sensitivity_command.sensitivity, "Expected errors and limits of experiments."),
    "compare": (compare.compare, "One experiment's prediction turned into another's."),
    "global": (global_command.global_fit, "Fit the global combination of CEvNS data."),
    "fog": (fog_command.fog, "The neutrino floor and discovery limits of a target."),
    "directions": (directions_command.directions, "Recoil angles, as they are and as measured."),
    "toys": (toys_command.toys, "Pseudo-experiments: pulls, coverage, statuses."),
    "export": (export_command.export, "Write the likelihood as a file that other programs read."),
    "inspect": (export_command.inspect, "What a file of a likelihood or a result holds."),
    "quenching": (quenching_commands.quenching, "Fit a quenching factor to measured points."),
    "supernova": (supernova_command.supernova, "Recoils of a supernova burst."),
    "cite": (cite_command.cite, "Whom to cite for an experiment, a result or a scan."),
    "gallery": (gallery_command.gallery, "Tables and figures of the field, published and ours."),
    "relic": (relic_command.relic, "The relic density of dark matter of a beam dump."),
    "reproduce": (reproduce_command.reproduce, "Published numbers beside ours."),
}
"""Commands, and what each is in the list of all of them."""
_DATA: dict[str, tuple[Callable[..., None], str]] = {
    "list": (data_commands.list_releases, "Releases that are known, and which are here."),
    "fetch": (data_commands.fetch, "Download a release into the cache."),
    "verify": (data_commands.verify, "Compare a release with its published digests."),
    "where": (data_commands.where, "Where the data of a release come from."),
}
for _name, (_command, _short) in _COMMANDS.items():
    app.command(_name, short_help=_short)(spread(_command))
for _name, (_command, _short) in _DATA.items():
    data.command(_name, short_help=_short)(spread(_command))
app.add_typer(data, name="data")
