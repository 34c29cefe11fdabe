"""Huber and Mueller scaled to what Daya Bay measured from 1.8 to 9.5 MeV, BESTIOLE beyond.

The ratio is that of the total spectrum at power reactors, and multiplies every isotope: U-235 alone
has then a yield of 6.28e-43 cm2 per fission, where the unfolded one is 6.14 +- 0.12.
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
