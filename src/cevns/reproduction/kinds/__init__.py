"""Ways to compute a number for a row, one file each: ``compute(**fields) -> float``."""
