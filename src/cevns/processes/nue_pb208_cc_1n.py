"""Charged-current scattering of nu_e on lead, with one neutron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent

__all__ = ["MODEL", "LeadCCOne"]

CITE = ("engel-2003", "snowglobes")


@dataclass(frozen=True)
class LeadCCOne(ChargedCurrent):
    """nu_e + 208Pb -> e- + 208Bi* with one neutron; a bare count of events, each of 1.

    Engel, McLaughlin, Volpe, PRD 67 (2003) 013005, accurate to 30 %; thresholds from memory.
    COHERENT measures 0.29 +0.17 -0.16 of MARLEY for neutrons from lead (arXiv:2212.11295), far
    below; use the scale, which both channels share. All isotopes of lead are taken as 208Pb.
    """

    name = "nue-pb208-cc-1n"
    target = "Pb208"
    threshold_mev = 10.3
    scale_name = "pb208_cc_scale"
    relative_error = 0.30
    neutrons = 1
    tables: ClassVar = {"engel-2003": (Tabulated("lead.csv", "cc-1n", 10.3),)}


MODEL = LeadCCOne
