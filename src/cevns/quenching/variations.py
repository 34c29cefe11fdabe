"""Eigen-variations of a fitted curve: a covariance as independent unit-Gaussian directions.

Any vectors V_k with sum_k V_k V_k^T = C reproduce the covariance C of the numbers. The principal
components are those whose curves are orthogonal in the mean over the measured energies,

    G = < d(QF)/dp d(QF)/dp^T >_T,   L L^T = G,   L^T C L u_k = lambda_k u_k,
    V_k = C L u_k / sqrt(lambda_k)

so that lambda_k is the mean variance of QF that direction k carries: leaving out the last ones
loses the least. Measured this way they do not depend on the units of the numbers.
"""

from __future__ import annotations

import numpy as np

from cevns.detectors.framework.variation import Variation
from cevns.detectors.quenching import Quenching
from cevns.exceptions import InputError
from cevns.quenching.curve_families import Family
from cevns.typing import Array

__all__ = ["ENOUGH", "eigenvectors", "error_of", "variations"]

ENOUGH = 0.99
"""Share of the mean variance that is kept by default."""


def eigenvectors(
    family: Family, numbers: Array, covariance: Array, recoil_kev: Array, points: int = 200
) -> tuple[Array, Array]:
    """Eigen-variations of the numbers, the largest first.

    Args:
        family: the curves.
        numbers: fitted numbers, ``(n,)``.
        covariance: theirs, ``(n, n)``.
        recoil_kev: measured energies; the mean is over the range they span.
        points: energies in that mean.

    Returns:
        Shifts of the numbers at one sigma, ``(n, n)``, one direction a row, each with a positive
        mean change of QF; and the share of the mean variance of QF in each, ``(n,)``.
    """
    t = np.linspace(recoil_kev.min(), recoil_kev.max(), points)
    gradient = family.gradient(t, numbers) / t
    # numbers in units of their errors: MeV^-3 coefficients beside dimensionless ones
    width = np.sqrt(np.diag(covariance))
    scaled = covariance / np.outer(width, width)
    gradient = gradient * width[:, None]
    values, vectors = np.linalg.eigh(scaled)
    root = vectors * np.sqrt(np.maximum(values, 0.0))  # C = root root^T
    # eigenvectors of root^T G root give the same directions as those of L^T C L
    curves = root.T @ gradient / np.sqrt(points)
    size, turn = np.linalg.eigh(curves @ curves.T)
    order = np.argsort(size)[::-1]
    shifts = (root @ turn[:, order]).T
    sign = np.where((shifts @ gradient).mean(axis=1) < 0.0, -1.0, 1.0)
    shares = np.maximum(size[order], 0.0)
    return shifts * sign[:, None] * width, shares / shares.sum()


def variations(
    material: str,
    numbers: Array,
    shifts: Array,
    shares: Array,
    components: int | None = None,
) -> dict[str, Variation]:
    """The first eigen-variations as a detector model takes them, ``qf.<material>.0`` and so on.

    Raises:
        InputError: if `components` is not between 1 and the number of numbers.
    """
    if components is None:
        components = int(np.searchsorted(np.cumsum(shares), ENOUGH) + 1)
    if not 1 <= components <= len(shifts):
        raise InputError(
            f"{components} eigen-variations are too many: the curve has {len(shifts)} numbers"
        )
    return {
        f"qf.{material}.{k}": Variation(
            tuple((numbers + shift).tolist()), tuple((numbers - shift).tolist())
        )
        for k, shift in enumerate(shifts[:components])
    }


def error_of(curve: Quenching, recoil_kev: Array) -> Array:
    """Standard deviation of E_ee from a curve's variations: one-sigma shifts in quadrature."""
    nominal = curve.continued(recoil_kev, curve.parameters)
    total = np.zeros_like(nominal)
    for variation in curve.variations.values():
        plus, minus = curve.ends(variation, recoil_kev, nominal)
        total += (0.5 * (plus - minus)) ** 2
    return np.sqrt(total)
