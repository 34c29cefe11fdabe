"""Expected counts and their slopes for any batch of parameter points."""
