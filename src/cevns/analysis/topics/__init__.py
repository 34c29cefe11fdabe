"""What a projection is asked for, one topic a file: each has `TOPIC` and is found by its name."""
