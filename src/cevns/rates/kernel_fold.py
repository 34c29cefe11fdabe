r"""The fold of a source with a process that is given by a kernel.

For species f and nuclide A the expected counts per node y_j of the deposit are

    spectrum_f(y_j) = w_j sum_A N_A Phi_f sum_i g_i K(y_j, E_i; theta)

with E_i, g_i the nodes and weights of the flux above the smallest energy that gives y_j
(`Source.nodes`), N_A nuclei and Phi_f the fluence. Unlike the moments of `Fold` this holds for
any kernel; it costs the kernel on all nodes at every point. Where the deposit follows from the
energy (`ToLevel`), the sum over i is phi(E) sigma(E) at that energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.materials import Material
from cevns.processes import KernelProcess, at_place, check_species
from cevns.processes.framework.abilities import Atom, Proportional, hit_by, to_level
from cevns.rates.fold import of_its_mass, panel_nodes, recoil_panels
from cevns.rates.source_pulls import pulls_in
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["KernelFold"]

_MOST = 4_000_000
"""Kernel values that are held at once."""


@dataclass(frozen=True)
class KernelFold:
    """Counts per node of the deposit and species, as a function of couplings.

    Args:
        source: of the beam particles; one whose particles have the mass of the process (`OfMass`)
            is given it here.
        interaction: the process; what it asks of source and form factor, it is given here.
        material: the target.
        mass_kg: of the target.
        form_factor: for a process that asks for one (`for_form_factor`).
        nodes_kev: deposits; by default panels between the largest deposits of the source's kinks,
            and one node at 0 for a bare count.
        weights_kev: quadrature weights; ones (with `nodes_kev` given) make `spectrum` a density.

    Raises:
        SpeciesError: if the source emits a species that the process does not scatter.
        InputError: if the mass is not positive, the source makes no deposit at all, the target has
            no nuclide at which the process happens, or deposits are given for a bare count.

    Examples:
        Neutrons that nu_e free from lead, a bare count, with a toy cross section above 9 MeV:

        >>> from cevns.nuclear import material
        >>> from cevns.parameters import Parameters
        >>> from cevns.processes import Threshold
        >>> from cevns.sources import SNS
        >>> class Neutrons:
        ...     name, quantity, parameters = "neutrons", "count", Parameters([])
        ...     kinematics = Threshold(9.0)
        ...
        ...     def kernel(self, deposit_kev, energy_mev, species, target, values):
        ...         return 1e-43 * (energy_mev - 9.0) ** 2 * (species == "nu_e")
        >>> sns = SNS(distance_m=19.3, protons=3.198e23)
        >>> fold = KernelFold(sns, Neutrons(), material("Pb"), 1000.0)
        >>> fold.spectrum().round(1).tolist()  # nu_mu, nu_e, nubar_mu
        [[0.0], [105.5], [0.0]]
    """

    source: Source
    interaction: KernelProcess
    material: Material
    mass_kg: float
    form_factor: FormFactor | None = None
    nodes_kev: Array | None = None
    weights_kev: Array | float = 1.0
    _grid: tuple[Array, Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        positive("target mass in kg", self.mass_kg)
        process = at_place(self.interaction, source=self.source, form_factor=self.form_factor)
        object.__setattr__(self, "interaction", process)
        object.__setattr__(self, "source", of_its_mass(self.source, process.kinematics))
        if self.nodes_kev is not None:
            nodes = np.asarray(self.nodes_kev, dtype=float)
            if process.quantity == "count" and np.any(nodes != 0.0):
                raise InputError(
                    f"the process {process.name!r} only gives a count and has no energy spectrum"
                )
            grid = nodes, np.broadcast_to(np.asarray(self.weights_kev, dtype=float), nodes.shape)
        elif process.quantity == "count":
            grid = np.zeros(1), np.ones(1)
        else:
            grid = self._panels(process)
        object.__setattr__(self, "_grid", grid)
        self._check(process, grid[0][0])

    def _panels(self, process: KernelProcess) -> tuple[Array, Array]:
        """Nodes and weights of panels; a species that is not scattered is named first."""
        try:
            edges = recoil_panels(self.source, self.material, kinematics=process.kinematics)
        except InputError:
            with np.errstate(all="ignore"):
                self._check(process, 0.0)
            raise
        return panel_nodes(edges)

    def _check(self, process: KernelProcess, deposit_kev: float) -> None:
        nuclide, one = self.atoms[0][0], np.ones((1, 1))

        def scatter(species: str) -> Array:
            top = self.source.end_point_mev(species)
            return process.kernel(one * deposit_kev, one * top, species, nuclide, {})

        check_species(process.name, self.source.flavours, scatter)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """Nuclides at which the process happens, with their numbers in a formula unit."""
        return hit_by(self.interaction, self.material.atoms)

    @property
    def nodes(self) -> Array:
        """Deposits, keV, shape ``(n,)``."""
        return self._grid[0]

    @property
    def flavours(self) -> tuple[str, ...]:
        """Species that the source emits, in the order of the first axis of `spectrum`."""
        return tuple(self.source.flavours)

    @cached_property
    def _flux(self) -> tuple[tuple[tuple[Array, Array], ...], ...]:
        """Energies and weights above each node's smallest energy, by species and nuclide.

        Each ``(nodes, m)``; the weights hold nuclei, fluence and the weight of the node.
        """
        nodes, weights = self._grid
        atoms = self.material.nuclei_per_kg()
        out = []
        for species in self.flavours:
            row = []
            fluence = self.source.fluence_cm2(species)
            for nuclide, _ in self.atoms:
                least = self.interaction.kinematics.minimum_energy_mev(nodes, nuclide.mass_mev)
                if to_level(self.interaction):  # dE/dy = 1, and y is in keV
                    energy = least[:, None]
                    share = 1e-3 * self.source.spectrum(species, energy)
                else:
                    energy, share = self.source.nodes(species, least)
                number = atoms[nuclide.name] * self.mass_kg * fluence
                row.append((energy, share * (number * weights)[:, None]))
            out.append(tuple(row))
        return tuple(out)

    def spectrum(
        self,
        values: Mapping[str, Array | float] | None = None,
        *,
        neutron_radius: Array | float = 1.0,
    ) -> Array:
        """Counts per node and species at a point in coupling space.

        Args:
            values: parameters of the process and of the source by name; arrays of shape
                ``(...)`` broadcast.
            neutron_radius: as `Fold.spectrum` has it; a kernel has its radii in itself.

        Returns:
            Shape ``(..., species, nodes)``; with unit weights it is counts per keV.

        Raises:
            InputError: if the neutron radius is moved.
        """
        if np.any(np.asarray(neutron_radius) != 1.0):
            raise InputError(
                f"the process {self.interaction.name!r} is a kernel, whose neutron radius "
                "cannot be changed here"
            )
        given = {n: np.asarray(v, dtype=float) for n, v in (values or {}).items()}
        lead = np.broadcast_shapes(*(v.shape for v in given.values())) if given else ()
        flat = {n: np.broadcast_to(v, lead).reshape(-1, 1, 1) for n, v in given.items()}
        pulls, _ = pulls_in(self.source, flat)
        couplings = {n: v for n, v in flat.items() if n not in pulls}
        if isinstance(self.interaction, Proportional) and not pulls:
            size = np.broadcast_to(self.interaction.scale(given), lead)
            scaled: Array = size[..., None, None] * self.unit_spectrum
            return scaled
        return self._at(lead, pulls, couplings)

    @cached_property
    def unit_spectrum(self) -> Array:
        """The spectrum of a `Proportional` process where its factor is one."""
        assert isinstance(self.interaction, Proportional)
        return self._at(
            (), {}, {n: np.full((1, 1, 1), v) for n, v in self.interaction.unit.items()}
        )

    def _at(
        self, lead: tuple[int, ...], pulls: Mapping[str, Array], couplings: Mapping[str, Array]
    ) -> Array:
        """Counts per node and species, ``(..., species, nodes)``, at points one after the other."""
        points = int(np.prod(lead, dtype=int))
        out = np.zeros((points, len(self.flavours), self.nodes.size))
        deposit = self.nodes[:, None]
        for f, species in enumerate(self.flavours):
            for (nuclide, _), (energy, weight) in zip(self.atoms, self._flux[f], strict=True):
                step = max(1, _MOST // max(energy.size, 1))
                changes = {n: self.source.variation(n, species, energy) for n in pulls}
                for start in range(0, points, step):
                    part = slice(start, start + step)
                    some = {n: v[part] for n, v in couplings.items()}
                    flux = weight
                    for name, change in changes.items():
                        flux = flux + pulls[name][part] * (weight * change)
                    kernel = self.interaction.kernel(deposit, energy, species, nuclide, some)
                    out[part, f] += (kernel * flux).sum(axis=-1)
        return out.reshape(*lead, *out.shape[1:])
