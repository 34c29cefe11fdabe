"""The Helm form factor with the tabulated charge radius."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.nuclear.form_factors.helm import Helm
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import charge_radius

__all__ = ["MODEL", "HelmRms"]

CITE = ("helm-1956",)


@dataclass(frozen=True)
class HelmRms(Helm):
    """Helm (1956) at the nuclide's own rms charge radius instead of the Lewin-Smith fit.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> HelmRms().default_rms_radius(nuclide("Cs133"))
        4.8041
    """

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms charge radius, fm.

        Raises:
            InputError: if it is smaller than the surface alone.
        """
        return charge_radius(nuclide, self.minimum_rms_fm, "helm-rms")


MODEL = HelmRms
