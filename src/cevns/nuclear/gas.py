"""Mixtures of gases: what partial pressures in a volume weigh, and the formula of the mixture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cevns.nuclear.checks import positive, within
from cevns.nuclear.materials import material

__all__ = ["gas_formula", "gas_masses_kg"]

_TORR_PA: Final = 101325.0 / 760.0
_GAS_CONSTANT: Final = 8.314462618
"""J/(mol K)."""


def gas_formula(pressures_torr: Mapping[str, float]) -> str:
    """The formula of a mixture: molecules of ideal gases in the ratio of their pressures.

    Args:
        pressures_torr: partial pressures by molecule.

    Raises:
        InputError: if a pressure is not positive.

    Examples:
        >>> gas_formula({"He": 755, "SF6": 5})
        '(He)755(SF6)5'
    """
    parts = []
    for molecule, pressure in pressures_torr.items():
        positive(f"partial pressure of {molecule} in torr", float(pressure))
        parts.append(f"({molecule}){float(pressure):.10g}")
    return "".join(parts)


def gas_masses_kg(
    pressures_torr: Mapping[str, float], volume_m3: float, temperature_c: float = 20.0
) -> dict[str, float]:
    """Mass of each element of a mixture of ideal gases, kg: n = p V/(R T).

    Args:
        pressures_torr: partial pressures by molecule.
        volume_m3: of the vessel.
        temperature_c: degrees Celsius.

    Raises:
        InputError: if a pressure or the volume is not positive, a molecule cannot be read, or the
            temperature is none of a laboratory.

    Examples:
        >>> found = gas_masses_kg({"He": 755, "SF6": 5}, 1000.0)
        >>> {element: round(mass, 1) for element, mass in found.items()}
        {'He': 165.3, 'S': 8.8, 'F': 31.2}
    """
    positive("volume in m3", volume_m3)
    within("temperature in degrees Celsius", temperature_c, -270.0, 1000.0, "20")
    out: dict[str, float] = {}
    for molecule, pressure in pressures_torr.items():
        positive(f"partial pressure of {molecule} in torr", float(pressure))
        moles = float(pressure) * _TORR_PA * volume_m3 / (_GAS_CONSTANT * (temperature_c + 273.15))
        for x, count in material(molecule).atoms:
            mass = 1e-3 * moles * count * x.atomic_mass_u
            out[x.symbol] = out.get(x.symbol, 0.0) + mass
    return out
