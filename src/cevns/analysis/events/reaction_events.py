r"""Events of inelastic reactions: the neutrino, what is seen of it, and what else comes out.

The density of events in the energy of the neutrino, of each species and nuclide,

.. math:: f(E) = N_A\, \Phi\, \phi(E)\, \sigma(E),

is known on a fine grid with straight lines between its points, and is inverted there. The visible
energy is E - Q where the reaction goes to one level; otherwise it is drawn from the density of the
process by quantiles on a grid of neutrino energies.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cevns.analysis.events.arrival_draws import times_of
from cevns.analysis.events.event_columns import nuclear_code, particle_code
from cevns.analysis.events.recoil_cells import AliasTable
from cevns.analysis.events.reconstruction import Reconstruction
from cevns.constants import M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.processes import at_place, quantity_of
from cevns.processes.framework.abilities import KnownTotal, hit_by, to_level
from cevns.processes.framework.kernels import Kernel
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.rates.fold import as_it_sees
from cevns.sources import Source
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["ReactionEvents"]

_POINTS: Final = 8001
"""In E, beside the breaks of the spectrum."""
_BESIDE: Final = 1e-9
_ENERGIES: Final = 128
"""Neutrino energies at which quantiles of the visible energy are known."""
_QUANTILES: Final = 513
_SHARES: Final = 4001
"""Places between no and the largest visible energy, from which quantiles are made."""
_PROBE: Final = 1 << 15
_SEED: Final = 20211
_LEAST: Final = 1e-5
"""Share of the events that must be recorded for them to be drawn."""


class ReactionEvents:
    """Events of a reaction of neutrinos on nuclei that leaves visible energy, or is counted.

    Args:
        view: the experiment with the source and process of the component.
        values: of its parameters.
        detector: what is seen of the visible energy; None for what happens in the target alone.
        unit: of the reconstructed energy; empty without an axis in energy.
        every: whether events are kept that are not in the analysis region.
        counted: whether events are counted, by time alone where the file has an axis of it.

    Attributes:
        source: of the neutrinos.
        process: as it is at the source.
        nuclides: at which it happens.
        expected: how many there are in the exposure, before any detector.
        times: what draws their times.

    Raises:
        InputError: if there are no such events, or hardly any is recorded, or the process has no
            cross section by itself.
    """

    has_truth = True
    mass_mev = 0.0

    def __init__(
        self,
        view: Apparatus,
        values: dict[str, float],
        *,
        detector: Reconstruction | None = None,
        unit: str = "",
        every: bool = False,
        counted: bool = False,
    ) -> None:
        self._detector, self._unit, self._every = detector, unit.lower(), every
        self._view, self._counted = view, counted
        self.source: Source = as_it_sees(view.interaction, view.source)
        process = at_place(view.interaction, source=self.source, form_factor=view.form_factor)
        if not (isinstance(process, KnownTotal) and isinstance(process, Kernel)):
            raise InputError(
                f"{view.name}: events of {process.name!r} cannot be drawn, because its "
                "cross section is known only as a function of the visible energy; give "
                "it a method total_cm2"
            )
        self.process: Any = process
        self._quantity, self._values = quantity_of(process), values
        self.nuclides = tuple(n for n, _ in hit_by(process, view.material.atoms))
        self._channel = process if isinstance(process, InelasticChannel) else None
        self.times = times_of(view, self.source)
        per_kg = view.material.nuclei_per_kg()
        self._targets = {n.name: per_kg[n.name] * view.recoiling_kg for n in self.nuclides}
        self._lay_out(view)
        self._beam = np.array([particle_code(f) for f in self.source.flavours], dtype=float)
        self._nuclei = np.array([nuclear_code(n) for n in self.nuclides], dtype=float)
        self._quantiles: tuple[Array, Array] | None = None
        if self._quantity != "count" and not to_level(process):
            self._quantiles = self._visible_quantiles()
        self._seen_share = 1.0
        if detector is not None or counted:
            self._seen_share = self._probed(view.name)

    @property
    def exposure_per_cm2(self) -> float:
        """Nuclei times neutrinos per cm2: events over it are a mean cross section, cm2."""
        fluence = sum(self.source.fluence_cm2(name) for name in self.source.flavours)
        return float(sum(self._targets.values()) * fluence)

    @property
    def follows_particles(self) -> bool:
        """Whether the electron is known, so that what comes out can be written as particles."""
        return self._channel is not None and self._channel.electron_alone

    @property
    def names(self) -> frozenset[str]:
        """Columns of `cevns.analysis.events.event_columns.REACTION` that it fills."""
        found = set[str]() if self._quantity == "count" else {"visible_energy_mev"}
        if self._channel is not None and self._channel.electron_alone:
            found |= {"electron_energy_mev", "electron_x", "electron_y", "electron_z"}
        if self._channel is not None and self._channel.neutrons is not None:
            found.add("neutrons")
        return frozenset(found)

    # -- the density ---------------------------------------------------------------------------

    def _lay_out(self, view: Apparatus) -> None:
        """Cells in E of every species and nuclide, with the density at both of their ends."""
        kinematics = self.process.kinematics
        cells: list[Array] = [np.zeros((5, 0))]
        for s, name in enumerate(self.source.flavours):
            fluence, top = self.source.fluence_cm2(name), self.source.end_point_mev(name)
            for a, nuclide in enumerate(self.nuclides):
                size = self._targets[nuclide.name] * fluence
                least = float(kinematics.minimum_energy_mev(0.0, nuclide.mass_mev))
                part = s * len(self.nuclides) + a
                if size > 0.0 and top > least:
                    energy = self._grid(name, least, top)
                    flux = self.source.spectrum(name, np.minimum(energy, top * (1.0 - 1e-12)))
                    f = size * flux * self.total_cm2(energy, s, a)
                    of = np.full(f.size - 1, part)
                    cells.append(np.stack([energy[:-1], np.diff(energy), f[:-1], f[1:], of]))
                for at, weight in self.source.lines(name) if size > 0.0 else ():
                    if at > least:
                        (f,) = size * weight * self.total_cm2(np.array([at]), s, a)
                        cells.append(np.array([[at], [0.0], [f], [f], [part]]))
        self._low, self._width, self._first, self._last, part_of = np.concatenate(cells, axis=1)
        weights = 0.5 * (self._first + self._last) * np.where(self._width > 0.0, self._width, 1.0)
        self.expected = float(weights.sum())
        if not self.expected > 0.0:
            raise InputError(
                f"{view.name}: no event of {self.process.name!r} is expected of this source"
            )
        self._part: IntArray = part_of.astype(np.int64)
        self._cells = AliasTable(weights)

    def _grid(self, name: str, least: float, top: float) -> Array:
        breaks = np.array([e for e in self.source.breaks(name) if least < e < top])
        sides = (breaks[:, None] * (1.0 + np.array([-_BESIDE, _BESIDE]))).ravel()
        found: Array = np.union1d(np.linspace(least, top, _POINTS), sides)
        return found

    def total_cm2(self, energy_mev: Array, species: int, nuclide: int) -> Array:
        """Cross section of a species on a nuclide, by their positions, cm2."""
        sigma: Array = self.process.total_cm2(
            energy_mev, self.source.flavours[species], self.nuclides[nuclide], self._values
        )
        return sigma

    def _visible_quantiles(self) -> tuple[Array, Array]:
        """Neutrino energies, and quantiles of visible energy over the largest one at each.

        The largest visible energies have the finest steps, where protons attract each other.
        """
        kinematics, nuclide = self.process.kinematics, self.nuclides[0]
        least = float(kinematics.minimum_energy_mev(0.0, nuclide.mass_mev))
        top = max(self.source.end_point_mev(n) for n in self.source.flavours)
        top = max([top, *(e for n in self.source.flavours for e, _ in self.source.lines(n))])
        x = np.linspace(0.0, 1.0, _ENERGIES + 1)[1:]
        energies = least + (top - least) * x**2
        share = 1.0 - np.linspace(1.0, 0.0, _SHARES) ** 3
        every = enumerate(self.source.flavours)
        species = next(n for s, n in every if self.total_cm2(energies, s, 0).any())
        at = np.linspace(0.0, 1.0, _QUANTILES)
        rows = []
        for energy in energies:
            largest = float(kinematics.maximum_recoil_kev(energy, nuclide.mass_mev))
            density = self.process.kernel(
                np.minimum(share, 1.0 - 1e-12) * largest,
                np.full(share.size, energy), species, nuclide, self._values,
            )  # fmt: skip
            ends = np.append(0.0, np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(share)))
            some = np.append(True, np.diff(ends) > 0.0)
            rows.append(np.interp(at, ends[some] / ends[-1], share[some]))
        return energies, np.stack(rows)

    # -- drawing -------------------------------------------------------------------------------

    def _probed(self, name: str) -> float:
        """Share of the events that are in the region."""
        found = self._some(_PROBE, np.random.default_rng(_SEED))
        share = float(found["inside"].mean())
        if share < _LEAST:
            raise InputError(
                f"{name}: of {_PROBE} events {round(share * _PROBE)} are recorded in the "
                "analysis region, too few to draw events; draw the reactions in the "
                "target with --truth"
            )
        return share

    def draw(self, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """See `cevns.analysis.events.event_parts.EventPart`."""
        parts, missing = [], number
        while missing > 0:
            wanted = int(missing / self._seen_share * 1.02) + 32
            columns = self._some(min(wanted, 8 * _PROBE), rng)
            inside: BoolArray = columns.pop("inside")
            found = np.flatnonzero(inside)
            chosen = found[:missing]
            if self._every:  # up to the last that is asked for
                end = found[missing - 1] + 1 if len(found) >= missing else len(inside)
                chosen = np.arange(end)
            missing -= min(len(found), missing)
            parts.append(self._finished({n: c[chosen] for n, c in columns.items()}, rng))
        return {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}

    def _some(self, number: int, rng: np.random.Generator) -> dict[str, Any]:
        cell = self._cells.draw(number, rng)
        a, b, u = self._first[cell], self._last[cell], rng.random(number)
        # where the integral of a straight density from a to b is the share u of the whole
        x = u * (a + b) / (a + np.sqrt(a * a + u * (b - a) * (b + a)))
        energy = self._low[cell] + x * self._width[cell]
        species, nuclide = np.divmod(self._part[cell], len(self.nuclides))
        out: dict[str, Any] = {
            "species": species,
            "nuclide": nuclide,
            "neutrino_energy_mev": energy,
            "time_us": self.times.draw(energy, species, rng),
        }
        inside = np.ones(number, dtype=bool)
        if self._quantity != "count":
            deposit = self._deposit(energy, rng)
            out["visible_energy_mev"] = 1e-3 * deposit
        if self._detector is not None:
            seen = self._detector.see(deposit, out["time_us"], rng)
            out |= {
                "electron_equivalent_kevee": seen.electron_equivalent_kevee,
                f"reconstructed_{self._unit}": seen.reconstructed,
            }
            inside = seen.in_region
        elif self._counted:
            inside = self._in_time(out["time_us"], rng)
        return {**out, "in_region": inside, "inside": inside}

    def _deposit(self, energy: Array, rng: np.random.Generator) -> Array:
        """Visible energy, keV."""
        largest: Array = self.process.kinematics.maximum_recoil_kev(
            energy, self.nuclides[0].mass_mev
        )
        if self._quantiles is None:
            return largest
        energies, table = self._quantiles
        row = np.clip(np.searchsorted(energies, energy) - 1, 0, len(energies) - 2)
        v = np.clip((energy - energies[row]) / (energies[row + 1] - energies[row]), 0.0, 1.0)
        u = rng.random(energy.size) * (_QUANTILES - 1)
        step = np.minimum(u.astype(np.int64), _QUANTILES - 2)
        u -= step
        low, high = (
            (1.0 - u) * table[row + k, step] + u * table[row + k, step + 1] for k in (0, 1)
        )
        found: Array = largest * ((1.0 - v) * low + v * high)
        return found

    def _in_time(self, time_us: Array, rng: np.random.Generator) -> BoolArray:
        """Whether a counted event is on the time axis, and passes what depends on time."""
        edges = self._view.time_edges
        if edges is None:
            return np.ones(time_us.size, dtype=bool)
        kept = rng.random(time_us.size) < self._view.time_efficiency(
            np.nan_to_num(time_us, nan=-1e9)
        )
        inside: BoolArray = kept & (time_us >= edges[0]) & (time_us < edges[-1])
        return inside

    def _finished(self, columns: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
        """The columns of the file: codes, the electron and neutrons beside."""
        species, nuclide = (columns.pop(n).astype(np.int64) for n in ("species", "nuclide"))
        columns["in_region"] = columns["in_region"].astype(float)
        out = {
            "neutrino_pdg": self._beam[species],
            "nucleus_pdg": self._nuclei[nuclide],
            **columns,
        }
        made = self._channel
        if made is None:
            return out
        if made.neutrons is not None:
            out["neutrons"] = np.full(species.size, float(made.neutrons))
        if made.electron_alone:
            kinetic = out["visible_energy_mev"]
            total = kinetic + M_ELECTRON_MEV
            slope = made.asymmetry * np.sqrt(kinetic * (kinetic + 2.0 * M_ELECTRON_MEV)) / total
            u = rng.random(kinetic.size)
            # (1 + slope cos)/2 inverted, in the form that holds for a slope of zero
            root = np.sqrt((1.0 - slope) ** 2 + 4.0 * slope * u)
            cosine = (4.0 * u - 2.0 + slope) / (1.0 + root)
            sine = np.sqrt(np.maximum((1.0 - cosine) * (1.0 + cosine), 0.0))
            phi = 2.0 * np.pi * rng.random(kinetic.size)
            out |= {
                "electron_energy_mev": kinetic,
                "electron_x": sine * np.cos(phi),
                "electron_y": sine * np.sin(phi),
                "electron_z": cosine,
            }
        return out
