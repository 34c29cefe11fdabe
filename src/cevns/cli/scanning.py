"""``cevns scan``, ``merge`` and ``plot``: new physics over a grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli import options, ranges
from cevns.cli.output import Output, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.experiments.scan_record import Scan
    from cevns.experiments.scanning import ScanPlan

Model = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="an interaction of 'cevns list interactions', several with +, or your own FILE.py",
    ),
]
Method = Annotated[str, typer.Option(metavar="NAME", help="profile, fc, cls or bayes")]
Level = Annotated[float, typer.Option("--cl", "--level", help="confidence level")]
Toys = Annotated[int, typer.Option(metavar="N", min=1, help="toys a point at most (fc, cls)")]
Seed = Annotated[int, typer.Option(metavar="SEED", min=0, help="master seed")]
Free = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="a further parameter of the model to profile"),
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="NAME=VALUE", help="hold a parameter of the model elsewhere"),
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="processes; default: as many as pay")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS|FILE", help="a dask scheduler, or its scheduler file"),
]
EngineAuto = Annotated[str, typer.Option(metavar="NAME", help="numpy, jax or auto")]
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
    from cevns.experiments.families import known_parameters, structural_names
    from cevns.experiments.joint import load_joint
    from cevns.experiments.scanning import scan_plan
    from cevns.units import quantity

    subject: Any
    if len(experiment) == 1:
        subject = options.load(experiment[0], data, set_field)
    else:
        subject = load_joint(experiment, data=data, overrides=options.changes(set_field))
    known = known_parameters(subject, model)
    structural = structural_names(subject, model)
    plain = subject.model("cross-section" if len(experiment) == 1 else "cross-section-scale")
    axes = {}
    for r in ranges.read(parameter):
        nuisance = not known.has(r.name) and plain.parameters.has(r.name)
        p = (plain.parameters if nuisance else known)[r.name]
        if p.name in axes:
            raise InputError(f"--parameter {p.name} is there twice; give it one range")
        axes[p.name] = r.axis(p, structural=p.name in structural)
    held = {}
    for name, text in ranges.values(at, "--at").items():
        p = known[name]
        try:
            held[p.name] = float(text)
        except ValueError:
            held[p.name] = quantity(text, p.unit, what=f"--at {p.name}")
    return scan_plan(
        subject,
        model,
        axes,
        free=tuple(free or ()),
        at=held,
        fix=options.fixed(plain.parameters, fix),
        cl=cl,
        asimov_data=asimov,
    )


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
    free: Free = None,
    at: At = None,
    fix: options.Fix = None,
    asimov: Asimov = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="only share I of N; then 'cevns merge'")
    ] = None,
    engine: EngineAuto = "auto",
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    json: options.Json = None,
) -> None:
    """Scan one or two parameters of new physics: regions by profile, toys, CLs or posterior."""
    output = Output(json)
    if out is not None:
        from cevns.inference.scan_store import check_target

        check_target(out)
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
        _show_plan(output, wanted, method, toys, engine)
        return
    found = carry_out(
        wanted,
        method,
        toys=toys,
        seed=seed,
        engine=engine,
        out=out,
        workers=workers,
        scheduler=scheduler,
        shard=_share(shard),
    )
    if found is None:
        output.console.print(f"share {shard} is in {out}; join all shares with 'cevns merge'")
        return
    show_scan(output.console, found)
    if out is not None:
        output.console.print(f"written to {out}; draw it with 'cevns plot {out}'")
    output.result({**wanted.provenance(), **found.to_dict()})


def merge(
    shares: Annotated[list[Path], typer.Argument(metavar="FILE.h5...", help="all shares")],
    out: Annotated[Path, typer.Option(metavar="FILE.h5", help="the whole scan")],
    json: options.Json = None,
) -> None:
    """Join the shares of a scan, as if it had been computed in one go."""
    from cevns.experiments.scan_record import Scan
    from cevns.inference.merge import merge as join

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
    from cevns.cli.fitting import require_plots
    from cevns.cli.output import check_writable
    from cevns.experiments.scan_record import Scan

    require_plots("cevns plot")
    target = scan_file.with_suffix(".png") if out is None else out
    check_writable(target)
    found = Scan.read(scan_file)
    from cevns.report import save
    from cevns.report.scans import scan_figure

    save(scan_figure(found, overlays=tuple(overlay or ()), levels=tuple(cl or ())), target)
    typer.echo(f"{found.title}: drawn in {target}")


def carry_out(
    wanted: ScanPlan,
    method: str,
    *,
    toys: int,
    seed: int,
    engine: str,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    shard: tuple[int, int] | None,
) -> Scan | None:
    """The scan, with a bar of progress; None for a share of one."""
    from contextlib import nullcontext

    from cevns.cli.progress import toy_bar
    from cevns.experiments.scanning import scan as run

    if scheduler is not None and workers is not None:
        raise InputError("--workers are processes here and --scheduler others elsewhere; name one")
    with toy_bar() as progress:
        where: Any = nullcontext(None)
        if scheduler is not None:
            from cevns.inference.schedulers import scheduler as connect

            where = connect(scheduler)
        try:
            with where as executor:
                return run(
                    wanted,
                    method,
                    toys=toys,
                    seed=seed,
                    engine=engine,
                    out=out,
                    workers=workers,
                    executor=executor,
                    shard=shard,
                    progress=progress,
                )
        except KeyboardInterrupt as stop:
            for note in getattr(stop, "__notes__", ()):
                typer.echo(note, err=True)
            raise


def show_scan(console: Console, found: Scan) -> None:
    """Print a scan for people."""
    source = "expected counts (Asimov)" if found.file.run["asimov"] else "data"
    console.print(f"[bold]{found.title}[/bold]  ({source})")
    axes = table("axes", "parameter", "from", "to", "points", "what")
    for name, unit, values, what in zip(
        found.names, found.units, found.axes, found.file.run["descriptions"], strict=True
    ):
        scale = f" {unit}" if unit else ""
        axes.add_row(
            name, f"{values[0]:.4g}{scale}", f"{values[-1]:.4g}{scale}", str(len(values)), what
        )
    console.print(axes)
    best = ", ".join(f"{n} = {found.best[n]:.4g}" for n in found.names if n in found.best)
    console.print(f"best fit: {best}")
    if found.file.run["held parameters"]:
        console.print(f"held: {', '.join(found.file.run['held parameters'])}")
    for line in found.summary():
        console.print(line)


def _share(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, slash, second = text.partition("/")
    if not slash or not first.strip().isdigit() or not second.strip().isdigit():
        raise InputError(f"--shard {text}: write I/N, for example 2/10, the second of ten shares")
    return int(first), int(second)


def _show_plan(output: Output, wanted: ScanPlan, method: str, toys: int, engine: str) -> None:
    from cevns.experiments.scanning import cost

    estimate = cost(wanted, method, toys=toys, engine=engine)
    output.console.print(str(estimate))
    output.result({**wanted.provenance(), **estimate.to_dict()})
