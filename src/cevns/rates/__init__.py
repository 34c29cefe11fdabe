"""The folding: source x interaction x target -> recoil spectra and cross sections."""

from cevns.rates.spectrum import Radii, flux_averaged_slope, recoil_spectrum
from cevns.rates.xsec import FluxAveraged, flux_averaged_cross_section

__all__ = [
    "FluxAveraged",
    "Radii",
    "flux_averaged_cross_section",
    "flux_averaged_slope",
    "recoil_spectrum",
]
