"""Uncertainties of reactor spectra as pulls: the relative change of the spectrum for one sigma.

Huber's errors from the nuclear charge, from weak magnetism and of the normalisation are each one
pull for all energies and isotopes, with the sign that they have at each energy; statistics and bias
are independent between energies and isotopes, so that they are a pull for each quarter of an MeV,
of all isotopes together. They hold from 2 to 8 MeV. Beyond, and for U-238, the widths are estimates
and said to be.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.sources.fission.tabulation import ISOTOPES, table
from cevns.typing import Array

__all__ = ["PULLS", "change", "is_converted"]

_HUBER: Final = {
    "huber.normalisation": "normalisation of the beta spectra converted by Huber",
    "huber.weak_magnetism": "weak magnetism in Huber's conversion",
    "huber.z": "effective nuclear charge in Huber's conversion",
}
_ESTIMATES: Final = {
    "mueller.u238": (0.10, "spectrum of U-238, 2 to 8 MeV: 10 %, an estimate"),
    "reactor.low_energy": (
        0.07,
        "spectrum below 2 MeV, not measured: 7 %, an estimate",
    ),
    "reactor.high_energy": (0.30, "spectrum above 8 MeV, hardly measured: 30 %, an estimate"),
    "reactor.capture": (0.05, "captures of neutrons on U-238 per fission: 5 %, an estimate"),
}
_RANGE_MEV: Final = (2.0, 8.0)
_STEP_MEV = 0.25
_BINS: Final = tuple(float(e) for e in np.arange(*_RANGE_MEV, _STEP_MEV))


def _bin(energy: float) -> str:
    return f"huber.at_{energy:.2f}_mev"


_INDEPENDENT: Final = {_bin(e): e for e in _BINS}

PULLS: Final = Parameters(
    [
        Parameter(name, 0.0, constraint=Gaussian(0.0, 1.0), description=text)
        for name, text in [
            *_HUBER.items(),
            *((n, text) for n, (_, text) in _ESTIMATES.items()),
            *(
                (n, f"statistics and bias of Huber's spectra from {e:g} to {e + _STEP_MEV:g} MeV")
                for n, e in _INDEPENDENT.items()
            ),
        ]
    ]
)
"""All of them, in standard deviations."""


def is_converted(name: str) -> bool:
    """Whether a pull is one of the converted spectra of Huber and Mueller."""
    return name.startswith(("huber.", "mueller."))


def change(name: str, energy: Array, by_isotope: Array, of_capture: Array) -> Array:
    """Relative change of the spectrum for one standard deviation of a pull.

    Args:
        name: one of `PULLS`.
        energy: MeV.
        by_isotope: antineutrinos per fission and MeV, times the fraction, ``(isotopes, ...)``.
        of_capture: those after captures on U-238, ``(...)``.
    """
    fission = by_isotope.sum(axis=0)
    low, high = _RANGE_MEV
    between = (energy >= low) & (energy < high)
    if name in _HUBER:
        moved = _huber(name.partition(".")[2], energy, by_isotope).sum(axis=0) * between
    elif name in _INDEPENDENT:
        at = _INDEPENDENT[name]
        inside = (energy >= at) & (energy < at + _STEP_MEV)
        moved = np.hypot.reduce(_huber("independent", energy, by_isotope), axis=0) * inside
    else:
        part = {
            "mueller.u238": by_isotope[ISOTOPES.index("u238")] * between,
            "reactor.low_energy": fission * (energy < low),
            "reactor.high_energy": fission * (energy >= high),
            "reactor.capture": of_capture,
        }[name]
        moved = _ESTIMATES[name][0] * part
    out: Array = moved / np.maximum(fission + of_capture, 1e-300)
    return out


def _huber(what: str, energy: Array, by_isotope: Array) -> Array:
    """What one standard deviation adds to each isotope of Huber's."""
    errors = table("huber-errors")
    moved = np.zeros_like(by_isotope)
    for i, isotope in enumerate(ISOTOPES):
        if (column := f"{isotope}_{what}") in errors:
            error = np.interp(energy, errors["energy_mev"], errors[column])
            moved[i] = error * by_isotope[i]
    return moved
