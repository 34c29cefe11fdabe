"""Unweighted events: what draws them, block by block, and what a file of them holds."""
