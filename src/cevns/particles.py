"""Neutrino flavours by the names every table, file and result uses."""

from __future__ import annotations

from typing import Final

from cevns.exceptions import UnknownNameError

__all__ = ["FLAVOURS", "LEPTONS", "check_flavour", "is_antineutrino", "lepton"]

FLAVOURS: Final = ("nu_e", "nu_mu", "nu_tau", "nubar_e", "nubar_mu", "nubar_tau")
LEPTONS: Final = ("e", "mu", "tau")


def check_flavour(name: str) -> str:
    """Return `name` if it is a flavour.

    Raises:
        UnknownNameError: if it is not.

    Examples:
        >>> check_flavour("nubar_mu")
        'nubar_mu'
    """
    if name not in FLAVOURS:
        raise UnknownNameError("flavour", name, FLAVOURS)
    return name


def is_antineutrino(flavour: str) -> bool:
    """Whether `flavour` is an antineutrino (the axial coupling changes sign).

    Examples:
        >>> is_antineutrino("nubar_e"), is_antineutrino("nu_e")
        (True, False)
    """
    return check_flavour(flavour).startswith("nubar")


def lepton(flavour: str) -> str:
    """The charged-lepton family of a flavour: ``e``, ``mu`` or ``tau``.

    Examples:
        >>> lepton("nubar_mu")
        'mu'
    """
    return check_flavour(flavour).split("_")[1]
