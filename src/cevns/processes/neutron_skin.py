"""The neutron skin, R_n - R_p of rms radii, a parameter for each element.

    R_n = R_p + skin

with R_p of the form-factor model, or as stated: the meaning of a skin depends on the definition of
R_p. Zero skin is the Standard Model if protons and neutrons have the same radius by default. All
isotopes of an element have the same skin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cevns.nuclear.form_factors import form_factor
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.stated_radii import proton_default
from cevns.parameters import Parameters
from cevns.processes.framework.extension import bounded
from cevns.processes.ingredients.elements import group_of, groups
from cevns.processes.neutron_radius import NeutronRadius

__all__ = ["MODEL", "NeutronSkin"]

CITE = "none: another name for the radius of the neutrons"


@dataclass(frozen=True)
class NeutronSkin(NeutronRadius):
    """Neutron skins as parameters; see the module.

    Args:
        elements: elements, or compounds whose elements share one skin.
        proton: radius of the protons, as in `NeutronRadius`.
        model: form-factor model; a fold inserts its model here.

    Raises:
        InputError: if a nuclide has two parameters.
        UnknownNameError: if an element or a name is unknown.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> skin = NeutronSkin(("Cs", "I"), proton="distribution")
        >>> round(skin.neutron_rms_fm(nuclide("Cs133"), {"skin_cs": 0.2}), 3)
        5.021
    """

    name: str = field(default="neutron-skin", init=False)

    @property
    def parameters(self) -> Parameters:
        """``skin_<element>``, fm."""
        model = form_factor(self.model)
        return Parameters(
            bounded(
                f"skin_{g.label}",
                f"rms radius of the neutrons less that of the protons of {g.formula}",
                value=g.mean(self._own_skin),
                unit="fm",
                reach=(model.minimum_rms_fm + 0.01 - g.smallest(self._protons), 5.0),
                typical=0.5,
            )
            for g in groups(self.elements)
        )

    def _protons(self, nuclide: Nuclide) -> float:
        stated = self.proton_rms_fm(nuclide)
        return proton_default(form_factor(self.model), nuclide) if stated is None else stated

    def _own_skin(self, nuclide: Nuclide) -> float:
        """The skin of the form-factor model; none beside protons that are stated here."""
        if self.proton_rms_fm(nuclide) is not None:
            return 0.0
        return form_factor(self.model).default_rms_radius(nuclide) - self._protons(nuclide)

    def neutron_rms_fm(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any | None:
        """R_p + skin; None where both are the form-factor model's."""
        group = group_of(self.elements, nuclide)
        given = group is not None and f"skin_{group.label}" in values
        if group is None or (not given and self.proton_rms_fm(nuclide) is None):
            return None
        return self._protons(nuclide) + self.value(values, f"skin_{group.label}")


MODEL = NeutronSkin
