"""The charge of the neutrino that does at one energy what a magnetic moment does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cevns.reproduction.kinds import electron_density

__all__ = ["compute"]


def compute(moment: float, recoil_energy_kev: float, site: Mapping[str, Any]) -> float:
    """Charge, 1e-12 e, that adds as many electrons of germanium as a moment of 1e-10 mu_B.

    From the spectra of recoil electrons themselves, the charge without interference. With free
    electrons and the leading terms it is q/e = mu/mu_B sqrt(T/(2 m_e)).

    Args:
        moment: in 1e-10 mu_B.
        recoil_energy_kev: of the electron, keV.
        site: fields of a `cevns.sources.reactor.Reactor`.
    """

    def added(model: str, at: Mapping[str, float]) -> float:
        return electron_density.compute("Ge", recoil_energy_kev, site, model, at)

    one = added("millicharge", {"millicharge_etau": 1.0})  # 1e-10 e
    return 100.0 * math.sqrt(added("magnetic-moment", {"mu_nu_e": moment}) / one)
