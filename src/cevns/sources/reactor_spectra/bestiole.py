"""BESTIOLE 2023, a summation over all fission products (arXiv:2304.14992), from 0 to 12.5 MeV."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("arXiv:2304.14992",)

MODEL = Tabulation(
    "BESTIOLE 2023",
    (Piece("bestiole", 0.0, 12.5),),
)
