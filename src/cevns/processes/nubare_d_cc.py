"""Charged-current scattering of nubar_e on the deuteron: a positron and two neutrons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent

__all__ = ["MODEL", "DeuteronCCBar"]

CITE = ("nakamura-2002", "nakamura-2003")


@dataclass(frozen=True)
class DeuteronCCBar(ChargedCurrent):
    """nubar_e + d -> e+ + n + n, a bare count; a stopped-pion source has no nubar_e.

    Nakamura et al., NPA 707 (2002) 561 and 721 (2003) 549c, accurate to 2 to 3 %.
    """

    name = "nubare-d-cc"
    target = "H2"
    threshold_mev = 4.029
    scale_name = "d_cc_scale"
    relative_error = 0.03
    neutrons = 2
    tables: ClassVar = {"nakamura-2002": (Tabulated("deuteron.csv", "cc-nubar", 4.029),)}
    species = "nubar_e"


MODEL = DeuteronCCBar
