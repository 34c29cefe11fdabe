"""What all results share: the head of their JSON, and how notebooks show, plot and hand them on.

A result writes one method, `Result.to_dict`, its JSON. What a notebook shows, the tables and the
text follow from it. Figures stand above results: who draws which class is said by `draw_with`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, overload

if TYPE_CHECKING:
    import hist
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from cevns.records.record_tables import RecordTable

__all__ = [
    "VERSION",
    "BinAxis",
    "Binned",
    "Explorable",
    "Result",
    "Shown",
    "cited",
    "draw_with",
    "figure",
    "head",
]

VERSION: Final = "0.1.0"
_FIGURES: dict[str, str] = {}


def head(seed: int | None = None) -> dict[str, Any]:
    """The fields that every JSON record has; a record replaces those it knows better.

    Args:
        seed: master seed of random numbers; None where there are none.

    Examples:
        >>> list(head())
        ['version', 'engine', 'seed', 'physics', 'overrides', 'inputs', 'citations']
    """
    from cevns.typing import ENGINE  # with NumPy, which the help of the command line does without

    return {
        "version": VERSION,
        "engine": ENGINE,
        "seed": seed,
        "physics": {},
        "overrides": {},
        "inputs": {"origin": "none", "files": [], "warnings": []},
        "citations": [],
    }


def cited(record: Mapping[str, Any], *methods: str) -> dict[str, Any]:
    """A record with everything that is to be cited for it, in ``citations``.

    These are its own, those of the blocks in it, those of methods, and the software.

    Args:
        record: of a result.
        methods: names in `cevns.citations.methods`.

    Examples:
        >>> [c["role"] for c in cited(head(), "cls")["citations"]]
        ['CLs limits', 'CLs limits', 'software', 'software', 'software']
    """
    from cevns.citations import of_methods

    def found(block: Mapping[str, Any]) -> list[dict[str, str]]:
        blocks = (b for b in block.values() if isinstance(b, Mapping))
        return [*block.get("citations", ()), *(c for b in blocks for c in found(b))]

    software = of_methods().records()
    own = [c for c in found(record) if c not in software]
    each = {(c["key"], c["role"]): c for c in (*own, *of_methods(*methods).records())}
    return {**record, "citations": list(each.values())}


def draw_with(functions: Mapping[str, str]) -> None:
    """Say which function draws a class of results.

    Args:
        functions: dotted names by the name of the class, which is that of its subclasses too
            unless they have their own; a module is imported when its first figure is drawn.
    """
    _FIGURES.update(functions)


def figure(kind: str, result: object) -> Figure:
    """The figure of a result.

    Results stand below figures, so they ask for theirs by name.

    Raises:
        KeyError: if nothing draws this kind.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    drawn: Figure = _found(_FIGURES[kind])(result)
    return drawn


