"""A signal whose recoil spectrum is refolded exactly while the response is tabulated.

Couplings and nuclear radii act on the spectrum alone, quenching and efficiency on the response
alone. So the energies

    E[c, e] = sum_w W_w(quenching, efficiency) sum_j M[j, e, w] spectrum_c(T_j; couplings, radius)

need no polynomial in radius or couplings: form factors are evaluated at every node of every data
set, and one matrix product with the tabulated response M follows. To keep M small the effects of
quenching and efficiency on the response add here; `tabulated` has their product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cevns.detectors import TimeTable
from cevns.experiments.prediction.separable import Values, linearise
from cevns.experiments.prediction.signal import Signal, spectral_ends
from cevns.experiments.tables.features import ResponseFeatures, response_features
from cevns.experiments.tables.tabulated import time_classes
from cevns.rates.electrons import WithElectrons
from cevns.rates.fold import Fold
from cevns.typing import Array

__all__ = ["RefoldedSignal", "refold"]


@dataclass(frozen=True, eq=False)
class RefoldedSignal:
    """Expected signal per (energy, time) bin, the recoil spectrum refolded at every call.

    Args:
        features: of the response.
        fold: recoil spectra as a function of couplings and neutron radius.
        classes: positions of the flavours of each arrival class.
        couplings: names of the driven couplings.
        radius: name of the driven neutron radius, if it is.
        times: arrival-time bins of each class.
        pulse_time: name of the pulse-time parameter, if it is driven.
        pulse_time_us: its value otherwise.
        n_energy: number of energy bins.
        held: names along which no slope is asked for.
    """

    features: ResponseFeatures
    fold: Fold | WithElectrons
    classes: tuple[tuple[int, ...], ...]
    couplings: tuple[str, ...]
    radius: str | None
    times: tuple[TimeTable, ...]
    pulse_time: str | None
    pulse_time_us: float
    n_energy: int
    held: frozenset[str] = frozenset()

    @property
    def n_time(self) -> int:
        """Number of time bins."""
        return self.times[0].n_bins

    @property
    def driven(self) -> tuple[str, ...]:
        """Names of the parameters that move the signal, in the order of the slopes."""
        moving = self.pulse_time is not None and self.pulse_time not in self.held
        pulse = (self.pulse_time,) if moving and self.pulse_time is not None else ()
        return (*self._spectral, *self.features.driven, *pulse)

    @property
    def _spectral(self) -> tuple[str, ...]:
        names = self.couplings if self.radius is None else (*self.couplings, self.radius)
        return tuple(n for n in names if n not in self.held)

    def holding(self, names: Iterable[str]) -> RefoldedSignal:
        """The same signal without slopes along parameters that a fit holds."""
        held = frozenset(names)
        return replace(self, features=self.features.holding(held), held=self.held | held)

    def _spectrum(self, values: Values, like: Array) -> Array:
        """``(n_nodes, n_classes, ...)``."""
        by_flavour = self.fold.spectrum(
            {n: values[n] for n in self.couplings},
            neutron_radius=1.0 if self.radius is None else values[self.radius],
        )
        summed = np.stack(
            [sum(by_flavour[..., f, :] for f in members) for members in self.classes], axis=-2
        )
        last = np.moveaxis(summed, (-1, -2), (0, 1))
        missing = 2 + like.ndim - last.ndim
        return last.reshape(*last.shape, *(1,) * missing) + like

    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, ...)``."""
        spectra = [self._spectrum(values, like)]
        for name in self._spectral:
            ends = spectral_ends(self.fold, name, values[name])
            up, down = (self._spectrum({**values, name: end}, like) for end in ends)
            spectra.append((up - down) / (ends[0] - ends[1]))
        features = self.features.evaluate(values, like)
        n = len(features[0])
        table = self.features.table.reshape(n * self.n_energy, -1)
        shape = (n, self.n_energy, len(self.times), *like.shape)
        folded = [(table @ s.reshape(s.shape[0], -1)).reshape(shape) for s in spectra]

        def energy(spectrum: Array, feature: Array) -> Array:
            total = np.sum(spectrum * feature[:, None, None], axis=0)
            return np.swapaxes(total, 0, 1)

        out = [energy(s, features[0]) for s in folded]
        return out + [energy(folded[0], f) for f in features[1:]]

    def arrivals(self, values: Values, like: Array) -> list[Array]:
        """Tau and its slope along the pulse time, each ``(n_classes, n_time, ...)``."""
        t0 = self.pulse_time_us + like if self.pulse_time is None else values[self.pulse_time]
        pairs = [table.evaluate_with_derivative(t0) for table in self.times]
        return [np.stack([np.moveaxis(p[k], -1, 0) for p in pairs]) for k in (0, 1)]

    def evaluate(self, values: Values) -> Array:
        """Expected counts, ``(..., n_energy, n_time)``."""
        return self.linearise(values)[0]

    def linearise(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """Expected counts and their derivatives by name, each ``(..., n_energy, n_time)``."""
        return linearise(self, values)


def refold(
    signal: Signal, nominal: Mapping[str, float], scale: Mapping[str, float]
) -> RefoldedSignal:
    """Tabulate the response of an exact signal and keep its spectrum exact.

    Args:
        signal: the exact one.
        nominal: values of all parameters it is bound to.
        scale: their typical steps.
    """
    classes = time_classes(signal)
    return RefoldedSignal(
        features=response_features(signal, nominal, scale, crossed=0),
        fold=signal.fold,
        classes=tuple(classes),
        couplings=signal.binding.interaction,
        radius=signal.binding.neutron_radius,
        times=tuple(signal.times[c[0]] for c in classes),
        pulse_time=signal.binding.pulse_time,
        pulse_time_us=signal.pulse_time_us,
        n_energy=signal.n_energy,
    )
