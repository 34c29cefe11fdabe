r"""Unweighted events of a component: what recoiled, its energy and angle, and when.

The density of events in the energy E of the beam particle and the recoil energy T,

.. math:: \frac{d^2N}{dE\,dT} = N_A\, \phi(E)\, \frac{d\sigma}{dT}(E, T),

of each species and nuclide, is enclosed by a step function on cells; points of that are kept with
the probability of the density over it. So events follow the density itself, whatever the cells are,
as long as it is nowhere above the steps; where it is, `EventSampler.exceeded` says by how much.

Angles are exact kinematics, cos(theta) = (E + M) T/(p q), with the momenta p of the beam particle
and q of the recoil. There is no detector in it: no quenching, no resolution, no efficiency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from cevns.analysis.question import place
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import SIGNAL
from cevns.nuclear.checks import positive
from cevns.processes import (
    Massive,
    Several,
    at_place,
    differential_cross_section,
    is_kernel,
    quantity_of,
)
from cevns.rates.fold import as_it_sees, of_its_mass
from cevns.sources import Source
from cevns.sources.beams.source import Delayed, PulsedSource
from cevns.typing import Array, IntArray

__all__ = ["EventSampler", "Events", "event_sampler"]

_CELLS: Final = (48, 240)
"""Cells between two breaks of a spectrum, and in the recoil energy."""
_MARGIN: Final = 1.02
"""Of a step over what the density has at its corners and in its middle."""
_SOFT_KEV: Final = 1e-3
"""Recoil energy below which cells are equally wide, where there is no threshold."""
_TIMES_US: Final = np.linspace(-1.5, 30.0, 15751)


@dataclass(frozen=True, eq=False)
class Events:
    """Unweighted events, in random order.

    Args:
        energy_mev: total energy of the beam particle.
        recoil_kev: recoil energy.
        cosine: of the recoil to the flight from target to detector.
        time_us: of arrival, after the time of the beam signal; not a number where the source has no
            pulse.
        species: position in `flavours`.
        nuclide: position in `nuclides`.
        flavours: species of the source.
        nuclides: names.
        expected: how many there are in the exposure.
    """

    energy_mev: Array = field(repr=False)
    recoil_kev: Array = field(repr=False)
    cosine: Array = field(repr=False)
    time_us: Array = field(repr=False)
    species: IntArray = field(repr=False)
    nuclide: IntArray = field(repr=False)
    flavours: tuple[str, ...]
    nuclides: tuple[str, ...]
    expected: float

    @property
    def size(self) -> int:
        """How many."""
        return self.energy_mev.size


@dataclass(frozen=True, eq=False)
class _Part:
    """A species on a nuclide: steps over its density in E and x, the scaled recoil energy."""

    species: int
    nuclide: int
    low: Array  # of the cells in E, MeV
    width: Array  # one for a line, on which nothing depends
    steps: Array  # (cells in E, cells in x), events per unit of both
    line: float = 0.0  # its weight


class EventSampler:
    """Draws events of one component of an experiment; made by `event_sampler`.

    Args:
        view: the experiment with the source and process of the component.
        values: of the couplings.
        threshold_kev: recoil energy below which nothing is drawn.

    Attributes:
        exceeded: the largest ratio of density and steps met so far; above 1 a cell was too wide.
    """

    def __init__(
        self, view: Apparatus, values: dict[str, float], threshold_kev: float = 0.0
    ) -> None:
        if quantity_of(view.interaction) != "nuclear-recoil":
            raise InputError(
                f"events are drawn of recoils of nuclei, and {view.interaction.name!r} has none"
            )
        self._threshold = positive("threshold in keV", threshold_kev, zero=True)
        self._values = values
        met = of_its_mass(view.source, view.interaction.kinematics)
        self.source: Source = as_it_sees(view.interaction, met)
        self.process = at_place(view.interaction, source=self.source, form_factor=view.form_factor)
        self._form, self._material = view.form_factor, view.material
        self._pulse_us = 0.0
        if (pulse := view.one_acting_on("pulse-time")) is not None:
            self._pulse_us = pulse.value
        self._number = view.recoiling_kg
        self._fluence = {f: self.source.fluence_cm2(f) for f in self.source.flavours}
        kinematics = self.process.kinematics
        if isinstance(kinematics, Several):
            raise InputError(
                f"{self.process.name!r} makes particles of several masses, and events are drawn "
                "of processes with one: leave the one that makes a heavier particle out"
            )
        self._mass = kinematics.mass_mev if isinstance(kinematics, Massive) else 0.0
        self.exceeded = 0.0
        self._parts = [
            part
            for s in range(len(self.source.flavours))
            for a in range(len(self._material.atoms))
            for part in self._enclosed(s, a)
        ]
        sizes = [(p.steps * p.width[:, None]).ravel() / _CELLS[1] for p in self._parts]
        self._probable = np.concatenate(sizes) if sizes else np.zeros(0)
        if not self._probable.sum() > 0.0:
            raise InputError(
                f"{view.name}: no event of this component is above {threshold_kev:g} keV; give "
                "its coupling (at=..., --at), or a lower threshold"
            )

    # -- the density ---------------------------------------------------------------------------

    def _recoil(self, part_of: int, energy: Array, x: Array) -> tuple[Array, Array]:
        """T at scaled recoil energies between 0 and 1, and dT/dx, keV."""
        mass = self._material.atoms[part_of][0].mass_mev
        top = self.process.kinematics.maximum_recoil_kev(energy, mass)
        soft = max(self._threshold, _SOFT_KEV)
        stretch = np.log1p(np.maximum(top - self._threshold, 0.0) / soft)
        above = soft * np.expm1(x * stretch)
        return self._threshold + above, (above + soft) * stretch

    def _density(self, species: int, part_of: int, energy: Array, recoil: Array) -> Array:
        """Events per MeV and keV; a line counts per line."""
        name, (nuclide, _) = self.source.flavours[species], self._material.atoms[part_of]
        if is_kernel(self.process):
            found = self.process.kernel(recoil, energy, name, nuclide, self._values)
        else:
            found = differential_cross_section(
                nuclide, energy, recoil, name,
                interaction=self.process, form_factor=self._form, values=self._values,
            )  # fmt: skip
        number = self._material.nuclei_per_kg()[nuclide.name] * self._number
        size: Array = found * (number * self._fluence[name])
        return size

    def _flux(self, species: int, energy: Array) -> Array:
        return self.source.spectrum(self.source.flavours[species], energy)

    def _enclosed(self, species: int, part_of: int) -> list[_Part]:
        """Steps over the density between the breaks of a spectrum, and of its lines."""
        name, mass = self.source.flavours[species], self._material.atoms[part_of][0].mass_mev
        if not self._fluence[name] > 0.0:
            return []
        least = float(self.process.kinematics.minimum_energy_mev(self._threshold, mass))
        least = max(least, self._mass) * (1.0 + 1e-12)
        breaks = [least, *(e for e in self.source.breaks(name) if e > least)]
        corners = np.linspace(0.0, 1.0, _CELLS[1] + 1)
        middle = 0.5 * (corners[:-1] + corners[1:])
        out = []
        for low, high in pairwise(breaks):
            # finer where particles are slow
            ends = low + (high - low) * np.linspace(0.0, 1.0, _CELLS[0] + 1) ** 2
            inside = np.clip(ends, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
            at_corners = self._per_cell(species, part_of, inside, corners)
            centre = self._per_cell(species, part_of, 0.5 * (ends[:-1] + ends[1:]), middle)
            four = (at_corners[i : i + _CELLS[0], j : j + _CELLS[1]]
                    for i in (0, 1) for j in (0, 1))  # fmt: skip
            steps = np.maximum.reduce([centre, *four]) * _MARGIN
            out.append(_Part(species, part_of, ends[:-1], np.diff(ends), steps))
        for energy, weight in self.source.lines(name):
            if energy > least:
                at = np.array([energy])
                recoil, slope = self._recoil(part_of, at[:, None], corners)
                line = weight * self._density(species, part_of, at[:, None], recoil) * slope
                steps = np.maximum(line[:, :-1], line[:, 1:]) * _MARGIN
                out.append(_Part(species, part_of, at, np.ones(1), steps, weight))
        return out

    def _per_cell(self, species: int, part_of: int, energy: Array, x: Array) -> Array:
        """Density in E and x on a grid."""
        recoil, slope = self._recoil(part_of, energy[:, None], x)
        found = self._density(species, part_of, energy[:, None], recoil) * slope
        grid: Array = found * self._flux(species, energy)[:, None]
        return grid

    # -- drawing -------------------------------------------------------------------------------

    def draw(self, number: int, seed: int = 1) -> Events:
        """Events.

        Args:
            number: how many.
            seed: of the random numbers.

        Raises:
            InputError: if the number is not positive.
        """
        if number < 1:
            raise InputError(f"{number} events cannot be drawn; ask for at least one")
        rng = np.random.default_rng(seed)
        kept: list[list[Array]] = []
        missing, tried, accepted = number, 0, 0
        while missing > 0:
            share = accepted / tried if accepted else 0.9
            trial = int(missing / share * 1.02) + 100
            rows = self._some(trial, rng)
            tried, accepted = tried + trial, accepted + rows[0].size
            kept.append([r[:] for r in rows])
            missing -= rows[0].size
        # sorted by cell so far: mixed, then cut
        order = rng.permutation(accepted)[:number]
        energy, recoil, species, nuclide = (
            np.concatenate(column)[order] for column in zip(*kept, strict=True)
        )
        masses = np.array([n.mass_mev for n, _ in self._material.atoms])[nuclide.astype(int)]
        t = 1e-3 * recoil
        momentum = np.sqrt((energy - self._mass) * (energy + self._mass))
        cosine = (energy + masses) * t / (momentum * np.sqrt(t * (t + 2.0 * masses)))
        return Events(
            energy,
            recoil,
            np.minimum(cosine, 1.0),
            self._times(energy, species.astype(int), rng),
            species.astype(np.int64),
            nuclide.astype(np.int64),
            tuple(self.source.flavours),
            tuple(n.name for n, _ in self._material.atoms),
            float(self._probable.sum()) * accepted / tried,
        )

    def _some(self, trial: int, rng: np.random.Generator) -> list[Array]:
        """Points below the density: energies, recoils, species, nuclides."""
        counts = rng.multinomial(trial, self._probable / self._probable.sum())
        out: list[tuple[Array, Array, Array, Array]] = []
        begin = 0
        for part in self._parts:
            here = counts[begin : begin + part.steps.size]
            begin += part.steps.size
            cell = np.repeat(np.arange(part.steps.size), here)
            if not cell.size:
                continue
            row, column = np.divmod(cell, _CELLS[1])
            u, x, chance = rng.random((3, cell.size))
            energy = part.low[row] + (0.0 if part.line else part.width[row] * u)
            recoil, slope = self._recoil(part.nuclide, energy, (column + x) / _CELLS[1])
            ratio = self._density(part.species, part.nuclide, energy, recoil) * slope
            ratio = ratio * (part.line or self._flux(part.species, energy))
            ratio /= part.steps.ravel()[cell]
            self.exceeded = max(self.exceeded, float(ratio.max()))
            ok = chance < ratio
            n = int(ok.sum())
            out.append((energy[ok], recoil[ok], np.full(n, part.species), np.full(n, part.nuclide)))
        return [np.concatenate(column) for column in zip(*out, strict=True)]

    def _times(self, energy: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """Times of arrival; of massive particles the pulse and their own delay behind light."""
        if isinstance(self.source, Delayed):
            pulse = self._pulse_us + self.source.pulse_sigma_us * rng.standard_normal(energy.size)
            return pulse + self.source.delay_us(energy)
        times = np.full(energy.size, math.nan)
        if isinstance(self.source, PulsedSource):
            for s, name in enumerate(self.source.flavours):
                mine = species == s
                density = self.source.time_pdf(name, _TIMES_US + self._pulse_us, self._pulse_us)
                steps = 0.5 * (density[1:] + density[:-1]) * np.diff(_TIMES_US)
                share = np.append(0.0, np.cumsum(steps))
                found = np.interp(rng.random(int(mine.sum())) * share[-1], share, _TIMES_US)
                times[mine] = found + self._pulse_us
        return times


def event_sampler(
    experiment: Experiment,
    component: str = SIGNAL,
    *,
    at: dict[str, float] | None = None,
    threshold_kev: float = 0.0,
) -> EventSampler:
    """What draws events of a component, CEvNS or one that lies over it.

    Args:
        experiment: from `cevns.load(...).experiments` or `cevns.experiments.load`.
        component: ``cevns``, or the name of another one.
        at: masses and couplings.
        threshold_kev: recoil energy below which nothing is drawn.

    Raises:
        UnknownNameError: if there is no such component or parameter.
        InputError: if nothing is expected above the threshold.

    Examples:
        >>> import cevns
        >>> study = cevns.load("coherent-csi-2021-dm", models="dark-photon")
        >>> at = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
        >>> sampler = event_sampler(study.experiments[0], "dm", at=at, threshold_kev=9.0)
        >>> found = sampler.draw(1000)
        >>> found.size, round(found.expected), bool((found.recoil_kev > 9.0).all())
        (1000, 52, True)
    """
    placed, held = place(experiment, at or {})
    known = (SIGNAL, *placed.further)
    if component not in known:
        raise UnknownNameError("component", component, known)
    view: Apparatus = placed
    if component != SIGNAL:
        view = placed.further[component].placed(placed.shapes or {})
    own = view.interaction.parameters
    values = {p.name: p.value for p in own} | {n: v for n, v in held.items() if own.has(n)}
    return EventSampler(view, values, threshold_kev)
