"""Angles of recoils to the direction of the neutrinos, ideal directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cevns.analysis.directions import events_needed
from cevns.processes import interaction
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources import source as find_source

__all__ = ["compute"]


def compute(
    source: Mapping[str, Any],
    target: str,
    of: Literal["mean", "mean-square", "median", "above-0.9", "events"],
    threshold_kev: float = 0.0,
    couplings: str = "scholberg2021",
) -> float:
    """A moment of the cosine, the median angle in degrees, or events for 3 sigma as vectors.

    The vector part alone with Helm's form factor.

    Args:
        source: its ``kind`` and fields.
        target: material.
        of: what is asked.
        threshold_kev: of the recoils.
        couplings: scheme of the Standard Model.
    """
    fields = dict(source)
    made = find_source(fields.pop("kind"), **fields)
    process = interaction("standard-model", couplings=couplings, axial=False)
    angles = RecoilAngles(
        made, target, threshold_kev=threshold_kev, interaction=process, form_factor="helm"
    )
    if of == "median":
        return angles.median_deg
    if of == "above-0.9":
        return angles.above(0.9)
    mean = angles.mean()
    if of == "events":
        return events_needed(mean, mean, 0.0)["vectors"]
    return mean if of == "mean" else angles.mean(2)
