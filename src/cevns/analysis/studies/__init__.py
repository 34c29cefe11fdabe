"""Studies of one question that no other analysis shares."""
