"""The fold of source and scattering on electrons, and both kinds of recoil together.

For flavour f the expected counts per node of the electron's recoil energy T_j are

    spectrum_f(T_j) = sum_k w_kf(theta) G_kf(T_j) Z(T_j),   Z(T) = sum_A N_A Z_eff,A(T),

with N_A atoms of a kind in the target and Z_eff,A their electrons that T can free: the same sum
of terms as at nuclei, with the electron's mass, and no form factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.electron_shells import electron_shells, free_electrons
from cevns.nuclear.materials import Material
from cevns.processes import (
    ELECTRON,
    MASSLESS,
    ElectronScattering,
    Interaction,
    Kinematics,
    at_place,
    check_species,
    recoil_ends_kev,
)
from cevns.rates.fold import Fold, as_it_sees
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.moments import fold_terms
from cevns.rates.period_fold import KernelPeriods, PeriodFold
from cevns.rates.source_pulls import Varied, pulls_in
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["STEPS", "VALIDITY", "AnyFold", "ElectronFold", "WithElectrons", "electron_panels"]

STEPS = "free-above-binding"
"""The name of Z_eff(T) in records of results."""
VALIDITY = (
    "electrons of an atom are treated as free above their binding energies, accurate to about 10 "
    "% above "
    "1 keV in germanium for the Standard Model and a magnetic moment; near and below the L edges, "
    "and for a millicharge, a many-body calculation is needed"
)
"""What Z_eff(T) is good for, said beside results."""


def electron_panels(
    source: Source, material: Material, maximum_kev: float, kinematics: Kinematics = MASSLESS
) -> Array:
    """Edges, keV, of the panels on which the recoil spectrum of electrons is smooth.

    From the loosest electron to `maximum_kev`: a border at every binding energy, and at the
    ends of the recoil energies of every line and end point of the source.

    Raises:
        InputError: if `maximum_kev` frees no electron.
        UnknownNameError: if the binding energies of an element are not known.
    """
    symbols = {x.symbol for x in material.nuclides}
    steps = {1e-3 * s.binding_ev for symbol in symbols for s in electron_shells(symbol)}
    energies = np.array(source.recoil_kinks)
    limits = recoil_ends_kev(kinematics, energies, ELECTRON.mass_mev).ravel().tolist()
    if not energies.size:
        limits = [maximum_kev]
    last = min(maximum_kev, max(limits))
    first = min(steps)
    if not last > first:
        raise InputError(
            f"recoils up to {last:g} keV free no electron of {material.name}: the "
            f"lowest binding energy is {first:g} keV"
        )
    inside = [x for x in (*steps, *limits) if first < x < last]
    return np.unique([first, *inside, last])


@dataclass(frozen=True)
class ElectronFold:
    """Counts per node of the electron recoil energy and flavour, as a function of couplings.

    Args:
        source: the neutrinos, with flux moments and fluence.
        interaction: what happens at a free electron.
        material: the target.
        mass_kg: target mass.
        nodes_kev: recoil energies.
        weights_kev: quadrature weights; ones make `spectrum` a density.

    Examples:
        >>> from cevns.nuclear import material
        >>> from cevns.sources.sns import SNS
        >>> sns = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
        >>> nodes = np.array([1.0, 40.0])
        >>> fold = ElectronFold(sns, ElectronScattering(), material("CsI"), 14.6, nodes)
        >>> bool(fold.spectrum().sum() < 1e-3)  # counts/keV in the whole exposure
        True
    """

    source: Source
    interaction: ElectronScattering
    material: Material
    mass_kg: float
    nodes_kev: Array
    weights_kev: Array | float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", as_it_sees(self.interaction, self.source))
        process = at_place(self.interaction, source=self.source)
        check_species(process.name, self.source.flavours, lambda s: process.weights(s, {}))
        object.__setattr__(self, "interaction", process)

    @property
    def nodes(self) -> Array:
        """Recoil energies, keV, shape ``(n,)``."""
        return self.nodes_kev

    @property
    def flavours(self) -> tuple[str, ...]:
        """Flavours in the order of the first axis of `spectrum`."""
        return tuple(self.source.flavours)

    @cached_property
    def electrons(self) -> Array:
        """Electrons in the target that each recoil energy can free, ``(n,)``."""
        atoms = self.material.nuclei_per_kg()
        total = np.zeros(self.nodes.size)
        for nuclide in self.material.nuclides:
            number = atoms[nuclide.name] * self.mass_kg
            total += number * free_electrons(nuclide.symbol, self.nodes)
        return total

    @cached_property
    def kernel(self) -> Array:
        """Terms with unit weights, ``(flavours, terms, nodes)``, counts per node."""
        polynomials = np.stack(
            [t.coefficients(self.nodes, ELECTRON) for t in self.interaction.terms]
        )
        out = []
        for flavour in self.flavours:
            folded = fold_terms(
                self.interaction, polynomials, self.source, flavour, self.nodes, ELECTRON.mass_mev
            )
            out.append(folded * (self.source.fluence_cm2(flavour) * self.electrons))
        return np.stack(out) * self.weights_kev

    def weights(self, values: Mapping[str, Array | float], flavour: str) -> Array:
        """Weights of the rows of `kernel`, ``(terms, ...)``."""
        return self.interaction.weights(flavour, values)

    def spectrum(self, values: Mapping[str, Array | float] | None = None) -> Array:
        """Counts per node and flavour, ``(..., flavours, nodes)``.

        Args:
            values: parameters of the interaction and of the source by name; arrays of shape
                ``(...)`` broadcast.
        """
        pulls, values = pulls_in(self.source, values or {})
        out = []
        for f, flavour in enumerate(self.flavours):
            column = np.moveaxis(self.weights(values, flavour), 0, -1)[..., None, :]
            out.append((column @ self.kernel[f])[..., 0, :])
        total: Array = np.stack(out, axis=-2)
        for name, pull in pulls.items():
            total = total + pull[..., None, None] * self._changes[name].spectrum(values)
        return total

    @cached_property
    def _changes(self) -> dict[str, ElectronFold]:
        """As those of `Fold`."""
        names = self.source.parameters.names
        return {n: replace(self, source=Varied(self.source, n)) for n in names}


@dataclass(frozen=True)
class WithElectrons:
    """Recoils of nuclei, then of electrons, on one row of nodes: a `Fold` to whoever folds on.

    Electron-equivalent energy of a node is the quenched one for a nucleus and T itself for an
    electron (`with_electrons` of the prediction's recoils), so a detector response serves both.

    Args:
        nuclei: the fold at nuclei.
        electrons: the fold at electrons, with the same source.
    """

    nuclei: Fold
    electrons: ElectronFold

    @property
    def nodes(self) -> Array:
        """Recoil energies: those of nuclei, keVnr, then those of electrons, keV."""
        return np.concatenate([self.nuclei.nodes, self.electrons.nodes])

    @property
    def flavours(self) -> tuple[str, ...]:
        """Flavours in the order of the first axis of `spectrum`."""
        return self.nuclei.flavours

    @property
    def source(self) -> Source:
        """The source of both."""
        return self.nuclei.source

    @property
    def interaction(self) -> Interaction:
        """The process at nuclei, which has all parameters."""
        return self.nuclei.interaction

    @property
    def material(self) -> Material:
        """The target."""
        return self.nuclei.material

    def folded_terms(self, f: int, a: int, neutron_rms_fm: float) -> Array:
        """As `Fold.folded_terms`, zero at the nodes of electrons."""
        rows = self.nuclei.folded_terms(f, a, neutron_rms_fm)
        return np.pad(rows, ((0, 0), (0, self.electrons.nodes.size)))

    def electron_terms(self, f: int) -> Array:
        """Terms of flavour f at electrons, unit weights, zero at the nodes of nuclei."""
        return np.pad(self.electrons.kernel[f], ((0, 0), (self.nuclei.nodes.size, 0)))

    def neutron_rms_fm(self, a: int, values: Mapping[str, Array | float]) -> Array | float:
        """As `Fold.neutron_rms_fm`."""
        return self.nuclei.neutron_rms_fm(a, values)

    def spectrum(
        self,
        values: Mapping[str, Array | float] | None = None,
        **nuclear: Any,
    ) -> Array:
        """Counts per node and flavour, ``(..., flavours, nodes)``.

        Args:
            values: parameters of the interaction by name.
            nuclear: what acts on nuclei alone; see `Fold.spectrum`.
        """
        at_nuclei = self.nuclei.spectrum(values, **nuclear)
        at_electrons = self.electrons.spectrum(values)
        lead = np.broadcast_shapes(at_nuclei.shape[:-2], at_electrons.shape[:-2])
        parts = [
            np.broadcast_to(part, (*lead, *part.shape[-2:])) for part in (at_nuclei, at_electrons)
        ]
        return np.concatenate(parts, axis=-1)


AnyFold = Fold | KernelFold | PeriodFold | KernelPeriods | WithElectrons
"""Recoils of nuclei, alone, in time bins, or with those of electrons."""
