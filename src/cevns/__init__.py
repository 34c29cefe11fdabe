"""cevns."""
