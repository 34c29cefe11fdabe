"""Charged-current scattering of nu_e on iodine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.processes.inelastic.cross_sections import Allowed
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent

__all__ = ["MODEL", "IodineCC"]

CITE = ("arXiv:2305.19594",)


@dataclass(frozen=True)
class IodineCC(ChargedCurrent):
    """nu_e + 127I -> e- + 127Xe*: y = E_nu - 0.662 MeV is seen; neutrons (7.2 MeV each) are not
    taken off.

    The shape of the cross section is a model of ours, one effective level at 12 MeV (+- 3 MeV is
    the error of the shape). Its size is measured by default, 9.2 +2.1 -1.8 e-40 cm2 at pion decay
    at rest (COHERENT, arXiv:2305.19594); that is 0.59 of MARLEY, the table marley.
    """

    name = "nue-i127-cc"
    target = "I127"
    threshold_mev = 12.511
    scale_name = "i127_cc_scale"
    relative_error = 0.21
    tables: ClassVar = {
        "measured": (Allowed(54, 127, 12.0, 9.2e-40),),
        "marley": (Allowed(54, 127, 12.0, 15.6e-40),),
    }
    invisible_mev = 0.662


MODEL = IodineCC
