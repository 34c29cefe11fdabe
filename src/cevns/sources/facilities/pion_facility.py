"""The carried table of stopped-pion facilities; every number is of a paper, a talk or memory."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cevns.exceptions import UnknownNameError
from cevns.registry import canonical

__all__ = ["FILE", "Facility", "facilities", "facility"]

FILE: Final = Path(__file__).parent / "pion_facilities.csv"
_NUMBERS: Final = (
    "proton_energy_gev",
    "power_mw",
    "hours",
    "repetition_hz",
    "pulse_fwhm_us",
    "bunch_spacing_us",
    "yield_error",
)


@dataclass(frozen=True)
class Facility:
    """A proton beam on a target; None where a number is not given.

    Attributes:
        id: name in files.
        title: as figures show it.
        state: ``running``, ``planned`` or ``never built``.
        target: material.
        proton_energy_gev: kinetic energy.
        power_mw: of the beam.
        hours: of beam in a year.
        repetition_hz: pulses per second.
        pulse: ``gaussian`` or ``flat``.
        pulse_fwhm_us: of one bunch.
        bunches: in a pulse.
        bunch_spacing_us: from bunch to bunch.
        yield_per_flavour: neutrinos per proton and flavour, or the name of a formula.
        yield_error: of a measured yield.
        yield_models: lowest and highest of hadron models, where they differ from a measured yield.
        beam: its name in the source `meson-decay`; empty where that has none.
        memory: fields that were not checked against a paper.
        source: where the others are from.
        note: more.
    """

    id: str = ""
    title: str = ""
    state: str = ""
    target: str = ""
    proton_energy_gev: float | None = None
    power_mw: float | None = None
    hours: float | None = None
    repetition_hz: float | None = None
    pulse: str | None = None
    pulse_fwhm_us: float | None = None
    bunches: int | None = None
    bunch_spacing_us: float | None = None
    yield_per_flavour: float | str | None = None
    yield_error: float | None = None
    yield_models: tuple[float, ...] = ()
    beam: str = ""
    memory: tuple[str, ...] = ()
    source: str = ""
    note: str = ""


def _read(row: dict[str, str]) -> Facility:
    found: dict[str, Any] = dict(row)
    found |= {name: float(row[name]) if row[name] else None for name in _NUMBERS}
    if row["yield_per_flavour"][0].isdigit():
        found["yield_per_flavour"] = float(row["yield_per_flavour"])
    found["yield_models"] = tuple(map(float, row["yield_models"].split()))
    found["bunches"], found["memory"] = int(row["bunches"]), tuple(row["memory"].split())
    return Facility(**found)


@cache
def facilities() -> dict[str, Facility]:
    """All facilities by name, in the order of the table.

    Examples:
        >>> list(facilities())[:3]
        ['sns-2013-23', 'sns-2023', 'sns-ppu']
    """
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["id"]: _read(row) for row in rows}


def facility(name: str) -> Facility:
    """The facility of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> facility("ESS").pulse_fwhm_us
        2860.0
    """
    known = facilities()
    if canonical(name) not in known:
        raise UnknownNameError("stopped-pion facility", name, known)
    return known[canonical(name)]
