"""Recoil spectrum of CEvNS of a target at a reactor, at one energy."""

from __future__ import annotations

from cevns.processes import interaction
from cevns.rates import recoil_spectrum
from cevns.sources.reactor import Reactor

__all__ = ["compute"]


def compute(
    target: str,
    recoil_energy_kev: float,
    power_gw: float = 1.0,
    distance_m: float = 10.0,
    couplings: str = "tree-lowE",
) -> float:
    """Counts per kg, day and keVnr with the default spectra of a power reactor and Helm's form."""
    source = Reactor(power_gw, distance_m, live_time_d=1.0)
    process = interaction("standard-model", couplings=couplings, axial=False)
    found = recoil_spectrum(
        source, target, 1.0, recoil_energy_kev, interaction=process, form_factor="helm"
    )
    return float(sum(found.values()))
