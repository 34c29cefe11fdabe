"""A bar of progress on standard error; lines where no bar can be drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

_LINE_S = 10.0
"""Seconds between lines where no bar can be drawn."""


@contextmanager
def toy_bar(what: str = "toys") -> Iterator[Callable[[int, int, float], None]]:
    """A bar with the number of toys, their speed and the time left.

    Yields:
        What is to be told toys done, toys wanted and toys a second.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    screen = Console(stderr=True)
    printed = time.monotonic()
    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        Remaining(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=None, rate="")

        def tell(done: int, total: int, rate: float) -> None:
            nonlocal printed
            if screen.is_terminal:
                bar.update(task, completed=done, total=total, rate=f"{rate:,.0f}/s" if rate else "")
                return
            now = time.monotonic()
            if now - printed < _LINE_S or not rate > 0:
                return
            printed = now
            left = (total - done) / rate
            typer.echo(f"{what} {done}/{total}, {rate:,.0f}/s, {left:.0f} s left", err=True)

        yield tell
