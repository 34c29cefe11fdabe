r"""Pinched spectra and their flux moments, in closed form.

.. math:: f(E) = \frac{b^{\alpha+1}}{\Gamma(\alpha+1)}\, E^\alpha e^{-bE},
   \qquad b = \frac{\alpha+1}{\langle E\rangle}

(M. T. Keil, G. G. Raffelt, H.-T. Janka, astro-ph/0208035). The moments above :math:`E_\mathrm{min}`
are incomplete gamma functions,

.. math:: I_k = \frac{b^k\, \Gamma(\alpha+1-k,\, b E_\mathrm{min})}{\Gamma(\alpha+1)},
   \quad k = 0, 1, 2,

and the recurrence :math:`s\,\Gamma(s,x) = \Gamma(s+1,x) - x^s e^{-x}` leads from one to the next,
also to orders that are not positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.sources.beams.source import Source
from cevns.typing import Array, ArrayLike

__all__ = ["BurstPart", "PinchedSum", "pinch_of"]

_FLOOR_MEV: Final = 1e-6
"""Below it moments stay as they are: those of a spectrum that hardly vanishes at zero diverge."""
_TAIL: Final = 1e-13
"""Share of the particles that may lie above what is called the end point."""
_SMALL: Final = 1e-9
"""Share of the particles that has no say in where the spectrum ends."""
_PANELS: Final = (0.04, 0.08, 0.13, 0.2, 0.3, 0.45, 0.65, 1.0)
"""Borders, in end points, of panels in which a quadrature of the recoils settles."""
_ZERO: Final = 1e-8
"""An order of the incomplete gamma function that is closer to zero is taken as zero."""


def pinch_of(mean_mev: ArrayLike, mean_square_mev2: ArrayLike) -> Array:
    r"""The pinch of a spectrum with these moments,
    :math:`\alpha = (2\langle E\rangle^2 - \langle E^2\rangle)/(\langle E^2\rangle - \langle
    E\rangle^2)`.

    Raises:
        InputError: if no pinched spectrum has them: ``<E2>`` must lie between ``<E>^2`` and
            twice that.

    Examples:
        >>> float(pinch_of(10.0, 125.0))
        3.0
    """
    mean, square = np.asarray(mean_mev, float), np.asarray(mean_square_mev2, float)
    if not np.all((square > mean**2) & (square <= 2.0 * mean**2)):
        bad = int(np.argmin(((square > mean**2) & (square <= 2.0 * mean**2)).ravel()))
        raise InputError(
            f"no pinched spectrum has <E> = {mean.ravel()[bad]:g} MeV and <E2> = "
            f"{square.ravel()[bad]:g} MeV2: <E2> must be above <E>^2 and at most twice that"
        )
    pinch: Array = (2.0 * mean**2 - square) / (square - mean**2)
    return pinch


@dataclass(frozen=True, eq=False)
class PinchedSum:
    """Particles with a sum of pinched spectra.

    Args:
        fluence_cm2: of each spectrum, particles per cm2, not negative.
        mean_mev: mean energies, MeV.
        pinch: alpha of each, not negative.

    Examples:
        >>> one = PinchedSum(np.array([1e10]), np.array([10.0]), np.array([3.0]))
        >>> one.moments(0.0).ravel().round(6).tolist()  # 1, 4/30, 16/600
        [1.0, 0.133333, 0.026667]
    """

    fluence_cm2: Array
    mean_mev: Array
    pinch: Array

    @cached_property
    def total_cm2(self) -> float:
        """Particles per cm2."""
        return float(self.fluence_cm2.sum())

    @cached_property
    def shares(self) -> Array:
        """Of the particles; equal where there are none."""
        if not self.total_cm2 > 0.0:
            return np.full(self.mean_mev.shape, 1.0 / self.mean_mev.size)
        return self.fluence_cm2 / self.total_cm2

    @property
    def mean_energy_mev(self) -> float:
        """Mean energy of the particles, MeV."""
        return float(self.shares @ self.mean_mev)

    @cached_property
    def _scale(self) -> Array:
        """b, 1/MeV."""
        return (self.pinch + 1.0) / self.mean_mev

    @cached_property
    def end_mev(self) -> float:
        """Above it are less than 1e-13 of the particles, MeV."""
        from scipy.special import gammainccinv

        part = self.shares > _SMALL
        return float(np.max(gammainccinv(self.pinch[part] + 1.0, _TAIL) / self._scale[part]))

    def density(self, energy_mev: ArrayLike) -> Array:
        """Spectrum per particle, 1/MeV, in the shape of `energy_mev`."""
        from scipy.special import gammaln

        energy = np.asarray(energy_mev, dtype=float)
        inside = np.maximum(energy, 1e-300)[..., None]
        a, b = self.pinch, self._scale
        log = (a + 1.0) * np.log(b) - gammaln(a + 1.0) + a * np.log(inside) - b * inside
        total = (self.shares * np.exp(log)).sum(axis=-1)
        return np.where(energy > 0.0, total, 0.0)

    def moments(self, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k."""
        # flavours that share a spectrum ask for the same energies one after the other
        energy = np.maximum(np.asarray(e_min_mev, dtype=float), _FLOOR_MEV)
        if not (self._last and np.array_equal(self._last[0], energy)):
            self._last[:] = energy, self._moments(energy)
        return self._last[1].copy()

    @cached_property
    def _last(self) -> list[Array]:
        """The energies that were asked for last, and their moments."""
        return []

    def _moments(self, energy_mev: Array) -> Array:
        from scipy.special import exp1, gammaincc, gammaln

        a, b = self.pinch, self._scale
        x = b * energy_mev[..., None]
        above = gammaincc(a + 1.0, x)  # Gamma(s + 1, x)/Gamma(a + 1)
        # x^s exp(-x)/Gamma(a + 1), from s = a down by one power at a time
        power = np.exp(a * np.log(x) - x - gammaln(a + 1.0))
        out = [above @ self.shares]
        for k in (1, 2):
            s = a + 1.0 - k
            none = np.abs(s) < _ZERO
            above = (above - power) / np.where(none, 1.0, s)
            if np.any(none):  # a + 1 = k: Gamma(a + 1) is one
                above = np.where(none, exp1(x), above)
            out.append(above @ (self.shares * b**k))
            power = power / x
        return np.stack(out)


