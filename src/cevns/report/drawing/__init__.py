"""What figures share: style, labels, shapes, overlays."""
