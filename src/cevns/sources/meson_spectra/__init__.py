"""Named spectra of the pi0 that protons make in a thick target; one file each."""
