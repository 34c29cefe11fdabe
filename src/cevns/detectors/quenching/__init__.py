"""Quenching: how much of a recoil's energy the detector sees, E_ee(T). One model a file."""

from cevns.detectors.quenching._base import Quenching, QuenchingCurve
from cevns.detectors.quenching._section import section

__all__ = ["Quenching", "QuenchingCurve", "section"]
