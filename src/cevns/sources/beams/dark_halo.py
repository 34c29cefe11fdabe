r"""Halos of dark matter: densities and speeds of WIMPs at the Earth, in closed form.

Velocities in the Galaxy are a Maxwellian of most probable speed v0, cut at the escape speed v_esc;
the laboratory moves through it with v_lab. With x = v_min/v0, y = v_lab/v0, z = v_esc/v0 and
N = erf z - (2/sqrt(pi)) z exp(-z^2), which normalises the cut distribution to one, the mean inverse
speed above v_min is

    eta = [erf(x+y) - erf(x-y) - (4/sqrt(pi)) y exp(-z^2)] / (2 N v0 y)            x < z - y,
    eta = [erf z - erf(x-y) - (2/sqrt(pi)) (y+z-x) exp(-z^2)] / (2 N v0 y)     z - y < x < y + z,

and 0 above (for y < z). Source: Savage, Freese & Gondolo, astro-ph/0607121; Lewin & Smith,
Astropart. Phys. 6 (1996) 87.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import erf

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import finite
from cevns.registry import canonical
from cevns.typing import Array, ArrayLike
from cevns.units import quantity

__all__ = ["HALOS", "DarkHalo", "dark_halo", "read_halo"]

_ORBIT_KM_S: Final = 14.6
"""Part of the Earth's orbital speed, 29.8 km/s, along the motion of the Sun: times 0.49 [M]."""
_FASTEST_DAY: Final = 152.5
"""Day of the year of the largest speed, 2 June [M]."""
_YEAR_D: Final = 365.25
_NODES_A_YEAR: Final = 6
_DAYS_A_NODE: Final = 60.0
"""Of a mean over days: speeds change by 6 %, so that few nodes in time are exact to 1e-7."""
_ROOT_PI: Final = math.sqrt(math.pi)


