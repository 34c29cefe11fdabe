"""Charged-current scattering of nu_e on lead, with two neutrons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent

__all__ = ["MODEL", "LeadCCTwo"]

CITE = ("engel-2003", "snowglobes")


@dataclass(frozen=True)
class LeadCCTwo(ChargedCurrent):
    """nu_e + 208Pb -> e- + 208Bi* with two neutrons; a bare count of events, each of 2.

    Engel, McLaughlin, Volpe, PRD 67 (2003) 013005, accurate to 30 %; thresholds from memory.
    COHERENT measures 0.29 +0.17 -0.16 of MARLEY for neutrons from lead (arXiv:2212.11295), far
    below; use the scale, which both channels share. All isotopes of lead are taken as 208Pb.
    """

    name = "nue-pb208-cc-2n"
    target = "Pb208"
    threshold_mev = 18.4
    scale_name = "pb208_cc_scale"
    relative_error = 0.30
    neutrons = 2
    tables: ClassVar = {"engel-2003": (Tabulated("lead.csv", "cc-2n", 18.4),)}


MODEL = LeadCCTwo
