"""WIMPs of the Galaxy's halo, as the Earth meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Final

import numpy as np

from cevns.constants import DAY_S
from cevns.exceptions import UnknownNameError
from cevns.nuclear.checks import positive
from cevns.sources.beams.dark_halo import DarkHalo, dark_halo
from cevns.sources.beams.flux_nodes import flux_nodes
from cevns.sources.beams.source import Source
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "HaloSource"]

_SPECIES: Final = "chi"
_C_KM_S: Final = 299792.458


@dataclass(frozen=True)
class HaloSource(Source):
    r"""Dark-matter particles ``chi`` that fall through a detector.

    .. math:: \phi(E)\, dE = \frac{\rho}{m}\, v f(v)\, dv, \qquad E = m/\sqrt{1 - v^2}

    with the speeds f(v) of a Maxwellian that is cut at the escape speed, seen from the moving
    Earth (`cevns.sources.beams.dark_halo`). The mass is that of the process that scatters them:
    a fold asks for the source `of_mass`; alone, it has ``mass_gev``.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        halo: ``shm``, ``recommended-2021``, ``shm++`` or ``fog``.
        density_gev_cm3: in place of the halo's, GeV/cm3.
        v0_km_s: likewise, km/s.
        v_escape_km_s: likewise, km/s.
        v_lab_km_s: likewise, km/s.
        day: of the year, for annual modulation; the mean of a year if left out.
        mass_gev: of the particles, GeV.

    Raises:
        InputError: if a number is out of range.
        UnknownNameError: if there is no such halo.

    Examples:
        >>> halo = HaloSource(live_time_d=1.0, mass_gev=100.0)
        >>> f"{halo.flux_cm2_s('chi'):.3g} /cm2/s"  # 0.003 per cm3, at 330 km/s
        '1e+05 /cm2/s'
    """

    live_time_d: Annotated[float, Unit("d")]
    halo: str = "shm"
    density_gev_cm3: float | None = None
    v0_km_s: float | None = None
    v_escape_km_s: float | None = None
    v_lab_km_s: float | None = None
    day: float | None = None
    mass_gev: Annotated[float, Unit("GeV")] = 50.0
    _halo: DarkHalo = field(init=False, repr=False, compare=False)

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

    @property
    def model(self) -> DarkHalo:
        """The halo."""
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
        """At rest, where the cut is met from behind, and the largest energy, MeV."""
        halo = self._halo
        speeds = (0.0, halo.v_escape_km_s - halo.v_lab_km_s, halo.fastest_km_s)
        return tuple(self._energy(v) for v in speeds)

    def end_point_mev(self, flavour: str) -> float:
        """At v_esc + v_lab, MeV."""
        self._check(flavour)
        return self._energy(self._halo.fastest_km_s)

    @cached_property
    def _mean_speed(self) -> float:
        """Of the distribution in the laboratory, km/s."""
        halo = self._halo
        speed, weight = flux_nodes(
            halo.speed_density, (), (halo.v_escape_km_s - halo.v_lab_km_s, halo.fastest_km_s)
        )
        return float(weight @ speed)

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density in total energy, 1/MeV: v f(v)/<v> dv/dE."""
        self._check(flavour)
        mass, energy = 1e3 * self.mass_gev, np.asarray(energy_mev, dtype=float)
        squared = np.maximum(energy - mass, 0.0) * (energy + mass)
        energy = np.where(squared > 0.0, energy, 2.0 * mass)  # elsewhere there is nothing
        momentum = np.sqrt(np.where(squared > 0.0, squared, mass * mass))
        speed = momentum / energy
        slope = _C_KM_S * mass * mass / (energy * energy * momentum)
        flux = _C_KM_S * speed * self._halo.speed_density(_C_KM_S * speed) / self._mean_speed
        return np.where(squared > 0.0, flux * slope, 0.0)

    def flux_cm2_s(self, flavour: str) -> float:
        """Particles per cm2 and second: rho/m times the mean speed."""
        self._check(flavour)
        return self._halo.density_gev_cm3 / self.mass_gev * 1e5 * self._mean_speed

    def fluence_cm2(self, flavour: str) -> float:
        """Particles per cm2 in the live time."""
        return self.flux_cm2_s(flavour) * self.live_time_d * DAY_S

    @property
    def choices(self) -> Mapping[str, str]:
        """The halo, for tables."""
        return {"halo": self._halo.name}

    @property
    def duty(self) -> float:
        """One: they come at all times."""
        return 1.0

    @property
    def lasts(self) -> bool:
        """True: nothing switches them off."""
        return True

    @property
    def totals(self) -> Mapping[str, float]:
        """Density and mass, for tables."""
        return {"density_gev_cm3": self._halo.density_gev_cm3, "mass_gev": self.mass_gev}


MODEL = HaloSource
