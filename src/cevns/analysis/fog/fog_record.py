"""The record of a floor with all that was asked beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.analysis.fog.floors import (
    BILLARD_EVENTS,
    ONE_EVENT_WIMPS,
    Billard,
    FloorCurve,
    FogMap,
    billard_floor,
    discovery_curve,
    fog_map,
    neutrino_floor,
    one_event_line,
)
from cevns.analysis.fog.fog_case import FogCase
from cevns.analysis.fog.limit_curves import LimitCurve
from cevns.citations import Citations
from cevns.exceptions import InputError
from cevns.nuclear.checks import finite
from cevns.records import Result
from cevns.typing import Array, ArrayLike

__all__ = ["NeutrinoFog", "neutrino_fog"]

_MAP_POINTS = 100
_ABOVE, _BELOW = 2.0, 1.5
"""Decades of the map above and below the floor."""
_HIGHEST_LOG = -38.0
"""Of the cross sections of a map that are not given, in cm2: above, limits only rise."""
MOST_POINTS = 1_000_000


@dataclass(frozen=True, eq=False)
class NeutrinoFog(Result):
    """A floor and what was asked beside it.

    Args:
        case: target and conventions.
        floor: the largest cross sections with n = 2.
        limits: median discovery limits by exposure, tonne years.
        index_map: n(m, sigma), if asked for.
        billard: the floor of arXiv:1307.5458, if asked for.
        one_event: the one-event line, if asked for.
        overlays: curves of others for the figure.
    """

    case: FogCase
    floor: FloorCurve
    limits: dict[float, FloorCurve]
    index_map: FogMap | None = None
    billard: Billard | None = None
    one_event: FloorCurve | None = None
    overlays: tuple[LimitCurve, ...] = ()

    @property
    def citations(self) -> Citations:
        """Whom the definitions of the floor and the conventions cite."""
        more = () if self.billard is None else ("arXiv:1307.5458",)
        definitions = Citations.of(("arXiv:2109.03116", *more), "neutrino floor")
        return definitions + self.case.citations

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        out: dict[str, Any] = {
            "target": self.case.material.name,
            "physics": self.case.conventions(),
            "neutrinos_per_tonne_year": self.case.rates_per_tonne_year,
            "floor": self.floor.rows(),
            "citations": self.citations.records(),
        }
        if self.limits:
            out["discovery_limits"] = [
                {**row, "q0": 9.0} for curve in self.limits.values() for row in curve.rows()
            ]
        if self.index_map is not None:
            found = self.index_map
            out["map"] = {
                "mass_gev": found.mass_gev.tolist(),
                "cross_section_cm2": found.cross_section_cm2.tolist(),
                "index": found.index.tolist(),
                "exposure_tonne_year": found.exposure_tonne_year.tolist(),
            }
        if self.billard is not None:
            out["billard"] = {
                "definition": "limit that 90 % of experiments reach with three standard "
                f"deviations at the exposure of {BILLARD_EVENTS:g} neutrinos",
                "thresholds_kevnr": list(self.billard.thresholds_kev),
                "exposures_tonne_year": list(self.billard.exposures_tonne_year),
                "floor": self.billard.curve.rows(),
            }
        if self.one_event is not None:
            out["one_event"] = {
                "definition": f"{ONE_EVENT_WIMPS:g} WIMPs at the exposure of one neutrino, best "
                "threshold",
                "floor": [
                    {k: v for k, v in row.items() if k != "index"} for row in self.one_event.rows()
                ],
            }
        return out


def neutrino_fog(
    case: FogCase,
    mass_gev: ArrayLike,
    *,
    exposures_tonne_year: Sequence[float] = (),
    with_map: bool = False,
    cross_section_cm2: ArrayLike | None = None,
    with_billard: bool = False,
    with_one_event: bool = False,
    overlays: Sequence[LimitCurve] = (),
) -> NeutrinoFog:
    """The floor of a case and what else is asked.

    Args:
        case: target, halo, neutrinos and window.
        mass_gev: of the WIMPs, GeV, ``(p,)``.
        exposures_tonne_year: of discovery limits.
        with_map: whether n is found over masses and cross sections.
        cross_section_cm2: of the map; by default a hundred from above all floors to below them.
        with_billard: whether the floor of arXiv:1307.5458 is found.
        with_one_event: whether the one-event line is found.
        overlays: curves of others for the figure.

    Raises:
        InputError: if a mass, cross section or exposure is out of range.
        FitError: if an exposure is not found.

    Examples:
        >>> found = neutrino_fog(FogCase("Ge"), [5.5], exposures_tonne_year=[1.0])
        >>> f"{found.to_dict()['floor'][0]['cross_section_cm2']:.3g}"
        '1.38e-45'
    """
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    if masses.size > MOST_POINTS:
        raise InputError(
            f"{masses.size} masses are more than the maximum of {MOST_POINTS} for a floor"
        )
    floor = neutrino_floor(case, masses)
    found = None
    if with_map or cross_section_cm2 is not None:
        values = _around(floor) if cross_section_cm2 is None else cross_section_cm2
        if masses.size * np.size(values) > MOST_POINTS:
            raise InputError(
                f"{masses.size} masses and {np.size(values)} cross sections are more than the "
                f"{MOST_POINTS:,} points that a map may have"
            )
        found = fog_map(case, masses, values)
    return NeutrinoFog(
        case,
        floor,
        {float(x): discovery_curve(case, masses, float(x)) for x in exposures_tonne_year},
        found,
        billard_floor(case, masses) if with_billard else None,
        one_event_line(case, masses) if with_one_event else None,
        tuple(overlays),
    )


def _around(floor: FloorCurve) -> Array:
    """Cross sections from above the floor to below it: curves of others decide nothing."""
    there = floor.cross_section_cm2[np.isfinite(floor.cross_section_cm2)]
    if not there.size:
        raise InputError("there is no floor at these masses; give the cross sections of the map")
    high = min(np.log10(there.max()) + _ABOVE, _HIGHEST_LOG)
    return np.logspace(high, np.log10(there.min()) - _BELOW, _MAP_POINTS)
