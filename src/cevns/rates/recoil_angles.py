r"""Angles of recoils to the direction in which the neutrinos fly.

A neutrino of energy E that gives a nucleus of mass M the recoil energy T throws it at the angle

    c = cos(theta) = ((E + M)/E) sqrt(T/(T + 2 M)),      0 <= c <= 1,

so that two of E, T and c say the third. With the flux phi and its fluence, per nucleus,

    d2R/dT dOmega = (1/2 pi) int dE phi(E) d(sigma)/dT delta(c - c(E, T)),
    dR/dc (T > T_thr) = int_{E_thr(c)} dE phi(E) d(sigma)/dT dT/dc,     E_thr(c) = M k/(c - k),

with k = sqrt(T_thr/(T_thr + 2 M)). Lines of a source are sharp curves in the plane of T and c; in
dR/dc they are smooth, and begin at the angle of the threshold. Three integrals are taken here, each
with the nodes or the moments of the source, so exact up to quadrature: over E at fixed c (densities
and their means), over E at fixed T (`legendre_rows`, for what a detector measures), and at
fixed T in closed form by the moments of the flux (`cells`).

For one energy, E << M and no form factor dN/dc is proportional to c (1 - c^2): a mean of 8/15, a
mean square of 1/3, a median of 57.2 degrees, for any target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear import FormFactor, Material, Nuclide
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material as find_material
from cevns.nuclear.checks import finite, positive
from cevns.processes import (
    Interaction,
    Massless,
    Process,
    at_place,
    check_species,
    is_kernel,
    is_steep,
)
from cevns.processes.framework.combined import standing
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.kinematics import (
    cos_recoil_angle,
    energy_at_angle_mev,
    maximum_recoil_kev,
    minimum_energy_mev,
    recoil_at_angle_kev,
    recoil_slope_kev,
)
from cevns.rates.fold import as_it_sees, panel_nodes
from cevns.rates.moments import weighted_moments
from cevns.rates.term_slopes import TermSlopes
from cevns.sources import Source
from cevns.typing import Array, ArrayLike

__all__ = ["RecoilAngles"]

_ORDER: Final = 16
_INNER: Final = (0.0, 0.5, 1.0)
_INNER_FAST: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.65, 1.0)
"""Borders of panels in the cosine, for slow and for fast neutrinos."""
_SOFT_MEV: Final = 100.0
_FINE: Final = 60
"""Points of a panel among which the peak is looked for."""
_MOST: Final = 400_000
"""Points that are held at once."""
_X, _W = np.polynomial.legendre.leggauss(_ORDER)
_PROJECTION: Final = (
    np.polynomial.legendre.legvander(_X, _ORDER - 1) * _W[:, None] * (np.arange(_ORDER) + 0.5)
)
"""Legendre coefficients of values at the nodes of a panel, ``(nodes, degrees)``."""


@dataclass(frozen=True)
class RecoilAngles:
    """Recoils of a target above a threshold by their angle to the neutrinos' direction.

    Counts are those of the exposure of the source, before any detector; ideal directions.

    Args:
        source: the neutrinos, all from one direction.
        target: material or formula.
        mass_kg: of the target.
        threshold_kev: smallest recoil energy, keV.
        interaction: a process that is a sum of terms, or an extension of the Standard Model; the
            Standard Model with its default couplings unless given.
        form_factor: model or its name.
        values: parameters of the interaction; nominal where left out.

    Raises:
        InputError: if the mass or the threshold is out of range, the process is none of massless
            particles that scatter elastically, or no recoil is above the threshold.
        SpeciesError: if the source emits a species that the process does not scatter.
        UnknownNameError: if a name is unknown.

    Examples:
        Solar 8B neutrinos on helium, recoils above 6 keV:

        >>> from cevns.sources import source
        >>> sun = source("sun", live_time_d=365.25, branches="b8")
        >>> angles = RecoilAngles(sun, "He", 1000.0, threshold_kev=6.0, form_factor="helm")
        >>> round(angles.total, 1), round(angles.mean(), 3), round(angles.median_deg, 1)
        (14.2, 0.64, 50.2)
    """

    source: Source
    target: Material | str
    mass_kg: float = 1.0
    threshold_kev: float = 0.0
    interaction: Process | Extension | None = None
    form_factor: str | FormFactor = "klein-nystrand"
    values: Mapping[str, Any] = field(default_factory=dict)
    _process: Interaction = field(init=False, repr=False, compare=False)
    _model: FormFactor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("target mass in kg", self.mass_kg)
        finite("threshold in keV", self.threshold_kev, minimum=0.0)
        put = object.__setattr__
        if isinstance(self.target, str):
            put(self, "target", find_material(self.target))
        model = find_form_factor(self.form_factor)
        put(self, "source", as_it_sees(standing(self.interaction), self.source))
        process = at_place(standing(self.interaction), source=self.source, form_factor=model)
        if is_kernel(process) or not isinstance(process.kinematics, Massless):
            raise InputError(
                "recoil angles are defined for elastic scattering of neutrinos, and "
                f"{process.name!r} is another process: use the Standard Model or an "
                "extension"
            )
        if is_steep(process) and not self.threshold_kev:
            raise InputError(
                f"the recoil spectrum of {process.name!r} may diverge at small recoil "
                "energies: give a threshold"
            )
        terms = cast("Interaction", process)
        nuclide = self.material.nuclides[0]
        check_species(terms.name, self.source.flavours, lambda s: terms.weights(s, nuclide, {}))
        put(self, "_process", terms)
        put(self, "_model", model)
        if not self.largest_kev > self.threshold_kev:
            raise InputError(
                f"no recoil of {self.material.name} is above the threshold of "
                f"{self.threshold_kev:g} keV: the largest is {self.largest_kev:.3g} keV; lower it"
            )

    @property
    def material(self) -> Material:
        """The target."""
        return cast("Material", self.target)

    @property
    def largest_kev(self) -> float:
        """The largest recoil energy, keV."""
        top = max(self.source.end_point_mev(f) for f in self.source.flavours)
        return max(float(maximum_recoil_kev(top, x.mass_mev)) for x in self.material.nuclides)

    @cached_property
    def _borders(self) -> tuple[float, ...]:
        """Cosines at which panels end: finer where form factors keep fast recoils at small ones."""
        top = max(self.source.end_point_mev(f) for f in self.source.flavours)
        return _INNER if top < _SOFT_MEV else _INNER_FAST

    @cached_property
    def _panels(self) -> list[tuple[Array, Array]]:
        """Edges of panels, ``(p + 1,)``, and densities at their nodes, ``(p, order)``, by nuclide.

        Between its kinks a density is a polynomial to within rounding, so that all integrals over
        cosines follow from these values.
        """
        found = []
        for x, number in self._nuclei():
            kinks = self._kinks(x)
            first = float(kinks.min(initial=1.0)) if self.threshold_kev else 0.0
            edges = np.unique([first, *self._borders, *kinks])
            edges = edges[edges >= first]
            if edges.size < 2:
                continue
            cosine, _ = panel_nodes(edges, _ORDER)
            found.append((edges, self._density(x, number, cosine).reshape(-1, _ORDER)))
        return found

    def _integrals(self, cosine: Array) -> Array:
        """Counts with a cosine below each one, in the shape of it."""
        total = np.zeros(cosine.shape)
        for edges, density in self._panels:
            half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
            place = np.clip((cosine[..., None] - middle) / half, -1.0, 1.0)
            whole = np.polynomial.legendre.legvander(place, _ORDER)
            primitive = np.empty((*place.shape, _ORDER))
            primitive[..., 0] = place + 1.0
            degrees = 2.0 * np.arange(1, _ORDER) + 1.0
            primitive[..., 1:] = (whole[..., 2:] - whole[..., :-2]) / degrees
            total += np.einsum("...pj,pj->...", primitive, half[:, None] * (density @ _PROJECTION))
        return total

    def _interpolated(self, cosine: Array) -> Array:
        """dR/dc by the polynomials of the panels, ``(n,)``."""
        total = np.zeros(cosine.shape)
        for edges, density in self._panels:
            at = np.searchsorted(edges, cosine, side="right") - 1
            inside = (at >= 0) & (at < edges.size - 1)
            k = at[inside]
            place = 2.0 * (cosine[inside] - edges[k]) / (edges[k + 1] - edges[k]) - 1.0
            values = np.polynomial.legendre.legvander(place, _ORDER - 1)
            total[inside] += np.einsum("nj,nj->n", values, (density @ _PROJECTION)[k])
        return total

    @cached_property
    def _grid(self) -> tuple[Array, Array]:
        """Cosines of all panels and what each counts."""
        parts = []
        for edges, density in self._panels:
            cosine, weight = panel_nodes(edges, _ORDER)
            parts.append((cosine, weight * density.ravel()))
        cosine, counts = (np.concatenate(n) for n in zip(*parts, strict=True))
        return cosine, counts

    def _nuclei(self) -> Iterator[tuple[Nuclide, float]]:
        per_kg = self.material.nuclei_per_kg()
        for x in self.material.nuclides:
            yield x, per_kg[x.name] * self.mass_kg

    def _kinks(self, nuclide: Nuclide) -> Array:
        """Cosines at which the density of a nuclide has a kink or a step."""
        kinks = np.asarray(self.source.recoil_kinks, dtype=float)
        cosine = cos_recoil_angle(kinks[kinks > 0.0], self.threshold_kev, nuclide.mass_mev)
        result: Array = cosine[cosine < 1.0]
        return result

    def _density(self, nuclide: Nuclide, number: float, cosine: Array) -> Array:
        """dR/dc of a nuclide: over the neutrino energies that are enough at each cosine."""
        top = 2.0 * max(self.source.end_point_mev(f) for f in self.source.flavours)
        least = energy_at_angle_mev(self.threshold_kev, cosine, nuclide.mass_mev)
        least = np.minimum(least, top)
        out = np.zeros(cosine.shape)
        for part in _chunks(self.source, cosine.size):
            out[part] = self._density_of(nuclide, cosine[part], least[part])
        return number * out

    def _density_of(self, nuclide: Nuclide, cosine: Array, least: Array) -> Array:
        mass = nuclide.mass_mev
        total = np.zeros(cosine.shape)
        last: tuple[Array, TermSlopes, Array] | None = None
        for flavour in self.source.flavours:
            energy, weight = _used(self.source, flavour, least)
            if last is None or not np.array_equal(last[0], energy):
                recoil = recoil_at_angle_kev(energy, cosine[:, None], mass)
                slope = TermSlopes(self._process, self._model, nuclide, recoil, self.values)
                last = energy, slope, recoil_slope_kev(energy, cosine[:, None], mass)
            found = last[1].at(flavour, energy) * last[2] * weight
            total += self.source.fluence_cm2(flavour) * found.sum(axis=1)
        return total

    @property
    def total(self) -> float:
        """Counts above the threshold."""
        return float(self._grid[1].sum())

    def mean(self, power: int = 1) -> float:
        """Mean of a power of the cosine."""
        cosine, counts = self._grid
        return float(counts @ cosine**power) / self.total

    def legendre(self, order: int) -> Array:
        """Legendre moments of all recoils above the threshold, times counts, ``(order + 1,)``."""
        cosine, counts = self._grid
        result: Array = counts @ np.polynomial.legendre.legvander(cosine, order)
        return result

    def density(self, cosine: ArrayLike) -> Array:
        """dR/dc at cosines of any shape, counts; zero for recoils backwards.

        Raises:
            InputError: if a cosine is none.
        """
        given = _cosines(cosine)
        flat = given.ravel()
        inside = np.flatnonzero(flat > 0.0)
        out = np.zeros(flat.shape)
        for x, number in self._nuclei():
            out[inside] += self._density(x, number, flat[inside])
        return out.reshape(given.shape)

    def counts(self, edges: ArrayLike) -> Array:
        """Counts between increasing cosines, ``(len(edges) - 1,)``.

        Raises:
            InputError: if an edge is no cosine, or they do not increase.
        """
        borders = _cosines(edges)
        if borders.ndim != 1 or borders.size < 2 or not (np.diff(borders) > 0.0).all():
            raise InputError("edges of cosines must be two or more that increase")
        found = np.diff(self._integrals(np.clip(borders, 0.0, 1.0)))
        return np.maximum(found, 0.0)  # where there is nothing, rounding may fall below

    def above(self, cosine: float) -> float:
        """Share of recoils with a cosine above the given one."""
        below = self._integrals(np.clip(_cosines(cosine), 0.0, 1.0))
        return 1.0 - float(below) / self.total

    @property
    def median_deg(self) -> float:
        """The angle that half of the recoils exceed, degrees."""
        from scipy.optimize import brentq

        found = brentq(lambda c: self.above(c) - 0.5, 0.0, 1.0, xtol=1e-12)
        return float(np.degrees(np.arccos(found)))

    @property
    def peak(self) -> float:
        """The cosine at which dR/dc is largest.

        A threshold may make the density a step at a line's angle; it may then be at that step.
        """
        edges = np.unique(np.concatenate([e for e, _ in self._panels]))
        inside = np.linspace(1e-9, 1.0 - 1e-9, _FINE)
        grid = (edges[:-1, None] + np.diff(edges)[:, None] * inside).ravel()
        for _ in range(3):
            best = int(np.argmax(self._interpolated(grid)))
            low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
            grid = np.unique([*np.linspace(low, high, _FINE), grid[best]])
        return float(grid[int(np.argmax(self._interpolated(grid)))])

    def plane(self, recoil_energy_kev: ArrayLike, cosine: ArrayLike) -> Array:
        """d2R/dT dc of the continuous part of the source, counts per keV, broadcast.

        ``phi(E) d(sigma)/dT E^2/(M k)`` at the one energy that gives this recoil. Lines are sharp
        curves, in `cells` only.

        Raises:
            InputError: if an energy is negative or a cosine none.
        """
        recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0)
        recoil, c = np.broadcast_arrays(recoil, _cosines(cosine))
        out = np.zeros(recoil.shape)
        for x, number in self._nuclei():
            energy = energy_at_angle_mev(recoil, c, x.mass_mev)
            inside = np.isfinite(energy) & (energy > 0.0) & (recoil >= self.threshold_kev)
            e, t = energy[inside], recoil[inside]
            slope = TermSlopes(self._process, self._model, x, t, self.values)
            k = np.sqrt(1e-3 * t / (1e-3 * t + 2.0 * x.mass_mev))
            jacobian = number * e * e / (x.mass_mev * k)
            for flavour in self.source.flavours:
                flux = self.source.fluence_cm2(flavour) * self.source.spectrum(flavour, e)
                out[inside] += flux * slope.at(flavour, e) * jacobian
        return out

    def above_at(self, recoil_energy_kev: ArrayLike, cosines: ArrayLike) -> Array:
        """Counts per keV at recoil energies with a cosine above each one, ``(c, n)``.

        With E(T, c) the energy that gives both, a larger cosine means a smaller energy, so it is
        sum_k a_k(T) [I_k(E_min) - I_k(E(T, c))] by the moments I_k of the flux: nothing is
        integrated here, and lines are exact.
        """
        recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0).ravel()
        edges = _cosines(cosines).ravel()
        out = np.zeros((edges.size, recoil.size))
        for x, number in self._nuclei():
            least = minimum_energy_mev(recoil, x.mass_mev)
            top = 2.0 * max(self.source.end_point_mev(f) for f in self.source.flavours)
            most = energy_at_angle_mev(recoil, np.clip(edges, 0.0, 1.0)[:, None], x.mass_mev)
            most = np.clip(most, least, np.maximum(top, least))  # at c = 1 up to rounding
            slope = TermSlopes(self._process, self._model, x, recoil, self.values)
            for flavour in self.source.flavours:
                size = number * self.source.fluence_cm2(flavour)
                for h, a in slope.polynomials(flavour).items():
                    below = weighted_moments(self.source, flavour, least, h)
                    beyond = weighted_moments(self.source, flavour, most, h)
                    inside = np.asarray(below)[:, None, :] - beyond
                    inside = np.where(edges[:, None] >= 1.0, 0.0, inside)
                    out += size * np.einsum("kn,kcn->cn", a, inside)
        return out

    def cells(self, recoil_edges_kev: ArrayLike, cosine_edges: ArrayLike) -> Array:
        """Counts in cells of recoil energy and cosine, ``(n, m)``, lines included.

        Panels end where a kink of the source crosses an edge of cosines, so the quadrature over T
        meets smooth functions only.

        Raises:
            InputError: if edges do not increase.
        """
        energies = finite("recoil energy in keV", recoil_edges_kev, minimum=0.0)
        cosines = _cosines(cosine_edges)
        for edges in (energies, cosines):
            if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0.0).all():
                raise InputError("edges of cells must be two or more that increase")
        masses = np.array([x.mass_mev for x in self.material.nuclides])
        kinks = np.asarray(self.source.recoil_kinks, dtype=float)
        at = np.append(np.clip(cosines, 0.0, 1.0), 1.0)
        crossings = recoil_at_angle_kev(kinks[:, None, None], at[:, None], masses)
        cuts = np.unique([*energies, *crossings.ravel(), self.threshold_kev])
        cuts = cuts[(cuts >= max(energies[0], self.threshold_kev)) & (cuts <= energies[-1])]
        out = np.zeros((energies.size - 1, cosines.size - 1))
        if cuts.size < 2:
            return out
        keep = np.append(True, np.diff(cuts) > 1e-9 * cuts[-1])
        recoil, weight = panel_nodes(cuts[keep], 6)
        counts = weight * -np.diff(self.above_at(recoil, cosines), axis=0)
        place = np.clip(np.searchsorted(energies, recoil) - 1, 0, energies.size - 2)
        np.add.at(out, place, counts.T)
        return out

    def legendre_rows(self, recoil_energy_kev: ArrayLike, order: int) -> Array:
        """Legendre moments of the cosine at fixed T, counts per keV, ``(order + 1, n)``.

        Row l is ``int dE phi d(sigma)/dT P_l(c(E, T))``; row 0 is the recoil spectrum.
        The threshold is not applied.

        Raises:
            InputError: if an energy is negative or the order none.
        """
        recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0).ravel()
        if order < 0:
            raise InputError(f"the order of Legendre polynomials must not be negative: {order}")
        out = np.zeros((order + 1, recoil.size))
        for x, number in self._nuclei():
            for part in _chunks(self.source, recoil.size):
                out[:, part] += number * self._rows_of(x, recoil[part], order)
        return out

    def _rows_of(self, nuclide: Nuclide, recoil: Array, order: int) -> Array:
        """`legendre_rows` per nucleus."""
        slope = TermSlopes(self._process, self._model, nuclide, recoil, self.values)
        least = minimum_energy_mev(recoil, nuclide.mass_mev)
        parts: list[tuple[Array, Array]] = []
        for flavour in self.source.flavours:
            energy, weight = _used(self.source, flavour, least)
            rate = self.source.fluence_cm2(flavour) * weight * slope.at(flavour, energy)
            if parts and np.array_equal(parts[-1][0], energy):
                parts[-1] = (energy, parts[-1][1] + rate)
            else:
                parts.append((energy, rate))
        out = np.zeros((order + 1, recoil.size))
        for energy, rate in parts:
            cosine = np.minimum(cos_recoil_angle(energy, recoil[:, None], nuclide.mass_mev), 1.0)
            before, now = np.ones(cosine.shape), cosine
            for degree in range(order + 1):
                out[degree] += np.einsum("nm,nm->n", rate, before)
                after = ((2 * degree + 3) * cosine * now - (degree + 1) * before) / (degree + 2)
                before, now = now, after
        return out


def _used(source: Source, flavour: str, least: Array) -> tuple[Array, Array]:
    """Energies and weights of a flavour above lower ends, without those that count nowhere."""
    energy, weight = source.nodes(flavour, least)
    some = (weight != 0.0).any(axis=0)
    return energy[:, some], weight[:, some]


def _chunks(source: Source, number: int) -> Iterator[slice]:
    """Parts of so many lower ends that their nodes fit into memory."""
    width = max(source.nodes(f, np.zeros(1))[0].size for f in source.flavours)
    step = max(1, _MOST // max(width, 1))
    for start in range(0, number, step):
        yield slice(start, start + step)


def _cosines(values: ArrayLike) -> Array:
    """Checked cosines.

    Raises:
        InputError: if one is not between -1 and 1.
    """
    found = np.asarray(values, dtype=float)
    if not (np.abs(found) <= 1.0).all():
        raise InputError("a cosine is between -1 and 1")
    return found
