"""Figures of scans in one and two parameters."""