@dataclass(frozen=True, eq=False)
class BurstPart(Source):
    """Neutrinos of a burst, or of a part of it, with a sum of pinched spectra for each species.

    Args:
        species: spectra and fluences by flavour.

    Raises:
        UnknownNameError: from its methods, if there is no such flavour.
    """

    species: Mapping[str, PinchedSum]

    def _of(self, flavour: str) -> PinchedSum:
        if flavour not in self.species:
            raise UnknownNameError("flavour of a supernova", flavour, self.species)
        return self.species[flavour]

    @property
    def flavours(self) -> tuple[str, ...]:
        """All six as a rule."""
        return tuple(self.species)

    @cached_property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Borders of the panels of a quadrature, MeV: the spectra have neither lines nor steps."""
        end = max(s.end_mev for s in self.species.values())
        return tuple(end * share for share in _PANELS)

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density per neutrino, 1/MeV."""
        return self._of(flavour).density(energy_mev)

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Borders of the panels of a quadrature, MeV."""
        end = self._of(flavour).end_mev
        return tuple(end * share for share in _PANELS)

    def end_point_mev(self, flavour: str) -> float:
        """Energy, MeV, above which there are less than 1e-13 of the neutrinos."""
        return self._of(flavour).end_mev

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k, in closed form."""
        return self._of(flavour).moments(e_min_mev)

    def fluence_cm2(self, flavour: str) -> float:
        """Neutrinos of a flavour per cm2."""
        return self._of(flavour).total_cm2

    def mean_energy_mev(self, flavour: str) -> float:
        """Mean energy of a flavour, MeV."""
        return self._of(flavour).mean_energy_mev
