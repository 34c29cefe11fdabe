"""Scans of couplings: what is scanned, how, and the record of the result."""
