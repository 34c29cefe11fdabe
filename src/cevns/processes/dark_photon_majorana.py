"""Dark matter by a dark photon: a Majorana fermion."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.processes.dark_matter.dark_scattering import DarkPhotonModel

__all__ = ["MODEL", "DarkPhotonMajorana"]

CITE = ("arXiv:1609.01770",)


@dataclass(frozen=True)
class DarkPhotonMajorana(DarkPhotonModel):
    """Chi, a Majorana fermion, scatters on nuclei by kinetic mixing.

    Formulas and sources: `cevns.processes.dark_matter.dark_scattering`.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> model = DarkPhotonMajorana(m_chi=10.0, m_v=30.0)
        >>> cs133, one = nuclide("Cs133"), {"epsilon": 1e-4}
        >>> f"{float(model.differential(10.0, 100.0, cs133, one)):.3e} cm2/keV"
        '6.308e-33 cm2/keV'
    """

    name = "dark-photon-majorana"
    chi = "majorana"


MODEL = DarkPhotonMajorana
