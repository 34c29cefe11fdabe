"""Options of figures: where they go, in which form, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal.completion import FIGURES
from cevns.cli.terminal.output import prepare_folder
from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Figures", "Form", "Worded", "XLim", "ends", "suffixes"]

Form = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="format of the figures: png (default), pdf or svg",
        autocompletion=FIGURES,
    ),
]
XLim = Annotated[
    str | None,
    typer.Option("--xlim", metavar="LOW:HIGH", help="range of the horizontal axis"),
]


@dataclass(frozen=True, kw_only=True)
class Worded:
    """What figures say in place of their own words.

    Args:
        title: ``--title``.
        label: ``--label``.
    """

    title: Annotated[str | None, typer.Option(metavar="TEXT", help="title of the figures")] = None
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=TEXT",
            help="what figures call a parameter; formulas between dollar signs: 'g_x=$g_X$'",
        ),
    ] = None

    @property
    def labels(self) -> dict[str, str]:
        """Texts by name of the parameter.

        Raises:
            InputError: if one is not NAME=TEXT, or its formula cannot be read.
        """
        found = {}
        for given in self.label or ():
            name, equal, text = given.partition("=")
            if not equal or not name.strip() or not text.strip():
                raise InputError(f"--label {given}: write NAME=TEXT, for example 'g_x=$g_X$'")
            _check_formula(text, f"--label {given}")
            found[name.strip()] = text.strip()
        return found

    def check(self, known: Sequence[str] = ()) -> None:
        """Refuse words that cannot be drawn, before the work.

        Args:
            known: names of the parameters that the figures show, where they are known already.

        Raises:
            InputError: if a label is not NAME=TEXT, or a formula cannot be read.
            UnknownNameError: if a label is for something else.
        """
        _check_formula(self.title or "", "--title")
        for name in self.labels:
            if known and name not in known:
                raise UnknownNameError("parameter of the figures (--label)", name, known)

    @contextmanager
    def worded(self, xlim: tuple[float, float] | None = None) -> Iterator[None]:
        """Draw with these words.

        Raises:
            UnknownNameError: at the end, if a label is for what no figure has shown.
        """
        from cevns.report.drawing.look import look

        with look(self.title or "", self.labels, xlim) as said:
            yield
        for name in self.labels:
            if name not in said.met:
                raise UnknownNameError("parameter of the figures (--label)", name, said.met)


@dataclass(frozen=True, kw_only=True)
class Figures(Worded):
    """The figures of a command.

    Args:
        plots: ``--plots``.
        form: ``--format``.
    """

    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="DIR", help="write the figures there")
    ] = None
    form: Form = None

    def prepare(self) -> None:
        """Make the folder, and refuse what cannot be drawn, before the work.

        Raises:
            InputError: if a format is unknown, or options of figures are given without figures.
            MissingExtraError: if no figure can be drawn.
            OutputError: if there can be no such folder.
        """
        for option, given in (
            ("--format", self.form), ("--title", self.title), ("--label", self.label),
        ):  # fmt: skip
            if given and self.plots is None:
                raise InputError(f"{option} applies to the figures; add --plots DIR")
        if self.plots is not None:
            suffixes(self.form)
            prepare_folder(self.plots)
            self.check()

    def write(
        self,
        draw: Callable[[], Mapping[str, Figure]],
        xlim: tuple[float, float] | None = None,
    ) -> list[str]:
        """Draw the figures and write each in every format; none if one cannot be drawn.

        Args:
            draw: makes the figures, by the name of their file.
            xlim: ends of the horizontal axis.

        Returns:
            The files.

        Raises:
            UnknownNameError: if a label is for what no figure shows.
            OutputError: if a file cannot be written.
        """
        return self.write_each(lambda: {"": draw()}, xlim).get("", [])

    def write_each(
        self,
        draw: Callable[[], Mapping[str, Mapping[str, Figure]]],
        xlim: tuple[float, float] | None = None,
    ) -> dict[str, list[str]]:
        """As `write`, for each of several experiments.

        Args:
            draw: makes the figures of each; files of one among several have its name in front.
            xlim: ends of the horizontal axis.

        Returns:
            The files of each.

        Raises:
            UnknownNameError: if a label is for what no figure shows.
            OutputError: if a file cannot be written.
        """
        from cevns.report import save

        folder = self.plots
        if folder is None:
            return {}
        with self.worded(xlim):
            made = draw()
        return {
            name: [
                str(save(figure, folder / f"{f'{name}-' if len(made) > 1 else ''}{what}{suffix}"))
                for what, figure in figures.items()
                for suffix in suffixes(self.form)
            ]
            for name, figures in made.items()
        }


def suffixes(given: Sequence[str] | None) -> tuple[str, ...]:
    """Suffixes of the files of a figure, by ``--format``.

    Raises:
        UnknownNameError: if a format is unknown.
    """
    from cevns.report.figure_files import FORMATS

    for form in given or ():
        if form.casefold() not in FORMATS:
            raise UnknownNameError("format of figures (--format)", form, FORMATS)
    return tuple(dict.fromkeys(f".{form.casefold()}" for form in given or FORMATS[:1]))


def ends(text: str | None, option: str = "--xlim") -> tuple[float, float] | None:
    """Two numbers with a colon between them.

    Raises:
        InputError: if it is something else, or the second is not above the first.
    """
    import math

    if text is None:
        return None
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(
            f"{option} {text}: write LOW:HIGH, two numbers in the unit of the axis, for example "
            "0:60"
        )
    return low, high


def _check_formula(text: str, option: str) -> None:
    """Raise if matplotlib cannot draw a text.

    Raises:
        InputError: naming the option.
    """
    if "$" not in text:
        return
    from cevns.cli.terminal.output import require_plots

    require_plots(option.partition(" ")[0])
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(text)
    except ValueError:
        raise InputError(
            f"{option}: matplotlib cannot draw this formula; write TeX between two '$', with names "
            "that it knows, such as '$\\sin^2\\theta_W$'"
        ) from None