@dataclass(frozen=True)
class DarkHalo:
    """A halo at the Earth.

    Args:
        name: short.
        density_gev_cm3: of dark matter, GeV/cm3.
        v0_km_s: most probable speed in the Galaxy, km/s: sqrt(2) times the dispersion.
        v_escape_km_s: speed at which the distribution ends, km/s.
        v_lab_km_s: of the laboratory in the Galaxy, mean of a year, km/s.
        source: where the numbers are from.

    Raises:
        InputError: if a number is outside what a galaxy like ours can have.

    Examples:
        >>> shm = dark_halo("shm")
        >>> f"{float(shm.mean_inverse_speed(0.0)):.5f} s/km", shm.fastest_km_s
        ('0.00374 s/km', 776.0)
    """

    name: str
    density_gev_cm3: float
    v0_km_s: float
    v_escape_km_s: float
    v_lab_km_s: float
    source: str = "given"

    def __post_init__(self) -> None:
        limits = (
            ("density in GeV/cm3", self.density_gev_cm3, 1e-3, 10.0, "0.3"),
            ("most probable speed in km/s", self.v0_km_s, 50.0, 1000.0, "220"),
            ("escape speed in km/s", self.v_escape_km_s, 200.0, 3000.0, "544"),
            ("speed of the laboratory in km/s", self.v_lab_km_s, 10.0, 1000.0, "232"),
        )
        for what, value, low, high, usual in limits:
            if not low <= value <= high:
                raise InputError(
                    f"halo {self.name!r}: the {what} is {value:g}, outside {low:g} to {high:g}; "
                    f"a usual value is {usual}"
                )
        if not self.v_lab_km_s < self.v_escape_km_s:
            raise InputError(
                f"halo {self.name!r}: the laboratory, {self.v_lab_km_s:g} km/s, is faster than the "
                f"escape speed, {self.v_escape_km_s:g} km/s"
            )

    @property
    def fastest_km_s(self) -> float:
        """Largest speed in the laboratory, v_esc + v_lab, km/s."""
        return self.v_escape_km_s + self.v_lab_km_s

    @property
    def _norm(self) -> float:
        z = self.v_escape_km_s / self.v0_km_s
        return math.erf(z) - 2.0 / _ROOT_PI * z * math.exp(-z * z)

    def on_day(self, day: float) -> DarkHalo:
        """The halo as it is met on a day of the year (1 January is 1).

        v_lab + 14.6 km/s cos(2 pi (day - 152.5)/365.25), with the yearly mean as it is.

        Raises:
            InputError: if there is no such day.

        Examples:
            >>> june, december = (dark_halo("shm").on_day(d) for d in (152.5, 335.125))
            >>> round(june.v_lab_km_s, 1), round(december.v_lab_km_s, 1)
            (246.6, 217.4)
        """
        if not 1.0 <= day <= 367.0:
            raise InputError(f"a day of the year is between 1 and 366, not {day:g}")
        return replace(self._faster(math.cos(_phase(day))), name=f"{self.name}, day {day:g}")

    def _faster(self, part: float) -> DarkHalo:
        """The halo where a part of the orbital speed, -1 to 1, adds to the mean."""
        return replace(self, v_lab_km_s=self.v_lab_km_s + _ORBIT_KM_S * part)

    def over_days(self, first_day: float, last_day: float) -> tuple[tuple[float, DarkHalo], ...]:
        """Weights and halos whose weighted sum is the mean over some days, weights adding to one.

        Nodes of Gauss and Legendre in time; of whole years those of Gauss and Chebyshev in the
        cosine, on which alone the speed depends.

        Args:
            first_day: where it begins; 1 is 1 January.
            last_day: where it ends, later; of following years too.

        Raises:
            InputError: if it does not end after it begins.

        Examples:
            >>> june = dark_halo("shm").over_days(137.5, 167.5)
            >>> round(sum(w * halo.v_lab_km_s for w, halo in june), 2)  # 0.989 of the amplitude
            246.44
            >>> year = dark_halo("shm").over_days(1.0, 366.25)
            >>> round(sum(w * halo.v_lab_km_s for w, halo in year), 9)
            232.0
        """
        days = last_day - first_day
        if not days > 0.0:
            raise InputError(
                f"days of a halo end after they begin, not {first_day:g}, {last_day:g}"
            )
        years = math.floor(days / _YEAR_D + 1e-9)
        rest = max(days - years * _YEAR_D, 0.0)
        cosines, weights = np.zeros(0), np.zeros(0)
        if years:
            cosines = np.cos(math.pi * (np.arange(_NODES_A_YEAR) + 0.5) / _NODES_A_YEAR)
            weights = np.full(_NODES_A_YEAR, (days - rest) / days / _NODES_A_YEAR)
        if rest > 1e-9 * days:
            x, w = np.polynomial.legendre.leggauss(3 + math.ceil(rest / _DAYS_A_NODE))
            at = last_day - 0.5 * rest * (1.0 - x)
            cosines = np.append(cosines, np.cos(_phase(at)))
            weights = np.append(weights, 0.5 * w * rest / days)
        return tuple(
            (float(w), self._faster(float(c))) for w, c in zip(weights, cosines, strict=True)
        )

    def mean_inverse_speed(self, v_min_km_s: ArrayLike) -> Array:
        """eta(v_min), s/km, of the shape of the argument.

        Raises:
            InputError: if a speed is negative or not finite.
        """
        x = finite("smallest speed in km/s", v_min_km_s, minimum=0.0) / self.v0_km_s
        y, z = self.v_lab_km_s / self.v0_km_s, self.v_escape_km_s / self.v0_km_s
        tail = math.exp(-z * z)
        whole = erf(x + y) - erf(x - y) - 4.0 / _ROOT_PI * y * tail
        part = math.erf(z) - erf(x - y) - 2.0 / _ROOT_PI * (y + z - x) * tail
        bracket = np.where(x < z - y, whole, np.where(x < y + z, part, 0.0))
        result: Array = np.maximum(bracket, 0.0) / (2.0 * self._norm * self.v0_km_s * y)
        return result

    def speed_density(self, speed_km_s: ArrayLike) -> Array:
        """Distribution of speeds in the laboratory, s/km, of unit area.

        v/(N sqrt(pi) v0 v_lab) [exp(-(v - v_lab)^2/v0^2) - exp(-min(v + v_lab, v_esc)^2/v0^2)],
        which is the slope -v d eta/dv.

        Examples:
            >>> v = np.linspace(0.0, 776.0, 20001)
            >>> round(float(np.trapezoid(dark_halo("shm").speed_density(v), v)), 6)
            1.0
        """
        v = np.asarray(speed_km_s, dtype=float)
        v0, v_lab = self.v0_km_s, self.v_lab_km_s
        far = np.minimum(v + v_lab, self.v_escape_km_s)
        shape = np.exp(-(((v - v_lab) / v0) ** 2)) - np.exp(-((far / v0) ** 2))
        inside = (v >= 0.0) & (v <= self.fastest_km_s)
        density = v * np.maximum(shape, 0.0) / (self._norm * _ROOT_PI * v0 * v_lab)
        return np.where(inside, density, 0.0)

    def radon(self, v_min_km_s: ArrayLike, wind_cosine: ArrayLike) -> Array:
        """Radon transform of the velocities, s/km: recoils by direction, broadcast.

        With c the cosine between the recoil and the mean direction in which WIMPs fly,

            fhat(v_min, c) = [exp(-(v_min - v_lab c)^2/v0^2) - exp(-v_esc^2/v0^2)]/(N sqrt(pi) v0)

        and zero where |v_min - v_lab c| exceeds v_esc; its integral over c is eta(v_min). The
        rate by direction is d2R/dT dOmega = dR/dT fhat/(2 pi eta). Source: Gondolo,
        hep-ph/0209110.

        Raises:
            InputError: if a speed is negative or not finite.

        Examples:
            >>> c, weight = np.polynomial.legendre.leggauss(40)
            >>> shm = dark_halo("shm")
            >>> bool(np.isclose(shm.radon(100.0, c) @ weight, shm.mean_inverse_speed(100.0)))
            True
        """
        v_min = finite("smallest speed in km/s", v_min_km_s, minimum=0.0)
        v0, v_escape = self.v0_km_s, self.v_escape_km_s
        along = v_min - self.v_lab_km_s * np.asarray(wind_cosine, dtype=float)
        inside = np.abs(along) < v_escape
        shape = np.exp(-((along / v0) ** 2)) - math.exp(-((v_escape / v0) ** 2))
        return np.where(inside, shape, 0.0) / (self._norm * _ROOT_PI * v0)


