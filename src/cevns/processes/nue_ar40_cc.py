"""Charged-current scattering of nu_e on argon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent

__all__ = ["MODEL", "ArgonCC"]

CITE = ("marley", "kolbe-2003", "snowglobes")


@dataclass(frozen=True)
class ArgonCC(ChargedCurrent):
    """nu_e + 40Ar -> e- + 40K*: all energy except Q is visible in the liquid, y = E_nu - 1.504 MeV.

    The energy lost to a neutron (7.8 MeV and its kinetic energy, in about 20 % of the events, a
    number from memory) and to escaping gammas is not subtracted; a resolution of 10 to 15 % or more
    accounts for it approximately. The cross section has not been measured; the four tables differ
    by 9 %, and marley-2, the default, lies in between. All isotopes of argon are taken as 40Ar.
    """

    name = "nue-ar40-cc"
    target = "Ar40"
    threshold_mev = 1.504
    scale_name = "ar40_cc_scale"
    relative_error = 0.10
    tables: ClassVar = {
        n: (Tabulated("argon.csv", n, 1.504),)
        for n in ("marley-2", "marley-1", "klmv", "snowglobes")
    }
    invisible_mev = 1.504


MODEL = ArgonCC
