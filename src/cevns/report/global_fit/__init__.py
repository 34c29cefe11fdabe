"""Figures of the global fit: of its result, and what entries of the gallery on it share."""
