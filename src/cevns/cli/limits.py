"""``cevns limit``: an upper limit on CEvNS."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli import options
from cevns.cli.output import Output


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
    output.result({**loaded.provenance(), **result.to_dict()})
