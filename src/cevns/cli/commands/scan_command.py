"""``cevns scan``, ``merge`` and ``plot``: new physics over a grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal import options, ranges
from cevns.cli.terminal.output import Output, table
from cevns.cli.terminal.scan_run import How
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.parameters import Parameters

__all__ = [
    "Asimov",
    "Free",
    "Level",
    "Method",
    "Model",
    "Refine",
    "Scheduler",
    "Seed",
    "Toys",
    "Workers",
    "merge",
    "plan_of",
    "plot",
    "scan",
    "show_scan",
]

Model = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="an interaction of 'cevns list interactions', several with +, your own FILE.py, or a "
        "FILE.yaml that adds components",
    ),
]
Method = Annotated[str, typer.Option(metavar="NAME", help="profile, fc, cls or bayes")]
Level = Annotated[float, typer.Option("--cl", "--level", help="confidence level")]
Toys = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, help="toys a point at most (fc, cls); fifths of the draws (bayes)"
    ),
]
Refine = Annotated[
    int,
    typer.Option(
        "--refine",
        metavar="K",
        min=0,
        max=6,
        help="halve the steps K times where the region ends (profile)",
    ),
]
Seed = Annotated[int, typer.Option(metavar="SEED", min=0, help="master seed")]
Free = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="a further parameter of the model to profile"),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="processes for the toys; default: as many as pay"),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS|FILE", help="send the toys to a dask scheduler, or its file"),
]
Asimov = Annotated[
    bool, typer.Option("--asimov", help="expected counts instead of the data: the sensitivity")
]


def plan_of(
    experiment: list[str],
    model: str,
    parameter: list[str],
    *,
    cl: float,
    free: list[str] | None,
    at: list[str] | None,
    fix: list[str] | None,
    asimov: bool,
    set_field: list[str] | None,
    data: Path | None,
) -> ScanPlan:
    """What the options of a scan ask for."""
    asked = ranges.read(parameter)
    plain = options.study(experiment, data, set_field)
    nuisances = plain.model(None if len(experiment) > 1 else "cross-section").parameters
    study = plain if model == "standard-model" else plain.with_models(model)
    known = study.couplings
    structural = study.structural
    axes = {}
    for r in asked:
        nuisance = not known.has(r.name) and nuisances.has(r.name)
        p = (nuisances if nuisance else known)[r.name]
        if p.name in axes:
            raise InputError(f"--parameter {p.name} is there twice; give it one range")
        axes[p.name] = r.axis(p, structural=p.name in structural)
    _apart(known, nuisances, at, "--at", "is profiled anyway; hold it with --fix")
    _apart(known, nuisances, free, "--free", "is profiled anyway; leave --free out")
    _apart(nuisances, known, fix, "--fix", "belongs to the model; hold it with --at")
    return study.plan(
        axes,
        free=tuple(free or ()),
        at=options.held(study, at),
        fix=options.fixed(nuisances, fix),
        cl=cl,
        asimov=asimov,
    )


def _apart(
    ours: Parameters, others: Parameters, texts: list[str] | None, option: str, advice: str
) -> None:
    """Raise if an option names a parameter of the other kind: physics or nuisance.

    Raises:
        InputError: naming the option that is meant for it.
    """
    for text in texts or ():
        name = text.partition("=")[0].strip()
        if others.has(name) and not ours.has(name):
            raise InputError(f"{option} {name}: the parameter {others[name].name!r} {advice}")


def scan(
    experiment: options.ExperimentNames,
    parameter: ranges.Ranges,
    model: Model = "standard-model",
    method: Method = "profile",
    cl: Level = 0.9,
    toys: Toys = 1000,
    seed: Seed = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.h5", help="write the scan; the same command resumes"),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="only say what it would cost in toys, time and memory")
    ] = False,
    refine: Refine = 0,
    free: Free = None,
    at: options.At = None,
    fix: options.Fix = None,
    asimov: Asimov = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="only share I of N; then 'cevns merge'")
    ] = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    json: options.Json = None,
) -> None:
    """Scan one or two parameters of new physics: regions by profile, toys, CLs or posterior."""
    output = Output(json)
    how = How(method, toys, seed, refine, out, workers, scheduler, _share(shard))
    with how.prepared() as executor:
        wanted = plan_of(
            experiment,
            model,
            parameter,
            cl=cl,
            free=free,
            at=at,
            fix=fix,
            asimov=asimov,
            set_field=set_field,
            data=data,
        )
        if plan:
            _show_plan(output, wanted, method, toys)
            return
        found = how.carry_out(wanted, executor)
    if found is None:
        output.console.print(f"share {shard} is in {out}; join all shares with 'cevns merge'")
        return
    show_scan(output.console, found)
    if out is not None:
        output.console.print(f"{how.written} {out}; draw it with 'cevns plot {out}'")
    output.result({**wanted.provenance(), **found.to_dict()})


def merge(
    shares: Annotated[list[Path], typer.Argument(metavar="FILE.h5...", help="all shares")],
    out: Annotated[Path, typer.Option(metavar="FILE.h5", help="the whole scan")],
    json: options.Json = None,
) -> None:
    """Join the shares of a scan, as if it had been computed in one go."""
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.inference.scan.merge import merge as join

    output = Output(json)
    found = Scan(join(shares, out))
    show_scan(output.console, found)
    output.console.print(f"written to {out}; draw it with 'cevns plot {out}'")
    output.result(found.to_dict())


def plot(
    scan_file: Annotated[Path, typer.Argument(metavar="SCAN.h5", help="written by 'cevns scan'")],
    overlay: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="another scan of the same axes, or a CSV of curves"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="default: beside the scan")
    ] = None,
    cl: Annotated[
        list[float] | None, typer.Option("--cl", help="further confidence levels (profile)")
    ] = None,
) -> None:
    """Draw a scan: curve or map, its region, and Wilks beside Feldman-Cousins."""
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.cli.terminal.output import require_plots
    from cevns.files import check_writable

    require_plots("cevns plot")
    target = scan_file.with_suffix(".png") if out is None else out
    check_writable(target)
    found = Scan.read(scan_file)
    from cevns.report import save
    from cevns.report.scan_figures.scan_figure import scan_figure

    save(scan_figure(found, overlays=tuple(overlay or ()), levels=tuple(cl or ())), target)
    typer.echo(f"{found.title}: drawn in {target}")


def show_scan(console: Console, found: Scan) -> None:
    """Print a scan for people."""
    source = "expected counts (Asimov)" if found.file.run["asimov"] else "data"
    console.print(f"[bold]{found.title}[/bold]  ({source})", markup=True)
    axes = table("axes", "parameter", "what", "unit", "from", "to", "points", left=3)
    for name, unit, values, what in zip(
        found.names, found.units, found.axes, found.file.run["descriptions"], strict=True
    ):
        axes.add_row(name, what, unit, f"{values[0]:.4g}", f"{values[-1]:.4g}", str(len(values)))
    console.print(axes)
    for line in found.summary():
        console.print(line, markup=False)


def _share(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, slash, second = text.partition("/")
    if not slash or not first.strip().isdigit() or not second.strip().isdigit():
        raise InputError(f"--shard {text}: write I/N, for example 2/10, the second of ten shares")
    return int(first), int(second)


def _show_plan(output: Output, wanted: ScanPlan, method: str, toys: int) -> None:
    from cevns.analysis.scanning.scan_task import cost

    estimate = cost(wanted, method, toys=toys)
    output.console.print(str(estimate))
    output.result({**wanted.provenance(), **estimate.to_dict()})
