"""Huber 2011 and Mueller 2011 only: constant below 2 MeV, zero above 8 MeV, as often used."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("arXiv:1106.0687", "arXiv:1101.2663")

MODEL = Tabulation(
    "Huber, Mueller; constant below 2 MeV, cut at 8 MeV",
    (Piece("huber-mueller", 0.0, 8.0),),
    running=False,
)
