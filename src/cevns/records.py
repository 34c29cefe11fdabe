"""What the records of all results share: the version, the head of their JSON, their figures."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["VERSION", "cited", "draw_with", "figure", "head"]

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
