"""What a reactor is made of: fissions, their antineutrino spectra, and the core."""
