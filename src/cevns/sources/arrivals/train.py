"""A beam pulse of one or several bunches, gaussian or flat, and what decays after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive
from cevns.parameters import Parameters
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.beams.arrival import Arrival, Shares, begin_parameter, value_of
from cevns.sources.beams.proton_pulse import flat_cdf, flat_pdf, sequential
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "SIGMA_PER_FWHM", "Train"]

CITE = "none: a pulse, and decays with mean lives of the particles"

SIGMA_PER_FWHM: Final = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
"""Of a gaussian: 1/2.3548."""
_SHAPES: Final = ("gaussian", "flat")
_MOST_BUNCHES: Final = 100


@dataclass(frozen=True)
class Train(Arrival):
    r"""Equal bunches at equal distances, whose common mean is at ``t0`` (us), and decays.

    With :math:`f` the density of one bunch around zero and what decays after it (mean lives
    :math:`\tau`, in sequence), that of n bunches is

    .. math:: p(t) = \frac1n \sum_{j=0}^{n-1} f(t - t_0 - (j - (n-1)/2)\, \Delta).

    So ``t0`` is the mean of all protons, as for a single pulse, and not the first bunch, which
    comes :math:`(n-1)\Delta/2` earlier.

    Args:
        fwhm_us: full width at half maximum of a bunch, us: 2.3548 sigma of a gaussian one, the
            whole length of a flat one.
        shape: ``gaussian`` or ``flat``.
        bunches: number of bunches, 1 to 100.
        spacing_us: from bunch to bunch, us; needed for more than one, and nothing without.
        lives_us: mean lives, us: the pion's for prompt neutrinos, the pion's and the muon's for
            delayed ones.
        mean_us: nominal t0, us after the beam signal.

    Raises:
        InputError: if a width, spacing or mean life is not positive, a number of bunches has no
            spacing or a single one has, or there are more than two mean lives.
        UnknownNameError: if there is no such shape.

    Examples:
        >>> two = Train(fwhm_us=0.1, bunches=2, spacing_us=0.54)
        >>> two.shares([-0.54, 0.0, 0.54])[0].round(6).tolist()
        [0.5, 0.5]
        >>> round(two.length_us, 6)
        0.64
    """

    fwhm_us: Annotated[float, Unit("us")]
    shape: str = "gaussian"
    bunches: int = 1
    spacing_us: Annotated[float, Unit("us")] = 0.0
    lives_us: tuple[float, ...] = ()
    mean_us: Annotated[float, Unit("us")] = 0.0

    def __post_init__(self) -> None:
        positive("width of a bunch in us", self.fwhm_us)
        if self.shape not in _SHAPES:
            raise UnknownNameError("shape of a beam pulse", self.shape, _SHAPES)
        if not 1 <= self.bunches <= _MOST_BUNCHES or self.bunches != int(self.bunches):
            raise InputError(
                f"a pulse has a whole number of bunches from 1 to {_MOST_BUNCHES}, not "
                f"{self.bunches:g}"
            )
        positive("spacing of bunches in us", self.spacing_us, zero=True)
        if (self.bunches > 1) != (self.spacing_us > 0.0):
            given = f"{self.bunches} bunch{'es' if self.bunches > 1 else ''}"
            raise InputError(
                f"{given} with a bunch spacing of {self.spacing_us:g} us: several bunches need a "
                "spacing, and a single one has none"
            )
        Pulsed(1.0, self.lives_us)  # refuses mean lives that cannot be

    @property
    def length_us(self) -> float:
        """From the half maximum of the first bunch to that of the last, us."""
        return self.fwhm_us + (self.bunches - 1) * self.spacing_us

    @property
    def rms_us(self) -> float:
        """Standard deviation of the times of the protons, us."""
        own = self.fwhm_us * (SIGMA_PER_FWHM if self.shape == "gaussian" else 12.0**-0.5)
        return math.hypot(own, self.spacing_us * math.sqrt((self.bunches**2 - 1) / 12.0))

    @property
    def unit(self) -> str:
        """Microseconds."""
        return "us"

    @property
    def parameters(self) -> Parameters:
        """``t0``, us."""
        return Parameters([begin_parameter(self.mean_us, "us", "mean time of the beam pulse")])

    def pdf(self, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us."""
        one = self._gaussian.pdf if self.shape == "gaussian" else self._flat(flat_pdf)
        return self._mean(one, t_us, t0_us)

    def cdf(self, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Share that arrives before `t_us`."""
        one = self._gaussian.cdf if self.shape == "gaussian" else self._flat(flat_cdf)
        return self._mean(one, t_us, t0_us)

    @property
    def _gaussian(self) -> Pulsed:
        return Pulsed(self.fwhm_us * SIGMA_PER_FWHM, self.lives_us)

    def _flat(
        self, kernel: Callable[[ArrayLike, ArrayLike, float, float], Array]
    ) -> Callable[[ArrayLike, ArrayLike], Array]:
        def one(t_us: ArrayLike, t0_us: ArrayLike) -> Array:
            rows = [kernel(t_us, t0_us, self.fwhm_us, life) for life in self.lives_us or (0.0,)]
            return rows[0] if len(rows) == 1 else sequential(rows[0], rows[1], *self.lives_us)

        return one

    def _mean(
        self, one: Callable[[ArrayLike, ArrayLike], Array], t_us: ArrayLike, t0_us: ArrayLike
    ) -> Array:
        """Of all bunches."""
        t0 = np.asarray(t0_us, dtype=float)
        places = self.spacing_us * (np.arange(self.bunches) - 0.5 * (self.bunches - 1))
        total = sum(one(t_us, t0 + place) for place in places)
        return np.asarray(total) / self.bunches

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """The distribution function, and minus the density along t0."""
        _ = live
        t0 = value_of(self, "t0", values)
        return self.cdf(times, t0), {"t0": -self.pdf(times, t0)}


MODEL = Train
