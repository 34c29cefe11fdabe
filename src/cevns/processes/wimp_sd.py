"""Scattering of WIMPs on nuclei through the spin of their neutrons or protons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter
from cevns.processes.dark_matter.wimp_nucleus import Nucleon, Wimp, check_nucleon, spin_response
from cevns.typing import Array

__all__ = ["MODEL", "WimpSD"]

CITE = ("arXiv:1304.7684", "lewin-smith-1996")


@dataclass(frozen=True)
class WimpSD(Wimp):
    r"""A WIMP that couples to the spin of neutrons; parameter ``sigma_sd``.

    .. math:: \frac{d\sigma}{dT} = \sigma_\mathrm{SD} \frac{4\pi}{3 (2J+1)}
       \frac{m_N}{2 \mu_p^2 v^2}\, S_{p,n}(q)

    The structure functions S include two-body currents (means of their bands), which give a small
    sensitivity to the spin of the other nucleon; they are zero beyond the range of their fits.
    Nuclei without spin do not contribute. A target with a nuclide with spin and without a structure
    function raises an error. Sources: Klos et al., arXiv:1304.7684; Lewin & Smith, Astropart. Phys.
    6 (1996) 87.

    Args:
        m_wimp: mass, GeV; structural: one model for each value.
        nucleon: ``neutron``, or ``proton`` as in `cevns.processes.wimp_sd_proton`.

    Raises:
        InputError: if the mass is outside 0.01 GeV to 1e6 GeV.
        UnknownNameError: if the nucleon is neither of them.

    Examples:
        >>> from cevns.rates import recoil_spectrum
        >>> from cevns.sources import source
        >>> year = source("halo", live_time_d=365.25)
        >>> rate = recoil_spectrum(
        ...     year, "Xe", 1000.0, [5.0, 20.0], interaction=WimpSD(50.0, "neutron"),
        ...     values={"sigma_sd": 1e-40})
        >>> rate["chi"].round(2).tolist()
        [14.47, 2.82]
    """

    nucleon: Nucleon = "neutron"
    name = "wimp-sd"
    sigma: ClassVar[Parameter] = Parameter(
        "sigma_sd",
        0.0,
        unit="cm2",
        lower=0.0,
        role="poi",
        shared=True,
        description="spin-dependent cross section of a WIMP on a neutron",
        typical=1e-41,
        natural=(1e-45, 1e-33),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_nucleon(self.nucleon)

    @property
    def choices(self) -> dict[str, str]:
        """The nucleon to whose spin the WIMP couples."""
        return {"nucleon": self.nucleon}

    def response(self, nuclide: Nuclide, q_inv_fm: Array) -> Array:
        """(mu_N^2/mu_p^2) 4 pi/(3 (2 J + 1)) S(q)."""
        return spin_response(nuclide, 1e3 * self.m_wimp, q_inv_fm, self.nucleon)


MODEL = WimpSD
