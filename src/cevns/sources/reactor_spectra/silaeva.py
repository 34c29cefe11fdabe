"""Silaeva and Sinev 2020, a summation (arXiv:2012.09917), from 1 to 10 MeV; BESTIOLE below."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("arXiv:2012.09917", "arXiv:2304.14992")

MODEL = Tabulation(
    "Silaeva, Sinev 2020; BESTIOLE below 1 MeV",
    (Piece("bestiole", 0.0, 1.0), Piece("silaeva", 1.0, 10.0)),
)
