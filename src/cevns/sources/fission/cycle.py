"""The cycle of a core: its power and its fractions of fissions by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cevns.columns import read_columns
from cevns.exceptions import DataError, InputError
from cevns.sources.fission import core
from cevns.sources.fission.tabulation import ISOTOPES
from cevns.typing import Array

__all__ = ["Cycle", "Ends", "ends"]

_TIMES: Final = ("begin_d", "end_d")
_POWERS: Final = ("relative_power", "power_gw")
_HIGHEST = 1.1
"""Relative power that a core may have."""
_STEPS = 100
"""Intervals of fractions that change and have no table."""

Ends = tuple[tuple[float, ...], tuple[float, ...]]
"""Fractions at the begin and at the end of the data."""


@dataclass(frozen=True, eq=False)
class Cycle:
    r"""Power and fractions, constant within intervals that join.

    With fractions that are weighted with fissions, R_k dt_k = P_k dt_k / sum_i f_ik E_i, the mean
    emission is exactly that of one core: sum_i f_i S_i is linear in f, and the energy of all
    fissions is their number times that of the mean fission,

    .. math:: \bar f_i = \frac{\sum_k R_k\, dt_k f_{ik}}{\sum_k R_k\, dt_k}, \qquad
       \overline{R\,\textstyle\sum_i f_i S_i}
       = \frac{\bar P}{\sum_i \bar f_i E_i} \sum_i \bar f_i S_i

    Means that are weighted with power are not: R is not linear in f.

    Args:
        edges_d: d, increasing, ``(n + 1,)``.
        power: relative to full load, ``(n,)``.
        fractions: of fissions, ``(n, isotopes)``.

    Examples:
        >>> halves = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
        >>> cycle = Cycle(np.array([0.0, 10.0, 20.0]), np.array([1.0, 0.5]), halves)
        >>> cycle.mean_power, [round(f, 4) for f in cycle.mean_fractions("ma-2013")]
        (0.75, [0.676, 0.0, 0.324, 0.0])
    """

    edges_d: Array
    power: Array
    fractions: Array

    @classmethod
    def even(cls, days: float, power: float, fractions: Ends) -> Cycle:
        """The same power from day 0 on, with fractions that are linear between both ends."""
        n = 1 if fractions[0] == fractions[1] else _STEPS
        nothing = np.zeros((n, len(ISOTOPES)))
        return cls(np.linspace(0.0, days, n + 1), np.full(n, power), nothing).burning(*fractions)

    @classmethod
    def read(cls, path: Path, full_gw: float, fractions: Ends) -> Cycle:
        """Of a table with an interval a row.

        Args:
            path: columns ``begin_d`` and ``end_d``, ``relative_power`` or ``power_gw``, and, where
                they change, fractions of fissions ``u235``, ``u238``, ``pu239``, ``pu241``.
            full_gw: thermal power at full load, GW.
            fractions: at the begin and at the end, where the table has none: linear in burn-up.

        Raises:
            DataError: if the table is missing or broken, its intervals do not join, a power or
                fraction is impossible, or fractions are given beside those of the table.
        """
        columns = read_columns(path, ())
        power = [c for c in _POWERS if c in columns]
        known = {*_TIMES, *_POWERS, *ISOTOPES}
        if not known.issuperset(columns) or not set(_TIMES) <= set(columns) or len(power) != 1:
            raise DataError(
                f"has the columns {', '.join(columns)}; a history of power has 'begin_d' and "
                "'end_d', one of 'relative_power' and 'power_gw', and where fractions change "
                f"{', '.join(ISOTOPES)}: units stand in the names",
                path=path,
            )
        begin, end = (columns[c] for c in _TIMES)
        _join(begin, end, path)
        relative = columns[power[0]] / (full_gw if power[0] == "power_gw" else 1.0)
        for day, value in zip(begin, relative, strict=True):
            if not 0.0 <= value <= _HIGHEST:
                raise DataError(
                    f"the power from day {day:g} on is {value:g} of full load ({full_gw:g} GW), "
                    f"not between 0 and {_HIGHEST:g}",
                    path=path,
                )
        if not np.any(relative > 0.0):
            raise DataError("the power is zero on all days", path=path)
        out = cls(np.append(begin, end[-1]), relative, np.zeros((begin.size, len(ISOTOPES))))
        changing = [i for i in ISOTOPES if i in columns]
        if not changing:
            return out.burning(*fractions)
        if fractions != ends(core.PWR):
            raise DataError(
                "has fractions, and 'fractions' also gives them; give only one", path=path
            )
        for k, day in enumerate(begin):
            try:
                out.fractions[k] = core.normalised({i: columns[i][k] for i in changing})
            except InputError as error:
                raise DataError(f"from day {day:g} on {error}", path=path) from None
        return out

    def burning(self, begin: tuple[float, ...], end: tuple[float, ...]) -> Cycle:
        """The same power with fractions that are linear in burn-up, from `begin` to `end`."""
        energy = np.diff(self.edges_d) * self.power
        burnt = (np.cumsum(energy) - energy / 2.0) / energy.sum()
        rows = np.outer(1.0 - burnt, begin) + np.outer(burnt, end)
        return Cycle(self.edges_d, self.power, rows)

    @property
    def length_d(self) -> float:
        """From the first edge to the last, d."""
        return float(self.edges_d[-1] - self.edges_d[0])

    @property
    def mean_power(self) -> float:
        """Relative to full load, over all intervals."""
        return float(np.diff(self.edges_d) @ self.power) / self.length_d

    def mean_fractions(self, energies: str) -> tuple[float, ...]:
        """Weighted with fissions.

        Args:
            energies: name of a set of `core.ENERGIES`.

        Raises:
            UnknownNameError: if there is no such set.
        """
        rows = [tuple(row.tolist()) for row in self.fractions]
        full = np.array([core.fissions_per_s(1.0, row, energies) for row in rows])
        weight = full * self.power * np.diff(self.edges_d)
        return tuple((weight @ self.fractions / weight.sum()).tolist())

    def on(self, day_d: float) -> tuple[float, dict[str, float]]:
        """Power, relative to full load, and fractions on a day.

        Raises:
            InputError: if the day is not in the history.
        """
        if not self.edges_d[0] <= day_d <= self.edges_d[-1]:
            raise InputError(
                f"the history of power goes from day {self.edges_d[0]:g} to "
                f"{self.edges_d[-1]:g}, without day {day_d:g}"
            )
        k = min(int(np.searchsorted(self.edges_d, day_d, side="right")) - 1, self.power.size - 1)
        row = self.fractions[k].tolist()
        return float(self.power[k]), dict(zip(ISOTOPES, row, strict=True))


def ends(fractions: Mapping[str, float] | Mapping[str, Mapping[str, float]]) -> Ends:
    """Fractions at the begin and at the end, in the order of `ISOTOPES`; the same if they are one.

    Raises:
        InputError: if they are no fractions (`core.normalised`), or one of both is missing.
        UnknownNameError: if there is another isotope.

    Examples:
        >>> ends({"begin": {"u235": 0.6, "pu239": 0.4}, "end": {"u235": 1.0}})
        ((0.6, 0.0, 0.4, 0.0), (1.0, 0.0, 0.0, 0.0))
    """
    both = {n: f for n, f in fractions.items() if isinstance(f, Mapping)}
    if not both:
        one = core.normalised({n: f for n, f in fractions.items() if not isinstance(f, Mapping)})
        return one, one
    if set(fractions) != {"begin", "end"} or len(both) != 2:
        raise InputError(
            "fractions that change are '{begin: {...}, end: {...}}', each with all isotopes, not "
            f"those of {', '.join(fractions)}"
        )
    out = []
    for name in ("begin", "end"):
        try:
            out.append(core.normalised(both[name]))
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    return out[0], out[1]


def _join(begin: Array, end: Array, path: Path) -> None:
    """Refuse intervals that are empty, not in order, or leave a hole."""
    for k, (a, b) in enumerate(zip(begin, end, strict=True)):
        if not a < b:
            said = f"the interval from day {a:g} to {b:g} does not end after it begins"
            raise DataError(said, path=path)
        if k and a < end[k - 1]:
            raise DataError(
                f"the interval from day {a:g} begins before the one above it ends (day "
                f"{end[k - 1]:g}); times increase from row to row",
                path=path,
            )
        if k and a > end[k - 1]:
            raise DataError(
                f"has no entry from day {end[k - 1]:g} to {a:g}; add the missing rows, with power "
                "0 while the reactor was off",
                path=path,
            )
