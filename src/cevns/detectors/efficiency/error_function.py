"""The turn-on of a trigger on a signal with gaussian noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "ErrorFunction"]

CITE = "file: the threshold and the noise are those of the experiment"

_REACH = 6.0
"""Widths from the middle beyond which the curve is flat to 1e-9."""


@dataclass(frozen=True)
class ErrorFunction(Efficiency):
    """eps(x) = plateau/2 erfc(-(x - half)/(sqrt(2) width)): half of the plateau at `half`.

    A threshold on a pulse height with gaussian noise of sigma `width`, as a function of the energy
    without that noise; NUCLEUS has 0.5 at its threshold of 20 eV (arXiv:2603.24450). A curve that
    was measured as a function of the reconstructed energy stands beside a resolution. One that was
    measured with pulses of known size is one of the energy of the recoil: beside a resolution with
    the same noise it would count this noise twice, where a sharp threshold is meant.

    Args:
        half: where half of the plateau is reached, in x.
        width: sigma of the noise, in x.
        plateau: efficiency far above.

    Raises:
        InputError: if `half` is not finite, the width not positive, or the plateau no probability.

    Examples:
        A threshold of 20 eV and noise of 4 eV, in keV, at 16, 20 and 24 eV:

        >>> ErrorFunction(half=0.02, width=0.004)([0.016, 0.020, 0.024]).round(4).tolist()
        [0.1587, 0.5, 0.8413]
    """

    half: float
    width: float
    plateau: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.half) and math.isfinite(self.width) and self.width > 0.0):
            raise InputError(
                "an error-function efficiency needs a finite half and a positive width, not "
                f"{self.half}, {self.width}"
            )
        if not 0.0 <= self.plateau <= 1.0:
            raise InputError(
                "the plateau of an error-function efficiency must lie between 0 and 1, not "
                f"{self.plateau}"
            )

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        from scipy.special import ndtr

        result: Array = self.plateau * ndtr((np.asarray(x, dtype=float) - self.half) / self.width)
        return result

    @property
    def kinks(self) -> tuple[float, ...]:
        """None, but integrals are split at both ends of the rise: a bin may be far wider."""
        return (self.half - _REACH * self.width, self.half, self.half + _REACH * self.width)


MODEL = ErrorFunction
