r"""Where the Sun stands and whence the WIMP wind blows: directions on the sky over the year.

Equatorial coordinates (right ascension, declination) and galactic ones, in degrees; vectors have
unit length unless they are velocities. Time is in days since J2000.0, 1 January 2000 at 12 h.

The Sun, to 0.01 degrees between 1950 and 2050 (The Astronomical Almanac, C5, low precision):

    L = 280.460 + 0.9856474 n,   g = 357.528 + 0.9856003 n,
    lambda = L + 1.915 sin g + 0.020 sin 2g,   obliquity = 23.439 - 4e-7 n,
    sin(dec) = sin(obliquity) sin(lambda),   tan(ra) = cos(obliquity) tan(lambda).

Galactic coordinates are those of the IAU in the equinox J2000: the pole at right ascension
192.85948 and declination 27.12825, and the north celestial pole at the longitude 122.93192.

The velocity of the laboratory in the Galaxy is that of the Sun, (11.1, v, 7.25) km/s towards the
centre, the rotation and the pole, with v such that the speed is that of the halo (peculiar motion:
Schoenrich, Binney & Dehnen, arXiv:0912.3693), and that of the Earth in its orbit,

    v_E = V (-sin L_E - e sin w, cos L_E + e cos w),    V = 29.789 km/s, e = 0.01671, w = 102.94 deg

in the ecliptic, with the Earth's longitude L_E = lambda + 180 degrees. The rotation of the Earth,
0.3 km/s, is left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import finite
from cevns.typing import Array, ArrayLike

__all__ = [
    "angle_deg",
    "coordinates_deg",
    "days_since_j2000",
    "galactic",
    "hour_angle_deg",
    "laboratory_velocity_km_s",
    "sun_direction",
    "sun_longitude_deg",
    "vector",
]

_POLE_RA, _POLE_DEC, _POLE_LONGITUDE = 192.85948, 27.12825, 122.93192
_PECULIAR_KM_S: Final = (11.1, 7.25)
"""Of the Sun, towards the galactic centre and towards the pole."""
_ORBIT_KM_S: Final = 29.789
_ECCENTRICITY: Final = 0.01671
_PERIHELION_DEG: Final = 102.94
_PRECESSION_DEG_D: Final = 1.39697 / 36525.0
_J2000: Final = np.datetime64("2000-01-01T12:00")


def days_since_j2000(date: str) -> float:
    """Days from 1 January 2000, 12 h, to a date, in UTC (a minute more or less does not matter).

    Raises:
        InputError: if it is no date.

    Examples:
        >>> days_since_j2000("2024-03-20T03:06")
        8844.629166666667
    """
    try:
        moment = np.datetime64(date)
    except ValueError:
        raise InputError(f"{date!r} is not a date: write 2024-06-20 or 2024-06-20T20:51") from None
    return float((moment - _J2000) / np.timedelta64(1, "s")) / 86400.0


def date_of(days: float) -> str:
    """The date and time, UTC, of days since 1 January 2000, 12 h, to the minute.

    Examples:
        >>> date_of(days_since_j2000("2024-03-20T03:06"))
        '2024-03-20 03:06'
    """
    moment = _J2000 + np.timedelta64(round(days * 1440.0), "m")
    return str(moment.astype("datetime64[m]")).replace("T", " ")


def vector(ra_deg: ArrayLike, dec_deg: ArrayLike) -> Array:
    """Unit vectors of directions, ``(..., 3)``.

    Examples:
        >>> vector(90.0, 0.0).round(12).tolist()
        [0.0, 1.0, 0.0]
    """
    ra, dec = np.radians(np.asarray(ra_deg, float)), np.radians(np.asarray(dec_deg, float))
    return np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec) + 0.0 * ra], -1
    )


def coordinates_deg(vectors: ArrayLike) -> tuple[Array, Array]:
    """Longitude (0 to 360) and latitude of vectors ``(..., 3)`` of any length."""
    v = np.asarray(vectors, dtype=float)
    longitude = np.degrees(np.arctan2(v[..., 1], v[..., 0])) % 360.0
    return longitude, np.degrees(np.arctan2(v[..., 2], np.hypot(v[..., 0], v[..., 1])))


def galactic() -> Array:
    """The rotation that makes galactic vectors of equatorial ones (J2000), ``(3, 3)``.

    Examples:
        The centre of the Galaxy is at 17 h 45.6 min, -28.94 degrees:

        >>> ra, dec = coordinates_deg(galactic().T @ [1.0, 0.0, 0.0])
        >>> round(float(ra), 2), round(float(dec), 2)
        (266.4, -28.94)
    """
    pole = vector(_POLE_RA, _POLE_DEC)
    # the north celestial pole seen from the galactic one: at the longitude of the pole
    north = np.array([0.0, 0.0, 1.0])
    along = north - pole * (north @ pole)
    along /= np.linalg.norm(along)
    across = np.cross(pole, along)
    angle = np.radians(_POLE_LONGITUDE)
    centre = np.cos(angle) * along - np.sin(angle) * across
    result: Array = np.stack([centre, np.cross(pole, centre), pole])
    return result


def sun_longitude_deg(day: ArrayLike) -> Array:
    """Ecliptic longitude of the Sun, equinox of the date, degrees.

    Args:
        day: since J2000.
    """
    n = finite("days since J2000", day)
    g = np.radians(357.528 + 0.9856003 * n)
    result: Array = (280.460 + 0.9856474 * n + 1.915 * np.sin(g) + 0.020 * np.sin(2.0 * g)) % 360.0
    return result


def _ecliptic(longitude_deg: Array, day: Array) -> Array:
    obliquity = np.radians(23.439 - 4e-7 * day)
    where = np.radians(longitude_deg)
    x, y = np.cos(where), np.sin(where)
    return np.stack([x, y * np.cos(obliquity), y * np.sin(obliquity)], axis=-1)


def sun_direction(day: ArrayLike, *, of_date: bool = False) -> Array:
    """Unit vectors towards the Sun in equatorial coordinates, ``(..., 3)``.

    Args:
        day: since J2000.
        of_date: coordinates of the equinox of the date, for the height above a horizon, instead of
            those of J2000, for what stands still among the stars.

    Examples:
        >>> solstice = sun_direction(days_since_j2000("2024-06-20T20:51"), of_date=True)
        >>> round(float(coordinates_deg(solstice)[1]), 2)
        23.44
    """
    n = finite("days since J2000", day)
    longitude = sun_longitude_deg(n)
    return _ecliptic(longitude if of_date else longitude - _PRECESSION_DEG_D * n, n)


def hour_angle_deg(day: ArrayLike, ra_deg: ArrayLike, longitude_deg: float) -> Array:
    """Hour angle at an eastern longitude, 0 to 360 degrees: 0 when highest in the sky.

    Local sidereal time less right ascension; Greenwich's is 280.46062 + 360.98564737 n degrees.

    Examples:
        >>> noon = days_since_j2000("2024-04-15T12:00")  # the equation of time vanishes
        >>> ra, _ = coordinates_deg(sun_direction(noon, of_date=True))
        >>> bool(abs((hour_angle_deg(noon, ra, 0.0) + 180.0) % 360.0 - 180.0) < 0.1)
        True
    """
    n = finite("days since J2000", day)
    result: Array = (280.46062 + 360.98564737 * n + longitude_deg - np.asarray(ra_deg)) % 360.0
    return result


def laboratory_velocity_km_s(day: ArrayLike, speed_km_s: float) -> Array:
    """Velocity of the Earth in the Galaxy in equatorial coordinates, km/s, ``(..., 3)``.

    WIMPs blow against it: the mean wind comes from where it points, in Cygnus.

    Args:
        day: since J2000.
        speed_km_s: of the Sun, the v_lab of a halo.

    Raises:
        InputError: if the speed is below that of the Sun among its neighbours.

    Examples:
        >>> ra, dec = coordinates_deg(laboratory_velocity_km_s([0.0, 182.6], 245.6))
        >>> ra.round(0).tolist(), dec.round(0).tolist()
        ([304.0, 321.0], [50.0, 45.0])
    """
    n = finite("days since J2000", day)
    towards, up = _PECULIAR_KM_S
    if not speed_km_s > 20.0:
        raise InputError(f"a laboratory of {speed_km_s:g} km/s has no direction; take above 20")
    sun = np.array([towards, np.sqrt(speed_km_s**2 - towards**2 - up**2), up])
    earth = np.radians(sun_longitude_deg(n) - _PRECESSION_DEG_D * n + 180.0)
    perihelion = np.radians(_PERIHELION_DEG)
    x = -np.sin(earth) - _ECCENTRICITY * np.sin(perihelion)
    y = np.cos(earth) + _ECCENTRICITY * np.cos(perihelion)
    obliquity = np.radians(23.439)
    orbit = np.stack([x, y * np.cos(obliquity), y * np.sin(obliquity)], axis=-1)
    result: Array = galactic().T @ sun + _ORBIT_KM_S * orbit
    return result


def angle_deg(first: ArrayLike, second: ArrayLike) -> Array:
    """Angle between vectors ``(..., 3)`` of any length, degrees."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    result: Array = np.degrees(np.arctan2(across, (a * b).sum(axis=-1)))
    return result
