"""The likelihood model of one experiment: signal and backgrounds against counts in bins.

Four questions are asked of the same prediction:

``count``
    N free, signal shape normalised to one at every point: N is the number of CEvNS events in the
    region. Pulls that only scale the signal (flux, form-factor normalisation) then have no
    effect and are left out.
``cross-section``
    the flux-averaged cross section sigma free: signal = S(theta) sigma/sigma_SM x flux x form
    factor, all pulls included.
``sin2-theta-w``
    the weak mixing angle free in the couplings, all pulls included.
``couplings``
    any parameters of the interaction free, asked for by their names: the same with other names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.tables.refolded import RefoldedSignal
from cevns.experiments.tables.tabulated import TabulatedSignal
from cevns.inference.minimum.objectives import Objective
from cevns.parameters import Parameters
from cevns.processes import Interaction
from cevns.registry import canonical
from cevns.typing import Array

__all__ = ["POI_PARAMETER", "SIGNAL", "ExperimentModel", "Poi", "PoiName", "ask", "check_question"]

PoiName = Literal["count", "cross-section", "sin2-theta-w", "couplings"]
SIGNAL = "cevns"
POI_PARAMETER: Mapping[str, str] = {
    "count": SIGNAL,
    "cross-section": "cross_section",
    "sin2-theta-w": "sin2_theta_w",
}


Poi = str | Sequence[str]
"""A question by name, or names of parameters of the interaction."""


def ask(poi: Poi, interaction: Interaction) -> tuple[PoiName, tuple[str, ...]]:
    """A question and the parameters of the interaction that are free in it.

    Raises:
        UnknownNameError: if a name is neither.
        InputError: if a parameter is there twice, or none.
    """
    if isinstance(poi, str):
        question = check_question(poi)
        named: tuple[str, ...] = (POI_PARAMETER[question],) if question == "sin2-theta-w" else ()
    else:
        question, named = "couplings", tuple(poi)
        if not named:
            raise InputError("no parameter of the interaction is named; name at least one")
    names = tuple(interaction.parameters[n].name for n in named)
    if len(set(names)) < len(names):
        raise InputError(f"a parameter is named twice: {', '.join(names)}")
    return question, names


def check_question(name: str) -> PoiName:
    """A question by name (``-`` and ``_`` equal).

    Raises:
        UnknownNameError: if there is no such question.
    """
    folded = canonical(name)
    if folded not in POI_PARAMETER:
        raise UnknownNameError("parameter of interest", name, POI_PARAMETER)
    return cast("PoiName", folded)


@dataclass(frozen=True, eq=False)
class ExperimentModel:
    """Expected counts of an experiment as a function of its parameter vector.

    Implements the protocol of `cevns.inference`: `parameters`, `observed`, `expected`,
    `linearise`, `components`.

    Args:
        name: the experiment's name.
        question: ``count``, ``cross-section``, ``sin2-theta-w`` or ``couplings``.
        signal: the staged exact signal.
        backgrounds: component name to unit-normalised shape, ``(energy, time)``.
        parameters: the vector, in order.
        observed: counts, ``(energy, time)`` flattened; expected ones for a projection.
        scale: names of the parameters that multiply the signal.
        reference: predicted value of a cross section of interest, in its unit.
        prediction: predicted signal count at nominal values.
        couplings: free parameters of the interaction.
    """

    name: str
    question: PoiName
    signal: Signal | TabulatedSignal | RefoldedSignal
    backgrounds: Mapping[str, Array]
    parameters: Parameters
    observed: Array
    scale: tuple[str, ...] = ()
    reference: float = 1.0
    prediction: float = 0.0
    couplings: tuple[str, ...] = ()
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {p.name: i for i, p in enumerate(self.parameters)})

    @property
    def poi(self) -> str:
        """Name of the parameter of interest; the first of several."""
        return self.couplings[0] if self.couplings else POI_PARAMETER[self.question]

    @property
    def exact_signal(self) -> Signal:
        """The signal, where it is not tabulated.

        Raises:
            InputError: if it is.
        """
        if not isinstance(self.signal, Signal):
            raise InputError(f"{self.name}: a tabulated model has no stages; use the exact one")
        return self.signal

    @cached_property
    def floor(self) -> Array:
        """Counts per bin below which an expectation is bent (`cevns.inference.model.positivity`).

        Half of what backgrounds five prior widths low would leave: splines of the response may
        undershoot zero by a hundredth of an event, and no fit comes near this otherwise.
        """
        floor = np.zeros(self.n_bins)
        for name, shape in self.backgrounds.items():
            constraint = self.parameters[name].constraint
            if constraint is not None:
                least = max(constraint.mean - 5.0 * constraint.sigma, 0.0)
                floor += 0.5 * least * shape.ravel()
        return floor

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins along each axis."""
        return self.signal.n_energy, self.signal.n_time

    @property
    def n_bins(self) -> int:
        """Number of analysis bins."""
        return self.signal.n_energy * self.signal.n_time

    @cached_property
    def templates(self) -> Array:
        """Flattened background shapes, ``(n_backgrounds, n_bins)``."""
        if not self.backgrounds:
            return np.zeros((0, self.n_bins))
        return np.stack([b.ravel() for b in self.backgrounds.values()])

    def _values(self, theta: Array) -> dict[str, Array]:
        return {name: theta[..., i] for name, i in self._index.items()}

    @property
    def factors(self) -> tuple[str, ...]:
        """Parameters whose product scales the signal."""
        return (*self.scale, self.poi) if self.question == "cross-section" else self.scale

    def strength(self, values: Mapping[str, Array], *, without: str | None = None) -> Array:
        """Factor on the signal shape: product of the pulls, times sigma/sigma_SM."""
        strength: Array = np.asarray(1.0 / self.reference)
        for name in self.factors:
            if name != without:
                strength = strength * values[name]
        return strength

    def signal_counts(self, theta: Array) -> Array:
        """Expected signal per bin, shape ``(..., n_bins)``."""
        values = self._values(theta)
        shape = self.signal.evaluate(values)
        shape = shape.reshape(*shape.shape[:-2], self.n_bins)
        if self.question == "count":
            unit: Array = shape / shape.sum(axis=-1, keepdims=True)
            return values[SIGNAL][..., None] * unit
        return self.strength(values)[..., None] * shape

    def expected(self, theta: Array) -> Array:
        """Expected counts per bin.

        Args:
            theta: parameter vector(s), shape ``(..., n_parameters)``.

        Returns:
            Shape ``(..., n_bins)``, energy-major.
        """
        theta = np.asarray(theta)
        total = self.signal_counts(theta)
        if self.backgrounds:
            columns = [self._index[b] for b in self.backgrounds]
            total = total + theta[..., np.array(columns)] @ self.templates
        return total

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """Expected counts and their derivatives with respect to every parameter.

        Args:
            theta: shape ``(..., n_parameters)``.

        Returns:
            ``mu (..., n_bins)`` and ``jacobian (..., n_parameters, n_bins)``.
        """
        theta = np.asarray(theta)
        values = self._values(theta)
        shape, slopes = self.signal.linearise(values)
        lead = shape.shape[:-2]
        shape = shape.reshape(*lead, self.n_bins)
        slopes = {n: s.reshape(*lead, self.n_bins) for n, s in slopes.items()}
        rows: dict[str, Array] = {}
        if self.question == "count":
            total = shape.sum(axis=-1, keepdims=True)
            unit, count = shape / total, values[SIGNAL][..., None]
            signal = count * unit
            rows[SIGNAL] = unit
            for name, s in slopes.items():
                rows[name] = count * (s - unit * s.sum(axis=-1, keepdims=True)) / total
        else:
            strength = self.strength(values)[..., None]
            signal = strength * shape
            for name in self.factors:
                rows[name] = self.strength(values, without=name)[..., None] * shape
            for name, s in slopes.items():
                rows[name] = strength * s
        for i, b in enumerate(self.backgrounds):
            rows[b] = self.templates[i]
            signal = signal + values[b][..., None] * self.templates[i]
        # a stage that nothing drives has no leading axes of its own
        full = np.zeros((*theta.shape[:-1], self.n_bins))
        jacobian = np.stack([rows.get(p.name, full) + full for p in self.parameters], axis=-2)
        return signal + full, jacobian

    def components(self, theta: Array) -> dict[str, Array]:
        """Expected counts per component, each ``(n_bins,)``; the signal comes first."""
        theta = np.asarray(theta, dtype=float)
        out = {SIGNAL: self.signal_counts(theta)}
        for i, b in enumerate(self.backgrounds):
            out[b] = theta[self._index[b]] * self.templates[i]
        return out

    def objective(self, held: Iterable[str] = ()) -> Objective:
        """What batched fits minimise (see `cevns.inference.minimum.objectives`)."""
        from cevns.experiments.objective import ExperimentObjective

        return ExperimentObjective(self, frozenset(held))

    def with_observed(self, observed: Array) -> ExperimentModel:
        """The same model with other counts (Asimov, toys).

        Raises:
            InputError: if the shape differs or a count is negative or not finite.
        """
        from dataclasses import replace

        counts = np.asarray(observed, dtype=float).ravel()
        if counts.shape != (self.n_bins,):
            raise InputError(
                f"{self.name}: {counts.size} observed counts for {self.n_bins} bins; "
                "the data and the axes do not match"
            )
        if not (np.isfinite(counts).all() and (counts >= 0).all()):
            raise InputError(f"{self.name}: observed counts must be finite and not negative")
        return replace(self, observed=counts)

    def with_parameters(self, parameters: Parameters) -> ExperimentModel:
        """The same model with other starting values or fixed parameters, in the same order."""
        from dataclasses import replace

        if parameters.names != self.parameters.names:
            raise InputError(f"{self.name}: the new parameters are not those of the model")
        return replace(self, parameters=parameters)
