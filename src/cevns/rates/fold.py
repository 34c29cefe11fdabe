"""The fold of source and interaction on a recoil grid, ready for any detector.

For flavour f and nuclide A the expected counts per recoil-energy node T_j are

    spectrum_f(T_j) = sum_A sum_k w_kfA(theta) G_kfA(T_j) F_i(q_Aj; r_i) F_l(q_Aj; r_l)

with G the term's kinematic polynomial folded with the flux moments, times nuclei, fluence and the
quadrature weight of the node. G is built once; couplings and radii enter at call time, so a
coupling point or a nuclear radius costs a few array products. Terms with a flux factor (flavours
that change on the way) are folded with moments of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from cevns.constants import HBARC_MEV_FM
from cevns.exceptions import InputError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.materials import Material
from cevns.processes import (
    MASSLESS,
    DarkKinematics,
    Interaction,
    Kinematics,
    Massive,
    at_place,
    check_species,
    own_neutron_radius,
    proton_radius,
    recoil_ends_kev,
)
from cevns.processes.framework.abilities import turns_flavours
from cevns.rates.moments import fold_terms
from cevns.rates.source_pulls import Varied, pulls_in
from cevns.sources import Source
from cevns.sources.beams.source import FromFarAway, OfMass, OfSector
from cevns.typing import Array

__all__ = ["NODES_PER_PANEL", "Fold", "as_it_sees", "of_its_mass", "panel_nodes", "recoil_panels"]

NODES_PER_PANEL = 24
"""Exact for a smooth spectrum over a whole panel between its kinks."""


def of_its_mass(source: Source, kinematics: Kinematics) -> Source:
    """The source with particles as a process has them, where it leaves that to it.

    Args:
        source: of the beam particles; one that is neither `OfMass` nor `OfSector` stays as it is.
        kinematics: of the process.
    """
    if isinstance(kinematics, DarkKinematics) and isinstance(source, OfSector):
        return source.of_sector(kinematics.sector)
    if isinstance(kinematics, Massive) and isinstance(source, OfMass):
        return source.of_mass(kinematics.mass_mev)
    return source


def as_it_sees(process: object, source: Source) -> Source:
    """The source as a process meets it: in mass states where flavours interfere.

    Args:
        process: at nuclei or at electrons.
        source: one that does not come `FromFarAway` stays as it is.
    """
    if turns_flavours(process) and isinstance(source, FromFarAway):
        return source.in_mass_states()
    return source


def recoil_panels(
    source: Source,
    material: Material,
    *,
    maximum_kev: float | None = None,
    kinematics: Kinematics = MASSLESS,
) -> Array:
    """Edges, keV, of the panels on which the recoil spectrum is smooth.

    They lie where it has kinks: at the ends of the recoil energies of every line and end point of
    the source on every nuclide.

    Args:
        source: of the beam particles.
        material: the target.
        maximum_kev: the last border; by default the largest recoil energy of all.
        kinematics: that of the process.

    Raises:
        InputError: if the source reaches no recoil energy at all.
    """
    source = of_its_mass(source, kinematics)
    energies = np.array(source.recoil_kinks)
    kinks = [recoil_ends_kev(kinematics, energies, x.mass_mev) for x in material.nuclides]
    edges = np.unique(np.append(0.0, kinks))
    if maximum_kev is not None:
        edges = np.unique(np.minimum(edges, maximum_kev))
    # kinks of isotopes of one element crowd together: a panel too narrow to matter is merged
    keep = [edges[0]]
    for edge in edges[1:]:
        if edge - keep[-1] > 1e-9 * edges[-1]:
            keep.append(edge)
    edges = np.array(keep)
    if edges.size < 2:
        raise InputError(
            "the source gives no nuclear recoils: it emits no suitable particles"
            + (
                f", because this process needs particles of {kinematics.mass_mev:g} MeV; "
                "give a source of such particles (for WIMPs kind: halo)"
                if isinstance(kinematics, Massive)
                else ""
            )
        )
    return edges


def panel_nodes(edges: Array, order: int = NODES_PER_PANEL) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on panels, keV, `order` of them a panel."""
    x, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2.0
    nodes = edges[:-1, None] + half * (x + 1.0)
    return nodes.ravel(), (half * w).ravel()


