"""Recoils of CEvNS above an energy in the exposure of an experiment, before its detector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cevns.experiments import load
from cevns.rates.fold import panel_nodes, recoil_panels

__all__ = ["compute"]


def compute(
    experiment: str, threshold_kevnr: float, overrides: Mapping[str, str] | None = None
) -> float:
    """The integral of the recoil spectrum above a sharp threshold, of what recoils in the file.

    Args:
        experiment: name or path.
        threshold_kevnr: recoil energy.
        overrides: changed fields of the file.
    """
    loaded = load(experiment, overrides=dict(overrides or {}))
    steps = recoil_panels(loaded.source, loaded.material)
    edges = np.unique([threshold_kevnr, *steps[steps > threshold_kevnr]])
    energy, weight = panel_nodes(edges)
    return float(loaded.exposure * (loaded.recoil_density(energy) @ weight).sum())
