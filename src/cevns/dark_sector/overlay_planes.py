"""Limits of others, carried from the plane of one alpha_D to that of another."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from cevns.dark_sector.dark_couplings import checked_alpha
from cevns.exceptions import UnknownNameError
from cevns.typing import Array, ArrayLike

__all__ = ["SearchRule", "rescaled_y_dm"]

SearchRule = Literal["recoil", "missing-energy", "off-shell", "relic"]
"""What a search counts; see `rescaled_y_dm`."""
_POWERS: Final[dict[str, float]] = {
    "recoil": 0.5,
    "missing-energy": 1.0,
    "off-shell": 0.0,
    "relic": 0.0,
}


def rescaled_y_dm(y_dm: ArrayLike, rule: SearchRule, *, alpha_d: float, to_alpha_d: float) -> Array:
    """A limit on ``Y = eps^2 alpha_D (m_chi/m_V)^4`` at another alpha_D, masses unchanged.

    Where the number of events is what a limit fixes, it follows from how that depends on both
    couplings:

    * ``recoil``: the mediator is made on its shell and chi scatters, ``N ~ eps^4 alpha_D``, so that
      Y goes as ``alpha_D^(1/2)``: beam dumps and COHERENT
    * ``missing-energy``: the mediator is made and not seen, ``N ~ eps^2``, so that Y goes as
      alpha_D: BaBar, NA64
    * ``off-shell``: a virtual mediator makes chi and chi scatters, ``N ~ eps^4 alpha_D^2``, so
      that Y stays
    * ``relic``: annihilation goes with Y, which stays; from 0.5 to 0.1 relic lines move by 3 % for
      scalar and Majorana chi. For Dirac chi, at ``m_V = 3 m_chi``, the width of the mediator moves
      them by 8 %, and by 23 % from 0.5 to 1

    The mediator is narrow and decays to chi alone in the first three.

    Args:
        y_dm: limits, any shape.
        rule: of the search.
        alpha_d: where they hold.
        to_alpha_d: where they are wanted.

    Raises:
        UnknownNameError: if there is no such rule.
        InputError: if a coupling is not between zero and one.

    Examples:
        >>> f"{float(rescaled_y_dm(5.66e-9, 'missing-energy', alpha_d=0.5, to_alpha_d=0.1)):.3e}"
        '1.132e-09'
    """
    if rule not in _POWERS:
        raise UnknownNameError("rule of a search", rule, _POWERS)
    ratio = checked_alpha("alpha_d", to_alpha_d) / checked_alpha("alpha_d", alpha_d)
    found: Array = np.asarray(y_dm, dtype=float) * ratio ** _POWERS[rule]
    return found
