"""What one asks of experiments: fits, profiles, limits, toys, systematics, and their records."""
