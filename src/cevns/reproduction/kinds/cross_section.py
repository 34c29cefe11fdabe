"""A flux-averaged cross section of a nuclide or material at a source, stopped pions by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cevns.processes import interaction
from cevns.rates import flux_averaged_cross_section
from cevns.sources import SNS, Source
from cevns.sources import source as find_source

__all__ = ["compute"]


def compute(
    target: str,
    couplings: str = "scholberg2021",
    form_factor: str = "klein-nystrand",
    scale: float = 1e40,
    source: Mapping[str, Any] | None = None,
    axial: bool = True,
) -> float:
    """Mean over flavours and nuclei, cm2 times `scale`.

    Args:
        target: nuclide or material.
        couplings: scheme of the Standard Model.
        form_factor: model.
        scale: factor on the result.
        source: its ``kind`` and fields; a flux average does not depend on how strong it is.
        axial: whether the axial part is in it.
    """
    made: Source = SNS(distance_m=20.0, protons=1e23)
    if source is not None:
        fields = dict(source)
        made = find_source(fields.pop("kind"), **fields)
    result = flux_averaged_cross_section(
        made,
        target,
        interaction=interaction("standard-model", couplings=couplings, axial=axial),
        form_factor=form_factor,
    )
    return result.mean_cm2 * scale
