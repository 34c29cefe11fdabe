"""The thermal average of the annihilation cross section, without an expansion in the velocity."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.dark_sector.annihilation import Annihilation
from cevns.typing import Array, ArrayLike

__all__ = ["ThermalAverage"]

_NODES: Final = 12
"""Of Gauss and Legendre in each panel."""
_LEAST: Final = 1e-8
"""Smallest distance from the threshold that has a panel of its own, in units of 4 m^2."""
_EXPONENT: Final = 45.0
"""Where the Boltzmann factor ends."""


class ThermalAverage:
    """``<sigma v>`` of chi in a gas of temperature m/x (Gondolo and Gelmini, 1991).

        <sigma v> = x/(8 m^5 K2(x)^2) int_{4 m^2} ds sigma (s - 4 m^2) sqrt(s) K1(sqrt(s) x/m)

    with Bessel functions scaled by their exponentials. The integral is cut into panels: at the
    thresholds and mesons of the portal; at distances from the threshold that double, so that any
    temperature finds its scale; and, around the resonance, at equal steps of its own variable
    u in ``s = m_V^2 + m_V Gamma sinh(u)``, in which it is as smooth for the narrowest width. Within
    a panel the nodes crowd to both ends, where phase space opens like a root.

    Args:
        annihilation: of what.
        smallest_x: up to which the nodes reach, m/T.
        alpha_visible: strength of the portal; it sets the width where chi does not.

    Examples:
        >>> from cevns.dark_sector import ChiKind, VectorPortal
        >>> pair = Annihilation(ChiKind.SCALAR, VectorPortal(), 10.0, 30.0, 0.5)
        >>> f"{float(ThermalAverage(pair, 7.3e-11)(20.0)):.3e}"
        '4.932e-14'
    """

    def __init__(
        self,
        annihilation: Annihilation,
        alpha_visible: float,
        *,
        smallest_x: float = 2.0,
        nodes: int = _NODES,
    ) -> None:
        self.annihilation = annihilation
        m = annihilation.m_chi_mev
        off, weight = self._nodes(annihilation, alpha_visible, smallest_x, nodes)
        s = annihilation.m_v_mev**2 + off
        self._root = np.sqrt(s) / m
        section = annihilation.flux_times_section(s, alpha_visible, off)
        self._integrand = weight * section * self._root / (8.0 * m**4)

    @staticmethod
    def _nodes(
        pair: Annihilation, alpha_visible: float, smallest_x: float, nodes: int
    ) -> tuple[Array, Array]:
        """Distances from the pole in s, and weights, MeV^2."""
        low = 4.0 * pair.m_chi_mev**2
        high = low * (1.0 + _EXPONENT / (2.0 * smallest_x)) ** 2
        doublings = int(np.ceil(np.log2((high / low - 1.0) / _LEAST)))
        edges = [low + (high - low) * 2.0 ** -np.arange(doublings + 1)]
        edges += [np.array([low]), np.array(pair.portal.thresholds_mev) ** 2]
        pole = pair.m_v_mev**2
        ends = low - pole, high - pole
        cuts = np.concatenate(edges) - pole
        if pole > low:  # else the resonance is outside, and its tail is smooth
            scale = pair.m_v_mev * pair.width_mev(alpha_visible)
            least, most = (np.arcsinh(end / scale) for end in ends)
            cuts = np.append(cuts, scale * np.sinh(np.arange(np.ceil(least), most)))
        cuts = np.unique(cuts[(cuts >= ends[0]) & (cuts <= ends[1])])
        x, w = np.polynomial.legendre.leggauss(nodes)
        t, w = (x + 1.0) / 2.0, w / 2.0
        step, slope = t**2 * (3.0 - 2.0 * t), 6.0 * t * (1.0 - t)
        wide = np.diff(cuts)[:, None]
        off = (cuts[:-1, None] + wide * step).ravel()
        return off, (wide * slope * w).ravel()

    def __call__(self, x: ArrayLike) -> Array:
        """``<sigma v>`` in MeV^-2 at temperatures m/x; times (hbar c)^2 c it is in cm3/s.

        Args:
            x: mass over temperature, at least `smallest_x`; one dimension or none.
        """
        from scipy.special import k1e, kve

        at = np.asarray(x, dtype=float)[..., None]
        exponent = (self._root - 2.0) * at
        # Bessel functions are what takes time: beyond the largest exponent nothing is left
        inside = exponent < _EXPONENT
        boltzmann = np.zeros_like(exponent)
        boltzmann[inside] = k1e((self._root * at)[inside]) * np.exp(-exponent[inside])
        found: Array = (boltzmann @ self._integrand) * at[..., 0] / kve(2, at[..., 0]) ** 2
        return found
