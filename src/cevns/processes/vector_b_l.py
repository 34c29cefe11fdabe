"""The gauge boson of B - L: quarks +1/3, leptons -1 (constructive).

See `cevns.processes.light_vector` for formulas, signs and options.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cevns.processes.ingredients.charges import Charges
from cevns.processes.light_vector import LightVector

__all__ = ["MODEL", "BMinusL"]

CITE = ("arXiv:2008.05022",)


@dataclass(frozen=True)
class BMinusL(LightVector):
    """`LightVector` with the charges of B-L.

    Examples:
        >>> BMinusL(m_zprime=10.0).assignment.name
        'B-L'
    """

    charges: str | Charges = field(default="B-L", init=False)
    name: str = field(default="vector-b-l", init=False)


MODEL = BMinusL
