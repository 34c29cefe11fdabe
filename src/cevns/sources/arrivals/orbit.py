"""The flux of the Sun along the Earth's orbit, as Kepler has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.parameters import Parameter, Parameters
from cevns.sources.arrivals.steady import Steady
from cevns.sources.beams.arrival import Shares, begin_parameter, value_of
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "Orbit"]

CITE = "none: the orbit of the Earth as Kepler has it"

_MOST_ECCENTRIC = 0.5


@dataclass(frozen=True)
class Orbit(Steady):
    r"""1/r^2 relative to its mean over a year; parameters ``eccentricity``, ``t0``.

    .. math:: \frac{\phi(t)}{\bar\phi} = \frac{a^2 \sqrt{1-e^2}}{r(t)^2}, \quad
       r = a (1 - e \cos u), \quad u - e \sin u = \frac{2\pi (t - t_0)}{T}

    By Kepler's second law its integral is the true anomaly, so shares are exact. The published
    fluxes are those at r = a; the mean of 1/r^2 is 1.00014 of that, and is taken as the published
    number. `periodic` with an amplitude of 2 e follows it within 0.07 %.

    Args:
        begin_d: of the exposure, d; the begin of the time axis unless given.
        end_d: of the exposure, d; the end of the time axis unless given.
        eccentricity: e, nominal.
        perihelion_d: t0, d, nominal: 2 to 4 on a time axis that begins with a year, 3 to 5 January.
        period_d: T, d.

    Raises:
        InputError: if a number is out of range, or the exposure as of `Steady`.

    Examples:
        >>> year = Orbit(begin_d=0.0, end_d=365.25, perihelion_d=3.0)
        >>> share, slopes = year.shares([2.0, 4.0, 184.0, 187.25])
        >>> (share * 365.25 / [2.0, 180.0, 3.25]).round(4).tolist(), sorted(slopes)
        ([1.0341, 1.0001, 0.9673], ['eccentricity', 't0'])
    """

    eccentricity: float = 0.01671
    perihelion_d: Annotated[float, Unit("d")] = 3.0
    period_d: Annotated[float, Unit("d")] = 365.25

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("period in d", self.period_d)
        if not 0.0 <= self.eccentricity <= _MOST_ECCENTRIC:
            raise InputError(
                f"the eccentricity of an orbit is between 0 and {_MOST_ECCENTRIC:g}, such "
                f"as 0.01671, not {self.eccentricity:g}"
            )

    @property
    def parameters(self) -> Parameters:
        """``eccentricity`` and ``t0`` (d)."""
        return Parameters(
            [
                Parameter(
                    "eccentricity", self.eccentricity, lower=0.0, upper=_MOST_ECCENTRIC,
                    typical=0.01, description="of the orbit",
                ),
                begin_parameter(self.perihelion_d, "d", "time of the perihelion"),
            ]
        )  # fmt: skip

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """Periods that the true anomaly has swept since the begin, over the length in periods."""
        e, t0 = value_of(self, "eccentricity", values), value_of(self, "t0", values)
        begin, end = live
        inside, periods = np.clip(times, begin, end), (end - begin) / self.period_d
        swept, by_e, by_t = _anomaly((inside - t0) / self.period_d, e)
        start, start_e, start_t = _anomaly((begin - t0) / self.period_d, e)
        return (swept - start) / periods, {
            "eccentricity": (by_e - start_e) / periods,
            "t0": -(by_t - start_t) / (periods * self.period_d),
        }


def _anomaly(turns: Array, e: Array) -> tuple[Array, Array, Array]:
    """True anomaly in turns, and its slopes by eccentricity and by mean anomaly in turns."""
    whole = np.round(turns)
    mean = 2.0 * np.pi * (turns - whole)  # within -pi and pi
    u = mean + e * np.sin(mean)
    for _ in range(20):  # Newton; at e = 0.5 it settles within six
        u = u - (u - e * np.sin(u) - mean) / (1.0 - e * np.cos(u))
    true = 2.0 * np.arctan2(np.sqrt(1.0 + e) * np.sin(u / 2.0), np.sqrt(1.0 - e) * np.cos(u / 2.0))
    cosine = np.cos(true)
    by_e = np.sin(true) * (2.0 + e * cosine) / (1.0 - e * e)
    by_mean = (1.0 + e * cosine) ** 2 / (1.0 - e * e) ** 1.5
    return whole + true / (2.0 * np.pi), by_e / (2.0 * np.pi), by_mean


MODEL = Orbit
