"""Antineutrinos of the reactors of the world, at Gran Sasso."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from cevns.nuclear.checks import positive, within
from cevns.sources.sky.antineutrinos import FAR, far_shares
from cevns.sources.sky.steady_mixture import Mixture, Part, carried
from cevns.units import Unit

__all__ = ["MODEL", "ReactorBackground"]

CITE = ("arXiv:2109.03116",)


@dataclass(frozen=True)
class ReactorBackground(Mixture):
    """Flux of all reactors at Gran Sasso, 3.06e6 /cm2/s with an error of 8 % (arXiv:2109.03116).

    A reactor near the detector is described by `cevns.sources.reactor.Reactor`.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        total_cm2_s: flux of all flavours, /cm2/s.
        relative_error: relative error of the flux, for the nuisance parameter ``flux_reactors``.
        oscillation: ``averaged`` over the distances of the reactors, or ``none``, with which all
            arrive as nubar_e.

    Raises:
        InputError: if a number is out of range.
        UnknownNameError: if there is no such oscillation.

    Examples:
        >>> world = ReactorBackground(live_time_d=365.25)
        >>> f"{sum(world.flux_cm2_s(f) for f in world.flavours):.2e}"
        '3.06e+06'
    """

    live_time_d: Annotated[float, Unit("d")]
    total_cm2_s: float = 3.06e6
    relative_error: float = 0.08
    oscillation: str = FAR

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        within("flux of reactors in /cm2/s", self.total_cm2_s, 1.0, 1e12, "as 3.06e6")
        within("relative error of the flux", self.relative_error, 1e-6, 1.0, "as 0.08")
        far_shares(self.oscillation)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """One."""
        curve, shares = carried("reactors")["density"], far_shares(self.oscillation)
        return (Part("reactors", self.total_cm2_s, curve, (), shares),)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Energies, MeV, between which the recoil spectrum is smooth enough to be integrated."""
        return (0.1, 0.4, 1.3, 2.0, 5.0, 8.0, self.end_point_mev("nubar_e"))

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """One pull."""
        return {"flux_reactors": {"reactors": self.relative_error}}


MODEL = ReactorBackground
