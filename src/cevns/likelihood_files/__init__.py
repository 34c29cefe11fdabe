"""Likelihoods in files that others read: written with a statement of what is lost, and read back."""
