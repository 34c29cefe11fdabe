"""Likelihoods in files that others read, with a statement of what is lost, and read back."""
