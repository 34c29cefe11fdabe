"""One free factor on the cross section of each neutrino flavour.

    d(sigma_a)/dT = sigma_a [d(sigma_a)/dT]_SM,     a = e, mu, tau

with sigma_a in units of the prediction, 1 in the Standard Model, the same for neutrinos and
antineutrinos. It only tests whether the flavours have equal cross sections; spectra and form
factors are those of the prediction. At a pulsed stopped-pion source the flavours differ in time
(nu_mu prompt, nu_e and nubar_mu delayed), so sigma_mu and sigma_e are nearly degenerate with the
time of the pulse: a result has to state that time and what constrains it.

Together with another interaction the factor multiplies the sum. Flavour-dependent radiative
corrections are in the coupling scheme, so sigma_e = sigma_mu = 1 is its prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from cevns.parameters import Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, bounded

__all__ = ["MODEL", "FlavouredCrossSections"]

CITE = "none: a factor on the Standard Model of each flavour"


@cache
def _parameters() -> Parameters:
    return Parameters(
        bounded(
            f"sigma_{a}",
            f"cross section of nu_{a} and nubar_{a} relative to the prediction",
            value=1.0,
            reach=(0.0, np.inf),
        )
        for a in LEPTONS
    )


@dataclass(frozen=True)
class FlavouredCrossSections(Extension):
    """Factors ``sigma_e``, ``sigma_mu`` and ``sigma_tau``; the module has the formula.

    Examples:
        >>> FlavouredCrossSections().rate_factor("nubar_mu", {"sigma_mu": 0.8, "sigma_e": 1.2})
        0.8
    """

    name: str = field(default="flavoured-cross-sections", init=False)

    @property
    def parameters(self) -> Parameters:
        """One factor a family, nominal 1."""
        return _parameters()

    def rate_factor(self, flavour: str, values: Mapping[str, Any]) -> Any:
        """The factor of a flavour.

        Raises:
            UnknownNameError: if the flavour is unknown.
        """
        return self.value(values, f"sigma_{lepton(flavour)}")


MODEL = FlavouredCrossSections
