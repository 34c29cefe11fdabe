"""Charged-current scattering of nu_e on iron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Allowed
from cevns.processes.inelastic.inelastic_channel import EffectiveLevel

__all__ = ["MODEL", "IronCC"]

CITE = ("arXiv:nucl-th/9905001",)


@dataclass(frozen=True)
class IronCC(EffectiveLevel):
    """nu_e + 56Fe -> e- + 56Co*: T_e = E_nu - Q_eff with Q_eff = 8 +- 2 MeV.

    The mean at pion decay at rest is 2.73e-40 cm2 in a shell model with CRPA (nucl-th/9905001);
    KARMEN measured 2.56 +- 1.08 +- 0.43 (from memory). The shape of the cross section is our
    model, one effective level at 8 MeV, independent of Q_eff. All isotopes are taken as 56Fe.
    """

    q_eff: float = 8.0
    name = "nue-fe56-cc"
    target = "Fe56"
    threshold_mev = 8.511
    scale_name = "fe56_cc_scale"
    relative_error = 0.30
    tables: ClassVar = {"kolbe-1999": (Allowed(27, 56, 8.0, 2.73e-40),)}
    q_range = (4.6, 20.0)
    q_name = "q_eff_fe56"


MODEL = IronCC
