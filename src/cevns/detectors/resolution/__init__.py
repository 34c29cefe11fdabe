"""Resolution: the density of the reconstructed value given the true signal. One model a file."""

from cevns.detectors.resolution._base import Resolution

__all__ = ["Resolution"]
