"""The gauge boson of L_mu - L_tau, which couples to nuclei only through loops.

See `cevns.processes.light_vector` for formulas, signs and options.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cevns.processes.ingredients.charges import Charges
from cevns.processes.light_vector import LightVector

__all__ = ["MODEL", "LMuMinusLTau"]

CITE = ("arXiv:2008.05022",)


@dataclass(frozen=True)
class LMuMinusLTau(LightVector):
    """`LightVector` with the charges of L_mu-L_tau.

    Examples:
        >>> LMuMinusLTau(m_zprime=10.0).assignment.name
        'L_mu-L_tau'
    """

    charges: str | Charges = field(default="L_mu-L_tau", init=False)
    name: str = field(default="vector-l-mu-l-tau", init=False)


MODEL = LMuMinusLTau
