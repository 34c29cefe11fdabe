"""Efficiency as a function of a reconstructed value (PE, keVee or us). One model a file."""

from cevns.detectors.framework.efficiency_curve import Efficiency, Morphed

__all__ = ["Efficiency", "Morphed"]
