"""The coupling at which chi is all dark matter, as Y."""

from __future__ import annotations

from cevns.analysis.expected.relic_line import relic_point

__all__ = ["compute"]


def compute(
    model: str, m_chi_mev: float, ratio: float = 3.0, alpha_d: float = 0.5, scale: float = 1.0
) -> float:
    """``Y = eps^2 alpha_D (m_chi/m_V)^4`` of the observed density, over `scale`.

    Args:
        model: such as ``dark-photon-majorana``.
        m_chi_mev: MeV.
        ratio: ``m_V/m_chi``.
        alpha_d: ``g_D^2/(4 pi)``.
        scale: unit of the row.
    """
    return relic_point(model, m_chi_mev, ratio * m_chi_mev, alpha_d).y_dm / scale
