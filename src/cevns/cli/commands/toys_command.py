"""``cevns toys``: pseudo-experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.cli.terminal.progress import progress_bar
from cevns.files import check_writable

__all__ = ["toys"]


def toys(
    asked: options.Asked,
    output: Output,
    n: Annotated[
        int, typer.Option("--toys", "-n", metavar="N", min=1, help="number of toys")
    ] = 10_000,
    seed: Annotated[int, typer.Option(metavar="SEED", min=0, help="master seed")] = 1,
    exact: Annotated[
        bool, typer.Option("--exact", help="fit with the exact model, not with its tabulated form")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="keep the toys; the same command resumes")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="number of processes; default: chosen from the amount of work"
        ),
    ] = None,
) -> None:
    """Pseudo-experiments: pulls, coverage, statuses.

    Counts and auxiliary measurements fluctuate.
    """
    if out is not None:
        check_writable(out)
    study = asked.study
    question = asked.question
    with progress_bar() as progress:
        found = study.toys(
            n,
            **question,
            seed=seed,
            exact=exact,
            out=out,
            workers=workers,
            progress=progress,
        )
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
        console.print(f"{t['toys_per_second']:,.0f} toys/s", style="bold", end="")
        console.print(
            " (drawing and fitting, warm, "
            f"{t['workers']:.0f} workers); set-up {t['compile_s']:.1f} s, coverage "
            f"{t['coverage_s']:.1f} s, audit {t['audit_s']:.1f} s, wall {t['wall_s']:.1f} s"
        )
    if found.accuracy:
        console.print(found.accuracy)
    output.result(found.to_dict(), study)
