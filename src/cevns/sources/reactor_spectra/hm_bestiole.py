"""Huber 2011 and Mueller 2011 from 2 to 8 MeV, BESTIOLE 2023 below and above: the default."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("arXiv:1106.0687", "arXiv:1101.2663", "arXiv:2304.14992")

MODEL = Tabulation(
    "Huber, Mueller; BESTIOLE below 2 and above 8 MeV",
    (
        Piece("bestiole", 0.0, 2.0),
        Piece("huber-mueller", 2.0, 8.0),
        Piece("bestiole", 8.0, 12.5),
    ),
    running=False,
)
