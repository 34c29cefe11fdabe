"""Pseudo-data of a list of points: drawn, fitted and judged."""
