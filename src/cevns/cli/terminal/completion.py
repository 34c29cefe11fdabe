"""Names that a shell completes; nothing heavy is imported for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

__all__ = ["EXPERIMENTS", "INTERACTIONS", "TEMPLATES"]

_PACKAGE = Path(__file__).parents[2]


def _beginning(names: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    """What completes a word: the names that begin with it."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def _files(folder: str, pattern: str) -> list[str]:
    """Names of the files in a folder of the package, without their suffix."""
    return sorted(p.stem for p in (_PACKAGE / folder).glob(pattern))


def _experiments() -> list[str]:
    shipped = "experiments/catalogue"
    return [*_files(shipped, "*.yaml"), *_files(f"{shipped}/combinations", "*.yaml")]


def _interactions() -> list[str]:
    return [name.replace("_", "-") for name in _files("processes", "[!_]*.py")]


EXPERIMENTS = _beginning(_experiments)
TEMPLATES = _beginning(lambda: _files("experiments/templates", "*.yaml"))
INTERACTIONS = _beginning(_interactions)
