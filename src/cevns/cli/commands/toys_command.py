"""``cevns toys``: pseudo-experiments."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table

__all__ = ["toys"]

_LINE_S = 10.0
"""Seconds between lines of progress where no bar can be drawn."""


class _Lines:
    """Progress as plain lines on standard error, for logs of batch jobs."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._printed = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        # the first call comes after set-up and, in a resumed run, after toys of an earlier one
        if self._first is None:
            self._first = now, done
        elapsed, new = now - self._first[0], done - self._first[1]
        if now - self._printed < _LINE_S or not (new and elapsed > 0):
            return
        self._printed = now
        rate = new / elapsed
        typer.echo(
            f"toys {done}/{total}, {rate:,.0f}/s, {(total - done) / rate:.0f} s left", err=True
        )


def toys(
    experiment: options.ExperimentNames,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="number of toys")] = 10_000,
    seed: Annotated[int, typer.Option(metavar="SEED", min=0, help="master seed")] = 1,
    poi: options.AnyPoi = None,
    model: options.NewPhysics = None,
    free: options.Free = None,
    at: options.At = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="fit with the exact model, not with its tabulated form")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="keep the toys; the same command resumes"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="processes; default: as many as pay")
    ] = None,
    fix: options.Fix = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    json: options.Json = None,
) -> None:
    """Toys with fluctuated counts and auxiliary measurements: pulls, coverage, statuses, speed."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from cevns.files import check_writable

    output = Output(json)
    if out is not None:
        check_writable(out)
    study = options.study(experiment, data, set_field, model)
    asked = options.question(study, poi, free, at, fix).asked
    screen = Console(stderr=True)
    lines = _Lines()
    with Progress(
        TextColumn("toys"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task("toys", total=n, rate="")

        def progress(done: int, total: int) -> None:
            if not screen.is_terminal:
                lines(done, total)
                return
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

        try:
            found = study.toys(
                n,
                **asked,
                seed=seed,
                exact=exact,
                out=out,
                workers=workers,
                progress=progress,
            )
        except KeyboardInterrupt as stop:
            for note in getattr(stop, "__notes__", ()):
                typer.echo(note, err=True)
            raise
    result = found.toys
    pulls = table(
        f"{result.n} toys of {study.title}, seed {result.seed}",
        "parameter",
        "pull mean",
        "pull width",
    )
    for name, p in result.pulls.items():
        pulls.add_row(name, f"{p.mean:+.4f} ± {p.mean_error:.4f}", f"{p.sd:.4f} ± {p.sd_error:.4f}")
    console = output.console
    console.print(pulls)
    for c in result.coverage.values():
        console.print(
            f"coverage of the {100 * c.level:.1f} % interval of {result.poi}: "
            f"{100 * c.fraction:.2f} ± {100 * c.error:.2f} %"
        )
    console.print("fits: " + ", ".join(f"{v} {k}" for k, v in result.statuses.items()))
    if result.audit_text:
        console.print(f"audit: {result.audit_text}")
    t = result.timing
    if t.get("toys_per_second") is not None:
        console.print(
            f"[bold]{t['toys_per_second']:,.0f} toys/s[/bold] (drawing and fitting, warm, "
            f"{t['workers']:.0f} workers); set-up {t['compile_s']:.1f} s, coverage "
            f"{t['coverage_s']:.1f} s, audit {t['audit_s']:.1f} s, wall {t['wall_s']:.1f} s"
        )
    if found.accuracy:
        console.print(found.accuracy)
    output.result(found.to_dict())
