"""Pulse-shape models: the fraction of the light that comes early, one file each."""

from cevns.detectors.pulse_shape._base import PulseShape

__all__ = ["PulseShape"]
