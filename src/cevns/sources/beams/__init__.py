"""What neutrino sources share: protons on target, pulses, decay spectra, flux tables."""
