"""Huber 2011 and Mueller 2011 alone: constant below 2 MeV, nothing above 8 MeV, as often used."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

MODEL = Tabulation(
    "Huber, Mueller; constant below 2 MeV, cut at 8 MeV",
    (Piece("huber-mueller", 0.0, 8.0),),
    running=False,
)
