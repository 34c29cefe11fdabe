"""Recoil spectrum of CEvNS of a target at one energy: at a reactor, or at another source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cevns.processes import interaction
from cevns.rates import recoil_spectrum
from cevns.sources import Source
from cevns.sources import source as find_source
from cevns.sources.reactor import Reactor

__all__ = ["compute"]


def compute(
    target: str,
    recoil_energy_kev: float,
    power_gw: float = 1.0,
    distance_m: float = 10.0,
    couplings: str = "tree-lowE",
    form_factor: str = "helm",
    source: Mapping[str, Any] | None = None,
    scale: float = 1.0,
) -> float:
    """Counts per kg and keVnr, without the axial part, in a day or in the exposure of a source.

    Args:
        target: material.
        recoil_energy_kev: keVnr.
        power_gw: of a reactor with the default spectra.
        distance_m: from it.
        couplings: scheme of the Standard Model.
        form_factor: model.
        source: another one in its place, its ``kind`` and fields.
        scale: factor on the result.
    """
    made: Source = Reactor(power_gw, distance_m, live_time_d=1.0)
    if source is not None:
        fields = dict(source)
        made = find_source(fields.pop("kind"), **fields)
    process = interaction("standard-model", couplings=couplings, axial=False)
    found = recoil_spectrum(
        made, target, 1.0, recoil_energy_kev, interaction=process, form_factor=form_factor
    )
    return scale * float(sum(found.values()))
