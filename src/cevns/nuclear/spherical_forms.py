"""What a form-factor model is, and the smooth special functions they share.

A model describes a nucleon distribution by its rms radius R; everything else (surface thickness)
is fixed in the model. So separate proton and neutron radii, and a neutron radius that floats in
a fit, work with every model in the same way.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.typing import Array, ArrayLike, BoolArray

__all__ = ["FormFactor", "charge_radius", "coth_remainder", "over_sinh", "sinc", "sphere"]


class FormFactor(Protocol):
    """A nuclear form factor: F(q; R) with F(0) = 1 and F = 1 - (q R)^2/6 + O(q^4)."""

    @property
    def minimum_rms_fm(self) -> float:
        """Smallest rms radius the model can describe: that of its surface alone, fm."""
        ...

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """F at momentum transfer q (1/fm) for rms radius R (fm), broadcast.

        Below `minimum_rms_fm` the result is NaN.
        """
        ...

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The model's own choice of rms radius, fm, for protons and neutrons alike."""
        ...


def charge_radius(nuclide: Nuclide, minimum_rms_fm: float, model: str) -> float:
    """The tabulated rms charge radius, refused where `model` cannot have so small a radius.

    Raises:
        InputError: if the radius is not above `minimum_rms_fm`.
    """
    if nuclide.charge_radius_fm <= minimum_rms_fm:
        raise InputError(
            f"the form factor {model!r} cannot describe {nuclide.name}: its charge radius "
            f"{nuclide.charge_radius_fm:g} fm is smaller than the surface alone "
            f"({minimum_rms_fm:.3g} fm); use 'unity' or 'klein-nystrand' for so light a nucleus"
        )
    return nuclide.charge_radius_fm


def _series(x2: Array, *coefficients: float) -> Array | float:
    """Horner sum of coefficients of powers of x2, from the constant up."""
    total: Array | float = 0.0
    for c in reversed(coefficients):
        total = total * x2 + c
    return total


def _split(x: Array, threshold: float) -> tuple[BoolArray, Array]:
    """Mask of small arguments, and the argument made safe for a division."""
    small = np.abs(x) < threshold
    return small, np.where(small, 1.0, x)


# Below the thresholds the closed forms lose digits to cancellation; the series there is exact to
# rounding: the first term left out is below 1e-14.


def sinc(x: Array) -> Array:
    """``sin x / x``."""
    small, safe = _split(x, 0.1)
    series = _series(x * x, 1.0, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880)
    return np.where(small, series, np.sin(safe) / safe)


def sphere(x: Array) -> Array:
    """Form factor of a homogeneous sphere, ``3 j1(x)/x = 3 (sin x - x cos x)/x^3``."""
    small, safe = _split(x, 0.5)
    series = _series(
        x * x, 1.0, -1 / 10, 1 / 280, -1 / 15120, 1 / 1330560, -1 / 172972800, 1 / 31135104000
    )
    closed = 3.0 * (np.sin(safe) / safe - np.cos(safe)) / (safe * safe)
    return np.where(small, series, closed)


def over_sinh(y: Array) -> Array:
    """``y / sinh y`` for y >= 0, without overflow."""
    small, safe = _split(y, 0.1)
    series = _series(y * y, 1.0, -1 / 6, 7 / 360, -31 / 15120, 127 / 604800)
    closed = 2.0 * safe * np.exp(-safe) / -np.expm1(-2.0 * safe)
    return np.where(small, series, closed)


def coth_remainder(y: Array) -> Array:
    """``3 (y coth y - 1)/y^2`` for y >= 0; tends to 1 for small y."""
    small, safe = _split(y, 0.1)
    series = _series(y * y, 1.0, -1 / 15, 2 / 315, -1 / 1575, 2 / 31185)
    decay = np.expm1(-2.0 * safe)
    closed = 3.0 * (safe * (2.0 + decay) / -decay - 1.0) / (safe * safe)
    return np.where(small, series, closed)
