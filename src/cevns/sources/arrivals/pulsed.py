"""A beam pulse and what decays after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.parameters import Parameters
from cevns.sources.beams.arrival import Arrival, Shares, begin_parameter, value_of
from cevns.sources.beams.proton_pulse import emg_cdf, emg_pdf, sequential
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Pulsed"]

CITE = "none: a pulse, and decays with mean lives of the particles"


@dataclass(frozen=True)
class Pulsed(Arrival):
    """A gaussian pulse whose mean is at ``t0`` (us), and none, one or two decays in sequence.

    Args:
        sigma_us: width (sigma) of the pulse, us.
        lives_us: mean lives, us: the pion's for prompt neutrinos, the pion's and the muon's for
            delayed ones.
        mean_us: nominal t0, us after the beam signal.

    Raises:
        InputError: if a width or mean life is not positive, or there are more than two.

    Examples:
        >>> Pulsed(sigma_us=0.15).shares([-1.0, 0.0, 1.0])[0].round(6).tolist()
        [0.5, 0.5]
        >>> Pulsed(0.15, (0.026033, 2.1969811)).cdf([1.0, 10.0], 0.0).round(4).tolist()
        [0.3566, 0.9893]
    """

    sigma_us: Annotated[float, Unit("us")]
    lives_us: tuple[float, ...] = ()
    mean_us: Annotated[float, Unit("us")] = 0.0

    def __post_init__(self) -> None:
        positive("width of the pulse in us", self.sigma_us)
        for life in self.lives_us:
            positive("mean life in us", life)
        if len(self.lives_us) > 2 or len(set(self.lives_us)) < len(self.lives_us):
            raise InputError("a pulse is followed by at most two decays, with different lifetimes")

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
        if self.lives_us:
            rows = [emg_pdf(t_us, t0_us, self.sigma_us, life) for life in self.lives_us]
            return self._in_sequence(rows)
        v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / self.sigma_us
        result: Array = np.exp(-0.5 * v * v) / (np.sqrt(2.0 * np.pi) * self.sigma_us)
        return result

    def cdf(self, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Share that arrives before `t_us`."""
        if self.lives_us:
            rows = [emg_cdf(t_us, t0_us, self.sigma_us, life) for life in self.lives_us]
            return self._in_sequence(rows)
        from scipy.special import ndtr

        v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / self.sigma_us
        result: Array = ndtr(v)
        return result

    def _in_sequence(self, rows: list[Array]) -> Array:
        if len(rows) == 1:
            return rows[0]
        return sequential(rows[0], rows[1], self.lives_us[0], self.lives_us[1])

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """The distribution function, and minus the density along t0."""
        _ = live
        t0 = value_of(self, "t0", values)
        return self.cdf(times, t0), {"t0": -self.pdf(times, t0)}


MODEL = Pulsed
