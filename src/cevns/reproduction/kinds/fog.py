"""Floors and discovery limits of a target in the neutrino fog, with the usual conventions."""

from __future__ import annotations

import numpy as np

from cevns.analysis.fog import (
    FogCase,
    billard_floor,
    discovery_curve,
    fog_map,
    neutrino_floor,
    one_event_line,
)
from cevns.exceptions import UnknownNameError

__all__ = ["compute"]

_WHAT = (
    "floor",
    "exposure",
    "discovery",
    "index",
    "index-difference",
    "exposure-difference",
    "billard",
    "one-event",
)
_STEP = 1e-3


def compute(
    target: str,
    mass_gev: float,
    what: str = "floor",
    scale: float = 1.0,
    exposure_tonne_year: float = 1.0,
    cross_section_cm2: float = 1e-45,
) -> float:
    """A number of one mass.

    Args:
        target: as for `cevns.analysis.fog.fog_target`.
        mass_gev: of the WIMP, GeV.
        what: ``floor``, ``discovery``, ``billard`` and ``one-event`` are cross sections in cm2,
            ``exposure`` is that of the floor in tonne years, ``index`` that of a cross section,
            ``index-difference`` the index in closed form over central differences of the
            discovery limit, ``exposure-difference`` over those of the exposure that discovers a
            cross section.
        scale: unit of the row, by which the number is divided.
        exposure_tonne_year: of a discovery limit.
        cross_section_cm2: of an index and of differences of the exposure.

    Raises:
        UnknownNameError: if `what` is none of these.
    """
    case = FogCase(target)
    if what == "floor":
        found = neutrino_floor(case, [mass_gev]).cross_section_cm2[0]
    elif what == "exposure":
        found = neutrino_floor(case, [mass_gev]).exposure_tonne_year[0]
    elif what == "discovery":
        found = discovery_curve(case, [mass_gev], exposure_tonne_year).cross_section_cm2[0]
    elif what == "index-difference":
        at = discovery_curve(case, [mass_gev], exposure_tonne_year)
        up, down = (
            discovery_curve(case, [mass_gev], exposure_tonne_year * np.exp(h)).cross_section_cm2[0]
            for h in (_STEP, -_STEP)
        )
        found = at.index[0] * np.log(down / up) / (2.0 * _STEP)
    elif what in ("index", "exposure-difference"):
        near = cross_section_cm2 * np.exp([0.0, _STEP, -_STEP])
        around = fog_map(case, [mass_gev], near)
        found = around.index[0, 0]
        if what == "exposure-difference":
            _, up, down = around.exposure_tonne_year[:, 0]
            found = found * 2.0 * _STEP / np.log(down / up)
    elif what == "billard":
        found = billard_floor(case, [mass_gev]).curve.cross_section_cm2[0]
    elif what == "one-event":
        found = one_event_line(case, [mass_gev]).cross_section_cm2[0]
    else:
        raise UnknownNameError("number of the fog", what, _WHAT)
    return float(found) / scale
