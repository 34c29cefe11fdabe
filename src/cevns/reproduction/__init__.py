"""Published numbers beside ours: rows declared in YAML, computed by the package itself."""

from cevns.reproduction.published_rows import Published, Row, declared, reproduce

__all__ = ["Published", "Row", "declared", "reproduce"]
