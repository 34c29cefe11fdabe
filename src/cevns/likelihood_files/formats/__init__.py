"""Formats of files of likelihoods and results, one a file."""
