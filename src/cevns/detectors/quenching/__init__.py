"""Quenching: how much of a recoil's energy the detector sees, E_ee(T). One model a file."""

from cevns.detectors.framework.quenching_curve import Quenching, QuenchingCurve
from cevns.detectors.framework.quenching_section import section

__all__ = ["Quenching", "QuenchingCurve", "section"]
