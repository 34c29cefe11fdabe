r"""Parameters of a source in a fold: a spectrum phi (1 + sum_i a_i v_i(E)) is folded once a pull.

A rate is linear in the flux, so each parameter adds the fold of phi v_i times its distance a_i
from the nominal value: exact for any number of them, together with any couplings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from cevns.rates.moments import weighted_moments
from cevns.sources import Source
from cevns.sources.beams.source import PulledSource
from cevns.typing import Array, ArrayLike

__all__ = ["Varied", "pulls_in"]


@dataclass(frozen=True)
class Varied(Source):
    """What a unit of one parameter adds to a source: its spectrum times v(E), same fluence.

    Args:
        source: the source.
        name: of its parameter.
    """

    source: Source
    name: str

    @property
    def flavours(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.flavours

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Those of the source, MeV."""
        return self.source.recoil_kinks

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Those of the source, MeV."""
        return self.source.breaks(flavour)

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """phi(E) v(E), 1/MeV."""
        change = self.source.variation(self.name, flavour, energy_mev)
        return self.source.spectrum(flavour, energy_mev) * change

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Lines by v at their energies."""
        return tuple(
            (e, w * float(self.source.variation(self.name, flavour, np.array([e]))[0]))
            for e, w in self.source.lines(flavour)
        )

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Moments of phi v, shape ``(3, ...)``, MeV^-k."""
        if isinstance(self.source, PulledSource):
            return self.source.added_moments(self.name, flavour, e_min_mev)
        change = partial(self.source.variation, self.name, flavour)
        return weighted_moments(self.source, flavour, e_min_mev, change)

    def end_point_mev(self, flavour: str) -> float:
        """That of the source, MeV."""
        return self.source.end_point_mev(flavour)

    def fluence_cm2(self, flavour: str) -> float:
        """That of the source."""
        return self.source.fluence_cm2(flavour)


def pulls_in(
    source: Source, values: Mapping[str, Array | float]
) -> tuple[dict[str, Array], dict[str, Array | float]]:
    """Distances of a source's parameters from their nominal values, and the other values."""
    own = {p.name: p.value for p in source.parameters}
    pulls = {n: np.asarray(values[n], dtype=float) - own[n] for n in own if n in values}
    return pulls, {n: v for n, v in values.items() if n not in own}
