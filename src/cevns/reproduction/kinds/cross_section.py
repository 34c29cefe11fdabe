"""A flux-averaged cross section of a nuclide or material at a stopped-pion source."""

from __future__ import annotations

from cevns.processes import interaction
from cevns.rates import flux_averaged_cross_section
from cevns.sources import SNS

__all__ = ["compute"]


def compute(
    target: str,
    couplings: str = "scholberg2021",
    form_factor: str = "klein-nystrand",
    scale: float = 1e40,
) -> float:
    """Mean over flavours and nuclei, cm2 times `scale`."""
    # a flux average does not depend on distance and protons
    source = SNS(distance_m=20.0, protons=1e23)
    result = flux_averaged_cross_section(
        source,
        target,
        interaction=interaction("standard-model", couplings=couplings),
        form_factor=form_factor,
    )
    return result.mean_cm2 * scale
