"""The axial part of CEvNS with a free strength.

A nucleus with an unpaired nucleon also scatters by its spin. With a factor a on its axial charge,

    G_A -> a G_A,

the cross section of `cevns.processes.standard_model` has a part linear in a, of opposite sign for
neutrinos and antineutrinos, and one proportional to a^2. At a = 1 it is the Standard Model, and at
a = 0 only the vector part. At stopped-pion sources the axial part of the rate is 2.0 % on Na, 2.8 %
on F and 1.4 % on Al with the form factor of Klein and Nystrand (2.2, 3.1 and 1.6 % without one),
and below 0.1 % on Ar, Ge, Cs and I.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.processes.framework.extension import Extension, bounded

__all__ = ["MODEL", "AxialStrength"]

CITE = "none: a factor on one part of the Standard Model"


@dataclass(frozen=True)
class AxialStrength(Extension):
    """A factor on the axial charge of every nucleus; see the module.

    Examples:
        >>> from cevns.processes import Combined, StandardModel
        >>> from cevns.rates import flux_averaged_cross_section
        >>> from cevns.sources import SNS
        >>> sns = SNS(distance_m=25.0, protons=1e23)
        >>> process = Combined(StandardModel(), (AxialStrength(),))
        >>> without, with_ = (
        ...     flux_averaged_cross_section(sns, "Na", interaction=process, values=v).mean_cm2
        ...     for v in ({"axial_strength": 0.0}, {})
        ... )
        >>> round(100 * (with_ / without - 1), 1)
        2.0
    """

    name: str = field(default="axial-strength", init=False)

    @property
    def parameters(self) -> Parameters:
        """``axial_strength``, 1 in the Standard Model."""
        return Parameters(
            [
                bounded(
                    "axial_strength",
                    "factor on the axial charge of nuclei, 1 in the Standard Model",
                    value=1.0,
                    reach=(-100.0, 100.0),
                    typical=1.0,
                )
            ]
        )

    def axial_factor(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any:
        """The factor itself, the same for all nuclei."""
        _ = nuclide
        return self.value(values, "axial_strength")


MODEL = AxialStrength
