"""Pulse-shape models: the fraction of the light that comes early, one file each."""

from cevns.detectors.framework.pulse_shape_bins import PulseShape

__all__ = ["PulseShape"]
