"""Inelastic neutral-current scattering on argon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import NeutralCurrent

__all__ = ["MODEL", "ArgonNC"]

CITE = ("gil-botella-2003", "snowglobes")


@dataclass(frozen=True)
class ArgonNC(NeutralCurrent):
    """nu + 40Ar -> nu + 40Ar*; a bare count.

    Two tables differ by a factor of 11: kolbe, all states after Gil Botella and Rubbia, JCAP 0310
    (2003) 009, and one-level, only the level at 9.8 MeV (A. Hayes). Results should quote both.
    """

    name = "nu-ar40-nc"
    target = "Ar40"
    threshold_mev = 9.8
    scale_name = "ar40_nc_scale"
    relative_error = 0.90
    tables: ClassVar = {
        "kolbe": (Tabulated("argon.csv", "nc-kolbe", 9.8),),
        "one-level": (Tabulated("argon.csv", "nc-one-level", 9.8),),
    }


MODEL = ArgonNC
