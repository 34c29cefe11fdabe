"""Flavours of antineutrinos that come from so far away that oscillations average out."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.propagation.solar_matter import SolarMixing
from cevns.sources.sky.steady_mixture import Share, whole
from cevns.typing import Array

__all__ = ["FAR", "far_shares"]

FAR: Final = "averaged"
_CHOICES = (FAR, "none")


def far_shares(oscillation: str) -> dict[str, Share]:
    """Shares of the flavours of what was emitted as nubar_e.

    Args:
        oscillation: ``averaged``: 0.55 stay, the others are nubar_mu and nubar_tau alike; or
            ``none``.

    Raises:
        UnknownNameError: if it is neither.

    Examples:
        >>> shares = far_shares("averaged")
        >>> {f: round(float(share(np.ones(1))[0]), 3) for f, share in shares.items()}
        {'nubar_e': 0.55, 'nubar_mu': 0.225, 'nubar_tau': 0.225}
    """
    if oscillation not in _CHOICES:
        raise UnknownNameError("oscillation of far antineutrinos", oscillation, _CHOICES)
    if oscillation != FAR:
        return {"nubar_e": whole}
    stay = SolarMixing().averaged

    def constant(value: float) -> Share:
        def share(energy_mev: Array) -> Array:
            return np.full(energy_mev.shape, value)

        return share

    left = 1.0 - stay
    return {
        "nubar_e": constant(stay),
        "nubar_mu": constant(0.5 * left),
        "nubar_tau": constant(0.5 * left),
    }
