"""Directions of recoils: of the Sun's neutrinos, of beams, of dark matter, and what they tell."""

from __future__ import annotations

from cevns.analysis.directions.direction_record import DirectionsRecord, Limits
from cevns.analysis.directions.directional_limit import DirectionalCase, directional_limits
from cevns.analysis.directions.measured_directions import MeasuredDirections, events_needed
from cevns.analysis.directions.sky_maps import recoil_map, sun_axes, wind_axes

__all__ = [
    "DirectionalCase",
    "DirectionsRecord",
    "Limits",
    "MeasuredDirections",
    "directional_limits",
    "events_needed",
    "recoil_map",
    "sun_axes",
    "wind_axes",
]
