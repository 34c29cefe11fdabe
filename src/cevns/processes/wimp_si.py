"""Spin-independent scattering of WIMPs on nuclei."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import Massive, momentum_transfer_inv_fm
from cevns.processes.ingredients.wimp_nucleus import coherent_gain, inverse_recoil_range
from cevns.typing import Array

__all__ = ["MODEL", "WimpSI"]

_SPECIES: Final = "chi"
_LIGHTEST_GEV, _HEAVIEST_GEV = 0.01, 1e6
SIGMA = Parameter(
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


@dataclass(frozen=True)
class WimpSI:
    r"""A WIMP that scatters coherently, alike on protons and neutrons.

    .. math:: \frac{d\sigma}{dT} = \sigma_\mathrm{SI} A^2 \frac{\mu_N^2}{\mu_p^2}\,
       \frac{m_N}{2 \mu_N^2 v^2}\, F^2(q), \quad T \le T_\mathrm{max}(v)

    The kinematics are those of a particle of mass ``m_wimp``, which a source of dark matter takes
    over (`cevns.sources.halo`). Above it in energy is nothing but its motion, v ~ 1e-3.
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

    m_wimp: float = 50.0
    form_factor: str | FormFactor = "helm"
    name = "wimp-si"
    quantity: Quantity = "nuclear-recoil"

    def __post_init__(self) -> None:
        if not _LIGHTEST_GEV <= self.m_wimp <= _HEAVIEST_GEV:
            raise InputError(
                f"a WIMP of {self.m_wimp:g} GeV: masses are between {_LIGHTEST_GEV:g} and "
                f"{_HEAVIEST_GEV:g} GeV"
            )

    @property
    def parameters(self) -> Parameters:
        """The cross section on a nucleon, ``sigma_si``, cm2."""
        return Parameters([SIGMA])

    @property
    def structure(self) -> Parameters:
        """The mass, GeV."""
        return Parameters(
            [
                Parameter(
                    "m_wimp",
                    self.m_wimp,
                    unit="GeV",
                    lower=_LIGHTEST_GEV,
                    upper=_HEAVIEST_GEV,
                    fixed=True,
                    shared=True,
                    description="mass of the WIMP",
                    natural=(1.0, 1000.0),
                )
            ]
        )

    def with_structure(self, values: Mapping[str, float]) -> WimpSI:
        """The same at another mass.

        Raises:
            UnknownNameError: if a name is not ``m_wimp``.
        """
        for name in values:
            if name != "m_wimp":
                raise UnknownNameError("structural parameter", name, ("m_wimp",))
        return replace(self, m_wimp=float(values.get("m_wimp", self.m_wimp)))

    def for_form_factor(self, model: FormFactor) -> WimpSI:
        """The same with the form-factor model of an experiment."""
        return replace(self, form_factor=model)

    @property
    def kinematics(self) -> Massive:
        """That of the WIMP's mass."""
        return Massive(1e3 * self.m_wimp)

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """d(sigma)/dT of a nucleus, cm2/keV.

        Args:
            deposit_kev: recoil energy T, keV.
            energy_mev: total energy of the WIMP, MeV.
            species: ``chi``.
            target: the nuclide.
            values: with ``sigma_si``, cm2.

        Raises:
            SpeciesError: if the species is another.
        """
        if species != _SPECIES:
            raise SpeciesError(
                f"WIMPs are the species {_SPECIES!r}, which a source of dark matter emits "
                "(kind: halo)"
            )
        mass = 1e3 * self.m_wimp
        energy = np.asarray(energy_mev, dtype=float)
        inverse = energy * energy / ((energy - mass) * (energy + mass))  # 1/v^2
        model = find_form_factor(self.form_factor)
        q = momentum_transfer_inv_fm(deposit_kev, target.mass_mev)
        squared = model.evaluate(q, model.default_rms_radius(target)) ** 2
        per_kev = 1e-3 * inverse_recoil_range(target, mass) * inverse
        nucleon = values.get("sigma_si", SIGMA.value)
        result: Array = nucleon * coherent_gain(target, mass) * per_kev * squared
        return result


MODEL = WimpSI
