"""Huber and Mueller scaled to the Daya Bay measurement from 1.8 to 9.5 MeV, BESTIOLE beyond.

The ratio is that of the total spectrum at power reactors, and multiplies every isotope: U-235 alone
has then a yield of 6.28e-43 cm2 per fission, where the unfolded one is 6.14 +- 0.12.
"""

from __future__ import annotations

from dataclasses import replace

from cevns.sources.reactor_spectra.hm_bestiole import MODEL as CONVERTED

__all__ = ["MODEL"]

CITE = ("arXiv:2102.04614", "arXiv:1106.0687", "arXiv:1101.2663", "arXiv:2304.14992")

MODEL = replace(
    CONVERTED,
    title="Huber, Mueller scaled to Daya Bay; BESTIOLE beyond",
    ratio="daya-bay-ratio",
    running=True,
)
