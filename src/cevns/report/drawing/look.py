"""What a user has figures say in place of their own words: a title, names, a part of the axis.

It holds for all figures that are drawn inside `look`, as the rules of matplotlib hold inside
``rc_context``, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cevns.exceptions import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Look", "current", "look"]


@dataclass(frozen=True)
class Look:
    """Words and ranges of the user.

    Args:
        title: in place of that of the figure; empty keeps it.
        labels: what a parameter is called, by its name.
        xlim: ends of the horizontal axis, of figures that have one; None keeps them.
    """

    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    xlim: tuple[float, float] | None = None
    _met: set[str] = field(default_factory=set, repr=False)

    def label(self, name: str) -> str | None:
        """What the user calls a parameter; None where nothing was said."""
        self._met.add(name)
        return self.labels.get(name)

    def cut(self, axes: Axes) -> None:
        """Show the part of the horizontal axis that was asked for.

        Raises:
            InputError: if nothing lies in that part.
        """
        if self.xlim is None:
            return
        low, high = sorted(axes.get_xlim())
        if self.xlim[1] <= low or self.xlim[0] >= high:
            raise InputError(
                f"--xlim {self.xlim[0]:g}:{self.xlim[1]:g} (xlim): nothing lies there; the figure "
                f"goes from {low:.4g} to {high:.4g}"
            )
        axes.set_xlim(*self.xlim)

    @property
    def met(self) -> tuple[str, ...]:
        """Names of the parameters that the figures have shown so far."""
        return tuple(sorted(self._met))


_CURRENT: Final[ContextVar[Look | None]] = ContextVar("look", default=None)


def current() -> Look:
    """What holds here."""
    return _CURRENT.get() or Look()


@contextmanager
def look(
    title: str = "",
    labels: Mapping[str, str] | None = None,
    xlim: tuple[float, float] | None = None,
) -> Iterator[Look]:
    r"""Have the figures that are drawn in the block say what the user says.

    Args:
        title: in place of that of each figure.
        labels: what parameters are called, by name; formulas stand between dollar signs.
        xlim: ends of the horizontal axis, of scans and profiles.

    Examples:
        >>> from cevns.report.drawing.labels import parameter_label
        >>> with look(labels={"g_x": "$g_X$"}):
        ...     print(parameter_label("g_x", "MeV"))
        $g_X$ [MeV]
        >>> print(parameter_label("g_x", "MeV"))
        $g_\mathrm{x}$ [MeV]
    """
    found = Look(title, dict(labels or {}), xlim)
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)
