"""WIMPs of the Galactic halo in the frame of the Earth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Final

import numpy as np

from cevns.citations import identifiers_in
from cevns.constants import DAY_S
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive
from cevns.sources.beams.always_on import AlwaysOn
from cevns.sources.beams.dark_halo import DarkHalo, dark_halo
from cevns.sources.beams.flux_nodes import flux_nodes
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "HaloSource"]

CITE = "none: its conventions name their source"

_SPECIES: Final = "chi"
_C_KM_S: Final = 299792.458
_ROUNDING_D: Final = 1e-6
"""Of edges that were written in another unit."""


@dataclass(frozen=True)
class HaloSource(AlwaysOn):
    r"""Dark-matter particles ``chi`` of the Galactic halo that pass through a detector.

    .. math:: \phi(E)\, dE = \frac{\rho}{m}\, v f(v)\, dv, \qquad E = m/\sqrt{1 - v^2}

    with the speed distribution f(v) of a Maxwellian cut off at the escape speed, in the frame of
    the moving Earth (`cevns.sources.beams.dark_halo`). The mass is that of the process that
    scatters them, for which a fold calls `of_mass`; without a process it is ``mass_gev``.

    With `first_day` the motion of the Earth around the Sun is included: the speed is v_lab +
    14.6 km/s cos(2 pi (day - 152.5)/365.25), which is largest on 2 June. Each bin of a time axis
    in days then has the speeds and the flux averaged over its days; without an axis they are
    averaged over the exposure. In June, small recoils are rarer and large ones more frequent.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        halo: ``shm``, ``recommended-2021``, ``shm++`` or ``fog``.
        density_gev_cm3: local density instead of that of the halo, GeV/cm3.
        v0_km_s: most probable speed instead of that of the halo, km/s.
        v_escape_km_s: escape speed instead of that of the halo, km/s.
        v_lab_km_s: speed of the laboratory instead of that of the halo, km/s.
        day: day of the year (1 January is 1) whose speed of the Earth is used at all times; without
            it and without `first_day`, the speed is the mean of a year.
        first_day: day of the year at the zero of the time axis, from which the Earth moves on.
        begin_d: begin of the exposure on the time axis, d; with `first_day`, 0 unless given.
        end_d: end of the exposure, d; `live_time_d` after the begin unless given.
        mass_gev: mass of the particles, GeV.

    Raises:
        InputError: if a number is out of range, or arguments exclude each other.
        UnknownNameError: if there is no such halo.

    Examples:
        >>> halo = HaloSource(live_time_d=1.0, mass_gev=100.0)
        >>> f"{halo.flux_cm2_s('chi'):.3g} /cm2/s"  # 0.003 per cm3, at 330 km/s
        '1e+05 /cm2/s'
        >>> year = HaloSource(live_time_d=365.25, first_day=1.0)
        >>> june = year.during(137.0 * 86400.0, 167.0 * 86400.0)
        >>> round(june.flux_cm2_s("chi") / year.flux_cm2_s("chi"), 3)
        1.029
    """

    live_time_d: Annotated[float, Unit("d")]
    halo: str = "shm"
    density_gev_cm3: float | None = None
    v0_km_s: float | None = None
    v_escape_km_s: float | None = None
    v_lab_km_s: float | None = None
    day: float | None = None
    first_day: float | None = None
    begin_d: Annotated[float, Unit("d")] | None = None
    end_d: Annotated[float, Unit("d")] | None = None
    mass_gev: Annotated[float, Unit("GeV")] = 50.0
    _halo: DarkHalo = field(init=False, repr=False, compare=False)
    _met: tuple[tuple[float, DarkHalo], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        positive("mass of a dark-matter particle in GeV", self.mass_gev)
        given = {
            name: value
            for name in ("density_gev_cm3", "v0_km_s", "v_escape_km_s", "v_lab_km_s")
            if (value := vars(self)[name]) is not None
        }
        model = dark_halo(self.halo)
        if given:
            model = replace(model, name=f"{model.name}, changed", source="given", **given)
        if self.day is not None:
            model = model.on_day(self.day)
        object.__setattr__(self, "_halo", model)
        object.__setattr__(self, "_met", self._in_the_exposure(model))

    def _in_the_exposure(self, model: DarkHalo) -> tuple[tuple[float, DarkHalo], ...]:
        """Halos whose weighted sum describes the exposure."""
        if self.first_day is None:
            if self.begin_d is not None or self.end_d is not None:
                raise InputError(
                    "begin and end of the exposure of a halo apply only to the annual modulation: "
                    "give 'first_day', the day of the year at the zero of the time axis"
                )
            return ((1.0, model),)
        if self.day is not None:
            raise InputError(
                "a halo has either 'day', one day for all times, or 'first_day', the first day of "
                "the exposure; remove one of them"
            )
        if not 1.0 <= self.first_day <= 367.0:
            raise InputError(f"a day of the year is between 1 and 366, not {self.first_day:g}")
        begin, end = self._exposure_d
        if not begin < end:
            raise InputError(
                f"the exposure from {begin:g} to {end:g} d is empty: it must end after it begins"
            )
        return model.over_days(self.first_day + begin, self.first_day + end)

    @property
    def _exposure_d(self) -> tuple[float, float]:
        """Begin and end on the time axis, d."""
        begin = 0.0 if self.begin_d is None else self.begin_d
        return begin, begin + self.live_time_d if self.end_d is None else self.end_d

    @property
    def burst_s(self) -> tuple[float, float] | None:
        """Begin and end of the exposure, s; None if the speeds are constant in time."""
        if self.first_day is None:
            return None
        begin, end = self._exposure_d
        return begin * DAY_S, end * DAY_S

    def during(self, begin_s: float, end_s: float) -> HaloSource:
        """The source between two times of the exposure, with a constant fraction of live time.

        Args:
            begin_s: s on the time axis.
            end_s: s on the time axis.

        Raises:
            InputError: if the times are not within the exposure.
        """
        if self.first_day is None:
            raise InputError("this halo has no annual modulation: give 'first_day'")
        first, last = self._exposure_d
        begin, end = begin_s / DAY_S, end_s / DAY_S
        if begin < first - _ROUNDING_D or end > last + _ROUNDING_D or not begin < end:
            raise InputError(
                f"dark matter is counted from day {first:g} to {last:g}, but the time "
                f"axis has a bin from {begin:g} to {end:g}: give 'begin' and 'end' of the "
                "exposure, or remove the bins outside it"
            )
        begin, end = max(begin, first), min(end, last)
        live = self.live_time_d * (end - begin) / (last - first)
        return replace(self, begin_d=begin, end_d=end, live_time_d=live)

    @property
    def model(self) -> DarkHalo:
        """The halo; with the motion of the Earth, that of the mean speed."""
        return self._halo

    def of_mass(self, mass_mev: float) -> HaloSource:
        """The same halo made of particles of another mass, MeV."""
        return replace(self, mass_gev=1e-3 * mass_mev)

    @property
    def flavours(self) -> tuple[str, ...]:
        """``chi``."""
        return (_SPECIES,)

    def _check(self, flavour: str) -> None:
        if flavour != _SPECIES:
            raise UnknownNameError("species of a halo", flavour, self.flavours)

    def _energy(self, speed_km_s: float) -> float:
        """Total energy, MeV."""
        return 1e3 * self.mass_gev / float(np.sqrt(1.0 - (speed_km_s / _C_KM_S) ** 2))

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """At rest, where the cut is met from behind, and the largest energy, MeV.

        With seasons the first and last of each: between them the mean over days is smooth.
        """
        behind, fastest = self._edges_km_s
        speeds = (0.0, min(behind), max(behind), min(fastest), max(fastest))
        return tuple(dict.fromkeys(self._energy(v) for v in speeds))

    @cached_property
    def _edges_km_s(self) -> tuple[list[float], list[float]]:
        """Where the cut is met from behind, and the largest speed, of each of the halos met."""
        behind = [halo.v_escape_km_s - halo.v_lab_km_s for _, halo in self._met]
        return behind, [halo.fastest_km_s for _, halo in self._met]

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Where the cut is met, of each of the halos met, MeV."""
        self._check(flavour)
        edges = {v for side in self._edges_km_s for v in side}
        return tuple(self._energy(v) for v in sorted({0.0, *edges}))

    def end_point_mev(self, flavour: str) -> float:
        """At v_esc + v_lab, MeV."""
        self._check(flavour)
        return self._energy(max(self._edges_km_s[1]))

    @cached_property
    def _mean_speed(self) -> float:
        """Of the distribution in the laboratory, km/s."""
        behind, fastest = self._edges_km_s
        speed, weight = flux_nodes(self._speed_density, (), sorted({*behind, *fastest}))
        return float(weight @ speed)

    def _speed_density(self, speed_km_s: Array) -> Array:
        """Mean over the exposure, s/km."""
        each = [w * halo.speed_density(speed_km_s) for w, halo in self._met]
        return np.asarray(np.sum(each, axis=0), dtype=float)

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density in total energy, 1/MeV: v f(v)/<v> dv/dE."""
        self._check(flavour)
        mass, energy = 1e3 * self.mass_gev, np.asarray(energy_mev, dtype=float)
        squared = np.maximum(energy - mass, 0.0) * (energy + mass)
        energy = np.where(squared > 0.0, energy, 2.0 * mass)  # elsewhere there is nothing
        momentum = np.sqrt(np.where(squared > 0.0, squared, mass * mass))
        speed = momentum / energy
        slope = _C_KM_S * mass * mass / (energy * energy * momentum)
        flux = _C_KM_S * speed * self._speed_density(_C_KM_S * speed) / self._mean_speed
        return np.where(squared > 0.0, flux * slope, 0.0)

    def flux_cm2_s(self, flavour: str) -> float:
        """Particles per cm2 and second: rho/m times the mean speed."""
        self._check(flavour)
        return self._halo.density_gev_cm3 / self.mass_gev * 1e5 * self._mean_speed

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Source of the conventions, where they are those of a paper."""
        return {"dark-matter halo": identifiers_in(self._halo.source)}

    @property
    def choices(self) -> Mapping[str, str]:
        """The halo, for tables."""
        if self.first_day is None:
            return {"halo": self._halo.name}
        return {"halo": f"{self._halo.name}, seasons from day {self.first_day:g}"}

    @property
    def totals(self) -> Mapping[str, float]:
        """Density and mass, for tables."""
        return {"density_gev_cm3": self._halo.density_gev_cm3, "mass_gev": self.mass_gev}


MODEL = HaloSource
