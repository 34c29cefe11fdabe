"""Beam particles by the names every table, file and result uses.

A *species* is any name that a source gives to what it emits: a neutrino flavour, ``chi`` for dark
matter, an axion. Sources, folds and tables carry the name and ask nothing of it; a process says
which species it scatters. The functions here are about neutrinos, and say so when they are asked
about anything else.
"""

from __future__ import annotations

from typing import Final

from cevns.exceptions import SpeciesError, UnknownNameError

__all__ = ["FLAVOURS", "LEPTONS", "check_flavour", "is_antineutrino", "is_neutrino", "lepton"]

FLAVOURS: Final = ("nu_e", "nu_mu", "nu_tau", "nubar_e", "nubar_mu", "nubar_tau")
LEPTONS: Final = ("e", "mu", "tau")


def is_neutrino(species: str) -> bool:
    """Whether a species is one of the six neutrinos.

    Examples:
        >>> is_neutrino("nu_e"), is_neutrino("chi")
        (True, False)
    """
    return species in FLAVOURS


def check_flavour(name: str) -> str:
    """Return `name` if it is a neutrino flavour.

    Raises:
        UnknownNameError: if it looks like one that does not exist.
        SpeciesError: if it is another species.

    Examples:
        >>> check_flavour("nubar_mu")
        'nubar_mu'
        >>> check_flavour("chi")
        Traceback (most recent call last):
            ...
        cevns.exceptions.SpeciesError: the species 'chi' is not a neutrino (nu_e, nu_mu, nu_tau, \
nubar_e, nubar_mu, nubar_tau)
    """
    if name.startswith("nu") and name not in FLAVOURS:
        raise UnknownNameError("flavour", name, FLAVOURS)
    if name not in FLAVOURS:
        raise SpeciesError(f"the species {name!r} is not a neutrino ({', '.join(FLAVOURS)})")
    return name


def is_antineutrino(flavour: str) -> bool:
    """Whether `flavour` is an antineutrino (the axial coupling changes sign).

    Raises:
        SpeciesError: if it is no neutrino.

    Examples:
        >>> is_antineutrino("nubar_e"), is_antineutrino("nu_e")
        (True, False)
    """
    return check_flavour(flavour).startswith("nubar")


def lepton(flavour: str) -> str:
    """The charged-lepton family of a flavour: ``e``, ``mu`` or ``tau``.

    Raises:
        SpeciesError: if it is no neutrino.

    Examples:
        >>> lepton("nubar_mu")
        'mu'
    """
    return check_flavour(flavour).split("_")[1]
