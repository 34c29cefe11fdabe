"""Neutral-current break-up of the deuteron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import NeutralCurrent

__all__ = ["MODEL", "DeuteronNC"]

CITE = ("nakamura-2002", "nakamura-2003")


@dataclass(frozen=True)
class DeuteronNC(NeutralCurrent):
    """nu + d -> nu + p + n, a bare count, because neither produces Cherenkov light.

    Nakamura et al., NPA 707 (2002) 561 and 721 (2003) 549c, accurate to 2 to 3 %.
    """

    name = "nu-d-nc"
    target = "H2"
    threshold_mev = 2.2246
    scale_name = "d_nc_scale"
    relative_error = 0.03
    neutrons = 1
    tables: ClassVar = {
        "nakamura-2002": (
            Tabulated("deuteron.csv", "nc-nu", 2.2246),
            Tabulated("deuteron.csv", "nc-nubar", 2.2246),
        )
    }


MODEL = DeuteronNC
