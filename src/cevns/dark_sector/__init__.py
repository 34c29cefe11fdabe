"""What the dark sector itself is: kinds of chi, widths of the mediator, relic abundance.

Masses, energies and widths are in MeV. Sources and processes of dark matter stand on this room and
not the other way round.
"""

from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import (
    Leptophobic,
    Portal,
    VectorPortal,
    epsilon_of,
    y_dm_of,
)
from cevns.dark_sector.widths import chi_width_mev, mediator_width_mev, visible_width_mev

__all__ = [
    "ChiKind",
    "Leptophobic",
    "Portal",
    "VectorPortal",
    "chi_width_mev",
    "epsilon_of",
    "mediator_width_mev",
    "visible_width_mev",
    "y_dm_of",
]
