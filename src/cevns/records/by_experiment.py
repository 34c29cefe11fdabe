"""Results by the name of their experiment: a dictionary that notebooks show and draw."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cevns.exceptions import InputError
from cevns.records import Result, Shown

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from cevns.records.record_tables import RecordTable

__all__ = ["ByExperiment", "ExpectedCounts"]

T = TypeVar("T")


class ExpectedCounts(dict[str, float], Result):
    """Expected counts of one experiment by component: a dictionary, and a result.

    Examples:
        >>> counts = ExpectedCounts({"cevns": 331.0, "ssb": 1286.0})
        >>> counts["ssb"], counts == {"cevns": 331.0, "ssb": 1286.0}
        (1286.0, True)
        >>> print(counts.record_tables()["expected"].text())
        name   value
        cevns    331
        ssb     1286
    """

    title: str = ""
    """Of the experiment."""
    titles: Mapping[str, str] = MappingProxyType({})
    """Of components, by name."""
    __repr__ = dict.__repr__
    __str__ = dict.__repr__

    @classmethod
    def of(cls, counts: Mapping[str, float], title: str, titles: Mapping[str, str]) -> Self:
        """Counts with the words for them.

        Args:
            counts: by component.
            title: of the experiment.
            titles: of components, by name.
        """
        found = cls(counts)
        found.title, found.titles = title, titles
        return found

    def to_dict(self) -> dict[str, Any]:
        """The counts, as ``expected``."""
        return {"expected": dict(self)}

    def _heading(self) -> tuple[str, str]:
        return f"Expected counts: {self.title}", ""

    def _open_table(self) -> RecordTable:
        from cevns.records.record_tables import RecordTable

        rows = tuple((n, self.titles.get(n, ""), v) for n, v in self.items())
        return RecordTable(("component", "what", "expected"), rows, named=True)


class ByExperiment(dict[str, T], Shown):
    """Results by the name of their experiment.

    It is a dictionary; of a single experiment it shows and draws its result.

    Examples:
        >>> found = ByExperiment({"csi": ExpectedCounts({"cevns": 331.0})})
        >>> found
        {'csi': {'cevns': 331.0}}
        >>> "<td>331</td>" in found._repr_html_()
        True
    """

    __repr__ = dict.__repr__
    __str__ = dict.__repr__

    def _each(self) -> dict[str, Result]:
        return {name: found for name, found in self.items() if isinstance(found, Result)}

    def _shown(self) -> Mapping[str, Any]:
        return {name: found.to_dict() for name, found in self._each().items()}

    def _heading(self) -> tuple[str, str]:
        return " + ".join(self), ""

    def _only(self) -> Result | None:
        """The result of a single experiment."""
        each = list(self._each().values())
        return each[0] if len(each) == 1 else None

    def record_tables(self) -> dict[str, RecordTable]:
        """All tables of the record; of a single experiment its own."""
        only = self._only()
        return super().record_tables() if only is None else only.record_tables()

    def _repr_html_(self) -> str:
        """Tables for a notebook; of several experiments those of each, one below the other."""
        only = self._only()
        if only is not None:
            return only._repr_html_()
        return super()._repr_html_()

    def to_pandas(self, table: str = "") -> pandas.DataFrame:
        """A table as a data frame; of a single experiment those of its result.

        Args:
            table: as in `cevns.records.Shown.to_pandas`.

        Raises:
            UnknownNameError: if there is no such table.
            MissingExtraError: if pandas is not installed.
        """
        only = self._only()
        return super().to_pandas(table) if only is None else only.to_pandas(table)

    def plot(self, ax: Axes | None = None) -> Figure | SubFigure:
        """The figure of a single experiment.

        Args:
            ax: as in `cevns.records.Result.plot`.

        Raises:
            InputError: if there are several.
            MissingExtraError: if matplotlib or mplhep is not installed.
        """
        only = self._only()
        if only is None:
            raise InputError(
                f"there is one figure for each experiment; take one of {', '.join(self)} by name "
                "and plot it"
            )
        return only.plot() if ax is None else only.plot(ax)
