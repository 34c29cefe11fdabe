"""A bar of progress on standard error; lines where no bar can be drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from cevns.cli.terminal.screen import printable

__all__ = ["FIRST_S", "LINE_S", "line", "progress_bar"]

FIRST_S, LINE_S = 2.0, 10.0
"""Seconds before the first line, and between others, where no bar can be drawn."""


@contextmanager
def progress_bar(what: str = "toys") -> Iterator[Callable[..., None]]:
    """A bar with work done, its speed and the time left; what a stopped run says of its file.

    Args:
        what: is counted.

    Yields:
        What is to be told work done, work wanted and, if it is known, work a second.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    screen = Console(stderr=True)
    due = time.monotonic() + FIRST_S
    with Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[rate]}"),
        Remaining(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=None, rate="", count="")

        # the first call comes after set-up and, in a resumed run, after work of an earlier one
        first: list[tuple[float, int]] = []

        def tell(done: int, total: int, rate: float | None = None) -> None:
            nonlocal due
            now = time.monotonic()
            if not first:
                first.append((now, done))
            if rate is None:
                rate = (done - first[0][1]) / max(1e-9, now - first[0][0])
            if screen.is_terminal:
                speed, count = f"{rate:,.0f}/s" if rate else "", f"{done:,}/{total:,}"
                bar.update(task, completed=done, total=total, rate=speed, count=count)
            elif now >= due and rate > 0:
                due = now + LINE_S
                typer.echo(line(what, done, total, rate), err=True)

        try:
            yield tell
        except BaseException as stop:
            for note in getattr(stop, "__notes__", ()):
                typer.echo(printable(f"cevns: {note}"), err=True)
            raise


def line(what: str, done: int, total: int, rate: float) -> str:
    """Progress in a line.

    Examples:
        >>> line("toys", 1500, 9000, 50.0)
        'toys 1,500/9,000, 50/s, 2 min left'
    """
    left = (total - done) / rate
    if left < 100:
        text = f"{left:.0f} s"
    elif left < 6000:
        text = f"{left / 60:.0f} min"
    else:
        text = f"{left / 3600:.1f} h"
    return f"{what} {done:,}/{total:,}, {rate:,.0f}/s, {text} left"
