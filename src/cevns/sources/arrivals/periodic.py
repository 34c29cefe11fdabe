"""A rate that comes and goes: annual modulation, day and night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from cevns.nuclear.checks import positive
from cevns.parameters import Parameter, Parameters
from cevns.sources.arrivals.steady import Steady
from cevns.sources.beams.arrival import Shares, begin_parameter, value_of
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "Periodic"]

CITE = "file: the period and the amplitude are those of the experiment"


@dataclass(frozen=True)
class Periodic(Steady):
    """1 + a cos(2 pi (t - t0)/T), relative to the mean rate; parameters ``amplitude``, ``t0``.

    Over whole periods as many particles come as without the modulation; a shorter exposure has
    more or fewer of them. The flux of solar neutrinos has a = 0.0334, twice the eccentricity of
    the Earth's orbit, with t0 the perihelion early in January.

    Args:
        begin_d: of the exposure, d; the begin of the time axis unless given.
        end_d: of the exposure, d; the end of the time axis unless given.
        amplitude: a, nominal.
        maximum_d: t0, time of the largest rate, d, nominal.
        period_d: T, d.

    Raises:
        InputError: if the period is not positive, or the exposure as of `Steady`.

    Examples:
        >>> sun = Periodic(amplitude=0.0334, maximum_d=3.0)
        >>> share, slopes = sun.shares([0.0, 182.625, 365.25])
        >>> share.round(4).tolist(), sorted(slopes)
        ([0.5005, 0.4995], ['amplitude', 't0'])
    """

    amplitude: float = 0.0
    maximum_d: Annotated[float, Unit("d")] = 0.0
    period_d: Annotated[float, Unit("d")] = 365.25

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("period in d", self.period_d)

    @property
    def parameters(self) -> Parameters:
        """``amplitude`` and ``t0`` (d)."""
        return Parameters(
            [
                Parameter(
                    "amplitude", self.amplitude, lower=-1.0, upper=1.0,
                    typical=0.1, description="of the modulation relative to the mean rate",
                ),
                begin_parameter(self.maximum_d, "d", "time of the largest rate"),
            ]
        )  # fmt: skip

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """The integral of the rate since the begin over the length of the exposure."""
        amplitude, t0 = value_of(self, "amplitude", values), value_of(self, "t0", values)
        begin, end = live
        inside, length = np.clip(times, begin, end), end - begin
        omega = 2.0 * np.pi / self.period_d
        wave = (np.sin(omega * (inside - t0)) - np.sin(omega * (begin - t0))) / (omega * length)
        fall = (np.cos(omega * (inside - t0)) - np.cos(omega * (begin - t0))) / length
        return (inside - begin) / length + amplitude * wave, {
            "amplitude": wave + 0.0 * amplitude,
            "t0": -amplitude * fall,
        }


MODEL = Periodic
