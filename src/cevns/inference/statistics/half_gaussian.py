"""Limits as data: a value with an error on one side only.

    -2 ln L = sum_i (mu_i - x_i)^2 / up_i^2   where mu_i > x_i, else 0,

a half-Gaussian, as analyses make it of a published upper limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.statistics.gaussian import Gaussian

__all__ = ["MODEL", "HalfGaussian"]

CITE = "none: half of a normal distribution"


@dataclass(frozen=True)
class HalfGaussian(Gaussian):
    """A Gaussian above the value and nothing below; see the module.

    Pseudo-data cannot be drawn: what the limit would have fluctuated to is unknown.

    Args:
        up: error towards larger expectations, ``(n_bins,)``.

    Raises:
        InputError: if it is missing or not positive, or another error is given.
    """

    def __post_init__(self) -> None:
        if self.up is None or self.down is not None or self.covariance is not None:
            raise InputError("a half-Gaussian channel needs the error 'up', and no other")
        object.__setattr__(self, "down", np.full_like(self.up, np.inf, dtype=float))
        super().__post_init__()


MODEL = HalfGaussian
