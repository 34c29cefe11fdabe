"""Methods of statistics and programs that results are made with, and whom they cite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cevns.citations.used import Citations

__all__ = ["METHODS", "SOFTWARE", "of_methods"]

METHODS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "asymptotic": ("asymptotic distributions", ("arXiv:1007.1727",)),
    "bayes": ("sampling of the posterior", ("emcee", "arXiv:1903.08008", "arviz")),
    "cls": ("CLs limits", ("read-2002", "arXiv:1007.1727")),
    "feldman-cousins": ("Feldman-Cousins intervals", ("arXiv:physics/9711021",)),
    "fit": ("minimisation", ("minuit", "iminuit")),
    "parameter-goodness": ("tension between sets of data", ("maltoni-schwetz-2003",)),
    "shared-toys": ("toys shared between points", ("arXiv:2303.11290",)),
}
"""What each method is used for, and its items."""
SOFTWARE: Final = ("cevns", "numpy", "scipy")
"""What every result is computed with."""


def of_methods(*names: str) -> Citations:
    """What methods cite, and the software of every result.

    Examples:
        >>> [record["key"] for record in of_methods("feldman-cousins").records()][:2]
        ['feldman-cousins-1998', 'cevns']
    """
    used = [Citations.of(METHODS[name][1], METHODS[name][0]) for name in names]
    return Citations.joined([*used, Citations.of(SOFTWARE, "software")])
