"""Dark matter by a leptophobic mediator: a Majorana fermion."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.processes.dark_matter.dark_scattering import LeptophobicModel

__all__ = ["MODEL", "LeptophobicMajorana"]

CITE = ("arXiv:1609.01770",)


@dataclass(frozen=True)
class LeptophobicMajorana(LeptophobicModel):
    """Chi, a Majorana fermion, scatters on nuclei by a mediator of baryon number.

    Formulas and sources: `cevns.processes.dark_matter.dark_scattering`.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> model = LeptophobicMajorana(m_chi=10.0, m_v=30.0)
        >>> cs133, one = nuclide("Cs133"), {"alpha_b": 1e-11}
        >>> f"{float(model.differential(10.0, 100.0, cs133, one)):.3e} cm2/keV"
        '5.055e-33 cm2/keV'
    """

    name = "leptophobic-majorana"
    chi = "majorana"


MODEL = LeptophobicMajorana
