"""What inelastic channels of neutrinos on nuclei share: cross sections, and what of it is seen."""
