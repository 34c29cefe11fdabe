r"""Floors of direct detection, in three definitions: where neutrinos end the search.

``neutrino_floor``
    the largest cross section at which the index of the discovery limit, n = -(d ln sigma/d ln
    M)^-1, reaches two (O'Hare, arXiv:2109.03116): above it errors of the fluxes decide.
``billard_floor``
    the cross section that 90 % of experiments discover with three standard deviations at the
    exposure that gives 500 neutrinos: for WIMPs below 10 GeV with a threshold of 3 eV, for heavier
    ones with 4 keV, above the end of 8B in xenon (Billard et al., arXiv:1307.5458). With the median
    and the spread of the significance of Asimov data, q0 = (3 + 1.2816)^2 = 18.33.
``one_event_line``
    for each threshold the cross section with 2.3 WIMPs at the exposure of one neutrino; the lowest
    of all thresholds. It has no errors of fluxes and no spectra.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cevns.analysis.fog.fog_case import FogCase
from cevns.analysis.fog.sky_neutrinos import BILLARD_ERRORS
from cevns.inference.discovery import discovery_limits, indices, strengths_at_index
from cevns.nuclear.checks import finite, positive
from cevns.typing import Array, ArrayLike

__all__ = [
    "Billard",
    "FloorCurve",
    "FogMap",
    "billard_floor",
    "discovery_curve",
    "fog_map",
    "neutrino_floor",
    "one_event_line",
]

LARGEST_TONNE_YEAR: Final = 1e20
"""Beyond it no floor is looked for: without errors of fluxes the index comes close to two there."""
Q0_BILLARD: Final = (3.0 + 1.2815515655446004) ** 2
"""Three standard deviations reached by 90 % of experiments."""
BILLARD_EVENTS: Final = 500.0
BILLARD_THRESHOLDS_KEV: Final = (0.003, 4.0)
BILLARD_UPPER_KEV: Final = 100.0
BILLARD_JOIN_GEV: Final = 10.0
"""Where the parts meet. The lower of both would be wrong: without resolution, xenon recoils between
the end of 8B and the fastest ones of a WIMP of 8 GeV have no background at all."""
ONE_EVENT_WIMPS: Final = 2.3
"""Events of the upper limit at 90 % if none is seen."""


@dataclass(frozen=True, eq=False)
class FloorCurve:
    """Cross sections against masses.

    Args:
        mass_gev: ``(p,)``.
        cross_section_cm2: on a nucleon, ``(p,)``; NaN where there is none.
        exposure_tonne_year: at which it is just discovered, ``(p,)``.
        index: n there, ``(p,)``.
    """

    mass_gev: Array
    cross_section_cm2: Array
    exposure_tonne_year: Array
    index: Array

    def rows(self) -> list[dict[str, Any]]:
        """A row for each mass."""
        names = ("mass_gev", "cross_section_cm2", "exposure_tonne_year", "index")
        columns = (getattr(self, name).tolist() for name in names)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, eq=False)
class FogMap:
    """The index of the fog over masses and cross sections.

    Args:
        mass_gev: ``(p,)``.
        cross_section_cm2: ``(s,)``.
        index: n, ``(s, p)``.
        exposure_tonne_year: at which the cross section is just discovered, ``(s, p)``.
    """

    mass_gev: Array
    cross_section_cm2: Array
    index: Array
    exposure_tonne_year: Array


@dataclass(frozen=True, eq=False)
class Billard:
    """A floor as in arXiv:1307.5458.

    Args:
        curve: the first part below 10 GeV, the second above.
        thresholds_kev: of the parts.
        exposures_tonne_year: of each, for 500 neutrinos.
        parts_cm2: limits of each, ``(t, p)``; NaN for masses that give no recoil.
    """

    curve: FloorCurve
    thresholds_kev: tuple[float, ...]
    exposures_tonne_year: tuple[float, ...]
    parts_cm2: Array


def neutrino_floor(case: FogCase, mass_gev: ArrayLike) -> FloorCurve:
    """The largest cross section with n = 2 for each mass.

    Args:
        case: target, halo, neutrinos and window.
        mass_gev: of the WIMPs, GeV, ``(p,)``.

    Returns:
        Cross sections and exposures; NaN where n stays below two up to 1e20 tonne years.

    Raises:
        InputError: if a mass is out of range or gives no recoil in the window.
        FitError: if an exposure is not found.

    Examples:
        >>> floor = neutrino_floor(FogCase("Xe"), [5.5, 50.0])
        >>> [f"{x:.3g}" for x in floor.cross_section_cm2]
        ['1.4e-45', '4.16e-49']
    """
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    found = strengths_at_index(
        case.search, case.signals(masses), largest_exposure=LARGEST_TONNE_YEAR
    )
    return FloorCurve(masses, found.strength, found.exposure, found.index)


def discovery_curve(
    case: FogCase, mass_gev: ArrayLike, exposure_tonne_year: float, q0: float = 9.0
) -> FloorCurve:
    """Median discovery limits of an exposure, three standard deviations unless told otherwise.

    Raises:
        InputError: if a mass or the exposure is out of range.
        FitError: if a limit is not found.

    Examples:
        >>> limit = discovery_curve(FogCase("Xe"), [50.0], 10.0)
        >>> f"{limit.cross_section_cm2[0]:.3g}"
        '1.35e-48'
    """
    positive("exposure in tonne years", exposure_tonne_year)
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    found = discovery_limits(case.search, case.signals(masses), exposure_tonne_year, q0)
    return FloorCurve(masses, found.strength, found.exposure, found.index)


def fog_map(case: FogCase, mass_gev: ArrayLike, cross_section_cm2: ArrayLike) -> FogMap:
    """n(m, sigma) at the exposure that just discovers each cross section.

    Raises:
        InputError: if a mass or a cross section is out of range.
        FitError: if an exposure is not found.

    Examples:
        >>> found = fog_map(FogCase("Xe"), [6.0, 50.0], [1e-44, 1e-46])
        >>> found.index.round(2).tolist()
        [[1.67, 1.12], [2.72, 1.2]]
    """
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    values = np.atleast_1d(finite("cross section in cm2", cross_section_cm2))
    n, exposure = indices(case.search, case.signals(masses), values)
    return FogMap(masses, values, n, exposure)


def billard_floor(
    case: FogCase,
    mass_gev: ArrayLike,
    *,
    thresholds_kev: tuple[float, float] = BILLARD_THRESHOLDS_KEV,
    events: float = BILLARD_EVENTS,
    join_gev: float = BILLARD_JOIN_GEV,
) -> Billard:
    """The floor of arXiv:1307.5458 with the target, halo, fluxes and efficiency of a case.

    The errors of the fluxes are those of that paper; only solar neutrinos, those of past
    supernovae and atmospheric ones are in it.

    Args:
        case: its window begins at each threshold here, or where it begins itself if that is
            higher, and ends at 100 keV at most.
        mass_gev: GeV.
        thresholds_kev: of the light and of the heavy part, keVnr.
        events: of neutrinos.
        join_gev: mass from which on the heavy part is taken.

    Raises:
        InputError: if a mass is out of range, or gives no recoil above its threshold.
        FitError: if a limit is not found.

    Examples:
        >>> found = billard_floor(FogCase("Xe"), [20.0])
        >>> f"{found.curve.cross_section_cm2[0]:.2g}", round(found.exposures_tonne_year[1], -2)
        ('8.7e-50', 9100.0)
    """
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
    without = tuple(n for n in case.neutrinos.names if n not in BILLARD_ERRORS)
    sky = replace(case.neutrinos, errors=BILLARD_ERRORS, without=without)
    lowest = np.full((len(thresholds_kev), masses.size), np.nan)
    n = np.full_like(lowest, np.nan)
    exposures = []
    begins = tuple(max(threshold, case.window.low_kev) for threshold in thresholds_kev)
    for k, threshold in enumerate(begins):
        upper = min(case.window.high_kev, BILLARD_UPPER_KEV)
        window = replace(case.window, low_kev=threshold, high_kev=upper)
        part = replace(case, neutrinos=sky, window=window)
        exposure = events / float(part.backgrounds.sum())
        exposures.append(exposure)
        seen = masses > 1.001 * part.lightest_gev()
        wanted = masses >= join_gev if k else masses < join_gev
        if (wanted & ~seen).any():
            part.signals(masses[wanted])  # says which gives no recoil
        if seen.any():
            found = discovery_limits(part.search, part.signals(masses[seen]), exposure, Q0_BILLARD)
            lowest[k, seen], n[k, seen] = found.strength, found.index
    best = (masses >= join_gev).astype(int)
    along = np.arange(masses.size)
    curve = FloorCurve(masses, lowest[best, along], np.array(exposures)[best], n[best, along])
    return Billard(curve, begins, tuple(exposures), lowest)


def one_event_line(case: FogCase, mass_gev: ArrayLike) -> FloorCurve:
    """2.3 WIMPs at the exposure of one neutrino, for the best threshold among the bins' edges.

    sigma(m) = min_thr 2.3 B(> thr)/S_m(> thr). The exposure is that of one neutrino above the best
    threshold.

    Raises:
        InputError: if a mass is out of range or gives no recoil in the window.

    Examples:
        >>> line = one_event_line(FogCase("Xe"), [6.0, 30.0])
        >>> [f"{x:.2g}" for x in line.cross_section_cm2]
        ['2.7e-45', '5.3e-49']
    """
    masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))

    def above(counts: Array) -> Array:
        result: Array = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
        return result

    neutrinos = above(case.backgrounds.sum(axis=0))
    wimps = above(case.signals(masses))
    with np.errstate(divide="ignore", invalid="ignore"):
        lines = np.where(wimps > 0.0, ONE_EVENT_WIMPS * neutrinos / wimps, np.inf)
    lines[:, neutrinos <= 0.0] = np.inf
    best = np.argmin(lines, axis=1)
    sigma = lines[np.arange(masses.size), best]
    return FloorCurve(masses, sigma, 1.0 / neutrinos[best], np.full(masses.size, np.nan))
