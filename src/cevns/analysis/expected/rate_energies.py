"""Energies at which a recoil spectrum is written down: those where there are recoils."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from cevns.rates.fold import panel_nodes
from cevns.typing import Array

__all__ = ["rate_energies", "rounded"]

_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_OUTSIDE = 1e-3
"""Share of the recoils that may lie above the last energy, or below the first of a logarithmic
grid."""
_EMPTY = 0.5
"""Share of the range to the largest recoil that a table may leave out before it is cut."""
_STEEP = 0.01
"""Median recoil over the last energy below which energies are logarithmic."""


def rate_energies(
    panels: Sequence[Array], density: Callable[[Array], Array], points: int
) -> tuple[Array, bool]:
    """Energies, keV, and whether they are logarithmic.

    Even from zero to the largest recoil; where half of that range or more holds less than a
    thousandth of the recoils, as of neutrinos of the Sun and of dark matter, to a round energy
    above which a thousandth lies. Logarithmic from a round energy, below which lies a thousandth,
    where half of the recoils are below a hundredth of the last energy.

    Args:
        panels: edges between which the spectra of the targets are smooth, keV.
        density: counts per keV at energies in keV.
        points: how many energies.

    Examples:
        >>> edges = [np.array([0.0, 1.0, 10.0, 100.0])]
        >>> grid, log = rate_energies(edges, lambda t: np.exp(-t), 4)  # ln 1000 = 6.9
        >>> grid.round(3).tolist(), log
        ([0.0, 2.667, 5.333, 8.0], False)
    """
    edges = np.unique(np.concatenate(list(panels)))
    end = float(edges[-1])
    nodes, weights = panel_nodes(edges)
    counts = np.abs(density(nodes)) * weights
    total = float(counts.sum())
    if not (math.isfinite(total) and total > 0.0):
        return np.linspace(0.0, end, points), False
    share = np.concatenate([[0.0], np.cumsum(counts) - 0.5 * counts, [total]]) / total
    at = np.concatenate([[0.0], nodes, [end]])
    first, middle, last = np.interp((_OUTSIDE, 0.5, 1.0 - _OUTSIDE), share, at).tolist()
    if last < _EMPTY * end:
        end = min(rounded(last), end)
    if middle >= _STEEP * end:
        return np.linspace(0.0, end, points), False
    return np.geomspace(rounded(first, down=True), end, points), True


def rounded(value: float, *, down: bool = False) -> float:
    """The next round number, up or down, with at most two digits.

    Examples:
        >>> rounded(4.35), rounded(0.0127), rounded(0.0127, down=True)
        (5.0, 0.015, 0.012)
    """
    power = math.floor(math.log10(value))
    digits = value / 10.0**power
    if down:
        found = max(r for r in _ROUND if r <= digits * (1.0 + 1e-12))
    else:
        found = min((r for r in _ROUND if r >= digits * (1.0 - 1e-12)), default=10.0)
    return float(f"{found * 10.0**power:.3g}")
