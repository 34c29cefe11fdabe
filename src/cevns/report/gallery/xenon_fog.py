"""The neutrino fog of xenon, and neutrino floors of the usual targets."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.analysis.fog import FogCase, NeutrinoFog, neutrino_fog
from cevns.analysis.fog.floors import neutrino_floor
from cevns.report.fog_figures import fog_figure
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "found", "table"]

_TARGETS: Final = ("Xe", "Ge", "Ar", "Si", "F", "He")
_MASSES_GEV: Final = (0.6, 5.5, 50.0)


@cache
def found() -> NeutrinoFog:
    """The fog of xenon: floor and map, with the conventions of ``cevns fog Xe``."""
    return neutrino_fog(FogCase("Xe"), np.geomspace(0.5, 1000.0, 200), with_map=True)


def table() -> Table:
    """Floors of targets: the largest cross section at which the index of the fog is two."""
    rows: list[tuple[str | float, ...]] = []
    for target in _TARGETS:
        floor = neutrino_floor(FogCase(target), _MASSES_GEV)
        pairs = zip(floor.cross_section_cm2, floor.exposure_tonne_year, strict=True)
        cells = [text for sigma, size in pairs for text in (f"{sigma:.3e}", f"{size:.3g}")]
        rows.append((target, *cells))
    heads = [h for m in _MASSES_GEV for h in (f"{m:g} GeV, cm2", f"{m:g} GeV, t yr")]
    note = (
        "Spin-independent, on a nucleon, with the exposure at which 3 sigma are reached there: "
        "Xe131, Ge74, Ar40, Si28, F19 and He4 alone, recoils of 0.1 eV to 200 keV with a perfect "
        "detector, halo and fluxes as in arXiv:2109.03116. The public numbers of that article "
        "differ, for reasons given on the page on the fog."
    )
    return Table(("target", *heads), tuple(rows), (note,))


def figure() -> Figure:
    """Index of the fog over masses and cross sections, and the floor."""
    return fog_figure(found())
