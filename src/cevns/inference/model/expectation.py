"""A model: channels over one parameter vector.

One experiment is a model with one or more channels, several experiments are a model with the
channels of all. Everything in `cevns.inference` works on it: named parameters with their
constraints, the data, and the expectation with its derivatives.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.model.channel import Channel, Component, Evaluated
from cevns.inference.model.shapes import FunctionShape
from cevns.parameters import Parameter, Parameters
from cevns.signatures import refuse_xp_in
from cevns.typing import Array, IntArray, frozen

__all__ = [
    "Fix",
    "Model",
    "constraint_arrays",
    "digest",
    "function_model",
    "parameter_point",
    "single_poi",
    "summed",
]

Fix = Mapping[str, float | None]
"""Parameters that a fit holds, by name: at a value, or (None) where they are."""
_ROUNDED = 1e-13
"""Change of an expectation, of its largest value, up to which it may be rounding: sums over a few
thousand numbers of double precision."""
_FAR = 100.0
"""Typical sizes of a parameter up to which one looks for what it does."""


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """Channels over one parameter vector. Immutable, and picklable for work in other processes.

    Args:
        name: what the model is called in results.
        parameters: all parameters, in the order of the vector, with their constraints.
        channels: the data and what makes them.

    Raises:
        UnknownNameError: if a channel depends on a parameter that is not there.
        InputError: if two channels have the same name, or there is none.

    Examples:
        >>> from cevns.inference.model.shapes import fixed
        >>> from cevns.parameters import Parameter
        >>> counting = Channel("counts", np.array([9.0]), (
        ...     Component("signal", fixed(np.ones(1)), ("s",)),
        ...     Component("background", fixed(np.array([4.0]))),
        ... ))
        >>> model = Model("one bin", Parameters([Parameter("s", 3.0, role="poi")]), (counting,))
        >>> model.expected(np.array([5.0])).tolist()
        [9.0]
    """

    name: str
    parameters: Parameters
    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        if not self.channels:
            raise InputError(f"model {self.name!r} needs at least one channel")
        if len({c.name for c in self.channels}) < len(self.channels):
            raise InputError(f"model {self.name!r}: two channels have the same name")
        for channel in self.channels:
            for own in channel.names:
                self.parameters.position(channel.joint_name(own))

    def __repr__(self) -> str:
        """Name, parameters and channels."""
        return f"Model({self.name!r}, {self.parameters!r}, {', '.join(map(repr, self.channels))})"

    # -- data ----------------------------------------------------------------------------------

    @cached_property
    def observed(self) -> Array:
        """Data of all channels, one after the other, ``(n_bins,)``."""
        return frozen(np.concatenate([c.observed for c in self.channels]))

    @property
    def n_bins(self) -> int:
        """Number of data of all channels."""
        return sum(c.n_bins for c in self.channels)

    @cached_property
    def bins(self) -> dict[str, slice]:
        """Where the data of each channel stand, by its name."""
        out, at = {}, 0
        for c in self.channels:
            out[c.name] = slice(at, at + c.n_bins)
            at += c.n_bins
        return out

    def group(self, name: str) -> tuple[Channel, ...]:
        """The channels that came from one of several joined models.

        Raises:
            UnknownNameError: if there is none.
        """
        found = tuple(c for c in self.channels if name in (c.group, c.name))
        if not found:
            raise UnknownNameError("group of channels", name, [c.group for c in self.channels])
        return found

    def joint_name(self, group: str, own: str) -> str:
        """The name of a parameter that a group of channels calls by its own."""
        for channel in self.group(group):
            if own in channel.rename:
                return channel.joint_name(own)
        return own

    def channel(self, name: str) -> Channel:
        """A channel by name.

        Raises:
            UnknownNameError: if there is none.
        """
        for c in self.channels:
            if c.name == name:
                return c
        raise UnknownNameError("channel", name, [c.name for c in self.channels])

    # -- expectation ---------------------------------------------------------------------------

    def at(self, channel: Channel, theta: Array) -> Evaluated:
        """One of the channels at ``theta (n_par, B)``."""
        values = {
            own: theta[at] if unit == 1.0 else unit * theta[at]
            for own, at, unit in self._places[channel.name]
        }
        return channel.at(values, np.zeros(theta.shape[1]))

    @cached_property
    def _without_slopes(self) -> tuple[Channel, ...]:
        """The channels for their expectation alone."""
        return tuple(c.with_fixed(c.names) for c in self.channels)

    @cached_property
    def _places(self) -> dict[str, list[tuple[str, int, float]]]:
        """Of each channel its own names, where they stand in the vector, and their units."""
        return {
            c.name: [
                (own, self.parameters.position(c.joint_name(own)), c.units.get(own, 1.0))
                for own in c.names
            ]
            for c in self.channels
        }

    def _vectors(self, theta: Array) -> Array:
        """Points ``(..., n_par)``.

        Raises:
            InputError: if they have another number of values than the model has parameters.
        """
        theta = np.asarray(theta, dtype=float)
        given = theta.shape[-1] if theta.ndim else 1
        if not theta.ndim or given != len(self.parameters):
            raise InputError(
                f"model {self.name!r}: a vector of length {given} where {len(self.parameters)} "
                f"parameters are: {', '.join(self.parameters.names)}"
            )
        return theta

    def expected(self, theta: Array) -> Array:
        """Expected data, ``(..., n_par) -> (..., n_bins)``.

        Raises:
            InputError: if a vector has another length than there are parameters.
        """
        theta = self._vectors(theta)
        # the number of points is said, for a model may have no parameters
        columns = np.ascontiguousarray(
            theta.reshape(math.prod(theta.shape[:-1]), theta.shape[-1]).T
        )
        mu = np.concatenate([self.at(c, columns).mean for c in self._without_slopes])
        return np.ascontiguousarray(mu.T).reshape(*theta.shape[:-1], -1)

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """Expected data and their derivatives by every parameter.

        Args:
            theta: ``(B, n_par)``.

        Returns:
            ``mu (B, n_bins)`` and ``jacobian (B, n_par, n_bins)``.
        """
        columns = np.ascontiguousarray(self._vectors(theta).T)
        points = [self.at(c, columns) for c in self.channels]
        mu = np.concatenate([p.mean for p in points])
        jacobian = [p.jacobian(self.parameters.names) for p in points]
        return np.ascontiguousarray(mu.T), np.concatenate(jacobian, axis=2)

    def components(self, theta: Array) -> dict[str, Array]:
        """Expected data of each component at one point, each over all bins ``(n_bins,)``.

        Of several channels components are called ``channel.component``.
        """
        out = {}
        for channel, name, cells in self._contributions(theta):
            name = f"{channel.name}.{name}" if len(self.channels) > 1 else name
            out[name] = np.zeros(self.n_bins)
            out[name][self.bins[channel.name]] = cells[:, 0]
        return out

    def totals(self, theta: Array) -> dict[str, float]:
        """Expected counts of each component at one point, over all channels that hold counts."""
        return summed(self.totals_by_channel(theta))

    def totals_by_channel(self, theta: Array) -> dict[str, dict[str, float]]:
        """Expected counts of each component at one point, by channel of those that hold counts."""
        out: dict[str, dict[str, float]] = {}
        for channel, name, cells in self._contributions(theta):
            if not channel.auxiliary:
                out.setdefault(channel.name, {})[name] = float(channel.counted(cells)[0])
        return out

    def _contributions(self, theta: Array) -> Iterator[tuple[Channel, str, Array]]:
        """Of each channel the name of each component and its expected data, ``(n_bins, 1)``."""
        column = self._vectors(theta)[:, None]
        for channel in self._without_slopes:
            point = self.at(channel, column)
            for number, component in enumerate(channel.components):
                yield channel, component.name, point.component(number)

    # -- a family of one (see `cevns.inference.model.grid.Family`) ------------------------------

    @property
    def structure(self) -> Parameters:
        """What else the model is built for: nothing."""
        return Parameters([])

    def model(self, structure: Mapping[str, float]) -> Model:
        """The model itself.

        Raises:
            UnknownNameError: if a structural parameter is named: there is none.
        """
        for name in structure:
            _ = self.structure[name]
        return self

    # -- the same model otherwise --------------------------------------------------------------

    def with_parameters(self, parameters: Parameters) -> Model:
        """The same model with other values, bounds, constraints or fixed parameters.

        Raises:
            InputError: if the names or their order differ.
        """
        if parameters.names != self.parameters.names:
            raise InputError(f"{self.name}: the new parameters are not those of the model")
        return replace(self, parameters=parameters)

    def with_observed(self, observed: Array) -> Model:
        """The same model with other data of all channels.

        Raises:
            InputError: if their number differs or they are impossible.
        """
        data = np.asarray(observed, dtype=float).ravel()
        if data.size != self.n_bins:
            raise InputError(
                f"{self.name}: {data.size} observed counts for {self.n_bins} bins; "
                "the data and the axes do not match"
            )
        return replace(
            self,
            channels=tuple(replace(c, observed=data[self.bins[c.name]]) for c in self.channels),
        )

    def with_channels(self, channels: Mapping[str, Channel]) -> Model:
        """The same model with some channels in another form, by their names."""
        return replace(self, channels=tuple(channels.get(c.name, c) for c in self.channels))

    def exposed(self, factors: Mapping[str, float]) -> Model:
        """The same model after longer exposures: what is counted and expected, times a number.

        Parameters stay as they are: a count of a background is that of the old exposure, and its
        constraint keeps its relative error. Auxiliary measurements are not repeated.

        Args:
            factors: by group of channels, or by name of a channel that is in none.

        Raises:
            UnknownNameError: if there is no such group.
            InputError: if data are no counts, or a factor is not positive.
        """
        new = {
            c.name: c.exposed(factor)
            for name, factor in factors.items()
            for c in self.group(name)
            if not c.auxiliary and factor != 1.0
        }
        return self.with_channels(new)

    def feels(self, name: str) -> bool:
        """Whether the expectation changes along a parameter, by more than it is rounded.

        Ask a model without tables: the rounding of these grows as the square of a coupling.

        A rate that grows as a power of a coupling may be too small at its typical size: the change
        is sought at a hundred of these too. Nominal values of the others may be special (one of
        two couplings of which the product counts is zero): what does nothing there is tried with
        other parameters of interest moved.
        """

        def moved(p: Parameter, steps: float) -> float:
            return float(np.clip(p.value + steps * p.scale, p.lower, p.upper))

        asked = self.parameters[name]
        others = [
            p for p in self.parameters if p.role == "poi" and not p.fixed and p.name != asked.name
        ]
        for far in (1.0, _FAR):
            ends = [moved(asked, steps) for steps in (far, -far)]
            for beside in ({}, {p.name: moved(p, 1.0) for p in others}):
                points = [
                    self.parameters.at({**beside, name: v}).values for v in (asked.value, *ends)
                ]
                usual, *changed = self.expected(np.array(points))
                if (np.abs(np.array(changed) - usual) > _ROUNDED * np.abs(usual).max()).any():
                    return True
        return False

    def only(self, names: Iterable[str]) -> Model:
        """Some of the channels, and the parameters that they depend on."""
        kept = tuple(self.channel(n) for n in names)
        needed = {c.joint_name(own) for c in kept for own in c.names}
        parameters = Parameters(p for p in self.parameters if p.name in needed)
        return Model(" + ".join(c.name for c in kept), parameters, kept)

    def columns(self, channel: Channel) -> IntArray:
        """Positions of the parameters that a channel depends on."""
        found = {self.parameters.position(channel.joint_name(own)) for own in channel.names}
        return np.array(sorted(found), dtype=np.int64)


def function_model(
    name: str,
    parameters: Parameters,
    observed: Array,
    function: Callable[[Array], Array],
    derivative: Callable[[Array], Array] | None = None,
    *,
    floor: Array | None = None,
    shape: Sequence[int] = (),
) -> Model:
    """A model of one channel whose expected counts are any function of the parameters.

    Args:
        name: of the model and its component.
        parameters: the parameter vector.
        observed: counts, ``(n_bins,)``.
        function: ``(B, n_par) -> (B, n_bins)``.
        derivative: ``(B, n_par) -> (B, n_par, n_bins)``; by differences if it is not given.
        floor: see `Channel`.
        shape: cells along each axis.

    Examples:
        >>> from cevns.parameters import Parameter
        >>> line = function_model("line", Parameters([Parameter("a", 2.0)]), np.array([3.0, 5.0]),
        ...                       lambda theta: theta * np.array([1.0, 2.0]))
        >>> line.expected(np.array([2.0])).tolist()
        [2.0, 4.0]
    """
    refuse_xp_in(function, f"the expectation of {name!r}")
    refuse_xp_in(derivative, f"the derivative of {name!r}")
    data = np.asarray(observed, dtype=float).ravel()
    counts = FunctionShape(
        parameters.names,
        data.size,
        function,
        derivative,
        steps=[max(p.scale, 1e-3 * abs(p.value)) for p in parameters],
        bounds=[(p.lower, p.upper) for p in parameters],
    )
    component = Component(name, counts)
    channel = Channel(name, data, (component,), floor=floor, shape=tuple(shape))
    return Model(name, parameters, (channel,))


def parameter_point(model: Model, values: Mapping[str, float] | Array | None = None) -> Array:
    """The parameter vector of a model: its nominal values, some of them replaced by name.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a value is not finite or outside its bounds, or a vector has a wrong length.
    """
    if values is None:
        return model.parameters.values
    if isinstance(values, Mapping):
        return model.parameters.at(values).values
    theta = np.array(values, dtype=float)
    if theta.shape != (len(model.parameters),):
        raise InputError(
            f"model {model.name!r}: a parameter vector needs shape ({len(model.parameters)},), "
            f"not {theta.shape}"
        )
    return model.parameters.at(dict(zip(model.parameters.names, theta, strict=True))).values


def constraint_arrays(parameters: Parameters) -> tuple[Array, Array]:
    """Means and inverse variances of the Gaussian constraints, each ``(n_par,)``.

    A free parameter has inverse variance zero (and its nominal value as mean), so that
    ``inverse_variance * (theta - mean)**2`` is the pull term without a mask.
    """
    mean = np.array([p.constraint.mean if p.constraint else p.value for p in parameters])
    weight = np.array([p.constraint.sigma**-2 if p.constraint else 0.0 for p in parameters])
    return mean, weight


def single_poi(model: Model, name: str | None = None) -> str:
    """The name of the parameter of interest: `name`, or the only free one of role ``poi``.

    Raises:
        UnknownNameError: if `name` is unknown.
        InputError: if no name is given and there is none or more than one.
    """
    if name is not None:
        return model.parameters[name].name
    found = [p.name for p in model.parameters if p.role == "poi" and not p.fixed]
    if len(found) != 1:
        raise InputError(
            f"model {model.name!r} has {len(found)} free parameters of interest; name one of "
            + ", ".join(model.parameters.names)
        )
    return found[0]


def digest(model: Model) -> str:
    """SHA-256 of what a model is to statistics: parameters, data, values and derivatives.

    Evaluated at the nominal point and at three points about one sigma away, so two models with
    the same digest give the same fits. Rounded to seven digits: how many threads add up a table
    changes the thirteenth.
    """
    parameters = model.parameters
    rng = np.random.default_rng(20201)
    steps = rng.uniform(-1.0, 1.0, (4, len(parameters))) * [p.scale for p in parameters]
    steps[0] = 0.0
    theta = parameters.values + steps
    low, high = [p.lower for p in parameters], [p.upper for p in parameters]
    mu = model.expected(np.clip(theta, low, high))
    text = [model.name, *(repr(p) for p in parameters)]
    text += [f"{v:.6e}" for v in np.concatenate([model.observed, mu.ravel()])]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def summed(channels: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Counts by component, over all channels.

    Args:
        channels: by channel and component.

    Examples:
        >>> summed({"on": {"cevns": 3.0, "steady": 5.0}, "off": {"steady": 5.0}})
        {'cevns': 3.0, 'steady': 10.0}
    """
    out: dict[str, float] = {}
    for counts in channels.values():
        for name, count in counts.items():
            out[name] = out.get(name, 0.0) + count
    return out
