"""What entries of the gallery share."""
