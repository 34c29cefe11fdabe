"""Where results go: tables for people, strict JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal.screen import printable
from cevns.exceptions import OutputError
from cevns.files import check_writable, write
from cevns.records import cited, head
from cevns.records.record_files import json_text, strict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from cevns.study import Study

__all__ = [
    "Output",
    "by_channel",
    "prepare_figure",
    "prepare_folder",
    "require_plots",
    "table",
    "written_alike",
]


_LONGEST_WORD = 46
"""Letters of a word that a table does not break: names, not paths and digests."""


@dataclass(frozen=True)
class Output:
    """The destination of one command's result.

    With ``--json -`` standard output holds the JSON and nothing else; everything for people goes
    to standard error. A path is checked before the work starts, so that a long fit does not end
    in a full stop.

    Args:
        json: ``--json``.

    Raises:
        OutputError: if the path cannot be written.
    """

    json: Annotated[
        str | None, typer.Option(metavar="PATH|-", help="write JSON; - is standard output")
    ] = None

    def __post_init__(self) -> None:
        if self.json is not None and self.json != "-":
            check_writable(self.json)

    @property
    def console(self) -> Console:
        """The console for people: standard output, or standard error beside ``--json -``."""
        from cevns.cli.terminal.screen import screen

        console = screen(stderr=self.json == "-")
        if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
            console.width = 160  # a file or a pipe has no edge to cut tables at
        return console

    def result(self, record: Mapping[str, Any], study: Study | None = None) -> None:
        """Write the JSON, if it was asked for, with what every result says of itself.

        Args:
            record: of the command.
            study: what it is of; of a combination name, sets and choices are written too, and the
                choices that are not the usual ones are printed.

        Raises:
            OutputError: if it cannot be written; nothing is left half written.
        """
        own = {} if study is None else self._combination(study)
        if self.json is None:
            return
        text = json_text(strict(cited({**head(), **record, **own})))
        if self.json == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write(self.json, text)

    def _combination(self, study: Study) -> dict[str, Any]:
        """Of a combination what its results say of it; the choices that were taken are printed."""
        from cevns.study.combined_study import CombinedStudy

        if not isinstance(study, CombinedStudy):
            return {}
        taken = ", ".join(f"{name} {option}" for name, option in study.unusual.items())
        said = f"{taken}; the others are the default ones" if taken else "the usual ones"
        if study.choices:
            self.console.print(f"{study.name} ({study.title}), choices: {said}", soft_wrap=True)
        return study.combination


def table(title: str, *columns: str, left: int = 1) -> Table:
    """An empty table: the first `left` columns to the left, numbers to the right.

    Where it is wider than the screen, columns of several words give way. Where that is not enough,
    each row is written as lines with the headings in it: no word is broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    class Whole(Table):
        def __init__(self, **how: Any) -> None:
            super().__init__(**how)
            self.texts: list[tuple[str, ...]] = []

        def add_row(self, *cells: Any, **how: Any) -> None:
            super().add_row(*cells, **how)
            self.texts.append(tuple(str(cell or "") for cell in cells))

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            heads = tuple(str(column.header) for column in self.columns)
            # two blanks behind each column, one before the first
            room = options.max_width - 2 * len(heads) - 2
            widths = _widths([heads, *self.texts], room)
            # wrapped at the edge of the screen, and not at that of the table
            yield Text(printable(title), style="bold")
            if widths is None:
                yield from _listed(heads, self.texts)
                return
            for column, width in zip(self.columns, widths, strict=True):
                column.width = width
            yield from super().__rich_console__(console, options)

    out = Whole(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for i, column in enumerate(columns):
        out.add_column(column, justify="left" if i < left else "right", overflow="fold")
    return out


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths of columns that fit into `room` letters; None if a word would have to be broken."""
    columns = list(zip_longest(*rows, fillvalue=""))
    wanted = [max(map(len, cells)) for cells in columns]
    least = [
        min(max((len(w) for cell in cells for w in cell.split()), default=0), _LONGEST_WORD)
        for cells in columns
    ]
    if sum(least) > room:
        return None
    while sum(wanted) > room:
        loose = (i for i in range(len(wanted)) if wanted[i] > least[i])
        wanted[max(loose, key=lambda i: wanted[i])] -= 1
    return wanted


def _listed(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Any]:
    """A table row by row."""
    from rich.padding import Padding
    from rich.text import Text

    # a console that leaves long lines to the terminal would cut these off
    wrapped: Any = {"no_wrap": False, "overflow": "fold"}
    for name, *cells in rows:
        yield Text(printable(f" {name}"), **wrapped)
        said = ", ".join(f"{h} {c}".strip() for h, c in zip(heads[1:], cells, strict=False) if c)
        yield Padding(Text(printable(said), **wrapped), (0, 0, 0, 4))


def by_channel(channels: Mapping[str, Mapping[str, float]], heading: str, digits: str) -> Table:
    """A table of the counts of each component in each channel.

    Args:
        channels: counts by channel and component.
        heading: what the counts are.
        digits: their format.
    """
    shown = table("by channel", "channel", "component", heading, left=2)
    for channel, counts in channels.items():
        for name, count in counts.items():
            shown.add_row(channel, name, f"{count:{digits}}")
        shown.add_section()
    return shown


def written_alike(values: Iterable[float]) -> list[str]:
    """A column of numbers in one form, with four digits.

    Examples:
        >>> written_alike([0.7577, 1.29, float("nan")])
        ['0.7577', '1.290', '-']
        >>> written_alike([1800.0, 5692.1, 180000.0])
        ['1800', '5692', '180000']
        >>> written_alike([6.454e6, 472.4, 0.0])
        ['6.454e+06', '4.724e+02', '0.000e+00']
    """
    import math

    numbers = list(values)
    sizes = [abs(v) for v in numbers if v and math.isfinite(v)]
    low, high = min(sizes, default=1.0), max(sizes, default=1.0)
    # whole counts up to a million are read more easily than powers of ten
    powers = high >= 1e6 or low < 1e-3
    out = []
    for v in numbers:
        decimals = 3 - math.floor(math.log10(abs(v))) if v and math.isfinite(v) else 3
        form = ".3e" if powers else f".{max(0, decimals)}f"
        out.append(f"{v:{form}}" if math.isfinite(v) else "-")
    return out


def require_plots(what: str) -> None:
    """Raise `MissingExtraError` if no figure can be drawn."""
    from cevns.exceptions import MissingExtraError

    try:
        import matplotlib as _  # noqa: F401
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", what) from None


def prepare_figure(file: Path | None, option: str = "--figure") -> None:
    """Refuse a figure that cannot be drawn or written, before the work.

    Raises:
        MissingExtraError: if no figure can be drawn.
        OutputError: if the suffix is unknown or the file cannot be written.
    """
    if file is None:
        return
    require_plots(option)
    from cevns.report.figure_files import check_figure

    check_figure(file)


def prepare_folder(folder: Path, option: str = "--plots") -> None:
    """Make the folder of the figures, before the work.

    Raises:
        MissingExtraError: if no figure can be drawn.
        OutputError: if there can be no such folder, or nothing can be written into it.
    """
    require_plots(option)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{option}: {folder} is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{option}: cannot create {folder}: {error.strerror}") from None
    check_writable(folder / "figure.png")
