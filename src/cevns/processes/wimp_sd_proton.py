"""Scattering of WIMPs on nuclei through the spin of their protons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from cevns.parameters import Parameter
from cevns.processes.dark_matter.wimp_nucleus import Nucleon
from cevns.processes.wimp_sd import WimpSD

__all__ = ["MODEL", "WimpSDProton"]

CITE = ("arXiv:1304.7684",)


@dataclass(frozen=True)
class WimpSDProton(WimpSD):
    """A WIMP that couples to the spin of protons; parameter ``sigma_sd_proton``.

    As `cevns.processes.wimp_sd.WimpSD`, with the structure functions S_p instead of S_n. Source:
    Klos et al., arXiv:1304.7684.

    Args:
        m_wimp: mass, GeV; structural: one model for each value.

    Raises:
        InputError: if the mass is outside 0.01 GeV to 1e6 GeV.

    Examples:
        >>> from cevns.rates import recoil_spectrum
        >>> from cevns.sources import source
        >>> year = source("halo", live_time_d=365.25)
        >>> rate = recoil_spectrum(
        ...     year, "Xe", 1000.0, [5.0, 20.0], interaction=WimpSDProton(50.0),
        ...     values={"sigma_sd_proton": 1e-40})
        >>> rate["chi"].round(3).tolist()
        [0.448, 0.115]
    """

    nucleon: Nucleon = field(default="proton", init=False)
    name = "wimp-sd-proton"
    sigma: ClassVar[Parameter] = replace(
        WimpSD.sigma,
        name="sigma_sd_proton",
        description="spin-dependent cross section of a WIMP on a proton",
    )


MODEL = WimpSDProton
