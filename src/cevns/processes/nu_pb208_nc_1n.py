"""Inelastic neutral-current scattering on lead, with one neutron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import NeutralCurrent

__all__ = ["MODEL", "LeadNCOne"]

CITE = ("engel-2003", "snowglobes")


@dataclass(frozen=True)
class LeadNCOne(NeutralCurrent):
    """nu + 208Pb -> nu + 208Pb* with one neutron; a bare count of events, each of 1.

    Engel, McLaughlin, Volpe, PRD 67 (2003) 013005, accurate to 30 %. All isotopes are taken as
    208Pb.
    """

    name = "nu-pb208-nc-1n"
    target = "Pb208"
    threshold_mev = 7.37
    scale_name = "pb208_nc_scale"
    relative_error = 0.30
    neutrons = 1
    tables: ClassVar = {
        "engel-2003": (
            Tabulated("lead.csv", "nc-1n-nu", 7.37),
            Tabulated("lead.csv", "nc-1n-nubar", 7.37),
        )
    }


MODEL = LeadNCOne
