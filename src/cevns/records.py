"""What the records of all results share: the version, the head of their JSON, their figures."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["VERSION", "draw_with", "figure", "head"]

VERSION: Final = "0.1.0"
_FIGURES: dict[str, str] = {}


def head(seed: int | None = None) -> dict[str, Any]:
    """The fields that every JSON record has; a record replaces those it knows better.

    Args:
        seed: master seed of random numbers; None where there are none.

    Examples:
        >>> list(head())
        ['version', 'engine', 'seed', 'physics', 'overrides', 'inputs']
    """
    from cevns.typing import ENGINE  # with NumPy, which the help of the command line does without

    return {
        "version": VERSION,
        "engine": ENGINE,
        "seed": seed,
        "physics": {},
        "overrides": {},
        "inputs": {"origin": "none", "files": [], "warnings": []},
    }


def draw_with(functions: Mapping[str, str]) -> None:
    """Say which function draws a kind of result.

    Args:
        functions: dotted names by kind; a module is imported when its first figure is drawn.
    """
    _FIGURES.update(functions)


def figure(kind: str, result: object) -> Figure:
    """The figure of a result.

    Results stand below figures, so they ask for theirs by name.

    Raises:
        KeyError: if nothing draws this kind.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    module, _, name = _FIGURES[kind].rpartition(".")
    drawn: Figure = getattr(importlib.import_module(module), name)(result)
    return drawn
