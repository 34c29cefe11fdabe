"""The universal light vector: equal coupling to all quarks and leptons (destructive).

See `cevns.processes.light_vector` for formulas, signs and options.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cevns.processes.ingredients.charges import Charges
from cevns.processes.light_vector import LightVector

__all__ = ["MODEL", "Universal"]

CITE = ("arXiv:2008.05022",)


@dataclass(frozen=True)
class Universal(LightVector):
    """`LightVector` with the charges of universal.

    Examples:
        >>> Universal(m_zprime=10.0).assignment.name
        'universal'
    """

    charges: str | Charges = field(default="universal", init=False)
    name: str = field(default="vector-universal", init=False)


MODEL = Universal
