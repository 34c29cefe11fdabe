"""Rows of `cevns reproduce` as a table of the gallery."""

from __future__ import annotations

from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction import reproduce

__all__ = ["compared"]


def compared(*ids: str) -> Table:
    """Published beside ours for the rows whose id is given or begins with what is given.

    Args:
        ids: as in `cevns.reproduction.reproduce`.

    Raises:
        UnknownNameError: if nothing matches.

    Examples:
        >>> compared("sm-cross-section-csi").rows[0][2:5]
        ('189 ± 6', '186.9', 'agrees')
    """
    rows = []
    notes: dict[str, str] = {}
    for row in reproduce(ids):
        p = row.published
        texts = row.published_text, row.ours_text, row.verdict
        rows.append((p.quantity, p.unit, *texts, p.source))
        if row.reason:
            notes.setdefault(row.reason, p.quantity)  # said once, at the first row
    columns = ("quantity", "unit", "published", "ours", "verdict", "published in")
    return Table(columns, tuple(rows), tuple(f"{first}: {note}" for note, first in notes.items()))
