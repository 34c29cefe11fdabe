"""Maps of recoil directions on the sky, of the Sun's neutrinos and of dark matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.sources.sky.sky_positions import (
    coordinates_deg,
    galactic,
    laboratory_velocity_km_s,
    sun_direction,
    vector,
)
from cevns.typing import Array, ArrayLike

__all__ = ["YEAR_OF_DAYS", "Frame", "SkyMap", "places_deg", "recoil_map", "sun_axes", "wind_axes"]

Frame = Literal["galactic", "equatorial"]
_LONGITUDES, _LATITUDES = 181, 91
YEAR_OF_DAYS: Final = tuple(float(x) for x in 365.25 * np.arange(73) / 73.0)
"""Days that stand for a year, since J2000."""


@dataclass(frozen=True, eq=False)
class SkyMap:
    """Densities of directions.

    Args:
        longitude_deg: -180 to 180, ``(n,)``.
        latitude_deg: -90 to 90, ``(m,)``.
        density: per steradian, of unit integral over the sphere, ``(m, n)``.
        frame: of the coordinates.
    """

    longitude_deg: Array
    latitude_deg: Array
    density: Array
    frame: Frame

    @property
    def whole(self) -> float:
        """Its integral over the sphere."""
        weight = np.cos(np.radians(self.latitude_deg))
        rows = np.trapezoid(self.density, np.radians(self.longitude_deg), axis=1)
        return float(np.trapezoid(rows * weight, np.radians(self.latitude_deg)))


def sun_axes(days: ArrayLike) -> Array:
    """Directions in which the Sun's neutrinos fly, equatorial, ``(d, 3)``."""
    return -np.atleast_2d(sun_direction(np.atleast_1d(days)))


def wind_axes(days: ArrayLike, speed_km_s: float) -> Array:
    """Directions in which the WIMP wind blows, equatorial, ``(d, 3)``."""
    velocity = np.atleast_2d(laboratory_velocity_km_s(np.atleast_1d(days), speed_km_s))
    result: Array = -velocity / np.linalg.norm(velocity, axis=-1, keepdims=True)
    return result


def recoil_map(moments: ArrayLike, axes: Array, frame: Frame = "galactic") -> SkyMap:
    """The mean over axes of what has Legendre moments about each of them.

    ``sum_l (2l + 1)/(4 pi) a_l/a_0 P_l(n . axis)`` for directions n.

    Args:
        moments: a_l, ``(order + 1,)``.
        axes: equatorial unit vectors, ``(d, 3)``, one for each time.
        frame: of the map.

    Raises:
        InputError: if there is no axis, or nothing to map.

    Examples:
        >>> found = recoil_map([1.0, 0.3], sun_axes([0.0]))
        >>> round(found.whole, 3)
        1.0
    """
    a = np.asarray(moments, dtype=float)
    if not axes.size or not a[0] > 0.0:
        raise InputError("there are no recoils to map")
    longitude = np.linspace(-180.0, 180.0, _LONGITUDES)
    latitude = np.linspace(-90.0, 90.0, _LATITUDES)
    points = vector(*np.meshgrid(longitude, latitude))
    turned = axes if frame == "equatorial" else axes @ galactic().T
    series = a / a[0] * (2.0 * np.arange(a.size) + 1.0) / (4.0 * np.pi)
    density = np.zeros(points.shape[:-1])
    for axis in turned:
        density += np.polynomial.legendre.legval(np.clip(points @ axis, -1.0, 1.0), series)
    return SkyMap(longitude, latitude, np.maximum(density / len(turned), 0.0), frame)


def places_deg(axes: Array, frame: Frame) -> tuple[Array, Array]:
    """Longitudes, -180 to 180, and latitudes of equatorial vectors in a frame."""
    turned = axes if frame == "equatorial" else axes @ galactic().T
    longitude, latitude = coordinates_deg(turned)
    return (longitude + 180.0) % 360.0 - 180.0, latitude
