"""Counts per bin from first principles."""
