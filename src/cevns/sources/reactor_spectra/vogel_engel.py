"""Vogel and Engel 1989: a table below 2 MeV, polynomials to 10 MeV, nothing above."""

from __future__ import annotations

from cevns.sources.fission.tabulation import Piece, Tabulation

__all__ = ["MODEL"]

CITE = ("vogel-engel-1989",)

MODEL = Tabulation(
    "Vogel, Engel 1989",
    (Piece("vogel-engel", 0.0, 10.0),),
)
