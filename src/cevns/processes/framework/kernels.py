"""Processes given by a kernel: any deposit of any species, where it is no polynomial in 1/E.

A kernel is the cross section differential in what is deposited,

    counts per deposit y = N_target Phi int phi(E) d(sigma)/dy (y, E; theta) dE,

folded on quadrature nodes of the flux. It may hold what a sum of terms cannot: a mass of the beam
particle under a root, a threshold, a table. The process names the quantity y that it deposits, so
that a detector knows what to do with it, and owns its kinematics: the smallest E that gives y.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol, TypeGuard, get_args, runtime_checkable

from cevns.parameters import Parameters
from cevns.processes.framework.kinematics import Kinematics
from cevns.processes.framework.terms import Interaction
from cevns.typing import Array

__all__ = [
    "QUANTITIES",
    "Kernel",
    "KernelProcess",
    "Process",
    "Quantity",
    "is_kernel",
    "quantity_of",
    "signal_title",
]

Quantity = Literal["nuclear-recoil", "electron", "visible-energy", "count"]
"""What a process deposits: a nuclear recoil (quenched), an electron, energy that is seen as it is,
or nothing with an energy: a bare count."""

QUANTITIES: Final[tuple[Quantity, ...]] = get_args(Quantity)


@runtime_checkable
class Kernel(Protocol):
    """What is given by d(sigma)/d(deposit), by which a process is known to be no sum of terms."""

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Any,
        values: Mapping[str, Any],
    ) -> Array:
        """d(sigma)/d(deposit) of one target nucleus, cm2/keV; sigma, cm2, for a bare count.

        All arrays broadcast; energies below the smallest that the kinematics allow are not asked
        for.

        Args:
            deposit_kev: the deposited energy, keV; 0 for a bare count.
            energy_mev: total energy of the beam particle, MeV.
            species: its name.
            target: the nuclide, with ``mass_mev``, ``z``, ``n``.
            values: parameters by name, numbers or arrays that broadcast with the energies; one
                that is left out has its nominal value.

        Raises:
            SpeciesError: if the process does not scatter the species.
        """
        ...


class KernelProcess(Kernel, Protocol):
    """A process at a target, as d(sigma)/d(deposit) on energies of the beam particle."""

    @property
    def name(self) -> str:
        """Registry name."""
        ...

    @property
    def parameters(self) -> Parameters:
        """The parameters that `kernel` reads, with nominal values."""
        ...

    @property
    def kinematics(self) -> Kinematics:
        """Which deposits a beam particle can make."""
        ...

    @property
    def quantity(self) -> Quantity:
        """What is deposited."""
        ...


Process = Interaction | KernelProcess
"""What can be folded with a source."""


def is_kernel(process: Process) -> TypeGuard[KernelProcess]:
    """Whether a process is given by a kernel.

    Examples:
        >>> from cevns.processes import StandardModel
        >>> is_kernel(StandardModel())
        False
    """
    return isinstance(process, Kernel)


def quantity_of(process: Process) -> Quantity:
    """What a process deposits; a sum of terms is a nuclear recoil.

    Examples:
        >>> from cevns.processes import StandardModel
        >>> quantity_of(StandardModel())
        'nuclear-recoil'
    """
    return process.quantity if is_kernel(process) else "nuclear-recoil"


def signal_title(process: Process) -> str:
    """What tables call the events of a process: its name, CEvNS for a sum of terms.

    Examples:
        >>> from cevns.processes import StandardModel
        >>> signal_title(StandardModel())
        'CEvNS'
    """
    return process.name if is_kernel(process) else "CEvNS"
