"""Electrons of an atom that a given energy can free: the step function of binding energies."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.typing import Array, ArrayLike

__all__ = ["ElectronShell", "electron_shells", "free_electrons"]


@dataclass(frozen=True)
class ElectronShell:
    """A subshell of a neutral atom.

    Args:
        name: ``1s``, ``2p3/2``; without spin where the table does not split it.
        electrons: how many it holds.
        binding_ev: energy that frees one of them, eV.
    """

    name: str
    electrons: int
    binding_ev: float


@cache
def _table() -> dict[str, tuple[ElectronShell, ...]]:
    file = resources.files("cevns.nuclear").joinpath("electron_shells.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    found: dict[str, tuple[ElectronShell, ...]] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        shell = ElectronShell(row["shell"], int(row["electrons"]), float(row["binding_ev"]))
        found[row["element"]] = (*found.get(row["element"], ()), shell)
    return found


def electron_shells(symbol: str) -> tuple[ElectronShell, ...]:
    """The subshells of an element, as the table lists them.

    X-ray Data Booklet (LBNL/PUB-490), table 1-1, from memory; what it leaves out (valence
    electrons) stands at the atom's first ionisation energy.

    Raises:
        UnknownNameError: if the table has no such element.

    Examples:
        >>> sum(s.electrons for s in electron_shells("Cs")), electron_shells("Cs")[0].binding_ev
        (55, 35985.0)
    """
    table = _table()
    if symbol not in table:
        raise UnknownNameError("element with electron shells", symbol, table)
    return table[symbol]


def free_electrons(symbol: str, energy_kev: ArrayLike) -> Array:
    """Z_eff(T): electrons of an atom bound by at most the energy transfer T.

    The cross section of an atom is taken as Z_eff(T) times that of a free electron (Mikaelyan,
    Phys. Atom. Nucl. 65 (2002) 1173, from memory). It neglects the motion of bound electrons;
    against relativistic random-phase calculations it is good to some per cent above the K edge
    of light atoms and to 20-30 % between the edges of heavy ones (from memory).

    Args:
        symbol: of the element.
        energy_kev: energy transfer, keV.

    Raises:
        UnknownNameError: if the table has no such element.

    Examples:
        >>> free_electrons("Ar", [0.001, 0.3, 10.0]).tolist()
        [0.0, 14.0, 18.0]
    """
    t = 1e3 * np.asarray(energy_kev, dtype=float)
    out = np.zeros(t.shape)
    for shell in electron_shells(symbol):
        out += np.where(t >= shell.binding_ev, float(shell.electrons), 0.0)
    return out
