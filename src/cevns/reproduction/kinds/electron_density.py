"""Spectrum of recoil electrons of a target at a reactor, at one energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cevns.nuclear import material
from cevns.processes import electron_scattering, interaction
from cevns.rates.electrons import ElectronFold
from cevns.sources.reactor import Reactor

__all__ = ["compute"]


def compute(
    target: str,
    recoil_energy_kev: float,
    site: Mapping[str, Any],
    model: str = "standard-model",
    at: Mapping[str, float] | None = None,
) -> float:
    """Counts per kg, day and keV of the Standard Model, or what a model adds to it.

    Args:
        target: material.
        recoil_energy_kev: of the electron, keV.
        site: fields of a `cevns.sources.reactor.Reactor`.
        model: new physics.
        at: values of its parameters; with them the difference from those at their nominal values.
    """
    source, process = Reactor(**{"live_time_d": 1.0, **site}), interaction(model)
    fold = ElectronFold(
        source,
        electron_scattering(process),
        material(target),
        1.0,
        np.array([recoil_energy_kev]),
    )
    return float((fold.spectrum(at) - (fold.spectrum() if at else 0.0)).sum())