def _phase(day: ArrayLike) -> Array:
    """Of the year, from the day of the largest speed."""
    phase: Array = 2.0 * math.pi * (np.asarray(day, dtype=float) - _FASTEST_DAY) / _YEAR_D
    return phase


HALOS: Final = {
    halo.name: halo
    for halo in (
        DarkHalo("shm", 0.3, 220.0, 544.0, 232.0, "Standard Halo Model, usual values"),
        DarkHalo(
            "recommended-2021", 0.3, 238.0, 544.0, 250.5,
            "recommended conventions, arXiv:2105.00599",
        ),
        DarkHalo(
            "shm++", 0.55, 233.0, 580.0, 248.0,
            "arXiv:1810.11468, round part only; v_lab from memory [M]",
        ),
        DarkHalo(
            "fog", 0.3, 167.0 * math.sqrt(2.0), 533.0, 245.6,
            "as for the floors of arXiv:2109.03116: dispersion 167 km/s",
        ),
    )
}  # fmt: skip
"""Halos by name."""


def dark_halo(name: str | DarkHalo) -> DarkHalo:
    """The halo called `name`; a halo passes through.

    Raises:
        UnknownNameError: if there is no such halo.

    Examples:
        >>> round(dark_halo("fog").v0_km_s, 1)
        236.2
    """
    if isinstance(name, DarkHalo):
        return name
    if canonical(name) not in HALOS:
        raise UnknownNameError("halo", name, HALOS)
    return HALOS[canonical(name)]


_CHANGED: Final = {
    "density": "density_gev_cm3",
    "v0": "v0_km_s",
    "v_escape": "v_escape_km_s",
    "v_lab": "v_lab_km_s",
}


def read_halo(text: str) -> DarkHalo:
    """A halo as it is written on a command line: its name, and numbers that differ from it.

    Args:
        text: such as ``shm`` or ``shm,density=0.4,v0=235``: GeV/cm3 and km/s, without units.

    Raises:
        UnknownNameError: if there is no such halo or number.
        InputError: if a number cannot be read or is out of range.

    Examples:
        >>> read_halo("shm,v_escape=580").fastest_km_s
        812.0
    """
    name, *changes = (part.strip() for part in text.split(","))
    found = dark_halo(name)
    given: dict[str, float] = {}
    for change in changes:
        key, equal, value = (part.strip() for part in change.partition("="))
        if not equal:
            raise InputError(f"halo {text!r}: write NAME,v0=235 and not {change!r}")
        key = key.casefold().replace("-", "_")
        if key not in _CHANGED:
            raise UnknownNameError("number of a halo", key, _CHANGED)
        given[_CHANGED[key]] = quantity(value, "", what=f"halo {key}")
    return replace(found, name=text, source="given", **given) if given else found
