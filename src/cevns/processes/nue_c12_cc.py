"""Charged-current scattering of nu_e on carbon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import EffectiveLevel

__all__ = ["MODEL", "CarbonCC"]

CITE = ("kolbe-1999", "snowglobes")


@dataclass(frozen=True)
class CarbonCC(EffectiveLevel):
    """nu_e + 12C -> e- + 12N, to all states: the electron is seen, T_e = E_nu - Q_eff.

    Kolbe, Langanke, Vogel, NPA 652 (1999) 91; KARMEN and LSND measured 14.1 +- 2.3 and 13.2 +- 1.4
    e-42 cm2 (from memory). Two thirds go to the ground state, of Q = 17.34 MeV, the default of
    Q_eff for all; the beta decay of 12N that follows is not in the visible energy.
    """

    q_eff: float = 17.34
    name = "nue-c12-cc"
    target = "C12"
    threshold_mev = 17.34
    scale_name = "c12_cc_scale"
    relative_error = 0.15
    tables: ClassVar = {"kolbe-1999": (Tabulated("carbon.csv", "cc", 17.34),)}
    q_range = (17.34, 30.0)
    q_name = "q_eff_c12"


MODEL = CarbonCC
