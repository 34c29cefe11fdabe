"""Spin-independent scattering of WIMPs on nuclei."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter
from cevns.processes.dark_matter.wimp_nucleus import Wimp, coherent_response
from cevns.typing import Array

__all__ = ["MODEL", "WimpSI"]

CITE = ("lewin-smith-1996",)


@dataclass(frozen=True)
class WimpSI(Wimp):
    r"""A WIMP that scatters coherently and equally on protons and neutrons; parameter ``sigma_si``.

    .. math:: \frac{d\sigma}{dT} = \sigma_\mathrm{SI} A^2 \frac{\mu_N^2}{\mu_p^2}\,
       \frac{m_N}{2 \mu_N^2 v^2}\, F^2(q), \quad T \le T_\mathrm{max}(v)

    Source: Lewin & Smith, Astropart. Phys. 6 (1996) 87.

    Args:
        m_wimp: mass, GeV; structural: one model for each value.
        form_factor: model or name; in an experiment that of its interaction.

    Raises:
        InputError: if the mass is outside 0.01 GeV to 1e6 GeV.

    Examples:
        >>> from cevns.rates import recoil_spectrum
        >>> from cevns.sources import source
        >>> year = source("halo", live_time_d=365.25, halo="fog")
        >>> rate = recoil_spectrum(
        ...     year, "Xe", 1000.0, [1.0, 5.0, 20.0], interaction=WimpSI(50.0), form_factor="helm",
        ...     values={"sigma_si": 1e-45})
        >>> rate["chi"].round(2).tolist()
        [31.49, 22.24, 5.44]
    """

    form_factor: str | FormFactor = "helm"
    name = "wimp-si"
    sigma: ClassVar[Parameter] = Parameter(
        "sigma_si",
        0.0,
        unit="cm2",
        lower=0.0,
        role="poi",
        shared=True,
        description="spin-independent cross section of a WIMP on a nucleon",
        typical=1e-46,
        natural=(1e-50, 1e-38),
    )

    def for_form_factor(self, model: FormFactor) -> WimpSI:
        """The same with the form-factor model of an experiment."""
        return replace(self, form_factor=model)

    def response(self, nuclide: Nuclide, q_inv_fm: Array) -> Array:
        """A^2 (mu_N^2/mu_p^2) F^2(q)."""
        model = find_form_factor(self.form_factor)
        return coherent_response(nuclide, 1e3 * self.m_wimp, q_inv_fm, model)


MODEL = WimpSI
