"""The early-light fraction as a beta distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cevns.detectors.framework.pulse_shape_bins import PulseShape
from cevns.detectors.framework.variation import Variation, as_tuple
from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = ["MODEL", "Beta"]

CITE = "file: the coefficients are those of the experiment"


@dataclass(frozen=True)
class Beta:
    """Fraction of the light in an early window, f ~ Beta(mu n, (1 - mu) n), at energy E (keVee).

        mu(E) = top - depth exp(-E/scale),    n(E) = offset + slope E

    A fraction of n independent photo-electrons has this mean and the variance
    ``mu (1 - mu)/(n + 1)``, and lies between 0 and 1; n grows with the light, so with energy. For
    nuclear recoils in argon the mean rises with energy as the slow component is quenched. The
    distribution is cut to the analysis bins and normalised there: the cut on f is part of the
    acceptance.

    The form was found by fitting the released PDFs of arXiv:2006.12659 (documentation of
    coherent-lar-2020): their F90 distribution is reproduced to 1 % of the events, by a Gaussian
    of the same mean and variance to 3 %.

    Args:
        coefficients: (top, depth, scale, offset, slope); scale in keVee, slope in 1/keVee.
        variations: +1 and -1 sigma coefficient sets by name.

    Raises:
        InputError: if a set does not hold five finite numbers, or mean or n are impossible.

    Examples:
        >>> f90 = Beta((0.777, 0.221, 16.9, 11.8, 2.30))
        >>> f90.mean(np.array([5.0, 45.0])).round(3).tolist()
        [0.613, 0.762]
        >>> f90.probabilities(np.array([5.0]), np.array([0.5, 0.7, 0.9])).round(2).tolist()
        [[0.77, 0.23]]
    """

    coefficients: tuple[float, ...]
    variations: Mapping[str, Variation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = np.asarray(self.coefficients, dtype=float)
        if numbers.shape != (5,) or not np.isfinite(numbers).all():
            raise InputError(
                "a beta pulse shape needs five finite coefficients [top, depth, scale, offset, "
                f"slope], not {self.coefficients}"
            )
        top, depth, scale, offset, slope = self.coefficients
        if not (0.0 < top < 1.0 and 0.0 < top - depth < 1.0 and scale > 0.0):
            raise InputError(
                f"the mean of a beta pulse shape must lie between 0 and 1 at all energies and its "
                f"scale be positive; got {self.coefficients}"
            )
        if not (offset > 0.0 and slope >= 0.0):
            raise InputError(
                f"a beta pulse shape needs offset > 0 and slope >= 0; got {offset:g} and {slope:g}"
            )
        _ = self.varied  # the variations must be shapes too

    def mean(self, energy_kevee: Array) -> Array:
        """mu(E)."""
        top, depth, scale, _, _ = self.coefficients
        result: Array = top - depth * np.exp(-np.asarray(energy_kevee) / scale)
        return result

    def size(self, energy_kevee: Array) -> Array:
        """n(E), the effective number of photo-electrons."""
        result: Array = self.coefficients[3] + self.coefficients[4] * np.asarray(energy_kevee)
        return result

    def probabilities(self, energy_kevee: Array, edges: Array) -> Array:
        """Content of each bin, ``(n_energy, n_bins)``, each row summing to one.

        Raises:
            InputError: if the edges do not increase from 0 to 1.
        """
        from scipy.special import betainc

        edges = np.asarray(edges, dtype=float)
        if not (np.all(np.diff(edges) > 0.0) and edges[0] >= 0.0 and edges[-1] <= 1.0):
            raise InputError("the bins of a fraction of the light must increase from 0 to 1")
        mean, size = self.mean(energy_kevee)[:, None], self.size(energy_kevee)[:, None]
        content = np.diff(betainc(mean * size, (1.0 - mean) * size, edges), axis=1)
        result: Array = content / content.sum(axis=1, keepdims=True)
        return result

    @property
    def varied(self) -> Mapping[str, tuple[PulseShape, PulseShape]]:
        """The shapes at +1 and -1 sigma, by name."""

        def other(numbers: float | tuple[float, ...]) -> PulseShape:
            return replace(self, coefficients=as_tuple(numbers), variations={})

        return {n: (other(v.plus), other(v.minus)) for n, v in self.variations.items()}


MODEL = Beta
