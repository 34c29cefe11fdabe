"""Names that a shell completes; nothing heavy is imported for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

__all__ = [
    "COUPLINGS",
    "EXPERIMENTS",
    "EXPORTS",
    "FIGURES",
    "FILES",
    "FORM_FACTORS",
    "INTERACTIONS",
    "POIS",
    "TEMPLATES",
    "TOPICS",
    "one_of",
]

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


def _couplings() -> list[str]:
    from cevns.nuclear.couplings import coupling_schemes

    return list(coupling_schemes())


def _figures() -> list[str]:
    from cevns.report.figure_files import FORMATS

    return list(FORMATS)


def _paths(incomplete: str) -> list[str]:
    """Files and folders that begin so; a folder ends in a slash."""
    folder, _, name = incomplete.rpartition("/")
    front = f"{folder}/" if "/" in incomplete else ""
    try:
        found = sorted(Path(front or ".").expanduser().iterdir())
    except OSError:
        return []
    shown = [p for p in found if p.name.startswith(name) and (name or p.name[0] != ".")]
    return [f"{front}{p.name}{'/' if p.is_dir() else ''}" for p in shown]


def one_of(*names: str) -> Callable[[str], list[str]]:
    """What completes one of a closed set of names.

    Examples:
        >>> one_of("csv", "root", "arviz")("r")
        ['root']
    """
    return _beginning(lambda: list(names))


EXPERIMENTS = _beginning(_experiments)
TEMPLATES = _beginning(lambda: _files("experiments/templates", "*.yaml"))
INTERACTIONS = _beginning(_interactions)
FORM_FACTORS = _beginning(
    lambda: [n.replace("_", "-") for n in _files("nuclear/form_factors", "[!_]*.py")]
)
TOPICS = _beginning(lambda: [n.replace("_", "-") for n in _files("analysis/topics", "[!_]*.py")])
COUPLINGS = _beginning(_couplings)
EXPORTS = one_of("histfactory", "hs3", "hepdata", "root", "csv", "arviz")
POIS = one_of("count", "cross-section", "cross-section-scale", "flux", "sin2-theta-w")
FIGURES = _beginning(_figures)
FILES = _paths
