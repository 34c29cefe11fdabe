"""The fast form of an experiment's model, for toys and scans, and how good it is.

The tables of a response are refined until the fast form agrees with the exact model: -2 ln L of
nominal Asimov data to 0.01, wherever it rises by at most 9 (couplings without slope at their
nominal zero are moved too) and with each pull alone up to three sigma, and the number of events
to 1e-4. Where no refinement is enough the exact model takes its place.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cevns.exceptions import CevnsWarning
from cevns.experiments.prediction.reweighted import Reweighted
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.tables.features import ResponseTables
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.experiments.tables.tabulated import tabulate
from cevns.inference import Channel, Likelihood, Model, asimov
from cevns.inference.model.mapped import Mapped
from cevns.inference.model.shapes import Shape
from cevns.parameters import Parameters
from cevns.processes import Proportional
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.period_fold import KernelPeriods
from cevns.typing import Array, BoolArray

__all__ = ["TabulationError", "fast_form"]

_SHIFT: Final = 0.01
_COUNT: Final = 1e-4
_RISE: Final = 9.0
_POINTS: Final = 32
"""Random points in all parameters."""
_ALONE: Final = 41
"""Points along each parameter alone, up to three sigma: between the knots of its tables."""
_UNKNOWN: Final = 1e-12
"""Information on a parameter, in units of its typical step, that is none."""


@dataclass(frozen=True)
class TabulationError:
    """What the fast form of a model misses, with nominal Asimov data.

    Args:
        shift: largest difference of -2 ln L, at random points where it rises by at most 9, in all
            free parameters at once, and with each constrained one alone up to three sigma.
        count: largest relative difference of the number of events there.
    """

    shift: float
    count: float

    @classmethod
    def between(cls, exact: Model, fast: Model) -> TabulationError:
        """Of a fast form, against the exact model."""
        data = asimov(exact)
        likelihood = Likelihood.of(exact, data)
        points, alone = _test_points(exact, likelihood)
        # apart, since a response that is remembered knows those along one parameter already
        expected = np.empty((len(points), exact.n_bins))
        for which in (~alone, alone):
            if which.any():
                expected[which] = exact.expected(points[which])
        wanted = likelihood.twice_nll(points, expected)
        lowest = float(likelihood.twice_nll(exact.parameters.values[None])[0])
        inside = np.isfinite(wanted) & (alone | (wanted - lowest <= _RISE))
        tabulated = fast.expected(points[inside])
        found = Likelihood.of(fast, data).twice_nll(points[inside], tabulated)
        counts, others = (mu.sum(axis=-1) for mu in (expected[inside], tabulated))
        missed, size = np.abs(others - counts), np.abs(counts)
        # a result measured from zero expects nothing there, of which nothing can be missed
        relative = np.divide(missed, size, out=np.where(missed > 0.0, np.inf, 0.0), where=size > 0)
        return cls(
            float(np.abs(found - wanted[inside]).max(initial=0.0)),
            float(relative.max(initial=0.0)),
        )

    @property
    def small(self) -> bool:
        """Whether toys and scans may use the fast form."""
        return self.shift <= _SHIFT and self.count <= _COUNT

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"tabulated against exact model: -2lnL differs by at most {self.shift:.1g} where it "
            f"rises by up to {_RISE:g}, the number of events by {self.count:.1g} of it"
        )


def fast_form(
    model: Model, tables: Mapping[str, ResponseTables] | None = None
) -> tuple[Model, TabulationError | None]:
    """The same model with every exact signal tabulated, and the error of the tabulation.

    Args:
        model: the exact model. Released templates are a table already, without error.
        tables: of the responses by group of channels, where they are kept.

    Returns:
        The model, itself where there is nothing to tabulate, and the largest error.

    Warns:
        CevnsWarning: if the finest tables of a group are not good enough; it stays exact.

    Examples:
        >>> from cevns.experiments import load
        >>> fast, error = fast_form(load("coherent-csi-2021").model())
        >>> error.small
        True
    """
    new: dict[str, Channel] = {}
    errors = []
    for group in dict.fromkeys(c.group for c in model.channels):
        own = (tables or {}).get(group) or ResponseTables()
        exact = model.only([c.name for c in model.channels if c.group == group])
        found, error = _good_tables(exact, own)
        if error is not None:
            new |= found
            errors.append(error)
    if not new:
        return model, None
    worst = TabulationError(max(e.shift for e in errors), max(e.count for e in errors))
    return model.with_channels(new), worst


def _good_tables(
    exact: Model, tables: ResponseTables
) -> tuple[dict[str, Channel], TabulationError | None]:
    """Channels of one experiment with tables, refined until they are good enough, and their error.

    No error where there is nothing to tabulate, or where the finest tables are not enough.
    """
    known = exact.with_channels(_with_signals(exact, lambda s, _: tables.remembering(s)))
    while found := _with_signals(exact, lambda s, c: _tabulated(s, exact, c, tables)):
        error = TabulationError.between(known, exact.with_channels(found))
        if error.small:
            return found, error
        if not tables.refine():
            warnings.warn(
                f"{exact.channels[0].group or exact.name}: tables miss -2 ln L by "
                f"{error.shift:.2g} and the number of events by {error.count:.2g} of it; the "
                "exact model is used, which is slower",
                CevnsWarning,
                stacklevel=3,
            )
            break
    return {}, None


def _with_signals(model: Model, change: Callable[[Signal, Channel], Shape]) -> dict[str, Channel]:
    """The channels in which an exact signal is another shape by a change."""

    def changed(shape: Shape, channel: Channel) -> Shape:
        if isinstance(shape, Mapped | PulseShapeSignal | Reweighted):
            inner: Any = changed(shape.shape, channel)
            return shape if inner is shape.shape else replace(shape, shape=inner)
        return change(shape, channel) if isinstance(shape, Signal) else shape

    new = {}
    for channel in model.channels:
        components = tuple(replace(c, shape=changed(c.shape, channel)) for c in channel.components)
        if any(a.shape is not b.shape for a, b in zip(components, channel.components, strict=True)):
            new[channel.name] = replace(channel, components=components)
    return new


def _tabulated(shape: Signal, model: Model, channel: Channel, tables: ResponseTables) -> Shape:
    if len(shape.fold.nodes) < 2:
        return shape  # a bare count has no energies along which a table could go
    if isinstance(shape.fold, KernelPeriods):
        return shape  # no part of it is a table
    if isinstance(shape.fold, KernelFold) and not isinstance(shape.fold.interaction, Proportional):
        return shape  # a kernel has no terms that a table could hold, unless it is one itself
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
    return tabulate(shape, scale, tables.features(shape, nominal, scale))


def _reach(known: Parameters, i: int, likelihood: Likelihood) -> float:
    """How far a parameter alone may move until -2 ln L rises by 9, to a factor of 1.4."""
    moved = known[i].scale * np.geomspace(2.0**-10, 2.0**10, 41)
    points = np.tile(known.values, (len(moved) + 1, 1))
    points[1:, i] = np.clip(points[1:, i] + moved, known[i].lower, known[i].upper)
    value = likelihood.twice_nll(points)
    inside = np.flatnonzero(value[1:] - value[0] <= _RISE)
    return float(moved[inside[-1]]) if inside.size else 0.0


def _test_points(model: Model, likelihood: Likelihood) -> tuple[Array, BoolArray]:
    """Points ``(n, n_par)``, and in which of them one parameter of a shape alone is moved."""
    known, nominal = model.parameters, model.parameters.values
    free = np.array(known.free, dtype=np.int64)
    information = likelihood.fisher(nominal)[np.ix_(free, free)]
    size, directions = np.linalg.eigh(np.linalg.pinv(information))
    rng = np.random.default_rng(2021)
    away = rng.standard_normal((_POINTS, len(free)))
    # along rays to sqrt(9): in many dimensions points of a ball would all lie at its edge
    away *= rng.uniform(0.0, np.sqrt(_RISE), (_POINTS, 1)) / np.linalg.norm(away, axis=1)[:, None]
    rays = np.tile(nominal, (_POINTS, 1))
    rays[:, free] += away @ (directions * np.sqrt(np.maximum(size, 0.0))).T
    for i in free[np.diag(information) * [known[i].scale ** 2 for i in free] < _UNKNOWN]:
        # a rate that is quadratic in a coupling does not feel it at its nominal zero
        rays[:, i] += rng.uniform(-1.0, 1.0, _POINTS) * _reach(known, int(i), likelihood)
    moving = {
        channel.joint_name(own)
        for channel in model.channels
        for name in {n for c in channel.components for n in c.shape.names}
        for own in (channel.derived[name].names if name in channel.derived else (name,))
    }
    single = [nominal]  # a point that is never too far, where all rays are
    for i, p in enumerate(known):
        if p.constraint is not None and not p.fixed and p.name in moving:
            moved = np.tile(nominal, (_ALONE, 1))
            moved[:, i] = p.constraint.mean + p.constraint.sigma * np.linspace(-3.0, 3.0, _ALONE)
            single += list(moved)
    points = np.clip(
        np.concatenate([rays, np.reshape(single, (-1, len(known)))]),
        [p.lower for p in known],
        [p.upper for p in known],
    )
    return points, np.arange(len(points)) >= _POINTS
