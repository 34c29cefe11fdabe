"""What a supernova burst is made of: pinched spectra, tables in time, files of other packages."""
