"""Inelastic neutral-current scattering on lead, with two neutrons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import NeutralCurrent

__all__ = ["MODEL", "LeadNCTwo"]

CITE = ("engel-2003", "snowglobes")


@dataclass(frozen=True)
class LeadNCTwo(NeutralCurrent):
    """nu + 208Pb -> nu + 208Pb* with two neutrons; a bare count of events, each of 2.

    Engel, McLaughlin, Volpe, PRD 67 (2003) 013005, accurate to 30 %. All isotopes are taken as
    208Pb.
    """

    name = "nu-pb208-nc-2n"
    target = "Pb208"
    threshold_mev = 14.1
    scale_name = "pb208_nc_scale"
    relative_error = 0.30
    neutrons = 2
    tables: ClassVar = {
        "engel-2003": (
            Tabulated("lead.csv", "nc-2n-nu", 14.1),
            Tabulated("lead.csv", "nc-2n-nubar", 14.1),
        )
    }


MODEL = LeadNCTwo
