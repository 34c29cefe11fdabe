"""The fast form of an experiment's model, for toys and scans, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cevns.experiments.prediction.signal import Signal
from cevns.experiments.tables.features import Features
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.experiments.tables.tabulated import tabulate
from cevns.inference import Channel, Likelihood, Model, asimov
from cevns.inference.model.mapped import Mapped
from cevns.inference.model.shapes import Shape
from cevns.rates.kernel_fold import KernelFold
from cevns.typing import Array

__all__ = ["Responses", "TabulationError", "exact_signal", "fast_form", "tabulated"]

Responses = Mapping[str, Callable[[Signal], Features]]
"""By group of channels, what makes the features of the response to a signal in them or has them."""


@dataclass(frozen=True)
class TabulationError:
    """Largest difference of -2 ln L between the tabulated and the exact model.

    On nominal Asimov data, at random points inside a box of so many fitted errors around the
    truth in all nuisances at once, so that every cross term is in it.

    Args:
        shift_1sigma: within one fitted error.
        shift_3sigma: within three.
    """

    shift_1sigma: float
    shift_3sigma: float

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"tabulated against exact model: -2lnL differs by at most {self.shift_1sigma:.1g} "
            f"within 1 and {self.shift_3sigma:.1g} within 3 fitted errors of all nuisances"
        )


def fast_form(
    model: Model, features: Responses | None = None
) -> tuple[Model, TabulationError | None]:
    """The same model with every exact signal tabulated, and the error of the tabulation.

    Args:
        model: the exact model. Released templates are a table already, without error.
        features: of the response by group of channels, where they are kept.

    Examples:
        >>> from cevns.experiments import load
        >>> fast, error = fast_form(load("coherent-csi-2021").model())
        >>> error.shift_1sigma < 0.01
        True
    """
    fast = tabulated(model, features)
    if fast is model:
        return model, None
    return fast, TabulationError(_shift(model, fast, 1.0), _shift(model, fast, 3.0))


def tabulated(model: Model, features: Responses | None = None) -> Model:
    """`fast_form` without the check of its error; the model itself where nothing is exact."""
    new, known = {}, features or {}
    for channel in model.channels:
        own = known.get(channel.group)
        components = tuple(
            replace(c, shape=_tabulated(c.shape, model, channel, own)) for c in channel.components
        )
        if any(a.shape is not b.shape for a, b in zip(components, channel.components, strict=True)):
            new[channel.name] = replace(channel, components=components)
    return model.with_channels(new) if new else model


def exact_signal(channels: Iterable[Channel]) -> Signal | None:
    """The exact signal of some channels; None where it is released or tabulated."""
    for component in (c for channel in channels for c in channel.components):
        shape = component.shape
        while isinstance(shape, Mapped | PulseShapeSignal):
            shape = shape.shape
        if isinstance(shape, Signal):
            return shape
    return None


def _tabulated(
    shape: Shape,
    model: Model,
    channel: Channel,
    features: Callable[[Signal], Features] | None,
) -> Shape:
    if isinstance(shape, Mapped | PulseShapeSignal):
        inner: Any = _tabulated(shape.shape, model, channel, features)
        return shape if inner is shape.shape else replace(shape, shape=inner)
    if not isinstance(shape, Signal) or isinstance(shape.fold, KernelFold):
        return shape  # a kernel has no terms that a table could hold
    if set(shape.binding.interaction) & set(shape.fold.source.parameters.names):
        return shape  # nor are there tables of sources that change
    units = {n: channel.units.get(n, 1.0) for n in channel.names}
    found = {n: model.parameters[channel.joint_name(n)] for n in channel.names}
    nominal = {n: p.value * units[n] for n, p in found.items()}
    scale = {n: p.scale * units[n] for n, p in found.items()}
    for name, function in channel.derived.items():
        at = {n: np.array([nominal[n]]) for n in function.names}
        slopes = function.slopes(at)
        nominal[name] = float(function.value(at)[0])
        scale[name] = sum(abs(float(slopes[n][0])) * scale[n] for n in function.names)
    return tabulate(shape, nominal, scale, None if features is None else features(shape))


def _shift(exact: Model, fast: Model, radius: float, n: int = 200) -> float:
    data = asimov(exact)
    fitted = _fitted_errors(exact)
    rng = np.random.default_rng(2021)
    points = np.tile(exact.parameters.values, (n, 1))
    for i, p in enumerate(exact.parameters):
        if p.role == "nuisance" and not p.fixed and p.constraint is not None:
            away = points[:, i] + rng.uniform(-radius, radius, n) * fitted[i]
            points[:, i] = np.clip(away, p.lower, p.upper)
    values = [Likelihood.of(m, data).twice_nll(points) for m in (exact, fast)]
    return float(np.abs(values[0] - values[1]).max())


def _fitted_errors(model: Model) -> Array:
    """Errors a fit to nominal data would have, from the Fisher information."""
    free = np.array(model.parameters.free, dtype=np.int64)
    information = Likelihood.of(model, asimov(model)).fisher(model.parameters.values)
    out = np.zeros(len(model.parameters))
    inverse = np.linalg.pinv(information[np.ix_(free, free)])
    out[free] = np.sqrt(np.maximum(np.diag(inverse), 0.0))
    return out
