"""What a file of events holds: columns of numbers, and codes of the particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.dark_sector.chi_kind import ChiKind
from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.processes import MASSLESS, DarkKinematics, Kinematics
from cevns.typing import Array, IntArray

__all__ = [
    "INCOMING",
    "LABELS",
    "REACTION",
    "RECOIL",
    "REGION",
    "TIME",
    "TRUTH",
    "Block",
    "Column",
    "detector_columns",
    "nuclear_code",
    "particle_code",
    "shuffled",
]

Block = Mapping[str, Array]
"""Events as arrays of equal length by the name of the column."""

_CODES: Final = {
    "nu_e": 12, "nubar_e": -12, "nu_mu": 14, "nubar_mu": -14, "nu_tau": 16, "nubar_tau": -16,
}  # fmt: skip
"""Numbers of the Particle Data Group."""
_SCALAR_CHI: Final = 51
_FERMION_CHI: Final = 52


@dataclass(frozen=True)
class Column:
    """A column of a file of events.

    Args:
        name: with the unit at its end.
        about: what it holds, in a sentence.
        whole: whether its numbers are whole ones.
        missing: whether some events have none.
    """

    name: str
    about: str
    whole: bool = False
    missing: bool = False


LABELS: Final = (
    Column("event", "number of the event, from 1 on", whole=True),
    Column("component", "number of its component; the names are in the provenance", whole=True),
    Column("channel", "number of its channel; the names are in the provenance", whole=True),
)
INCOMING: Final = (
    Column("neutrino_pdg", "code of the beam particle (PDG), which tells its flavour", whole=True),
    Column("neutrino_energy_mev", "total energy of the beam particle, MeV"),
    Column("nucleus_pdg", "code of the nucleus, 10LZZZAAAI", whole=True),
)
RECOIL: Final = (
    Column("recoil_energy_kev", "kinetic energy of the recoil, keV"),
    Column("recoil_x", "direction of the recoil, a unit vector; the beam particle flies along z"),
    Column("recoil_y", "as recoil_x"),
    Column("recoil_z", "cosine of the angle to the beam particle"),
    Column("outgoing_energy_mev", "total energy of the outgoing beam particle, MeV"),
    Column("outgoing_px_mev", "its momentum, MeV"),
    Column("outgoing_py_mev", "its momentum, MeV"),
    Column("outgoing_pz_mev", "its momentum along the flight of the incoming one, MeV"),
)
TRUTH: Final = (*INCOMING, *RECOIL)
REACTION: Final = (
    Column("visible_energy_mev", "energy that is seen of a reaction, before any detector, MeV"),
    Column("electron_energy_mev", "kinetic energy of the electron, where it alone is seen, MeV"),
    Column("electron_x", "direction of the electron; the neutrino flies along z"),
    Column("electron_y", "as electron_x"),
    Column("electron_z", "cosine of the angle to the neutrino"),
    Column("neutrons", "neutrons that the reaction frees, where that is known", whole=True),
)
REGION: Final = "in_region"
TIME: Final = Column(
    "time_us", "time of the vertex, us after the time signal of the beam", missing=True
)


def detector_columns(unit: str, pulse_shape: str) -> tuple[Column, ...]:
    """Columns of what a detector makes of an event.

    Args:
        unit: of the axis of reconstructed energies; empty where events are counted.
        pulse_shape: name of the pulse-shape variable; empty for none.
    """
    shape = [Column(pulse_shape, "pulse shape of the event")] if pulse_shape else []
    energies = (
        Column("electron_equivalent_kevee", "quenched energy before any resolution, keVee"),
        Column(f"reconstructed_{unit.lower()}", f"reconstructed energy, {unit}"),
    )
    return (
        *(energies if unit else ()),
        *shape,
        Column(REGION, "1 inside the analysis region, 0 outside or not recorded", whole=True),
    )


def particle_code(species: str, kinematics: Kinematics = MASSLESS) -> int:
    """The code of a beam particle; of dark matter by its spin.

    Args:
        species: its name.
        kinematics: of the process, which knows the spin of chi.

    Raises:
        InputError: if it has none.

    Examples:
        >>> particle_code("nubar_mu")
        -14
    """
    if isinstance(kinematics, DarkKinematics):
        scalar = ChiKind.of(kinematics.sector.chi) is ChiKind.SCALAR
        return _SCALAR_CHI if scalar else _FERMION_CHI
    if species not in _CODES:
        raise InputError(f"{species!r} has no particle code, so its events cannot be drawn")
    return _CODES[species]


def nuclear_code(nuclide: Nuclide) -> int:
    """The code of a nucleus in its ground state, 10LZZZAAAI.

    Examples:
        >>> from cevns.nuclear.nuclides import nuclide
        >>> nuclear_code(nuclide("Cs133")), nuclear_code(nuclide("Ar40"))
        (1000551330, 1000180400)
    """
    return 1_000_000_000 + 10_000 * nuclide.z + 10 * nuclide.a


def shuffled(parts: Sequence[Block], names: Sequence[str], order: IntArray) -> dict[str, Array]:
    """Several blocks as one, in this order; a column that a block has not is not a number there."""
    out = {}
    for name in names:
        columns = [p[name] if name in p else np.full(p["component"].size, np.nan) for p in parts]
        out[name] = np.concatenate(columns)[order]
    return out
