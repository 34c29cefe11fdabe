"""Charge radii of neutrinos beyond those of the Standard Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cevns.nuclear.couplings import charge_radius_shift
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.processes.framework.extension import ELECTRON_CONTACT, Extension, Shape, bounded
from cevns.processes.ingredients.flavour_pairs import DIAGONAL, TRANSITIONS, pairs_from

__all__ = ["MODEL", "STANDARD_MODEL_CM2", "UNIT_CM2", "ChargeRadius"]

CITE = ("arXiv:hep-ph/0008114", "arXiv:1810.05606")

UNIT_CM2 = 1e-32
"""cm2 per unit of the parameters."""
STANDARD_MODEL_CM2: Final[Mapping[str, float]] = {"e": -0.83e-32, "mu": -0.48e-32, "tau": -0.30e-32}
"""<r^2> in the Standard Model, cm2 (Bernabeu et al., hep-ph/0008114 and 0210055, from memory)."""


@dataclass(frozen=True)
class ChargeRadius(Extension):
    r"""A charge radius <r^2>, as a deviation from the Standard Model::

        g_V^p -> g_V^p - sqrt2 pi alpha/(3 G_F) <r^2>,    nucleus
        g_V^e -> g_V^e + sqrt2 pi alpha/(3 G_F) <r^2>,    electron

    It is the millicharge with q = -Q^2 <r^2>/6, the first term of the form factor of a neutral
    particle, so the sign is the same for neutrinos and antineutrinos. Diagonal radii interfere
    with the Standard Model; transition radii, which are absent there, do not.

    The parameters are what is *beyond* the Standard Model. Its own radii (`STANDARD_MODEL_CM2`)
    are radiative corrections of g_V^p and are already included in the coupling schemes: for each
    flavour in ``erler-su``, ``cadeddu2020`` and ``cadeddu2022``, and with that of the muon neutrino
    for all flavours in the others, except the tree-level schemes, which have none. A published
    <r^2> that includes the Standard Model part is the parameter plus `STANDARD_MODEL_CM2`.

    The form s2 -> s2 (1 + M_W^2 <r^2>/3) of many papers is the same at tree level only: with s2
    at low momentum its shift is 11 % larger. Papers before 2020 may flip the sign for
    antineutrinos, which was an error.

    Parameters, in units of 1e-32 cm2: ``charge_radius_{ee,mumu,tautau}`` and
    ``charge_radius_{emu,etau,mutau}``. Source: Cadeddu et al., PRD 98 (2018) 113010,
    arXiv:1810.05606.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> radii = {"charge_radius_mumu": -0.48}
        >>> shift = ChargeRadius().amplitudes("nubar_mu", nuclide("H1"), radii)
        >>> round(shift["mu"][0], 4)
        0.0115
    """

    name: str = field(default="charge-radius", init=False)

    @property
    def parameters(self) -> Parameters:
        """``charge_radius_{ee,mumu,tautau,emu,etau,mutau}``, 1e-32 cm2."""
        texts = dict.fromkeys(DIAGONAL, "charge radius beyond the Standard Model, interferes")
        texts |= dict.fromkeys(TRANSITIONS, "transition charge radius, does not interfere")
        return Parameters(
            bounded(f"charge_radius_{pair}", text, unit="1e-32 cm2", typical=1.0)
            for pair, text in texts.items()
        )

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Shifts of Z g_V^p."""
        return {b: (nuclide.z * s, 0.0) for b, s in self._shifts(flavour, values).items()}

    @property
    def turns_flavours(self) -> bool:
        """True: a coefficient of two flavours."""
        return True

    @property
    def electron_shapes(self) -> tuple[Shape, ...]:
        """Contact."""
        return ELECTRON_CONTACT

    def electron_amplitudes(
        self, flavour: str, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Shifts of g_V^e: opposite to those of the proton."""
        return {b: (-s,) for b, s in self._shifts(flavour, values).items()}

    def _shifts(self, flavour: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            b: charge_radius_shift(UNIT_CM2 * self.value(values, f"charge_radius_{pair}"))
            for b, pair in pairs_from(flavour).items()
        }


MODEL = ChargeRadius
