"""Antineutrino spectra of fission, named; one file each."""
