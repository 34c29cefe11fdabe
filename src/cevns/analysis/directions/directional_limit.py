r"""Discovery limits of a search that measures directions, beside those of energies alone.

The fog's search (`cevns.analysis.fog`) gets a second axis: the cosine c' between the measured
recoil and the line from the Sun to the detector. Solar neutrinos fly along that line, so their
recoils lie at 0 <= c <= 1 before they are smeared; WIMPs come from Cygnus, which stands 61 to 119
degrees from the Sun over the year. In Legendre moments about that line, at recoil energy T,

    neutrinos   a_l(T) = int dE phi d(sigma)/dT P_l(c(E, T)) A_l(T),
    WIMPs       a_l(T) = dR/dT <P_l>_wind(T) mean_year P_l(cos alpha) A_l(T),

with <P_l>_wind over the Radon transform of the halo, alpha the angle between Cygnus and the Sun and
A_l what the detector leaves (`cevns.detectors.framework.angular_response`). The second line is
exact: what is symmetric about the wind and binned about the Sun needs no more than P_l(cos alpha).

What is approximated: all other neutrinos are isotropic about the Sun (atmospheric ones and those of
reactors and the earth have directions of their own, which a year and the rotation of the Earth
mostly wash out); the speed of the laboratory is that of the halo, the mean of a year, as for the
limits without directions, and only its direction changes; the flux of the Sun is that of the mean
distance; exposure is the same at all times; energies have no resolution; recoils are told from
electrons. The time of an event is not used: a search with it, or with both angles, reaches
further.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cevns.analysis.directions.wimp_wind import sun_polynomials, wind_rows
from cevns.analysis.fog.floors import FloorCurve
from cevns.analysis.fog.fog_case import FogCase
from cevns.detectors.framework.angular_response import AngularResponse, legendre_bins
from cevns.exceptions import InputError
from cevns.inference.discovery import AsimovSearch, discovery_limits
from cevns.nuclear.checks import finite, positive
from cevns.processes import interaction
from cevns.processes.framework.kinematics import maximum_recoil_kev
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources.sun import Sun
from cevns.typing import Array, ArrayLike

__all__ = ["DirectionalCase", "directional_limits"]

_SOLAR = frozenset(Sun(1.0).branches)


@dataclass(frozen=True)
class DirectionalCase:
    """A target in the neutrino fog with a detector that measures directions.

    Args:
        case: target, halo, neutrinos and window of recoil energies.
        response: angular resolution and head-tail.
        cosine_bins: of the cosine to the line from the Sun, equal ones from -1 to 1.

    Raises:
        InputError: if the number of bins is out of range, or no neutrino of the Sun is there.

    Examples:
        >>> from cevns.analysis.fog import RecoilWindow
        >>> helium = FogCase("He", window=RecoilWindow(1.0, 200.0, 20))
        >>> found = DirectionalCase(helium, cosine_bins=8)
        >>> b8 = found.backgrounds[helium.neutrinos.names.index("b8")].reshape(20, 8)
        >>> (b8.sum(axis=0) / b8.sum()).round(3).tolist()
        [0.009, 0.024, 0.052, 0.092, 0.143, 0.196, 0.237, 0.248]
    """

    case: FogCase
    response: AngularResponse = field(default_factory=AngularResponse)
    cosine_bins: int = 20

    def __post_init__(self) -> None:
        if not 2 <= self.cosine_bins <= 400:
            raise InputError(f"{self.cosine_bins} bins of the cosine: take 2 to 400, usually 20")
        if not _SOLAR & set(self.case.neutrinos.names):
            raise InputError("without solar neutrinos the direction of the Sun has no effect")

    @cached_property
    def edges(self) -> Array:
        """Of the cosines."""
        return np.linspace(-1.0, 1.0, self.cosine_bins + 1)

    @cached_property
    def _order(self) -> int:
        return self.response.order(self.case.window.edges_kev)

    def _binned(self, rows: Array, energy: Array, into: Array) -> Array:
        """Counts in cells of moments ``(order + 1, ..., n)``: ``(..., bins of T times of c)``."""
        kept = self.response.factors(energy, self._order)
        kept = kept.reshape(self._order + 1, *(1,) * (rows.ndim - 2), energy.size)
        summed = (rows * kept) @ into
        cells = np.tensordot(summed, legendre_bins(self.edges, self._order), axes=(0, 0))
        flat = cells.reshape(*rows.shape[1:-1], -1)
        return np.maximum(flat, 0.0)  # a series that ends may be negative by 1e-8

    @cached_property
    def backgrounds(self) -> Array:
        """Neutrinos in each cell per tonne year, ``(parts, cells)``."""
        case = self.case
        process = interaction("standard-model", couplings=case.couplings, axial=case.axial)
        rows = []
        for (name, source), plain in zip(
            case.neutrinos.parts.items(), case.backgrounds, strict=True
        ):
            if name not in _SOLAR or not plain.any():
                rows.append(np.repeat(plain / self.cosine_bins, self.cosine_bins))
                continue
            angles = RecoilAngles(
                source, case.material, 1000.0, interaction=process, form_factor=case.form
            )
            kinks = {
                float(maximum_recoil_kev(e, x.mass_mev))
                for e in source.recoil_kinks
                for x in case.material.nuclides
            }
            energy, into = case.window.nodes(tuple(kinks))
            used = energy < angles.largest_kev
            energy, into = energy[used], into[used]
            row = self._binned(angles.legendre_rows(energy, self._order), energy, into)
            # the energies are those of the search without directions, to the last digit
            found = row.reshape(-1, self.cosine_bins)
            size = found.sum(axis=1)
            scale = np.divide(plain, size, out=np.zeros(size.shape), where=size > 0.0)
            rows.append((found * scale[:, None]).ravel())
        return np.array(rows)

    @cached_property
    def search(self) -> AsimovSearch:
        """The backgrounds in cells, with the errors of the fluxes."""
        return AsimovSearch(self.backgrounds, self.case.neutrinos.changes)

    def signals(self, mass_gev: ArrayLike) -> Array:
        """WIMPs in each cell per tonne year and cm2, ``(p, cells)``.

        Raises:
            InputError: if a mass is out of range, or gives no recoil in the window.
        """
        case = self.case
        masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
        case.signals(masses)  # refuses masses without a recoil
        energy, into = case.window.nodes()
        order = self._order
        rows = wind_rows(case.dark, case.material, masses, energy, order, case.form, case.spin)
        rows *= sun_polynomials(case.dark, order)[:, None, None]
        return self._binned(rows, energy, into)

    def said(self) -> dict[str, Any]:
        """The choices, for records."""
        return {
            "resolution": self.response.said,
            "head_tail": self.response.head_tail,
            "cosine_bins": self.cosine_bins,
            "isotropic": [n for n in self.case.neutrinos.names if n not in _SOLAR],
        }


def directional_limits(
    found: DirectionalCase, mass_gev: ArrayLike, exposure_tonne_year: float, q0: float = 9.0
) -> tuple[FloorCurve, FloorCurve]:
    """Median discovery limits with directions and with energies alone.

    Args:
        found: target and detector.
        mass_gev: of the WIMPs, GeV, ``(p,)``.
        exposure_tonne_year: of both.
        q0: 9 for three standard deviations.

    Raises:
        InputError: if a mass or the exposure is out of range.
        FitError: if a limit is not found.
    """
    positive("exposure in tonne years", exposure_tonne_year)
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    signals = found.signals(masses), found.case.signals(masses)  # refuses a mass before the rest
    curves = []
    for search, shapes in zip((found.search, found.case.search), signals, strict=True):
        limit = discovery_limits(search, shapes, exposure_tonne_year, q0)
        curves.append(FloorCurve(masses, limit.strength, limit.exposure, limit.index))
    return curves[0], curves[1]
