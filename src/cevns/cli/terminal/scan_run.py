"""Scans of the command line: their options, what is refused at once, how one is carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cevns.cli.terminal import options, ranges
from cevns.cli.terminal.completion import one_of
from cevns.cli.terminal.figure_options import Figures, XLim, ends
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.parameters import Parameters
    from cevns.study import Study

__all__ = ["ScanOptions", "show_scan"]

_PLAIN: Final = "standard-model"
TOYS, DRAWS, SEED = 1000, 5000, 1
"""Toys a point, draws of a posterior and master seed where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class ScanOptions(options.Opened, Figures):
    """Of what, and how to scan; a command adds the ranges.

    Args:
        model: ``--model``.
        cl: confidence level.
        method: ``profile``, ``fc``, ``cls`` or ``bayes``.
        toys: toys a point.
        draws: draws from the posterior.
        seed: master seed.
        toys_at: where toys are drawn.
        refine: times that steps are halved.
        free: ``--free``.
        at: ``--at``.
        fix: ``--fix``.
        out: HDF5 file.
        workers: processes.
        scheduler: of a cluster.
        xlim: ``--xlim``.
        overlay: what is drawn over it.
    """

    model: Annotated[str, options.NewPhysics] = _PLAIN
    cl: Annotated[float, typer.Option("--cl", "--level", help="confidence level")] = 0.9
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="profile, fc, cls or bayes",
            autocompletion=one_of("profile", "fc", "cls", "bayes"),
        ),
    ] = "profile"
    toys: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="maximum number of toys per point (fc, cls); default: 1000"
        ),
    ] = None
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="independent draws of the posterior (bayes); default: 5000"
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(metavar="SEED", min=0, help="master seed (fc, cls, bayes); default: 1"),
    ] = None
    toys_at: Annotated[
        str | None,
        typer.Option(
            "--toys-at",
            metavar="WHERE",
            help="draw toys at anchors, shared by all points of a plane, or at every-point (fc)",
        ),
    ] = None
    refine: Annotated[
        int,
        typer.Option(
            metavar="K",
            min=0,
            max=6,
            help="halve the steps K times along the boundary of the region (profile)",
        ),
    ] = 0
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="a further parameter of the model to profile"),
    ] = None
    at: options.At = None
    fix: options.Fix = None
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.h5", help="write the scan; the same command resumes"),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="processes for the toys of fc and cls; default: automatic"
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS|FILE", help="send the toys to a dask scheduler, or its file"),
    ] = None
    xlim: XLim = None
    overlay: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE|DIR",
            help="add to the figure: another scan, a CSV of curves, or a folder of them",
        ),
    ] = None

    @property
    def number_of_toys(self) -> int:
        """Toys a point, where nothing is said 1000."""
        return TOYS if self.toys is None else self.toys

    @property
    def master_seed(self) -> int:
        """The master seed, where nothing is said 1."""
        return SEED if self.seed is None else self.seed

    @contextmanager
    def prepared(self, shard: tuple[int, int] | None = None) -> Iterator[Executor | None]:
        """All that can be refused before anything is computed; the executor of a cluster.

        Args:
            shard: which share of how many is wanted.

        Raises:
            UnknownNameError: if there is no such method.
            InputError: if options do not go together, or no scheduler answers.
            MissingExtraError: if what a file, a figure or a method needs is not installed.
            OutputError: if the file or the folder cannot be written.
        """
        from cevns.analysis.scanning.scan_task import check_method

        method = check_method(self.method)
        toys = method in ("fc", "cls")
        if self.toys_at is not None and method != "fc":
            raise InputError(f"--toys-at applies to --method fc; omit it with {method}")
        if self.toys is not None and not toys:
            instead = "take --draws" if method == "bayes" else "omit --toys, or use fc or cls"
            raise InputError(f"--toys has no effect with --method {method}; {instead}")
        if self.draws is not None and method != "bayes":
            raise InputError(f"--draws applies to --method bayes; omit it with {method}")
        if self.seed is not None and method == "profile":
            raise InputError("--seed has no effect with --method profile; omit it")
        if self.workers is not None and not toys:
            raise InputError(
                f"--workers applies to toys, and {method} runs in one process; omit it"
            )
        if self.refine and method != "profile":
            raise InputError(f"--refine applies to profile scans; use a finer range with {method}")
        if shard and not toys:
            raise InputError(f"{method} has no toys to divide; omit --shard, or use fc or cls")
        if shard and self.out is None:
            raise InputError("--shard needs a file, which 'cevns merge' reads; add --out FILE.h5")
        if self.scheduler is not None and not toys:
            raise InputError(
                f"{method} has no toys to distribute; omit --scheduler, or use fc or cls"
            )
        if self.scheduler is not None and self.workers is not None:
            raise InputError("--workers and --scheduler cannot be combined; use one of them")
        if self.overlay and self.plots is None:
            raise InputError("--overlay applies to the figure of the scan; add --plots DIR")
        if self.xlim and self.plots is None:
            raise InputError("--xlim applies to the figure; add --plots DIR")
        ends(self.xlim)
        self.prepare()
        if method == "bayes":
            from cevns.analysis.scanning.scan_bayes import check_extras

            check_extras()
        if self.out is not None:
            from cevns.inference.work.scan_store import check_target

            check_target(self.out)
        if self.scheduler is None:
            yield None
            return
        from cevns.inference.work.schedulers import scheduler

        with scheduler(self.scheduler) as executor:
            yield executor

    @cached_property
    def study(self) -> Study:
        """The experiments with their new physics."""
        return self.plain(self.model) if self.model == _PLAIN else self.open(self.model)

    def of_field(self, parameters: list[str]) -> ranges.Range | None:
        """The range over a field of the experiment file; None where parameters are scanned.

        Raises:
            InputError: if a field stands beside something else.
        """
        from cevns.analysis.scanning.field_scan import is_field

        asked = ranges.read(parameters)
        fields = [r for r in asked if is_field(self.study.experiments, r.name)]
        if fields and len(asked) > 1:
            others = ", ".join(r.name for r in asked if r is not fields[0])
            raise InputError(
                f"{fields[0].name} is a field of the experiment file, which is scanned alone; what "
                f"is expected of a parameter at each value is asked with --free ({others})"
            )
        return fields[0] if fields else None

    def carry_out_field(self, output: Output, wanted: ranges.Range, *, asimov: bool) -> None:
        """Scan over a field of the experiment file, and give the result.

        Raises:
            InputError: if an option is for scans of parameters.
        """
        from cevns.cli.printed.field_table import show_field_scan
        from cevns.cli.terminal.progress import progress_bar
        from cevns.experiments.questions import SCALE

        for option, given in (
            ("--method", self.method != "profile"), ("--refine", self.refine),
            ("--workers", self.workers), ("--scheduler", self.scheduler),
        ):  # fmt: skip
            if given:
                raise InputError(
                    f"{option} is for scans of parameters; over {wanted.name}, a field of the "
                    "experiment file, expected counts are fitted at each value: leave it out"
                )
        study = self.study
        plain = study if self.model == _PLAIN else self.plain(self.model)
        several = len(self.experiment) > 1
        nuisances = plain.model(None if several else "cross-section").parameters
        _apart(study.couplings, nuisances, self.free, "--free", "is profiled; leave --free out")
        if self.model != _PLAIN and not self.free:
            raise InputError(
                f"name what of --model {self.model} is asked at each {wanted.name} with --free, "
                f"one of {', '.join(n for n in study.couplings.names if n not in study.structural)}"
            )
        values, unit = wanted.of_field()
        asked = study.couplings[self.free[0]].name if self.free else SCALE
        self.check([wanted.name, asked])
        over = []
        if self.overlay:
            from cevns.report.scan_figures.field_figure import read_fields

            over = read_fields(wanted.name, asked, unit, self.overlay)
        with progress_bar("values") as progress:
            found = study.scan_field(
                wanted.name,
                values,
                unit=unit,
                free=self.free or (),
                at=options.at_values(study, self.at),
                fix=options.fixed(nuisances, self.fix),
                cl=self.cl,
                asimov=asimov,
                out=self.out,
                progress=progress,
            )
        show_field_scan(output, found, self.out)
        own = {k: v for k, v in study.provenance().items() if k != "citations"}
        record = {**found.to_dict(), **own}
        if self.plots is not None:
            record |= self._draw_field(found, self.plots, over)
            said = ", ".join((*record["figures"], *record["curves"]))
            output.console.print(f"figure: {said}", soft_wrap=True)
        output.result(record, study)

    def _draw_field(
        self, found: FieldScan, folder: Path, over: Sequence[tuple[str, FieldScan]]
    ) -> dict[str, Any]:
        from cevns.files import write
        from cevns.report.scan_figures.field_figure import field_csv, field_figure

        name = f"scan-{found.name.replace('.', '-').replace(':', '-')}"
        written = self.write(lambda: {name: field_figure(found, overlays=over)}, ends(self.xlim))
        curves = folder / f"{name}.csv"
        write(curves, field_csv(found))
        return {"figures": written, "curves": [str(curves)]}

    def plan(self, parameters: list[str], *, asimov: bool) -> ScanPlan:
        """What is asked for, with the ranges as they are written."""
        asked = ranges.read(parameters)
        study = self.study
        plain = study if self.model == _PLAIN else self.plain(self.model)
        nuisances = plain.model(None if len(self.experiment) > 1 else "cross-section").parameters
        known = study.couplings
        axes = {}
        for r in asked:
            nuisance = not known.has(r.name) and nuisances.has(r.name)
            p = (nuisances if nuisance else known)[r.name]
            if p.name in axes:
                raise InputError(f"--parameter {p.name} is given twice; give it one range")
            axes[p.name] = r.axis(p, structural=p.name in study.structural)
        _apart(known, nuisances, self.at, "--at", "is profiled anyway; hold it with --fix")
        _apart(known, nuisances, self.free, "--free", "is profiled anyway; omit --free")
        _apart(nuisances, known, self.fix, "--fix", "belongs to the model; fix it with --at")
        return study.plan(
            axes,
            free=self.free or (),
            at=options.at_values(study, self.at),
            fix=options.fixed(nuisances, self.fix),
            cl=self.cl,
            asimov=asimov,
        )

    def carry_out(
        self,
        output: Output,
        wanted: ScanPlan,
        executor: Executor | None,
        shard: tuple[int, int] | None = None,
    ) -> None:
        """Scan with a bar of progress, and give the result, if it is more than a share of one."""
        from cevns.analysis.scanning.scan_task import check_method, scan
        from cevns.cli.terminal.progress import progress_bar
        from cevns.experiments.remarks import radius_remarks, remarks

        self.check([a.name for a in wanted.grid.axes])
        if self.overlay:
            from cevns.report.scan_figures.scan_figure import check_overlays

            run = {"method": check_method(self.method), **wanted.label()}
            for text in check_overlays(run, self.overlay):
                output.console.print(f"note: {text}", soft_wrap=True)
        there = self.out is not None and self.out.exists()
        # of a single slice nothing is told before its end
        points = "points" if wanted.grid.raster else f"{wanted.grid.size:,} points"
        what = {"profile": points, "bayes": "steps"}.get(check_method(self.method), "toys")
        with progress_bar(what) as progress:
            found = scan(
                wanted,
                self.method,
                toys=self.number_of_toys,
                draws=DRAWS if self.draws is None else self.draws,
                seed=self.master_seed,
                toys_at=self.toys_at,
                refine=self.refine,
                out=self.out,
                workers=self.workers,
                executor=executor,
                shard=shard,
                progress=progress,
            )
        if found is None:
            share = "/".join(map(str, shard or ()))
            output.console.print(
                f"share {share} is in {self.out}; join all shares with 'cevns merge'"
            )
            return
        show_scan(output, found, self.out, there=there)
        free = wanted.family.question.free
        for remark in (*remarks(wanted.physics), *radius_remarks(wanted.family.experiments, free)):
            output.console.print(f"note: {remark}", soft_wrap=True)
        record = {**wanted.provenance(), **found.to_dict()}
        if self.plots is not None:
            record |= self._draw(found, self.plots)
            said = ", ".join((*record["figures"], *record["curves"]))
            output.console.print(f"figure: {said}", soft_wrap=True)
        output.result(record, self.study)

    def _draw(self, found: Scan, folder: Path) -> dict[str, Any]:
        """Draw the scan and write its curves; the files."""
        from cevns.files import write
        from cevns.report.scan_figures.scan_csv import scan_csv
        from cevns.report.scan_figures.scan_figure import scan_figure

        name, over = f"scan-{'-'.join(found.names)}", tuple(self.overlay or ())
        written = self.write(lambda: {name: scan_figure(found, overlays=over)}, ends(self.xlim))
        curves = folder / f"{name}.csv"
        write(curves, scan_csv(found))
        return {"figures": written, "curves": [str(curves)]}


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


def show_scan(output: Output, found: Scan, out: Path | None, *, there: bool = False) -> None:
    """Print a scan for people.

    Args:
        output: where.
        found: the scan.
        out: its file.
        there: whether that was complete before.
    """
    from cevns.analysis.scanning.scan_text import next_steps

    console = output.console
    source = "expected counts (Asimov)" if found.file.run["asimov"] else "data"
    console.print(found.title, style="bold", end="")
    console.print(f"  ({source})")
    axes = table("axes", "parameter", "what", "unit", "from", "to", "points", left=3)
    for name, unit, values, what in zip(
        found.names, found.units, found.axes, found.file.run["descriptions"], strict=True
    ):
        axes.add_row(name, what, unit, f"{values[0]:.4g}", f"{values[-1]:.4g}", str(len(values)))
    console.print(axes)
    for line in (*found.summary(), *next_steps(found)):
        console.print(line)
    if out is not None:
        written = "nothing was computed, the complete scan is in" if there else "written to"
        console.print(f"{written} {out}; draw it with 'cevns plot {out}'")
