"""Formats of files of events, one a file: a suffix, a writer, and what the file says of itself."""
