"""Proton beams on thick targets, by name or by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import within

__all__ = ["BEAMS", "BeamTarget", "beam_target"]


@dataclass(frozen=True)
class BeamTarget:
    """Protons on a target.

    Args:
        name: for messages and tables.
        proton_mev: kinetic energy of the protons, MeV.
        target_z: charge number of the target's nuclei.
        pi0_per_proton: None where no number is known.
    """

    name: str
    proton_mev: float
    target_z: float
    pi0_per_proton: float | None = None


BEAMS: Final = {
    beam.name: beam
    for beam in (
        BeamTarget("sns-1gev", 1000.0, 80.0, 0.11),
        BeamTarget("sns-1.3gev", 1300.0, 80.0, 0.15),
        BeamTarget("lujan-0.8gev", 800.0, 74.0, 0.0633),
        BeamTarget("mlf-3gev", 3000.0, 80.0),
    )
}
"""Named beams. The yield at the SNS is the one that COHERENT uses, from memory (a public Geant4
list has 0.1048); that at 1.3 GeV is it times 0.123/0.090, the growth of pi+ with energy, a guess
good to 25 %; that of Lujan is a public Geant4 list's. No number is public for the MLF."""


def beam_target(name: str, proton_mev: float | None, target_z: float | None) -> BeamTarget:
    """The beam of a name, or one of given numbers.

    Args:
        name: of `BEAMS`.
        proton_mev: kinetic energy, MeV, in place of the named beam's.
        target_z: likewise.

    Raises:
        UnknownNameError: if there is no such beam.
        InputError: if a number is out of range, or only one of the two is given.

    Examples:
        >>> beam_target("lujan-0.8gev", None, None).proton_mev
        800.0
    """
    if name not in BEAMS:
        raise UnknownNameError("proton beam", name, BEAMS)
    if proton_mev is None and target_z is None:
        return BEAMS[name]
    if proton_mev is None or target_z is None:
        raise InputError(
            "your own beam needs two numbers: give both proton_energy and target_z, or neither"
        )
    energy = within("proton energy in MeV", proton_mev, 300.0, 2e5, "find its unit")
    z = within("charge number of the target", target_z, 1.0, 120.0, "mercury has 80")
    return BeamTarget("own", energy, z)
