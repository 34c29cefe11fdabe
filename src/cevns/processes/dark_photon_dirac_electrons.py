"""Dark matter by a dark photon, on electrons: a Dirac fermion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.dark_matter.dark_scattering import DarkPhotonModel, Target

__all__ = ["MODEL", "DarkPhotonDiracElectrons"]

CITE = ("arXiv:1609.01770",)


@dataclass(frozen=True)
class DarkPhotonDiracElectrons(DarkPhotonModel):
    """Chi, a Dirac fermion, scatters on electrons by kinetic mixing.

    Electrons count as free above their binding energies (`cevns.nuclear.electron_shells`).

    Formulas and sources: `cevns.processes.dark_matter.dark_scattering`.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> model = DarkPhotonDiracElectrons(m_chi=10.0, m_v=30.0)
        >>> cs133, one = nuclide("Cs133"), {"epsilon": 1e-4}
        >>> f"{float(model.differential(1000.0, 100.0, cs133, one)):.3e} cm2/keV"
        '1.224e-38 cm2/keV'
    """

    target: ClassVar[Target] = "electron"
    name = "dark-photon-dirac-electrons"
    chi = "dirac"


MODEL = DarkPhotonDiracElectrons
