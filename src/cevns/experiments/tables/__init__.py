"""The prediction on tables, with a stated accuracy."""
