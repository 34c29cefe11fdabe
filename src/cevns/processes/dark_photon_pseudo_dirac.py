"""Dark matter by a dark photon: a pseudo-Dirac pair."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.processes.dark_matter.dark_scattering import DarkPhotonModel

__all__ = ["MODEL", "DarkPhotonPseudoDirac"]

CITE = ("arXiv:1609.01770",)


@dataclass(frozen=True)
class DarkPhotonPseudoDirac(DarkPhotonModel):
    """Chi, a pseudo-Dirac pair of negligible splitting, scatters on nuclei by kinetic mixing.

    Formulas and sources: `cevns.processes.dark_matter.dark_scattering`.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> model = DarkPhotonPseudoDirac(m_chi=10.0, m_v=30.0)
        >>> cs133, one = nuclide("Cs133"), {"epsilon": 1e-4}
        >>> f"{float(model.differential(10.0, 100.0, cs133, one)):.3e} cm2/keV"
        '6.376e-33 cm2/keV'
    """

    name = "dark-photon-pseudo-dirac"
    chi = "pseudo-dirac"


MODEL = DarkPhotonPseudoDirac
