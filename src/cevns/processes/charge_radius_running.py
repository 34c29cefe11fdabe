r"""The charge radius of the Standard Model at the momentum transfer of each recoil.

A neutrino nu_l has a charge radius because of a loop of the W and the lepton l, to which the photon
couples. The couplings g_V^p contain it at zero momentum, (alpha/(3 pi)) [ln(M_W^2/m_l^2) + 3/2]. A
photon with Q^2 above m_l^2 resolves the loop:

    g_V^p(nu_l) -> g_V^p(nu_l) - (2 alpha/pi) int_0^1 dx x (1 - x) ln[1 + x (1 - x) Q^2/m_l^2].

The mass of the electron is below the momentum transfer of CEvNS at stopped-pion sources, so the
difference of nu_e is there a third of that at Q = 0: g_V^p(e) - g_V^p(mu) is 0.0083 at 0 and 0.0033
at 30 MeV.
The formula is that of the loop in `cevns.processes.ingredients.lepton_loops`; the effect is that of
arXiv:2402.16709 and of arXiv:2011.05960, whose couplings
at 2 GeV give 0.0085 and 0.0033.
Only the loop depends on the momentum: the rest of the coupling scheme, including the weak mixing
angle, keeps its value at Q = 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from cevns.exceptions import InputError
from cevns.nuclear.couplings import Couplings
from cevns.nuclear.nuclides import Nuclide
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, Shape
from cevns.processes.ingredients.lepton_loops import LoopShift

__all__ = ["MODEL", "ChargeRadiusRunning"]

CITE = ("arXiv:2402.16709", "arXiv:2011.05960")


@dataclass(frozen=True)
class ChargeRadiusRunning(Extension):
    """Momentum dependence of the charge radii contained in the couplings; no parameters.

    ``--model charge-radius-running`` switches it on in all experiments at once, alone or together
    with other models (``charge-radius+charge-radius-running``); without it the radii are constants.
    It acts on the loops contained in the coupling scheme: that of each flavour in ``erler-su`` and
    ``cadeddu*``, and that of the muon for all flavours in the others; there is none at tree level.

    A fitted radius (`charge_radius`) is a constant added to it. With this model it is the same
    quantity at reactors and at stopped-pion sources; without it, a fit at the SNS also contains the
    reduction of the loop of the electron.

    Args:
        loops: lepton in the loop of nu_e, nu_mu and nu_tau; those of the coupling scheme with
            which it is used.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> from cevns.processes import differential_cross_section, interaction
        >>> plain, running = (
        ...     differential_cross_section(
        ...         "Cs133", 30.0, 5.0, "nu_e", interaction=interaction(name, couplings="erler-su")
        ...     )
        ...     for name in ("standard-model", "charge-radius-running")
        ... )
        >>> round(float(running / plain), 4)  # Q = 35 MeV
        1.0154
    """

    loops: tuple[str, str, str] = LEPTONS
    name: str = field(default="charge-radius-running", init=False)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The loop of each lepton, on protons."""
        leptons = dict.fromkeys(self.loops)
        return tuple(Shape(f"loop({a})", "p", LoopShift(a), rises=False) for a in leptons)

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Z on the loop of the flavour."""
        _ = values
        own = lepton(flavour)
        loop = self.loops[LEPTONS.index(own)]
        return {own: [float(nuclide.z * (a == loop)) for a in dict.fromkeys(self.loops)]}

    def beside(self, scheme: Couplings) -> Self:
        """With the loops of a coupling scheme.

        Raises:
            InputError: if the scheme has none.
        """
        if scheme.radii is None:
            raise InputError(
                f"{self.name}: the couplings {scheme.name!r} have no charge radius in "
                "them that could depend on the momentum; use cadeddu2022, erler-su or "
                "another scheme with radiative corrections"
            )
        return self if scheme.radii == self.loops else dataclasses.replace(self, loops=scheme.radii)


MODEL = ChargeRadiusRunning
