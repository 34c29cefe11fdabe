"""Resolution: the density of the reconstructed value given the true signal. One model a file."""

from cevns.detectors.framework.resolution_density import Resolution

__all__ = ["Resolution"]
