"""Protons on target, as a number or from the beam that delivered them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cevns.constants import ELEMENTARY_CHARGE_J_PER_EV
from cevns.exceptions import InputError
from cevns.nuclear.checks import positive, within
from cevns.sources.facilities.pion_facility import facility
from cevns.units import quantity

__all__ = ["Protons", "check_beam", "protons_on_target"]

_FORMS = (
    "a number, {beam_energy: 14 GWh, proton_energy: 1 GeV}, "
    "{power: 1.4 MW, time: 5000 h, proton_energy: 1 GeV}, or {facility: mlf, years: 1}"
)


def check_beam(distance_m: float, protons: float, yield_per_flavour: float) -> None:
    """What every source behind a proton target has in common, if it is possible.

    Args:
        distance_m: from the target to the detector, m.
        protons: on target.
        yield_per_flavour: neutrinos per proton and flavour.

    Raises:
        InputError: otherwise, with what was probably meant.
    """
    within("distance in m", distance_m, 0.1, 1e12, "find its unit")
    positive("number of protons on target", protons)
    what = "neutrinos per proton and flavour"
    within(what, yield_per_flavour, 1e-6, 1.0, "0.08 to 0.09 at the SNS")


def protons_on_target(beam_energy_mwh: float, proton_energy_gev: float) -> float:
    """Protons in a beam exposure: energy delivered over the kinetic energy of a proton.

    Args:
        beam_energy_mwh: power times time, MWh.
        proton_energy_gev: kinetic energy of a proton, GeV.

    Raises:
        InputError: if either is not positive.

    Examples:
        >>> f"{protons_on_target(1.0, 1.0):.4g}"
        '2.247e+19'
    """
    energy_j = positive("beam energy in MWh", beam_energy_mwh) * 3.6e9
    proton_ev = positive("proton energy in GeV", proton_energy_gev) * 1e9
    return energy_j / (proton_ev * ELEMENTARY_CHARGE_J_PER_EV)


@dataclass(frozen=True)
class Protons:
    """Marks a field as a number of protons: ``protons: Annotated[float, Protons()]``.

    In Python the field is a plain number; read from a file (through pydantic, which finds the
    hook below) it may also be the beam energy, or power and time, with the proton energy, or
    years of a facility (`cevns.sources.facilities.pion_facility`).

    Examples:
        >>> from typing import Annotated
        >>> from pydantic import TypeAdapter
        >>> protons = TypeAdapter(Annotated[float, Protons()])
        >>> beam = {"beam_energy": "13.99 GWh", "proton_energy": "0.983 GeV"}
        >>> f"{protons.validate_python(beam):.4g}"
        '3.198e+23'
        >>> f"{protons.validate_python({'facility': 'sns-2013-23', 'years': 2}):.4g}"
        '3.146e+23'
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Read a beam before pydantic's own validation; called by pydantic only."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(_read, handler(source))


def _read(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    given = dict(value)
    if "facility" in given:
        return _of_facility(given)
    try:
        proton_energy = quantity(given.pop("proton_energy"), "GeV", what="proton_energy")
        if "power" in given:
            power = quantity(given.pop("power"), "MW", what="power")
            beam_energy = power * quantity(given.pop("time"), "h", what="time")
        else:
            beam_energy = quantity(given.pop("beam_energy"), "MWh", what="beam_energy")
    except KeyError as missing:
        raise InputError(f"{missing.args[0]} is missing; give {_FORMS}") from None
    if given:
        raise InputError(f"{next(iter(given))!r} has no place here; give {_FORMS}")
    return protons_on_target(beam_energy, proton_energy)


def _of_facility(given: dict[str, Any]) -> float:
    """Protons of years at a facility."""
    beam = facility(str(given.pop("facility")))
    years = given.pop("years", 1.0)
    if given:
        raise InputError(f"{next(iter(given))!r} has no place here; give {_FORMS}")
    if isinstance(years, bool) or not isinstance(years, int | float):
        raise InputError(f"years: {years!r} is not a number")
    if beam.power_mw is None or beam.hours is None or beam.proton_energy_gev is None:
        raise InputError(f"the facility {beam.id!r} has no hours of beam a year; give {_FORMS}")
    delivered = positive("years of running", years) * beam.power_mw * beam.hours
    return protons_on_target(delivered, beam.proton_energy_gev)
