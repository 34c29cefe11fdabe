r"""What a detector makes of the direction of a recoil: its spread, and which end is the head.

The measured direction lies about the true one with the density of von Mises and Fisher,

    f(delta) = kappa exp(kappa cos delta)/(4 pi sinh kappa),     kappa = 1/sigma^2,

the normal distribution on the sphere: for small sigma (in radians) it is a gaussian of that width
in each of two directions, for large sigma it becomes isotropic. With probability 1 - h the head is
taken for the tail, and the direction turns round. What is symmetric about an axis keeps its
Legendre polynomials through both, with I the modified Bessel functions:

    <P_l>_measured = <P_l>_true A_l(kappa) (2 h - 1)^(l mod 2),
    A_l = I_{l+1/2}(kappa)/I_{1/2}(kappa),

A_1 = coth kappa - 1/kappa and A_2 = 1 - 3 A_1/kappa among them. At h = 1/2 only axes are left.

Source: Fisher, Proc. R. Soc. A 217 (1953) 295; Mardia & Jupp, Directional Statistics (2000), 9.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from scipy.special import ive

from cevns.columns import read_columns
from cevns.exceptions import DataError, InputError
from cevns.nuclear.checks import finite
from cevns.typing import Array, ArrayLike

__all__ = ["AngularResponse", "angular_table", "legendre_bins"]

SHARPEST_DEG: Final = 0.5
_BLUNTEST_DEG: Final = 180.0
_LEFT: Final = 20.0
"""-ln of what the last Legendre polynomial keeps."""


@dataclass(frozen=True)
class AngularResponse:
    """Angular resolution and recognition of the head of a track.

    Args:
        resolution: sigma in degrees, or a function of the recoil energy in keV; 30 by default, a
            usual number for gas at low energies, from memory [M].
        head_tail: probability h that head and tail are told apart, 0.5 (never) to 1 (always).
        said: what the resolution is, in words.

    Raises:
        InputError: if the resolution or the probability is out of range.

    Examples:
        >>> perfect, axial = AngularResponse(30.0), AngularResponse(30.0, 0.5)
        >>> perfect.factors([5.0], 2).round(4).ravel().tolist()
        [1.0, 0.7271, 0.402]
        >>> axial.factors([5.0], 2).round(4).ravel().tolist()
        [1.0, 0.0, 0.402]
    """

    resolution: float | Callable[[Array], Array] = 30.0
    head_tail: float = 1.0
    said: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not 0.5 <= self.head_tail <= 1.0:
            raise InputError(
                "the probability of the correct sense of a track is between 0.5 and 1, not "
                f"{self.head_tail:g}"
            )
        if not callable(self.resolution):
            _check(np.asarray(float(self.resolution)))
            if not self.said:
                object.__setattr__(self, "said", f"{self.resolution:g} deg")

    def sigma_deg(self, recoil_energy_kev: ArrayLike) -> Array:
        """The resolution at recoil energies, degrees.

        Raises:
            InputError: if the function gives none between 0.5 and 180 degrees.
        """
        energy = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0)
        if callable(self.resolution):
            sigma = np.broadcast_to(np.asarray(self.resolution(energy), dtype=float), energy.shape)
        else:
            sigma = np.full(energy.shape, float(self.resolution))
        return _check(sigma)

    def factors(self, recoil_energy_kev: ArrayLike, order: int) -> Array:
        """What is left of each Legendre polynomial, ``(order + 1, ...)``."""
        kappa = np.radians(self.sigma_deg(recoil_energy_kev)) ** -2.0
        degrees = np.arange(order + 1).reshape(-1, *(1,) * kappa.ndim)
        kept: Array = ive(degrees + 0.5, kappa) / ive(0.5, kappa)
        return kept * np.where(degrees % 2, 2.0 * self.head_tail - 1.0, 1.0)

    def order(self, recoil_energy_kev: ArrayLike) -> int:
        """The last Legendre polynomial of which more than 1e-8 is left."""
        sharpest = math.radians(float(self.sigma_deg(recoil_energy_kev).min()))
        return 4 + math.ceil(math.sqrt(2.0 * _LEFT) / sharpest)


def angular_table(path: str | Path) -> AngularResponse:
    """A resolution from a table with the columns ``recoil_energy_kev`` and ``resolution_deg``.

    Straight lines between the points; beyond the ends the values there, which `said` says. The
    head is always recognised: change it with `dataclasses.replace`.

    Raises:
        DataError: if the file is broken.
        InputError: if a resolution is out of range.
    """
    columns = read_columns(Path(path).expanduser(), ("recoil_energy_kev", "resolution_deg"))
    energy, sigma = columns["recoil_energy_kev"], columns["resolution_deg"]
    if not (np.diff(energy) > 0.0).all():
        raise DataError("has recoil energies that do not increase", path=Path(path))
    _check(sigma)

    def at(recoil_energy_kev: Array) -> Array:
        found: Array = np.interp(recoil_energy_kev, energy, sigma)
        return found

    low, high = float(energy[0]), float(energy[-1])
    said = f"{Path(path).name}, {low:g} to {high:g} keV, constant beyond"
    return AngularResponse(at, said=said)


def legendre_bins(edges: ArrayLike, order: int) -> Array:
    r"""Shares of bins of the cosine for each Legendre moment, ``(order + 1, bins)``.

    A density with the moments a_l is sum_l (2l + 1)/2 a_l P_l(c); its integral over a bin is
    ``sum_l a_l [P_{l+1} - P_{l-1}]/2`` between the edges.

    Raises:
        InputError: if an edge is no cosine, or they do not increase.

    Examples:
        >>> legendre_bins([-1.0, 0.0, 1.0], 1).round(2).tolist()
        [[0.5, 0.5], [-0.75, 0.75]]
    """
    c = np.asarray(edges, dtype=float)
    if c.ndim != 1 or c.size < 2 or not ((np.abs(c) <= 1.0).all() and (np.diff(c) > 0.0).all()):
        raise InputError("edges of cosines must be two or more between -1 and 1 that increase")
    polynomials = np.empty((order + 2, c.size))
    polynomials[0], polynomials[1] = 1.0, c
    for n in range(1, order + 1):
        polynomials[n + 1] = (
            (2 * n + 1) * c * polynomials[n] - n * polynomials[n - 1]
        ) / (n + 1)  # fmt: skip
    primitive = np.empty((order + 1, c.size))
    primitive[0] = 0.5 * c
    primitive[1:] = 0.5 * (polynomials[2:] - polynomials[:-2])
    return np.diff(primitive, axis=1)


def _check(sigma: Array) -> Array:
    odd = sigma[~((sigma >= SHARPEST_DEG) & (sigma <= _BLUNTEST_DEG))]
    if odd.size:
        raise InputError(
            f"an angular resolution of {odd.flat[0]:g} degrees is outside {SHARPEST_DEG:g} to "
            f"{_BLUNTEST_DEG:g}; a usual one is 30deg"
        )
    return sigma
