"""The Klein-Nystrand form factor adapted to the tabulated charge radius."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.nuclear.form_factors.klein_nystrand import KleinNystrand
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import charge_radius

__all__ = ["MODEL", "KleinNystrandAdapted"]

CITE = ("arXiv:hep-ph/9902259",)


@dataclass(frozen=True)
class KleinNystrandAdapted(KleinNystrand):
    """Klein-Nystrand with R_A = sqrt((5/3) R^2 - 10 a^2) at the nuclide's rms charge radius R.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> KleinNystrandAdapted().default_rms_radius(nuclide("Cs133"))
        4.8041
    """

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms charge radius, fm.

        Raises:
            InputError: if it is smaller than the surface alone.
        """
        return charge_radius(nuclide, self.minimum_rms_fm, "klein-nystrand-adapted")


MODEL = KleinNystrandAdapted
