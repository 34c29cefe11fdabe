r"""Recoils of nuclei by rejection from cells on which the density has an upper and a lower bound.

The density of events in the energy E of the beam particle and the recoil energy T,

.. math:: f(E, T) = N_A\, \phi(E)\, \frac{d\sigma}{dT}(E, T),

of each species and nuclide, is enclosed on cells in E and T by two step functions, l <= f <= u. A
point is drawn from u, with a chance r between 0 and 1. It is kept if r u <= f. Where r u <= l that
is known without f (the squeeze of G. Marsaglia, Comput. Math. Appl. 3 (1977) 321), which is most of
the points: cells are small. So events follow the density itself, whatever the cells are, as long as
the bounds hold. Bounds are taken from nine points of each cell with a margin;
`RecoilSampler.exceeded` says by how much a density that was looked at has been outside of them.

Cells are chosen by an alias table (A. J. Walker, ACM TOMS 3 (1977) 253).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.nuclear.checks import positive
from cevns.processes import (
    MASSLESS,
    Massive,
    Several,
    at_place,
    differential_cross_section,
    is_steep,
    quantity_of,
)
from cevns.rates.fold import as_it_sees, of_its_mass
from cevns.sources import Source
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["AliasTable", "RecoilSampler", "Recoils"]

_ROWS: Final = 64
"""Cells in E, about; a third of them is as wide as another, the others hold as many recoils."""
_POINTS: Final = 2001
"""In E, at which the flux is looked at, beside both sides of its breaks."""
_BESIDE: Final = 1e-9
_COLUMNS: Final = 200
"""Cells in T."""
_MARGIN: Final = 1.01
"""Of a bound over what the density has at nine points of a cell."""
_MARGIN_AT_LIMIT: Final = 1.1
"""Where the cell reaches beyond the largest recoil of some energy in it."""
_PROBE: Final = 1 << 18
"""Points by which the share is found that is kept."""
_SEED: Final = 20211
"""Of these."""
_X, _W = np.polynomial.legendre.leggauss(48)
_SOFT_KEV: Final = 1e-3
"""Recoil energy below which cells are equally wide, where there is no threshold."""


@dataclass(frozen=True, eq=False)
class Recoils:
    """Recoils, one after the other.

    Args:
        energy_mev: total energy of the beam particle.
        recoil_kev: recoil energy.
        species: position among the species of the source.
        nuclide: position among the nuclides of the target.
    """

    energy_mev: Array
    recoil_kev: Array
    species: IntArray
    nuclide: IntArray

    def only(self, chosen: IntArray | slice) -> Recoils:
        """Some of them."""
        return Recoils(
            self.energy_mev[chosen],
            self.recoil_kev[chosen],
            self.species[chosen],
            self.nuclide[chosen],
        )

    @classmethod
    def joined(cls, parts: list[Recoils]) -> Recoils:
        """Several after each other."""
        return cls(
            np.concatenate([p.energy_mev for p in parts]),
            np.concatenate([p.recoil_kev for p in parts]),
            np.concatenate([p.species for p in parts]),
            np.concatenate([p.nuclide for p in parts]),
        )


class AliasTable:
    """Draws numbers from 0 on with given weights, two looks into a table each.

    Args:
        weights: not negative, one of them positive, ``(n,)``.

    Examples:
        >>> table = AliasTable(np.array([1.0, 0.0, 3.0]))
        >>> bool((table.draw(10_000, np.random.default_rng(1)) == 1).any())
        False
    """

    def __init__(self, weights: Array) -> None:
        share = weights * (weights.size / weights.sum())
        own, other = share.tolist(), list(range(weights.size))
        small = np.flatnonzero(share < 1.0).tolist()
        large = np.flatnonzero(share >= 1.0).tolist()
        while small and large:
            low, high = small.pop(), large[-1]
            other[low] = high
            own[high] -= 1.0 - own[low]
            if own[high] < 1.0:
                small.append(large.pop())
        for last in (*small, *large):  # what rounding has left over
            own[last] = 1.0
        self._own, self._other = np.array(own), np.array(other)

    def draw(self, number: int, rng: np.random.Generator) -> IntArray:
        """So many numbers."""
        u = rng.random(number)
        u *= self._own.size
        at = u.astype(np.int64)
        u -= at
        found: IntArray = np.where(u < self._own[at], at, self._other[at])
        return found


class RecoilSampler:
    """Draws recoils of a process at the nuclei of a target.

    Args:
        view: the experiment with the source and process of a component.
        values: of the couplings.
        threshold_kev: recoil energy below which nothing is drawn.
        maximum_kev: above which nothing is drawn.

    Attributes:
        source: of the particles, at their mass.
        process: as it is at the source.
        nuclides: of the target.
        targets: number of nuclei by name.
        fluence_cm2: particles per cm2 by species.
        share: of the points that are kept.
        exceeded: the largest factor by which a density that was evaluated was outside its bounds;
            up to 1 events follow the density.

    Raises:
        InputError: if the process makes no recoils of nuclei, or none in this range.
    """

    def __init__(
        self,
        view: Apparatus,
        values: dict[str, float],
        threshold_kev: float = 0.0,
        maximum_kev: float = np.inf,
    ) -> None:
        if (made := quantity_of(view.interaction)) != "nuclear-recoil":
            raise InputError(
                "only events with nuclear recoils can be drawn, and "
                f"{view.interaction.name!r} has none: its deposits are of the kind "
                f"{made!r}"
            )
        self.threshold_kev = positive("threshold in keV", threshold_kev, zero=True)
        self._top, self._values = maximum_kev, values
        met = of_its_mass(view.source, view.interaction.kinematics)
        self.source: Source = as_it_sees(view.interaction, met)
        self.process = at_place(view.interaction, source=self.source, form_factor=view.form_factor)
        self._form = view.form_factor
        self.nuclides = tuple(nuclide for nuclide, _ in view.material.atoms)
        self.targets = {n: c * view.recoiling_kg for n, c in view.material.nuclei_per_kg().items()}
        self.fluence_cm2 = {f: self.source.fluence_cm2(f) for f in self.source.flavours}
        kinematics = self.process.kinematics
        if isinstance(kinematics, Several):
            raise InputError(
                f"{self.process.name!r} produces particles of several masses, and events "
                "can only be drawn for one mass: remove the process that produces a "
                "heavier particle"
            )
        self.mass_mev = kinematics.mass_mev if isinstance(kinematics, Massive) else 0.0
        self.masses_mev = np.array([n.mass_mev for n in self.nuclides])
        self.exceeded = 0.0
        cells = [
            cell
            for s in range(len(self.source.flavours))
            for a in range(len(self.nuclides))
            for cell in self._enclosed(s, a)
        ]
        empty = np.zeros(0)
        columns = [np.concatenate(c) for c in zip(*cells, strict=True)] if cells else [empty] * 7
        low, wide, begin, width, upper, lower, part = columns
        weights = upper * np.where(wide > 0.0, wide, 1.0) * width
        self.steps_total = float(weights.sum())
        if not self.steps_total > 0.0:
            raise InputError(
                f"{view.name}: no event of this component is above {threshold_kev:g} keV; give "
                "its coupling (at=..., --at), or a lower threshold"
            )
        some = weights > 0.0
        self._low, self._wide, self._from, self._range = (
            c[some] for c in (low, wide, begin, width)
        )
        self._upper, self._sure = upper[some], lower[some] / upper[some]
        self._part: IntArray = part[some].astype(np.int64)
        self._cells = AliasTable(weights[some])
        found = self.some(_PROBE, np.random.default_rng(_SEED))
        self.share = found.energy_mev.size / _PROBE
        """Of the points that are kept; what is asked for later does not change it."""

    # -- the density ---------------------------------------------------------------------------

    def density(self, species: int, nuclide: int, energy_mev: Array, recoil_kev: Array) -> Array:
        """Events per keV for each particle of the fluence at this energy; see the module."""
        name, target = self.source.flavours[species], self.nuclides[nuclide]
        found = differential_cross_section(
            target, energy_mev, recoil_kev, name,
            interaction=self.process, form_factor=self._form, values=self._values,
        )  # fmt: skip
        size: Array = found * (self.targets[target.name] * self.fluence_cm2[name])
        return size

    def _enclosed(self, species: int, nuclide: int) -> list[tuple[Array, ...]]:
        """Cells of a species on a nuclide: ends in E and T, bounds, and which part they are of."""
        name, mass = self.source.flavours[species], self.nuclides[nuclide].mass_mev
        if not self.fluence_cm2[name] > 0.0:
            return []
        kinematics = self.process.kinematics
        least = float(kinematics.minimum_energy_mev(self.threshold_kev, mass))
        least = max(least, self.mass_mev) * (1.0 + 1e-12)
        top = self.source.end_point_mev(name)
        part, out = species * len(self.nuclides) + nuclide, []
        if top > least:
            ends, flux = self._rows(name, least, top, mass)
            out.append(self._row_cells(species, nuclide, ends, flux, part))
        for energy, weight in self.source.lines(name):
            if energy > least:
                ends, flux = np.full(2, energy), np.full((2, 1), weight)
                out.append(self._row_cells(species, nuclide, ends, flux, part))
        return out

    def _rows(self, name: str, least: float, top: float, mass: float) -> tuple[Array, Array]:
        """Ends of the cells in E, and the least and largest flux in each, ``(2, n_rows)``.

        Cells are narrow where many recoils come from, and few of them hold a break of the spectrum.
        """
        steps = np.linspace(0.0, 1.0, _POINTS)
        if self.mass_mev > 0.0:  # finer where particles are slow
            steps = steps**2
        breaks = np.array([e for e in self.source.breaks(name) if least < e < top])
        sides = (breaks[:, None] * (1.0 + np.array([-_BESIDE, _BESIDE]))).ravel()
        fine = np.union1d(least + (top - least) * steps, sides)
        flux = self.source.spectrum(name, np.clip(fine, least, top * (1.0 - 1e-12)))
        reach = self.process.kinematics.maximum_recoil_kev(fine, mass)
        weight = flux * np.maximum(reach - self.threshold_kev, 0.0)
        share = np.append(0.0, np.cumsum(0.5 * (weight[1:] + weight[:-1]) * np.diff(fine)))
        even = least + (top - least) * np.interp(
            np.linspace(0.0, 1.0, _ROWS // 2 + 1), np.linspace(0.0, 1.0, _POINTS), steps
        )
        some = np.append(True, np.diff(share) > 0.0)
        dense = np.interp(np.linspace(0.0, share[-1], _ROWS), share[some], fine[some])
        ends = np.union1d(even, dense)
        if breaks.size <= _ROWS // 2:
            ends = np.union1d(ends, breaks)
        first = np.searchsorted(fine, ends[:-1], side="right") - 1
        last = np.searchsorted(fine, ends[1:], side="left") + 1
        rows = [flux[a:b] for a, b in zip(first, last, strict=True)]
        return ends, np.array([[r.min() for r in rows], [r.max() for r in rows]])

    def _row_cells(
        self, species: int, nuclide: int, ends: Array, flux: Array, part: int
    ) -> tuple[Array, ...]:
        """Cells of rows in E: the ends of these, and the least and largest flux in each."""
        mass, width = self.nuclides[nuclide].mass_mev, np.diff(ends)
        at = np.stack([ends[:-1], 0.5 * (ends[1:] + ends[:-1]), ends[1:]], axis=1)
        largest = self.process.kinematics.maximum_recoil_kev(at, mass)
        top = np.minimum(largest[:, 2], self._top)[:, None]
        soft = max(self.threshold_kev, _SOFT_KEV)
        stretch = np.log1p(np.maximum(top - self.threshold_kev, 0.0) / soft)
        x = np.linspace(0.0, 1.0, 2 * _COLUMNS + 1)
        recoil = self.threshold_kev + soft * np.expm1(stretch * x)
        recoil[:, -1:] = np.maximum(top, self.threshold_kev)
        asked = np.minimum(recoil[:, None, :], largest[:, :, None] * (1.0 - 1e-12))
        found = self.density(species, nuclide, at[:, :, None], asked)
        nine = [found[:, i, j : 2 * _COLUMNS + j - 1 : 2] for i in range(3) for j in (0, 1)]
        nine += [found[:, i, 2::2] for i in range(3)]
        beyond = recoil[:, 2::2] > largest[:, :1]
        upper = np.maximum.reduce(nine) * np.where(beyond, _MARGIN_AT_LIMIT, _MARGIN)
        lower = np.where(beyond, 0.0, np.minimum.reduce(nine) / _MARGIN)
        upper *= flux[1][:, None]
        lower *= flux[0][:, None]
        full = np.ones((1, _COLUMNS))
        edges = recoil[:, ::2]
        columns = (
            ends[:-1, None] * full, width[:, None] * full, edges[:, :-1], np.diff(edges, axis=1)
        )  # fmt: skip
        return tuple(c.ravel() for c in (*columns, upper, lower, np.full(upper.shape, part)))

    @property
    def exposure_per_cm2(self) -> float:
        """Nuclei times particles per cm2: events over it are a mean cross section, cm2."""
        return sum(self.targets.values()) * sum(self.fluence_cm2.values())

    def total_cm2(self, energy_mev: Array, species: int, nuclide: int) -> Array | None:
        """Cross section for any recoil of a species on a nuclide, by their positions, cm2.

        None where it has no end towards small recoils, or the particle that comes out is heavy.
        """
        if is_steep(self.process) or self.process.kinematics != MASSLESS:
            return None
        target = self.nuclides[nuclide]
        largest = self.process.kinematics.maximum_recoil_kev(energy_mev, target.mass_mev)
        half = 0.5 * largest[..., None]
        found = differential_cross_section(
            target, energy_mev[..., None], half * (_X + 1.0), self.source.flavours[species],
            interaction=self.process, form_factor=self._form, values=self._values,
        )  # fmt: skip
        total: Array = (found * half * _W).sum(axis=-1)
        return total

    # -- drawing -------------------------------------------------------------------------------

    @property
    def expected(self) -> float:
        """How many recoils the exposure has, to 0.1 per cent: by the share of points kept."""
        return self.steps_total * self.share

    def some(self, number: int, rng: np.random.Generator) -> Recoils:
        """What is left of so many points, in random order."""
        cell = self._cells.draw(number, rng)
        energy, recoil, chance = rng.random(number), rng.random(number), rng.random(number)
        energy *= self._wide[cell]
        energy += self._low[cell]
        recoil *= self._range[cell]
        recoil += self._from[cell]
        part, keep = self._part[cell], chance < self._sure[cell]
        asked = np.flatnonzero(~keep)
        keep[asked] = self._looked_at(cell[asked], energy[asked], recoil[asked], chance[asked])
        chosen = np.flatnonzero(keep)
        species, nuclide = np.divmod(part[chosen], len(self.nuclides))
        return Recoils(energy[chosen], recoil[chosen], species, nuclide)

    def _looked_at(self, cell: IntArray, energy: Array, recoil: Array, chance: Array) -> BoolArray:
        """Whether points are below the density where the lower bound does not say so."""
        part, ratio = self._part[cell], np.empty(cell.size)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(part.max(initial=-1) + 2))
        for which, (begin, end) in enumerate(pairwise(ends)):
            if begin == end:
                continue
            mine = order[begin:end]
            species, nuclide = divmod(which, len(self.nuclides))
            found = self.density(species, nuclide, energy[mine], recoil[mine])
            line = self._wide[cell[mine]] == 0.0
            flux = self.source.spectrum(self.source.flavours[species], energy[mine])
            if line.any():
                flux = np.where(line, self._weight_of(species, energy[mine]), flux)
            ratio[mine] = found * flux / self._upper[cell[mine]]
        sure = self._sure[cell]
        outside = np.maximum(ratio, np.where(sure > 0.0, sure / np.maximum(ratio, 1e-300), 0.0))
        self.exceeded = max(self.exceeded, float(outside.max(initial=0.0)))
        below: BoolArray = chance < ratio
        return below

    def _weight_of(self, species: int, energy: Array) -> Array:
        """Weights of lines at their energies."""
        lines = self.source.lines(self.source.flavours[species])
        at = np.array([e for e, _ in lines])
        weights = np.array([w for _, w in lines])
        found: Array = weights[np.abs(at - energy[:, None]).argmin(axis=1)]
        return found

    def draw(self, number: int, rng: np.random.Generator) -> Recoils:
        """So many recoils, in random order.

        Raises:
            InputError: if the number is not positive.
        """
        if number < 1:
            raise InputError(f"{number} events cannot be drawn; ask for at least one")
        found: list[Recoils] = []
        missing = number
        while missing > 0:
            found.append(self.some(int(missing / self.share * 1.01) + 32, rng))
            missing -= found[-1].energy_mev.size
        return Recoils.joined(found).only(slice(number))
