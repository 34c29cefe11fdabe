"""The same blocks give the same result wherever they ran; files that resume."""
