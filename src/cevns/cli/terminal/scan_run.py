"""How a scan of the command line is run: what is refused at once, where toys go, what is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cevns.exceptions import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["How"]


@dataclass
class How:
    """How a scan is to be carried out: what does not change its question.

    Args:
        method: ``profile``, ``fc``, ``cls`` or ``bayes``.
        toys: toys a point.
        seed: master seed.
        refine: times that steps are halved.
        out: HDF5 file.
        workers: processes.
        scheduler: of a cluster.
        shard: which share of how many.
    """

    method: str
    toys: int
    seed: int
    refine: int
    out: Path | None
    workers: int | None
    scheduler: str | None
    shard: tuple[int, int] | None = None
    written: str = field(default="written to", init=False)

    @contextmanager
    def prepared(self) -> Iterator[Executor | None]:
        """All that can be refused before anything is computed; the executor of a cluster.

        Raises:
            UnknownNameError: if there is no such method.
            InputError: if options do not go together, or no scheduler answers.
            MissingExtraError: if what a file or a method needs is not installed.
            OutputError: if the file cannot be written.
        """
        from cevns.analysis.scanning.scan_task import check_method

        self.method = check_method(self.method)
        toys = self.method in ("fc", "cls")
        if self.refine and self.method != "profile":
            raise InputError(f"--refine is for profile scans; give {self.method} a finer range")
        if self.shard and not toys:
            raise InputError(
                f"{self.method} has no toys to share out; leave --shard out, or use fc or cls"
            )
        if self.shard and self.out is None:
            raise InputError("--shard needs a file, which 'cevns merge' reads; add --out FILE.h5")
        if self.scheduler is not None and not toys:
            raise InputError(
                f"{self.method} has no toys to send away; leave --scheduler out, or use fc or cls"
            )
        if self.scheduler is not None and self.workers is not None:
            raise InputError(
                "--workers are processes here and --scheduler others elsewhere; name one"
            )
        if self.method == "bayes":
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

    def carry_out(self, wanted: ScanPlan, executor: Executor | None) -> Scan | None:
        """The scan, with a bar of progress; None for a share of one."""
        from cevns.analysis.scanning.scan_task import scan as run
        from cevns.cli.terminal.progress import progress_bar

        if self.out is not None and self.out.exists():
            self.written = "nothing was computed, all of it is in"
        with progress_bar("steps" if self.method == "bayes" else "toys") as progress:
            try:
                return run(
                    wanted,
                    self.method,
                    toys=self.toys,
                    seed=self.seed,
                    refine=self.refine,
                    out=self.out,
                    workers=self.workers,
                    executor=executor,
                    shard=self.shard,
                    progress=progress,
                )
            except BaseException as stop:
                for note in getattr(stop, "__notes__", ()):
                    typer.echo(f"cevns: {note}", err=True)
                raise
