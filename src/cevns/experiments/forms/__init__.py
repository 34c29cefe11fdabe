"""What sections of a file are made of: their base, shapes of backgrounds, named backgrounds."""
