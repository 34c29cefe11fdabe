"""A steady source that is a sum of parts, each with a flux, a spectrum and its share of species."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np

from cevns.columns import read_columns
from cevns.exceptions import InputError, UnknownNameError
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.sources.beams.always_on import AlwaysOn
from cevns.sources.fission.moment_sums import MomentSums
from cevns.typing import Array, ArrayLike

__all__ = ["Curve", "Mixture", "Part", "Share", "carried", "chosen", "whole"]

_TABLES: Final = Path(__file__).parent / "tables"

Share = Callable[[Array], Array]
"""Of the neutrinos of a part, those that arrive as a species, by energy in MeV."""


def whole(energy_mev: Array) -> Array:
    """All of them, at any energy."""
    return np.ones_like(energy_mev)


def chosen(what: str, given: str | tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a user gives, one or several, in small letters.

    Args:
        what: they are names of, for errors.
        given: by the user.
        known: names.

    Raises:
        UnknownNameError: if one is not known.
        InputError: if there is none, or one twice.

    Examples:
        >>> chosen("branch", "B8", ("pp", "b8"))
        ('b8',)
    """
    names = tuple(n.strip().casefold() for n in ((given,) if isinstance(given, str) else given))
    for name in names:
        if name not in known:
            raise UnknownNameError(what, name, known)
    if not names:
        raise InputError(f"no {what} is given; give one or more of {', '.join(known)}")
    if len(set(names)) < len(names):
        raise InputError(f"a {what} is given twice among {', '.join(names)}; give each once")
    return names


@dataclass(frozen=True, eq=False)
class Curve:
    """A tabulated spectrum with straight lines between its energies, and nothing beyond them.

    Args:
        energy_mev: increasing.
        density: 1/MeV.
    """

    energy_mev: Array
    density: Array

    def __call__(self, energy_mev: Array) -> Array:
        """Density, 1/MeV."""
        out: Array = np.interp(energy_mev, self.energy_mev, self.density, left=0.0, right=0.0)
        return out

    @property
    def area(self) -> float:
        """Its integral."""
        return float(np.trapezoid(self.density, self.energy_mev))

    def below(self, highest_mev: float) -> Curve:
        """What lies below an energy."""
        inside = self.energy_mev < highest_mev
        if inside.all():
            return self
        energy = np.append(self.energy_mev[inside], highest_mev)
        return Curve(energy, np.interp(energy, self.energy_mev, self.density))


@cache
def carried(name: str) -> dict[str, Curve]:
    """Curves of a carried table by the names of its columns."""
    columns = read_columns(_TABLES / f"{name}.csv", ("energy_mev",))
    energy = columns.pop("energy_mev")
    return {column: Curve(energy, values) for column, values in columns.items()}


@dataclass(frozen=True, eq=False)
class Part:
    """Neutrinos of one origin.

    Args:
        name: within the source.
        flux_cm2_s: of all species together.
        curve: their continuous spectrum, of unit area; None where there are lines alone.
        lines: pairs of energy, MeV, and share of the flux.
        shares: of each species that arrives; they add to one, or to what arrives of them.
    """

    name: str
    flux_cm2_s: float
    curve: Curve | None
    lines: tuple[tuple[float, float], ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)

    @property
    def end_mev(self) -> float:
        """The largest energy."""
        energies = [e for e, _ in self.lines]
        return max(energies if self.curve is None else [*energies, self.curve.energy_mev[-1]])