@dataclass(frozen=True)
class Fold:
    """Counts per recoil node and flavour, as a function of couplings and nuclear radii.

    Args:
        source: of the beam particles, with flux moments and fluence; their species are its own.
        interaction: the sum of terms; what it asks of source and form factor, it is given here.
        material: the target.
        mass_kg: target mass.
        form_factor: the model of the nuclear form factor.
        nodes_kev: recoil energies; by default those of `panel_nodes`.
        weights_kev: quadrature weights; ones (with `nodes_kev` given) make `spectrum` a density.
        maximum_kev: largest recoil energy of the default nodes; by default what the source reaches.

    Raises:
        SpeciesError: if the source emits a species that the interaction does not scatter.
    """

    source: Source
    interaction: Interaction
    material: Material
    mass_kg: float
    form_factor: FormFactor
    nodes_kev: Array | None = None
    weights_kev: Array | None = None
    maximum_kev: float | None = None
    _grid: tuple[Array, Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", as_it_sees(self.interaction, self.source))
        process = at_place(self.interaction, source=self.source, form_factor=self.form_factor)
        nuclide = self.material.atoms[0][0]
        check_species(process.name, self.source.flavours, lambda s: process.weights(s, nuclide, {}))
        object.__setattr__(self, "interaction", process)
        if self.nodes_kev is None:
            grid = panel_nodes(
                recoil_panels(
                    self.source,
                    self.material,
                    maximum_kev=self.maximum_kev,
                    kinematics=process.kinematics,
                )
            )
        else:
            nodes = np.asarray(self.nodes_kev, dtype=float)
            weights = np.ones_like(nodes) if self.weights_kev is None else self.weights_kev
            grid = nodes, np.asarray(weights, dtype=float)
        object.__setattr__(self, "_grid", grid)

    @property
    def nodes(self) -> Array:
        """Recoil energies, keV, shape ``(n,)``."""
        return self._grid[0]

    @property
    def flavours(self) -> tuple[str, ...]:
        """Species that the source emits, in the order of the first axis of `spectrum`."""
        return tuple(self.source.flavours)

    @cached_property
    def kernel(self) -> Array:
        """G: shape ``(flavours, nuclides, terms, nodes)``, counts per node."""
        nodes, weights = self._grid
        terms = self.interaction.terms
        atoms = self.material.nuclei_per_kg()
        out = np.zeros((len(self.flavours), len(self.material.atoms), len(terms), nodes.size))
        for a, (nuclide, _) in enumerate(self.material.atoms):
            nuclei = atoms[nuclide.name] * self.mass_kg
            polynomials = np.stack([t.coefficients(nodes, nuclide) for t in terms])
            for f, flavour in enumerate(self.flavours):
                folded = fold_terms(
                    self.interaction, polynomials, self.source, flavour, nodes, nuclide.mass_mev
                )
                out[f, a] = folded * (nuclei * self.source.fluence_cm2(flavour)) * weights
        return out

    @cached_property
    def _momenta(self) -> Array:
        """Momentum transfer q, 1/fm, shape ``(nuclides, nodes)``."""
        masses = np.array([n.mass_mev for n, _ in self.material.atoms])
        return np.sqrt(2.0 * masses[:, None] * self.nodes * 1e-3) / HBARC_MEV_FM

    @cached_property
    def _radii(self) -> Array:
        """Default rms radius per nuclide, fm."""
        return np.array([self.form_factor.default_rms_radius(n) for n, _ in self.material.atoms])

    @cached_property
    def _proton_form_factor(self) -> Array:
        radii = [
            proton_radius(self.interaction, self.form_factor, n) for n, _ in self.material.atoms
        ]
        return self.form_factor.evaluate(self._momenta, np.array(radii)[:, None])

    @cached_property
    def _orders(self) -> tuple[tuple[int, ...], ...]:
        """Terms by how many factors F_n (or F_A, taken equal) they hold: none, one, two."""
        orders: list[list[int]] = [[], [], []]
        for k, term in enumerate(self.interaction.terms):
            orders[len(term.form_factors) - term.form_factors.count("p")].append(k)
        return tuple(tuple(o) for o in orders)

    @cached_property
    def _with_protons(self) -> Array:
        """Kernel times the proton form factors, which do not vary: as `kernel`."""
        powers = [t.form_factors.count("p") for t in self.interaction.terms]
        factors = np.stack([self._proton_form_factor**n for n in powers], axis=1)
        return self.kernel * factors

    @cached_property
    def _folded(self) -> Array:
        """All form factors at the model's own radii, ``(flavours, nuclides * terms, nodes)``."""
        neutron = self.form_factor.evaluate(self._momenta, self._radii[:, None])
        powers = [len(t.form_factors) - t.form_factors.count("p") for t in self.interaction.terms]
        folded = self._with_protons * np.stack([neutron**n for n in powers], axis=1)
        flavours, nuclides, terms, nodes = folded.shape
        return folded.reshape(flavours, nuclides * terms, nodes)  # also where nothing is detected

    def folded_terms(self, f: int, a: int, neutron_rms_fm: float) -> Array:
        """Terms of flavour f on nuclide a with unit weights, ``(terms, nodes)``.

        Args:
            f: position of the flavour.
            a: position of the nuclide.
            neutron_rms_fm: rms radius of its neutrons, fm.
        """
        neutron = self.form_factor.evaluate(self._momenta[a], neutron_rms_fm)
        powers = [len(t.form_factors) - t.form_factors.count("p") for t in self.interaction.terms]
        result: Array = self._with_protons[f, a] * np.stack([neutron**n for n in powers])
        return result

    def neutron_rms_fm(self, a: int, values: Mapping[str, Array | float]) -> Array | float:
        """Rms radius of the neutrons of nuclide a, fm: the interaction's or the model's own."""
        found = own_neutron_radius(self.interaction, self.material.atoms[a][0], values)
        return float(self._radii[a]) if found is None else found

    def _moved_radii(self, values: Mapping[str, Array | float]) -> Array | None:
        """Neutron radii, fm, ``(..., nuclides)``; None where all are the model's own."""
        own = (own_neutron_radius(self.interaction, n, values) for n, _ in self.material.atoms)
        if all(radius is None for radius in own):
            return None
        rows = [self.neutron_rms_fm(a, values) for a in range(len(self.material.atoms))]
        size = np.broadcast_shapes(*(np.shape(r) for r in rows))
        return np.stack([np.broadcast_to(np.asarray(r), size) for r in rows], axis=-1)

    def _weights(self, values: Mapping[str, Array | float], flavour: str) -> Array:
        """Weights of the terms, ``(nuclides, terms, ...)``."""
        return np.stack(
            [
                self.interaction.weights(flavour, nuclide, values)
                for nuclide, _ in self.material.atoms
            ]
        )

    def spectrum(
        self,
        values: Mapping[str, Array | float] | None = None,
        *,
        neutron_radius: Array | float = 1.0,
    ) -> Array:
        """Counts per node and flavour at a point in coupling space.

        Args:
            values: parameters of the interaction and of the source by name; arrays of shape
                ``(...)`` broadcast.
            neutron_radius: rms neutron radius relative to the model's default, shape ``(...)``.

        Returns:
            Shape ``(..., flavours, nodes)``; with unit weights it is counts per keVnr.
        """
        pulls, values = pulls_in(self.source, values or {})
        total = self._nominal_source(values, neutron_radius)
        for name, pull in pulls.items():
            change = self._changes[name].spectrum(values, neutron_radius=neutron_radius)
            total = total + pull[..., None, None] * change
        return total

    @cached_property
    def _changes(self) -> dict[str, Fold]:
        """The fold of what a unit of each parameter of the source adds to its spectrum."""
        nodes, weights = self._grid
        return {
            p.name: replace(
                self, source=Varied(self.source, p.name), nodes_kev=nodes, weights_kev=weights
            )
            for p in self.source.parameters
        }

    def _nominal_source(
        self, values: Mapping[str, Array | float], neutron_radius: Array | float
    ) -> Array:
        """`spectrum` with the parameters of the source at their nominal values."""
        radii = self._moved_radii(values)
        if radii is None and isinstance(neutron_radius, float) and neutron_radius == 1.0:
            out = []
            for f, flavour in enumerate(self.flavours):
                # (nuclides, terms, ...) -> (..., 1, nuclides * terms): a point is a dot product
                column = np.moveaxis(self._weights(values, flavour), (0, 1), (-2, -1))
                column = column.reshape(*column.shape[:-2], 1, -1)
                out.append((column @ self._folded[f])[..., 0, :])
            return np.stack(out, axis=-2)
        relative = np.asarray(neutron_radius, dtype=float)[..., None]
        radius = relative * (self._radii if radii is None else radii)
        neutron = self.form_factor.evaluate(self._momenta, radius[..., None])
        if not values:
            zero, one, two = self._polynomial
        else:
            zero, one, two = (
                np.stack([self._order(values, f, o) for f in range(len(self.flavours))], axis=-3)
                for o in range(3)
            )
        f_n = neutron[..., None, :, :]  # beside the flavours: (..., 1, nuclides, nodes)
        result: Array = np.sum(zero + f_n * (one + f_n * two), axis=-2)
        return result

    @cached_property
    def _polynomial(self) -> tuple[Array, ...]:
        """Of F_n^0, F_n^1, F_n^2 at nominal couplings, each ``(flavours, nuclides, nodes)``."""
        return tuple(
            np.stack([self._order({}, f, o) for f in range(len(self.flavours))]) for o in range(3)
        )

    def _order(self, values: Mapping[str, Array | float], f: int, order: int) -> Array:
        """Coefficient of F_n^order for a flavour, ``(..., nuclides, nodes)``."""
        weights = self._weights(values, self.flavours[f])
        members = list(self._orders[order])
        # (nuclides, terms, ...) -> (..., nuclides, 1, terms): a dot product at each nuclide
        rows = np.moveaxis(weights[:, np.array(members, dtype=int)], (0, 1), (-2, -1))
        result: Array = (rows[..., None, :] @ self._with_protons[f][:, members])[..., 0, :]
        return result
