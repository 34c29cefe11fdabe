"""-2 ln L and its minimum, for many data sets at once."""
