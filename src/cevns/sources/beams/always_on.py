"""Sources that nothing switches off: the sky, the earth, dark matter, spent fuel."""

from __future__ import annotations

from abc import abstractmethod

from cevns.constants import DAY_S
from cevns.sources.beams.source import Source

__all__ = ["AlwaysOn"]


class AlwaysOn(Source):
    """A steady source at full power in all of its live time, with a reactor or beam on or off.

    A class that derives from this one is a dataclass with `live_time_d`, and says `flux_cm2_s`
    beside what every `Source` says.
    """

    live_time_d: float

    @abstractmethod
    def flux_cm2_s(self, flavour: str) -> float:
        """Particles of a species per cm2 and second."""
        ...

    def fluence_cm2(self, flavour: str) -> float:
        """Particles of a species per cm2 in the live time."""
        return self.flux_cm2_s(flavour) * self.live_time_d * DAY_S

    @property
    def duty(self) -> float:
        """One: it shines at all times."""
        return 1.0

    @property
    def lasts(self) -> bool:
        """True: no reactor or beam beside the detector switches it off."""
        return True
