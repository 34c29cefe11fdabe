"""Figures of what an experiment file declares."""
