"""What a projection is asked for, one topic a file: an entry has `TOPIC` and is found by its name."""
