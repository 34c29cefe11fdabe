"""Charged-current scattering of nu_e on oxygen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import EffectiveLevel

__all__ = ["MODEL", "OxygenCC"]

CITE = ("kolbe-2002", "snowglobes")


@dataclass(frozen=True)
class OxygenCC(EffectiveLevel):
    """nu_e + 16O -> e- + 16F*: the electron is seen, T_e = E_nu - Q_eff with Q_eff = 23 +- 2 MeV.

    The threshold is 15.42 MeV, but transitions go to giant resonances. Q_eff is no measurement:
    with it and a cut at 22.7 MeV the shares of deuterium and oxygen are those that COHERENT
    published for its heavy water. Neutrinos between the threshold and Q_eff make no light here:
    below 0.2 % of the events at pion decay at rest. Tables: kolbe-2002 (PRD 66, 013007), the
    default, and snowglobes-2, of no stated origin and 45 % above: the error is 30 %.
    """

    q_eff: float = 23.0
    name = "nue-o16-cc"
    target = "O16"
    threshold_mev = 15.42
    scale_name = "o16_cc_scale"
    relative_error = 0.30
    tables: ClassVar = {
        n: (Tabulated("oxygen.csv", n, 15.42),) for n in ("kolbe-2002", "snowglobes-2")
    }
    q_range = (15.42, 35.0)
    q_name = "q_eff_o16"


MODEL = OxygenCC
