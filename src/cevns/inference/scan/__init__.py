"""A statistic on a grid, and the regions it makes."""
