"""``cevns limit``: allowed ranges of a parameter of new physics; an upper limit on CEvNS itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.commands import scan_command as scanning
from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output
from cevns.cli.terminal.scan_run import How
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.reproduction.published_results import PublishedResult

__all__ = ["limit"]


def _published(name: str, level: float) -> PublishedResult | None:
    """The published limit of an experiment at this level, if there is one."""
    from cevns.reproduction.published_results import results

    return next((r for r in results() if r.id == name and r.limit == level), None)


def limit(
    experiment: options.ExperimentNames,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=LOW:HIGH:N[:log]",
            help="of new physics: its allowed pieces; without it, the limit on CEvNS itself",
        ),
    ] = None,
    model: scanning.Model = "standard-model",
    level: scanning.Level = 0.9,
    method: scanning.Method = "profile",
    toys: scanning.Toys = 1000,
    seed: scanning.Seed = 1,
    free: scanning.Free = None,
    at: options.At = None,
    fix: options.Fix = None,
    refine: scanning.Refine = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.h5", help="keep the scan; the same command resumes")
    ] = None,
    workers: scanning.Workers = None,
    scheduler: scanning.Scheduler = None,
    events: Annotated[
        float | None,
        typer.Option(help="a published limit in events, turned into a cross section"),
    ] = None,
    observed: Annotated[
        int | None, typer.Option(help="events counted, in place of the file's data (CLs)")
    ] = None,
    background: Annotated[float, typer.Option(help="expected beside CEvNS in --observed")] = 0.0,
    asimov: Annotated[
        bool,
        typer.Option(
            "--asimov", help="expected counts: of the Standard Model, or without CEvNS (no model)"
        ),
    ] = False,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    json: options.Json = None,
) -> None:
    """Allowed ranges of a parameter of new physics, or an upper limit on CEvNS itself."""
    output = Output(json)
    if parameter:
        if len(parameter) > 1:
            raise InputError("a limit is on one parameter; scan a plane with 'cevns scan'")
        if events is not None or observed is not None:
            raise InputError("--events and --observed belong to the limit on CEvNS itself")
        how = How(method, toys, seed, refine, out, workers, scheduler)
        with how.prepared() as executor:
            wanted = scanning.plan_of(
                experiment,
                model,
                parameter,
                cl=level,
                free=free,
                at=at,
                fix=fix,
                asimov=asimov,
                set_field=set_field,
                data=data,
            )
            found = how.carry_out(wanted, executor)
        assert found is not None  # only a share of a scan has no result
        scanning.show_scan(output.console, found)
        if out is not None:
            output.console.print(f"{how.written} {out}; draw it with 'cevns plot {out}'")
        output.result({**wanted.provenance(), **found.to_dict()})
        return
    if len(experiment) > 1 or model != "standard-model":
        raise InputError(
            "name a parameter and its range, for example --parameter eps_ee_u=-0.3:0.8:221"
        )
    _on_cevns(output, experiment, level, events, observed, background, asimov, set_field, data)


def _on_cevns(
    output: Output,
    experiment: list[str],
    level: float,
    events: float | None,
    observed: int | None,
    background: float,
    asimov: bool,
    set_field: list[str] | None,
    data: Path | None,
) -> None:
    study = options.study(experiment, data, set_field)
    loaded = study.experiments[0]
    published = _published(loaded.name, level)
    if published is not None and not loaded.has_data and observed is None and not asimov:
        events = published.events[0] if events is None and published.events else events
    result = study.limit(
        level=level,
        events=events,
        observed=observed,
        background=background,
        asimov=asimov,
    )
    how = {
        "data": "one-sided profile likelihood of the observed counts",
        "expected": "one-sided profile likelihood of the counts expected without CEvNS",
        "counted": "CLs of the count over its background, over the prediction here",
        "given": "the given number of events over the prediction here",
    }[result.origin]
    output.console.print(
        f"{loaded.title}\n"
        f"CEvNS events < {result.events:.3g} at {100 * level:g} % ({how})\n"
        f"cross section < {result.cross_section_cm2:.3g} cm2, {result.ratio:.2f} times the "
        f"prediction {result.predicted_cm2:.3g} cm2 ({result.predicted_events:.3g} events)"
    )
    if published is not None and published.cross_section:
        output.console.print(
            f"published ({published.source}): {published.cross_section[0] * 1e-40:.3g} cm2"
            + (f", {published.events[0]:g} events" if published.events else "")
            + (f"; {published.memory}" if published.memory else "")
        )
    output.result({**study.provenance(), **result.to_dict()})
