"""Proton beams at which pions stop: what is published of them, and yields as formulas."""
