"""``cevns simulate``: unweighted events of an experiment, signal and backgrounds, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.cli.terminal.progress import progress_bar
from cevns.exceptions import InputError
from cevns.files import check_writable

__all__ = ["simulate"]


def simulate(
    placed: options.Placed,
    output: Output,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="cevns, a further signal such as dm, or a background; default: all"
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            "--number",
            "-n",
            metavar="N",
            min=1,
            help="number of events; default: a Poisson number for the exposure",
        ),
    ] = None,
    truth: Annotated[
        bool, typer.Option("--truth", help="what happens in the target, before any detector effect")
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--every-recoil", help="keep recoils outside the analysis region and undetected ones"
        ),
    ] = False,
    threshold: Annotated[
        str, typer.Option(metavar="ENERGY", help="recoil energy from which events are drawn")
    ] = "0keVnr",
    seed: Annotated[
        int, typer.Option(metavar="SEED", help="seed of the random numbers", min=0)
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write .csv, .parquet, .h5, .root or .hepmc3 (NuHepMC)"),
    ] = None,
) -> None:
    """Unweighted events of an experiment.

    Events have particles, times and reconstructed quantities.
    """
    from cevns.analysis.events.event_sample import event_sample
    from cevns.analysis.events.event_writer import format_of
    from cevns.analysis.events.sample_file import draw_to_file
    from cevns.units import quantity

    if out is not None:
        format_of(out)
        check_writable(out)
    if len(placed.study.experiments) > 1:
        raise InputError("events are drawn for one experiment; name one")
    if truth and every:
        raise InputError(
            "--every-recoil keeps what a detector does not record, and --truth has no detector: "
            "leave one of them out"
        )
    experiment = placed.study.experiments[0]
    least = quantity(threshold, "keVnr", what="--threshold")
    sample = event_sample(
        experiment, component or (), at=placed.values, truth=truth, threshold_kev=least, every=every
    )
    wanted = number or sample.number(seed)
    if wanted == 0:
        raise InputError(
            f"{experiment.name}: {sample.expected:.3g} events are expected in the exposure, and "
            f"the seed {seed} draws none; ask for a number with -n, or take another --seed"
        )
    with progress_bar("events") as tell:
        drawn, provenance = draw_to_file(sample, wanted, seed, out, progress=tell)
    what = "events in the target, before any detector" if truth else "events in the analysis region"
    shown = table(f"{what}: {experiment.title}", "component", "events", "expected")
    for name, found in drawn.by_component.items():
        expected = sum(s.expected for s in sample.strata if s.component == name)
        shown.add_row(name, f"{found}", f"{expected:.4g}")
    output.console.print(shown)
    means = table("means of defined quantities", "quantity", "mean")
    for name, mean in drawn.means.items():
        means.add_row(name, f"{mean:.4g}")
    output.console.print(means)
    if "signal" in provenance:
        output.console.print(f"the signal is {provenance['signal']}", soft_wrap=True)
    if out is not None:
        output.console.print(f"events: {out}", soft_wrap=True)
    output.result(
        {
            **provenance,
            "number": drawn.events,
            "poisson": number is None,
            "drawn": drawn.by_component,
            "means": drawn.means,
            **({"held": dict(placed.values)} if placed.values else {}),
            **({} if out is None else {"file": str(out)}),
        },
        placed.study,
    )
