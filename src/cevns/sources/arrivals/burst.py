"""One burst: the neutrinos of a supernova."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from cevns.nuclear.checks import positive
from cevns.parameters import Parameters
from cevns.sources.beams.arrival import Arrival, Shares, begin_parameter, value_of
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "Burst"]

CITE = ("arXiv:0810.0466",)


@dataclass(frozen=True)
class Burst(Arrival):
    """A rise and an exponential decay; parameter ``t0``, the begin of the burst, s.

    With x = t - t0 > 0 the density is (1 - exp(-x/r)) exp(-x/tau)/(tau - k), 1/k = 1/r + 1/tau,
    the form that arXiv:0810.0466 fits to SN1987A; r = 0 is a plain exponential.

    Args:
        decay_s: tau, s.
        rise_s: r, s.
        begin_s: nominal t0, s.

    Raises:
        InputError: if the decay is not positive, or the rise negative.

    Examples:
        >>> Burst(decay_s=3.0).shares([0.0, 3.0, 30.0])[0].round(4).tolist()
        [0.6321, 0.3678]
    """

    decay_s: Annotated[float, Unit("s")]
    rise_s: Annotated[float, Unit("s")] = 0.0
    begin_s: Annotated[float, Unit("s")] = 0.0

    def __post_init__(self) -> None:
        positive("decay time of the burst in s", self.decay_s)
        positive("rise time of the burst in s", self.rise_s, zero=True)

    @property
    def unit(self) -> str:
        """Seconds."""
        return "s"

    @property
    def parameters(self) -> Parameters:
        """``t0``, s."""
        return Parameters([begin_parameter(self.begin_s, "s", "begin of the burst")])

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """[tau (1 - exp(-x/tau)) - k (1 - exp(-x/k))]/(tau - k)."""
        _ = live
        x = np.maximum(times - value_of(self, "t0", values), 0.0)
        tau, r = self.decay_s, self.rise_s
        k = r * tau / (r + tau)
        late = -np.expm1(-x / tau)
        if not k:
            return late, {"t0": -np.where(x > 0.0, np.exp(-x / tau), 0.0) / tau}
        early = -np.expm1(-x / k)
        slope = (np.exp(-x / k) - np.exp(-x / tau)) / (tau - k)
        return (tau * late - k * early) / (tau - k), {"t0": slope}


MODEL = Burst
