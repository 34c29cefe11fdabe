"""``cevns simulate``: unweighted events of a component, with energy, angle and time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError
from cevns.files import check_writable, write

if TYPE_CHECKING:
    from cevns.analysis.expected.event_sample import Events

__all__ = ["simulate"]

_MOST = 10_000_000


def simulate(
    placed: options.Placed,
    output: Output,
    component: Annotated[
        str, typer.Option(metavar="NAME", help="cevns, or what lies over it, as dm")
    ] = "cevns",
    number: Annotated[int, typer.Option(metavar="N", help="how many", min=1, max=_MOST)] = 10_000,
    threshold: Annotated[
        str, typer.Option(metavar="ENERGY", help="recoil energy from which events are drawn")
    ] = "0keVnr",
    seed: Annotated[int, typer.Option(metavar="SEED", help="of the random numbers", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="write the events, one a line")
    ] = None,
) -> None:
    """Unweighted recoils of a component before any detector: energy, angle, time, nucleus."""
    from cevns.analysis.expected.event_sample import event_sampler
    from cevns.units import quantity

    if out is not None:
        check_writable(out)
    if len(placed.study.experiments) > 1:
        raise InputError("events are drawn of one experiment; name one")
    experiment = placed.study.experiments[0]
    least = quantity(threshold, "keVnr", what="--threshold")
    sampler = event_sampler(experiment, component, at=placed.values, threshold_kev=least)
    found = sampler.draw(number, seed)
    means = {
        "energy_mev": float(found.energy_mev.mean()),
        "recoil_kev": float(found.recoil_kev.mean()),
        "cosine": float(found.cosine.mean()),
        "time_us": float(found.time_us.mean()),
    }
    shown = table(f"{number} events of {component}: {experiment.title}", "quantity", "mean")
    for name, mean in means.items():
        if mean == mean:  # no time without a pulse
            shown.add_row(name, f"{mean:.4g}")
    output.console.print(shown)
    output.console.print(
        f"expected in the exposure from {least:g} keVnr, before any detector: {found.expected:.4g}"
    )
    if out is not None:
        write(out, _lines(found))
        output.console.print(f"events: {out}", soft_wrap=True)
    output.result(
        {
            **experiment.provenance(),
            "component": component,
            "number": number,
            "seed": seed,
            "threshold_kevnr": least,
            "expected": found.expected,
            "means": {n: m if m == m else None for n, m in means.items()},
            **({"held": dict(placed.values)} if placed.values else {}),
            **({} if out is None else {"file": str(out)}),
        }
    )


def _lines(found: Events) -> str:
    head = "energy_mev,recoil_kev,cosine,time_us,species,nuclide\n"
    rows = zip(
        found.energy_mev.tolist(),
        found.recoil_kev.tolist(),
        found.cosine.tolist(),
        found.time_us.tolist(),
        (found.flavours[i] for i in found.species),
        (found.nuclides[i] for i in found.nuclide),
        strict=True,
    )
    return head + "".join(
        f"{e:.7g},{t:.7g},{c:.7g},{at:.7g},{s},{n}\n" for e, t, c, at, s, n in rows
    )
