"""Dark matter by a dark photon: a Dirac fermion."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.processes.dark_matter.dark_scattering import DarkPhotonModel

__all__ = ["MODEL", "DarkPhotonDirac"]

CITE = ("arXiv:1609.01770",)


@dataclass(frozen=True)
class DarkPhotonDirac(DarkPhotonModel):
    """Chi, a Dirac fermion, scatters on nuclei by kinetic mixing.

    Formulas and sources: `cevns.processes.dark_matter.dark_scattering`.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> model = DarkPhotonDirac(m_chi=10.0, m_v=30.0)
        >>> cs133, one = nuclide("Cs133"), {"epsilon": 1e-4}
        >>> f"{float(model.differential(10.0, 100.0, cs133, one)):.3e} cm2/keV"
        '6.376e-33 cm2/keV'
    """

    name = "dark-photon-dirac"
    chi = "dirac"


MODEL = DarkPhotonDirac
