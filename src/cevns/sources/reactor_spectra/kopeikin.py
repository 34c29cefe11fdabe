"""Kopeikin 2012: one spectrum of a power reactor to 9 MeV, capture on U-238 included."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("kopeikin-2012",)

MODEL = Tabulation(
    "Kopeikin 2012, total with capture",
    (Piece("kopeikin", 0.0, 9.0),),
    with_capture=True,
    mixed=True,
)
