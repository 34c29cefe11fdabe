"""Published numbers beside ours: rows declared in YAML, computed by the package itself."""

from cevns.reproduction.published_rows import Published, Row, about, declared, reproduce

__all__ = ["Published", "Row", "about", "declared", "reproduce"]
