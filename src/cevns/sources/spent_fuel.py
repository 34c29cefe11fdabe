"""Antineutrinos of spent fuel in the pool beside a reactor, with the reactor on and off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Annotated, Final

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.beta_decay import Branch, Decay, spectrum
from cevns.nuclear.checks import finite, within
from cevns.sources.beams.always_on import AlwaysOn
from cevns.sources.beams.source import Source
from cevns.sources.fission.ibd import THRESHOLD_MEV, cross_section_cm2
from cevns.sources.fission.moment_sums import MomentSums
from cevns.sources.reactor import Reactor
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["CHAINS", "MODEL", "SpentFuel"]

CITE = ("arXiv:1512.07353",)

_SPECIES = "nubar_e"


CHAINS: Final = {
    "sr90": (
        Decay(39, 90, (Branch(0.5459, unique=True),)),
        Decay(40, 90, (Branch(2.2785, unique=True),)),
    ),
    "ru106": (
        Decay(45, 106, (Branch(0.0394),)),
        Decay(
            46,
            106,
            (Branch(3.541, 0.786), Branch(3.029, 0.081), Branch(2.407, 0.1), Branch(1.979, 0.018)),
        ),
    ),
    "ce144": (
        Decay(59, 144, (Branch(0.3187, 0.765), Branch(0.2387, 0.039), Branch(0.1852, 0.196))),
        Decay(60, 144, (Branch(2.9974, 0.979), Branch(2.301, 0.0104), Branch(0.811, 0.0105))),
    ),
}
"""Long-lived fission products whose short-lived daughters emit above the threshold of inverse beta
decay, with them: Sr-90 and Y-90, Ru-106 and Rh-106, Ce-144 and Pr-144. Branches of more than 1 %;
end points in MeV and shares are those of nuclear data sheets, written down from memory."""


def _usual() -> dict[str, float]:
    return {"sr90": 1.0, "ru106": 1.0, "ce144": 1.9}


@dataclass(frozen=True)
class SpentFuel(AlwaysOn):
    r"""Three chains of beta decays, normalised to a fraction of a reactor's inverse beta decays.

    .. math:: \phi_\mathrm{s} \langle \sigma_\mathrm{IBD} \rangle_\mathrm{s}
       = x\, \phi_\mathrm{R} \langle \sigma_\mathrm{IBD} \rangle_\mathrm{R}

    The published value for Daya Bay is 0.26 to 0.34 % (X. B. Ma et al., arXiv:1512.07353,
    abstract); x depends on the content of the pool and is known to a factor of two. There is no
    emission above 3.55 MeV. The pool does not follow the power: in an experiment file it is a
    separate component, which remains in a channel with the reactor off (``source: 0``) and can be
    switched off by its name. The same nuclides emit from the core after shutdown, which is
    described by a second component in the channels with the reactor off. Neither component is
    present unless it is declared.

    Args:
        power_gw: thermal power at full load of the core to which the fraction refers, GW.
        distance_m: distance of that core, m.
        live_time_d: days of data; in a file by default the file's `live_time`.
        ibd_share: x, the fraction of the inverse beta decays at full load.
        activities: relative activities of `CHAINS`; by default those of ten yearly discharges
            of a third of a core, by cumulative yields and half-lives, which give x = 0.23 %.

    Raises:
        InputError: if a number is out of range.
        UnknownNameError: if there is no such chain.

    Examples:
        >>> pool = SpentFuel(power_gw=3.6, distance_m=20.7, live_time_d=119.0)
        >>> f"{pool.flux_cm2_s('nubar_e'):.2g} /cm2/s", pool.end_point_mev("nubar_e")
        ('1.7e+11 /cm2/s', 3.541)
    """

    power_gw: Annotated[float, Unit("GW")]
    distance_m: Annotated[float, Unit("m")]
    live_time_d: Annotated[float, Unit("d")]
    ibd_share: float = 0.003
    activities: Mapping[str, float] = field(default_factory=_usual)
    _core: Reactor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        within(
            "share of spent fuel in the inverse beta decays", self.ibd_share, 1e-9, 0.2, "as 0.003"
        )
        for name in self.activities:
            if name not in CHAINS:
                raise UnknownNameError("chain of spent fuel", name, CHAINS)
        values = finite(
            "activity of a chain of spent fuel", list(self.activities.values()), minimum=0
        )
        if not values.sum() > 0.0:
            raise InputError("the activities of spent fuel are zero; at least one must be positive")
        core = Reactor(self.power_gw, self.distance_m, self.live_time_d)
        object.__setattr__(self, "_core", core)

    @cached_property
    def _decays(self) -> list[tuple[float, Branch, Decay]]:
        """Antineutrinos of each branch per antineutrino of the pool."""
        total = sum(2.0 * size for size in self.activities.values())
        return [
            (size * branch.share / (total * sum(b.share for b in decay.branches)), branch, decay)
            for name, size in self.activities.items()
            for decay in CHAINS[name]
            for branch in decay.branches
            if size > 0.0
        ]

    @property
    def flavours(self) -> tuple[str, ...]:
        """``nubar_e``."""
        return (_SPECIES,)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Where the spectrum steps: ends of the strong branches, MeV."""
        return tuple(sorted(b.end_point_mev for _, b, _ in self._decays if b.share > 0.5))

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Ends of all branches, MeV."""
        self._check(flavour)
        return tuple(sorted(b.end_point_mev for _, b, _ in self._decays))

    def end_point_mev(self, flavour: str) -> float:
        """Of the strongest decay, MeV."""
        return self.breaks(flavour)[-1]

    def _check(self, flavour: str) -> None:
        if flavour != _SPECIES:
            raise UnknownNameError("flavour of spent fuel", flavour, self.flavours)

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density per antineutrino, 1/MeV."""
        self._check(flavour)
        out = np.zeros(np.shape(energy_mev))
        for share, branch, decay in self._decays:
            out = out + share * spectrum(branch, decay.z, decay.a, energy_mev)
        return out

    @cached_property
    def _sums(self) -> MomentSums:
        ends = self.breaks(_SPECIES)
        return MomentSums(
            partial(self.spectrum, _SPECIES), np.append(np.arange(0.0, ends[-1], 0.05), ends)
        )

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k."""
        self._check(flavour)
        return self._sums(e_min_mev)

    @cached_property
    def _flux(self) -> float:
        """Antineutrinos per cm2 and second."""

        def mean(source: Source) -> float:
            energy, weight = source.nodes(_SPECIES, THRESHOLD_MEV)
            return float(weight @ cross_section_cm2(energy))

        if not (own := mean(self)) > 0.0:
            raise InputError(
                "this spent fuel has no emission above the threshold of inverse beta decay"
            )
        return self.ibd_share * self._core.flux_cm2_s(_SPECIES) * mean(self._core) / own

    @property
    def totals(self) -> dict[str, float]:
        """The share of inverse beta decays, for tables."""
        return {"ibd_share": self.ibd_share}

    def flux_cm2_s(self, flavour: str) -> float:
        """Antineutrinos per cm2 and second."""
        self._check(flavour)
        return self._flux


MODEL = SpentFuel
