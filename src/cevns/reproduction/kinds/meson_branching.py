"""The branching ratio of a meson to a photon and a pair of chi."""

from __future__ import annotations

from cevns.dark_sector.sector import Chi, DarkSector
from cevns.exceptions import UnknownNameError
from cevns.sources.meson_beams.meson_decay_rates import ETA, PI0, narrow_branching, virtuality

__all__ = ["compute"]

_MESONS = {meson.name: meson for meson in (PI0, ETA)}


def compute(
    m_chi_mev: float,
    m_v_mev: float,
    epsilon: float,
    chi: Chi = "scalar",
    alpha_d: float = 0.5,
    meson: str = "pi0",
    narrow: bool = False,
    scale: float = 1.0,
) -> float:
    """On and off the shell of the mediator, or that of one of zero width; over `scale`.

    Args:
        m_chi_mev: MeV.
        m_v_mev: MeV.
        epsilon: kinetic mixing.
        chi: its kind.
        alpha_d: ``g_D^2/(4 pi)``.
        meson: ``pi0`` or ``eta``.
        narrow: of a mediator of zero width.
        scale: unit of the row.

    Raises:
        UnknownNameError: if there is no such meson.
    """
    if meson not in _MESONS:
        raise UnknownNameError("meson", meson, _MESONS)
    sector, parent = DarkSector("vector", chi, m_chi_mev, m_v_mev, alpha_d), _MESONS[meson]
    unit = narrow_branching(sector, parent) if narrow else virtuality(sector, parent).branching
    return epsilon**2 * unit / scale
