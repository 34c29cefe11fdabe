"""A signal whose recoil spectrum is refolded exactly while the response is tabulated.

Couplings and nuclear radii act on the spectrum alone, quenching and efficiency on the response
alone. So the energies

    E[c, e] = sum_w W_w(quenching, efficiency) sum_j M[j, e, w] spectrum_c(T_j; couplings, radius)

need no polynomial in radius or couplings: form factors are evaluated at every node of every data
set, and one matrix product with the tabulated response M follows. To keep M small the effects of
quenching and efficiency on the response add here; `tabulated` has their product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cevns.experiments.separable import Values
from cevns.experiments.signal import STEP, Signal
from cevns.experiments.tabulated import TabulatedSignal, fit_features, time_classes
from cevns.rates.fold import Fold
from cevns.typing import Array, Namespace


@dataclass(frozen=True, eq=False)
class RefoldedSignal(TabulatedSignal):
    """See the module; `matrix` is M, ``(n_features n_energy, n_nodes)``.

    Args:
        fold: recoil spectra as a function of couplings and neutron radius.
        classes: positions of the flavours of each arrival class.
        couplings: names of the driven couplings.
        radius: name of the driven neutron radius, if it is.
    """

    fold: Fold = field(kw_only=True)
    classes: tuple[tuple[int, ...], ...] = field(kw_only=True)
    couplings: tuple[str, ...] = field(kw_only=True)
    radius: str | None = field(kw_only=True)

    @property
    def driven(self) -> tuple[str, ...]:
        """Names of the parameters that move the signal, in the order of the slopes."""
        pulse = () if self.pulse_time is None else (self.pulse_time,)
        return (*self._spectral, *self.monomials.names, *self.efficiency, *pulse)

    @property
    def _spectral(self) -> tuple[str, ...]:
        return self.couplings if self.radius is None else (*self.couplings, self.radius)

    def _spectrum(self, values: Values, like: Array, xp: Namespace) -> Array:
        """``(n_nodes, n_classes, ...)``."""
        by_flavour = self.fold.spectrum(
            {n: values[n] for n in self.couplings},
            neutron_radius=1.0 if self.radius is None else values[self.radius],
            xp=xp,
        )
        summed = xp.stack(
            [sum(by_flavour[..., f, :] for f in members) for members in self.classes], axis=-2
        )
        last = xp.moveaxis(summed, (-1, -2), (0, 1))
        spread: Array = last + like
        return spread

    def energies(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, ...)``."""
        spectra = [self._spectrum(values, like, xp)]
        for name in self._spectral:
            up = self._spectrum({**values, name: values[name] + STEP}, like, xp)
            down = self._spectrum({**values, name: values[name] - STEP}, like, xp)
            spectra.append((up - down) / (2.0 * STEP))
        features = self.features(values, like, xp)
        n = len(features[0])
        shape = (n, self.n_energy, len(self.times), *like.shape)
        folded = [(self.matrix @ s.reshape(s.shape[0], -1)).reshape(shape) for s in spectra]

        def energy(spectrum: Array, feature: Array) -> Array:
            total = xp.sum(spectrum * feature[:, None, None], axis=0)
            swapped: Array = xp.swapaxes(total, 0, 1)
            return swapped

        out = [energy(s, features[0]) for s in folded]
        return out + [energy(folded[0], f) for f in features[1:]]


def refold(
    signal: Signal, nominal: Mapping[str, float], scale: Mapping[str, float]
) -> RefoldedSignal:
    """Tabulate the response of an exact signal and keep its spectrum exact.

    Args:
        signal: the exact one.
        nominal: values of all parameters it is bound to.
        scale: their typical steps.
    """
    kinds = {n: "quenching" for n in signal.binding.quenching if n is not None}
    monomials, matrix = fit_features(signal, nominal, scale, kinds, signal.responses, crossed=False)
    nodes, features = signal.fold.nodes.size, matrix.shape[1]
    by_node = matrix.reshape(nodes, signal.n_energy, features)
    classes = time_classes(signal)
    return RefoldedSignal(
        monomials,
        np.ascontiguousarray(by_node.transpose(2, 1, 0).reshape(-1, nodes)),
        tuple(n for n in signal.binding.efficiency if n is not None),
        tuple(signal.times[c[0]] for c in classes),
        signal.binding.pulse_time,
        signal.pulse_time_us,
        signal.n_energy,
        crossed=False,
        fold=signal.fold,
        classes=tuple(classes),
        couplings=signal.binding.interaction,
        radius=signal.binding.neutron_radius,
    )