class Mixture(AlwaysOn):
    r"""A sum of parts that shine at all times, with pulls of their fluxes.

    .. math:: \phi_f(E) = \sum_b \Phi_b \, S_b(E) \, P_{bf}(E) \,
       \Big(1 + \sum_k a_k \delta_{kb}\Big)

    with the flux Φ of part b, its spectrum S of unit area, the share P of species f, and pulls a in
    standard deviations, of which a unit changes the flux of b by the fraction δ. A class that
    derives from this one is a dataclass with `live_time_d`, and says `parts` and `changes`.
    """

    @property
    @abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """What it is made of."""
        ...

    @property
    @abstractmethod
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """Relative change of the flux of parts for one standard deviation of each pull."""
        ...

    @cached_property
    def _by_name(self) -> dict[str, Part]:
        return {part.name: part for part in self.parts}

    @cached_property
    def flavours(self) -> tuple[str, ...]:
        """The species that arrive."""
        return tuple(dict.fromkeys(f for part in self.parts for f in part.shares))

    @cached_property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Lines and end points of all parts, MeV."""
        lines = (e for part in self.parts for e, _ in part.lines)
        return tuple(sorted({*lines, *(part.end_mev for part in self.parts)}))

    def _of(self, flavour: str) -> list[Part]:
        """The parts that arrive as a species."""
        if flavour not in self.flavours:
            raise UnknownNameError("species of this source", flavour, self.flavours)
        return [part for part in self.parts if flavour in part.shares]

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """The energies of the tables, MeV."""
        curves = [part.curve.energy_mev for part in self._of(flavour) if part.curve is not None]
        return tuple(np.unique(np.concatenate(curves)).tolist()) if curves else ()

    def end_point_mev(self, flavour: str) -> float:
        """The largest energy, MeV."""
        return max(part.end_mev for part in self._of(flavour))

    def _density(self, flavour: str, energy: Array, change: Mapping[str, float] | None) -> Array:
        """Of the continuous part, /cm2/s/MeV: itself, or what one unit of a pull adds."""
        out = np.zeros(energy.shape)
        for part in self._of(flavour):
            size = 1.0 if change is None else change.get(part.name, 0.0)
            if size:
                out = out + size * _flux(part, flavour, energy)
        return out

    def _lines(self, flavour: str, pull: str | None = None) -> dict[float, float]:
        """Of each line, /cm2/s: itself, or what one unit of a pull adds."""
        out: dict[float, float] = {}
        for part in self._of(flavour):
            size = 1.0 if pull is None else self.changes[pull].get(part.name, 0.0)
            for energy, weight in part.lines:
                share = float(part.shares[flavour](np.array([energy]))[0])
                added = size * part.flux_cm2_s * weight * share
                out[energy] = out.get(energy, 0.0) + added
        return out

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Energies, MeV, and weights of the lines of a species."""
        flux = self.flux_cm2_s(flavour)
        return tuple((e, size / flux) for e, size in sorted(self._lines(flavour).items()))

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Continuous density per particle, 1/MeV."""
        energy = np.asarray(energy_mev, dtype=float)
        return self._density(flavour, energy, None) / self.flux_cm2_s(flavour)

    @cached_property
    def _sums(self) -> dict[tuple[str, str], MomentSums]:
        """Moments of the continuous part of each species and part, /cm2/s."""
        return {
            (flavour, part.name): MomentSums(partial(_flux, part, flavour), part.curve.energy_mev)
            for flavour in self.flavours
            for part in self._of(flavour)
            if part.curve is not None
        }

    @cached_property
    def _fluxes(self) -> dict[str, float]:
        return {f: float(self._moments(f, np.zeros(()), None)[0]) for f in self.flavours}

    def _moments(self, flavour: str, e_min: Array, pull: str | None) -> Array:
        """Times the flux, ``(3, ...)``: of the source, or of what one unit of a pull adds."""
        total = np.zeros((3, *e_min.shape))
        for part in self._of(flavour):
            size = 1.0 if pull is None else self.changes[pull].get(part.name, 0.0)
            if part.curve is not None and size:
                total = total + size * self._sums[flavour, part.name](e_min)
        for energy, size in self._lines(flavour, pull).items():
            powers = energy ** -np.arange(3.0)
            total = total + np.multiply.outer(powers, size * (e_min <= energy))
        return total

    def flux_cm2_s(self, flavour: str) -> float:
        """Particles of a species per cm2 and second."""
        if flavour not in self.flavours:
            raise UnknownNameError("species of this source", flavour, self.flavours)
        return self._fluxes[flavour]

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k: sums over the tables."""
        flux = self.flux_cm2_s(flavour)
        return self._moments(flavour, np.asarray(e_min_mev, dtype=float), None) / flux

    def added_moments(self, name: str, flavour: str, e_min_mev: ArrayLike) -> Array:
        """What one standard deviation of a pull adds to them, of the parts that it moves."""
        self._known(name)
        flux = self.flux_cm2_s(flavour)
        return self._moments(flavour, np.asarray(e_min_mev, dtype=float), name) / flux

    @property
    def totals(self) -> dict[str, float]:
        """Flux of each part, of all species together, for tables; none where parts are species."""
        if all(part.name in part.shares for part in self.parts):
            return {}
        return {f"{part.name}_cm2_s": part.flux_cm2_s for part in self.parts}

    @cached_property
    def parameters(self) -> Parameters:
        """Pulls of the fluxes, in standard deviations."""
        return Parameters(
            Parameter(name, 0.0, constraint=Gaussian(0.0, 1.0), description=_said(change))
            for name, change in self.changes.items()
        )

    def _known(self, name: str) -> None:
        """Refuse a pull that there is not."""
        if name not in self.changes:
            raise UnknownNameError("parameter of this source", name, tuple(self.changes))

    def variation(self, name: str, flavour: str, energy_mev: ArrayLike) -> Array:
        """Relative change of the spectrum for one standard deviation of a pull.

        At exactly the energy of a line it is the change of that line.
        """
        self._known(name)
        energy = np.asarray(energy_mev, dtype=float)
        total = self._density(flavour, energy, None)
        added = self._density(flavour, energy, self.changes[name])
        out: Array = np.divide(added, total, out=np.zeros(energy.shape), where=total > 0.0)
        moved = self._lines(flavour, name)
        for line, size in self._lines(flavour).items():
            if size > 0.0:
                out = np.where(energy == line, moved[line] / size, out)
        return out


def _flux(part: Part, flavour: str, energy_mev: Array) -> Array:
    """Of the continuous spectrum of a part, those that arrive as a species, /cm2/s/MeV."""
    if part.curve is None:
        return np.zeros(energy_mev.shape)
    return part.flux_cm2_s * part.curve(energy_mev) * part.shares[flavour](energy_mev)


def _said(change: Mapping[str, float]) -> str:
    """What a pull does, in one line."""
    some = [f"{100.0 * size:+.3g} % of {name}" for name, size in change.items() if size]
    return f"one standard deviation: {', '.join(some)}"
