"""Recoils of some elements of a mixture of gases above a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cevns.nuclear.gas import gas_masses_kg
from cevns.processes import interaction
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources import source as find_source

__all__ = ["compute"]


def compute(
    source: Mapping[str, Any],
    pressures_torr: Mapping[str, float],
    volume_m3: float,
    elements: Sequence[str],
    above_kev: float,
    years: float,
    couplings: str = "scholberg2021",
) -> float:
    """Counts at 20 degrees Celsius; the vector part alone with Helm's form factor.

    Args:
        source: its ``kind`` and fields without live time.
        pressures_torr: partial pressures by molecule.
        volume_m3: of the vessel.
        elements: whose recoils count.
        above_kev: threshold of the recoils.
        years: of data.
        couplings: scheme of the Standard Model.
    """
    fields = {"live_time_d": 365.25 * years, **source}
    made = find_source(fields.pop("kind"), **fields)
    process = interaction("standard-model", couplings=couplings, axial=False)
    masses = gas_masses_kg(pressures_torr, volume_m3)
    return sum(
        RecoilAngles(
            made, element, masses[element], above_kev, interaction=process, form_factor="helm"
        ).total
        for element in elements
    )
