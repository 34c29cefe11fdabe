"""Antineutrinos of uranium, thorium and potassium in the Earth, at Gran Sasso."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Final

from cevns.nuclear.checks import positive
from cevns.sources.sky.antineutrinos import FAR, far_shares
from cevns.sources.sky.steady_mixture import Mixture, Part, carried, chosen
from cevns.units import Unit

__all__ = ["FLUXES", "MODEL", "GeoNeutrinos"]

CITE = ("arXiv:1301.0365", "arXiv:2109.03116")

FLUXES: Final = {"u": (4.34e6, 0.20), "th": (4.23e6, 0.257), "k": (2.054e7, 0.168)}
"""Antineutrinos per cm2 and second at Gran Sasso, all flavours, and their relative errors
(Y. Huang et al., arXiv:1301.0365, as used in arXiv:2109.03116)."""


@dataclass(frozen=True)
class GeoNeutrinos(Mixture):
    """Geo-neutrinos at Gran Sasso above 0.1 MeV, where the tables begin.

    Most of them come from distances over which oscillations average out, thousands of kilometres.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        chains: decay chains, of ``u``, ``th`` and ``k``; all by default.
        oscillation: ``averaged``, with the mixing of `cevns.propagation.solar_matter.SolarMixing`,
            or ``none``, with which all arrive as nubar_e.

    Raises:
        InputError: if a number is out of range, or no chain is given.
        UnknownNameError: if there is no such chain.

    Examples:
        >>> earth = GeoNeutrinos(live_time_d=365.25)
        >>> {f: f"{earth.flux_cm2_s(f):.2e}" for f in earth.flavours}
        {'nubar_e': '1.60e+07', 'nubar_mu': '6.55e+06', 'nubar_tau': '6.55e+06'}
    """

    live_time_d: Annotated[float, Unit("d")]
    chains: tuple[str, ...] | str = tuple(FLUXES)
    oscillation: str = FAR
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        names = chosen("chain of geo-neutrinos", self.chains, tuple(FLUXES))
        object.__setattr__(self, "chains", names)
        object.__setattr__(self, "_names", names)
        far_shares(self.oscillation)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The chains."""
        shares = far_shares(self.oscillation)
        return tuple(
            Part(name, FLUXES[name][0], carried(f"geo-{name}")["density"], (), shares)
            for name in self._names
        )

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """A pull of each chain, ``flux_u`` and so on."""
        return {f"flux_{name}": {name: FLUXES[name][1]} for name in self._names}


MODEL = GeoNeutrinos
