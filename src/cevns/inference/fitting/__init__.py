"""The fit that is quoted, its errors, intervals, limits and impacts."""
