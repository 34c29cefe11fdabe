"""What is expected at a detector before any fit: fluxes, spectra, counts, a file each."""
