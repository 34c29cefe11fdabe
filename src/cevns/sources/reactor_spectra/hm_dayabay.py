"""Huber and Mueller scaled to what Daya Bay measured from 1.8 to 9.5 MeV, BESTIOLE beyond.

The ratio is that of the total spectrum and multiplies every isotope.
"""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

MODEL = Tabulation(
    "Huber, Mueller scaled to Daya Bay; BESTIOLE beyond",
    (
        Piece("bestiole", 0.0, 2.0),
        Piece("huber-mueller", 2.0, 8.0),
        Piece("bestiole", 8.0, 12.5),
    ),
    ratio="daya-bay-ratio",
)
