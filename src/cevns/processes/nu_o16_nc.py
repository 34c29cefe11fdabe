"""Inelastic neutral-current scattering on oxygen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import NeutralCurrent

__all__ = ["MODEL", "OxygenNC"]

CITE = ("kolbe-2002", "snowglobes")


@dataclass(frozen=True)
class OxygenNC(NeutralCurrent):
    """nu + 16O -> nu + 16O*, mostly with a proton or neutron; a bare count.

    Kolbe, Langanke, Vogel, PRD 66 (2002) 013007, one table for neutrinos and antineutrinos.
    """

    name = "nu-o16-nc"
    target = "O16"
    threshold_mev = 12.13
    scale_name = "o16_nc_scale"
    relative_error = 0.30
    tables: ClassVar = {"kolbe-2002": (Tabulated("oxygen.csv", "nc", 12.13),)}


MODEL = OxygenNC