def _found(dotted: str) -> Any:
    """A function by its dotted name."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


_LONGEST: Final = 160
"""Letters of a short text, which fits two lines."""


class Shown:
    """What a notebook shows as tables that follow from one record."""

    def _shown(self) -> Mapping[str, Any]:
        """The record."""
        raise NotImplementedError

    main_table: ClassVar[str] = ""
    """Name of the table that is shown open; by default the first that says no origin."""

    def record_tables(self) -> dict[str, RecordTable]:
        """All tables of the record."""
        from cevns.records.record_tables import tables

        return tables(self._shown())

    def _heading(self) -> tuple[str, str]:
        """What a notebook shows above the tables: a title, and the answer where there is one."""
        return repr(self), ""

    def _open_table(self) -> RecordTable | None:
        """The main table as it is read; by default as it stands in the record."""
        return None

    def _repr_html_(self) -> str:
        """Tables for a notebook, below 20 kB, of any theme."""
        from cevns.records.record_tables import main_name, page

        found, opened = self.record_tables(), self._open_table()
        if opened is not None:
            found = {**found, main_name(found, self.main_table): opened}
        title, said = self._heading()
        return page(title, found, self.main_table, said)

    def to_pandas(self, table: str = "") -> pandas.DataFrame:
        """A table of it as a data frame.

        Args:
            table: which, by its place in the JSON, such as ``"channels.NAME.components"``; by
                default the main one. ``"summary"`` holds single numbers, in one row.

        Raises:
            UnknownNameError: if there is no such table; the message names those there are.
            MissingExtraError: if pandas is not installed.
        """
        from cevns.records.record_tables import data_frame

        return data_frame(self.record_tables(), table, self.main_table)


class Explorable:
    """What can be moved by sliders: experiments, and results of them."""

    def explored(self) -> Sequence[Any]:
        """The experiments that have sliders."""
        raise NotImplementedError

    def explore(self, state: str = "") -> Any:
        """Sliders on the experiment in a notebook, with counts, likelihood and significance.

        The same page as that of the command ``cevns app``, as a widget.

        Args:
            state: what it shows first, as the address of that page has it:
                ``"mass=20kg&eps_ee_u=0.1"``.

        Raises:
            InputError: if the state cannot be shown.
            MissingExtraError: if anywidget is not installed.
        """
        return _found(_FIGURES["explore"])(self, state)


class Result(Shown):
    """A result: its JSON, and all that a notebook asks of it.

    A class of results derives from it and defines `to_dict`. Its `repr` is short, whether it is a
    dataclass or not; ``print`` shows the first table as text, unless the class says otherwise.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Found(Result):
        ...     name: str
        ...     x: tuple[float, ...]
        ...     def to_dict(self):
        ...         return {"points": [{"x": x, "square": x * x} for x in self.x]}
        >>> found = Found("squares", (1.0, 2.0))
        >>> found
        <Found: name='squares'>
        >>> print(found)
        <Found: name='squares'>
        x  square
        1       1
        2       4
        >>> "<td" in found._repr_html_()
        True
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__ and cls.__repr__ is Result.__repr__:
            # a dataclass writes a long one of its own, unless the class itself has one already
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the result."""
        raise NotImplementedError

    def _shown(self) -> Mapping[str, Any]:
        return self.to_dict()

    def __repr__(self) -> str:
        """The class and its words and numbers, on a line or two."""
        said, own = [], cast("Any", self)
        for field in fields(own) if is_dataclass(own) else ():
            value = getattr(self, field.name)
            if isinstance(value, bool | int | str) and value != "":
                said.append(f"{field.name}={value!r}")
            elif isinstance(value, float):
                said.append(f"{field.name}={value:.5g}")
            elif isinstance(value, Shown) and not isinstance(value, Result):
                said.append(repr(value))
        text = f"{type(self).__name__}: {', '.join(said)}" if said else type(self).__name__
        return f"<{text}>" if len(text) <= _LONGEST else f"<{text[:_LONGEST]}...>"

    def __str__(self) -> str:
        """The first table as text."""
        from cevns.records.record_tables import main

        return f"{self!r}\n{main(self.record_tables(), self.main_table).text()}"

    def to_hist(self) -> hist.Hist[Any]:
        """Counts as a histogram, of results that have them in bins.

        Raises:
            InputError: if this result has no counts in bins.
        """
        from cevns.exceptions import InputError

        raise InputError(
            f"{type(self).__name__} has no counts in bins; the result of a fit has them "
            "(Study.fit().to_hist()), and to_pandas() gives the tables of this one"
        )

    @overload
    def plot(self, ax: None = None) -> Figure: ...
    @overload
    def plot(self, ax: Axes) -> SubFigure: ...
    def plot(self, ax: Axes | None = None) -> Figure | SubFigure:
        """The figure of the result.

        Args:
            ax: axes whose place in their figure it takes, of a figure with
                ``layout="constrained"``; by default it is a figure of its own.

        Returns:
            The figure, or the part of one that took the place of `ax`; what was drawn are its
            ``axes``.

        Raises:
            InputError: if `ax` stands outside of a grid, or this result has no figure.
            MissingExtraError: if matplotlib or mplhep is not installed.
        """
        kind = next(c.__name__ for c in type(self).__mro__ if c.__name__ in _FIGURES)
        if ax is None:
            return figure(kind, self)
        drawn: SubFigure = _found(_FIGURES["ax"])(ax, lambda: figure(kind, self))
        return drawn


@dataclass(frozen=True, eq=False)
class BinAxis:
    """An axis of counts in bins.

    Args:
        name: of the axis.
        unit: of the edges, empty where they have none.
        edges: of its bins, ``(n + 1,)``.
        title: what a figure calls it, by default its name.
    """

    name: str
    unit: str
    edges: NDArray[Any]
    title: str = ""

    @property
    def label(self) -> str:
        """What a figure writes along it."""
        called = self.title or self.name
        return f"{called} [{self.unit}]" if self.unit else called

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "unit": self.unit, "edges": self.edges.tolist()}


class Binned(Result):
    """A result with counts in bins."""

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, NDArray[Any]]]:
        """The axes, and counts by name, each with the shape of the axes.

        Raises:
            InputError: if these counts are not in bins of axes.
        """
        raise NotImplementedError

    def to_hist(self) -> hist.Hist[Any]:
        """Counts as a histogram; its first axis, ``of``, says whose they are.

        Raises:
            InputError: if these counts are not in bins of axes.
            MissingExtraError: if hist is not installed.
        """
        axes, counts = self.counts_in_bins()
        try:
            import hist
        except ImportError:
            from cevns.exceptions import MissingExtraError

            raise MissingExtraError("hist", "notebook", "a histogram") from None
        found: hist.Hist[Any] = hist.Hist(
            hist.axis.StrCategory(list(counts), name="of"),
            *(hist.axis.Variable(list(a.edges), name=a.name, label=a.label) for a in axes),
        )
        for i, values in enumerate(counts.values()):
            found.view()[i] = values
        return found
