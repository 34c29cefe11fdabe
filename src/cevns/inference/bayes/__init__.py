"""Samples of the posterior, and what they say."""
