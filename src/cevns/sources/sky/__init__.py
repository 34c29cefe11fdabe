"""What the steady sources of sky and earth share: mixtures of spectra and lines, tables, fluxes."""
