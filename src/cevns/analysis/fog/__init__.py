"""The neutrino fog: what neutrinos of the sky leave of the search for dark matter."""

from __future__ import annotations

from cevns.analysis.fog.floors import (
    billard_floor,
    discovery_curve,
    fog_map,
    neutrino_floor,
    one_event_line,
)
from cevns.analysis.fog.fog_case import FogCase, fog_target
from cevns.analysis.fog.fog_record import NeutrinoFog, neutrino_fog
from cevns.analysis.fog.limit_curves import known_limits, limit_curves
from cevns.analysis.fog.recoil_window import RecoilWindow, window_of
from cevns.analysis.fog.sky_neutrinos import SkyNeutrinos

__all__ = [
    "FogCase",
    "NeutrinoFog",
    "RecoilWindow",
    "SkyNeutrinos",
    "billard_floor",
    "discovery_curve",
    "fog_map",
    "fog_target",
    "known_limits",
    "limit_curves",
    "neutrino_floor",
    "neutrino_fog",
    "one_event_line",
    "window_of",
]
