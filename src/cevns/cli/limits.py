"""``cevns limit``: an upper limit on CEvNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli import options
from cevns.cli.output import Output

if TYPE_CHECKING:
    from cevns.reproduction.results import PublishedResult


def _published(name: str, level: float) -> PublishedResult | None:
    """The published limit of an experiment at this level, if there is one."""
    from cevns.reproduction.results import results

    return next((r for r in results() if r.id == name and r.limit == level), None)


def limit(
    experiment: options.ExperimentName,
    level: Annotated[float, typer.Option(help="confidence level")] = 0.9,
    events: Annotated[
        float | None,
        typer.Option(help="a published limit in events, turned into a cross section"),
    ] = None,
    observed: Annotated[
        int | None, typer.Option(help="events counted, in place of the file's data (CLs)")
    ] = None,
    background: Annotated[float, typer.Option(help="expected beside CEvNS in --observed")] = 0.0,
    asimov: Annotated[
        bool, typer.Option("--asimov", help="the limit expected without CEvNS")
    ] = False,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    json: options.Json = None,
) -> None:
    """Upper limit on CEvNS events and on the flux-averaged cross section."""
    from cevns.experiments.limits import cevns_limit

    output = Output(json)
    loaded = options.load(experiment, data, set_field)
    published = _published(loaded.name, level)
    if published is not None and not loaded.has_data and observed is None and not asimov:
        events = published.events[0] if events is None and published.events else events
    result = cevns_limit(
        loaded,
        level=level,
        events=events,
        observed=observed,
        background=background,
        expected=asimov,
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
    output.result({**loaded.provenance(), **result.to_dict()})
