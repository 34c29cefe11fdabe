"""Events of inelastic channels in a mass, or their mean cross section at a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from cevns.nuclear import material
from cevns.processes import process
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.rates import flux_averaged_cross_section
from cevns.rates.kernel_fold import KernelFold
from cevns.sources import source as find_source

__all__ = ["compute"]


def compute(
    channels: Sequence[Sequence[str]],
    source: Mapping[str, Any],
    target: str,
    quantity: Literal["events", "cross-section"] = "events",
    mass_kg: float = 1.0,
    scale: float = 1.0,
) -> float:
    """The sum over channels, times `scale`.

    Args:
        channels: of each its name and, if not the default, its table.
        source: its ``kind`` and fields.
        target: material.
        quantity: ``events``; or ``cross-section``, cm2 of a nucleus, summed over flavours.
        mass_kg: of the target.
        scale: factor on the result.
    """
    fields = dict(source)
    made, total = find_source(fields.pop("kind"), **fields), 0.0
    for name, *table in channels:
        channel = cast("InelasticChannel", process(name, table=table[0] if table else ""))
        if quantity == "events":
            total += float(KernelFold(made, channel, material(target), mass_kg).spectrum().sum())
        else:
            found = flux_averaged_cross_section(made, target, interaction=channel)
            total += sum(found.flavours.values())
    return scale * total
