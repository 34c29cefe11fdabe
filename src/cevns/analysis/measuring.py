"""Fits of one or several experiments together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cevns.analysis.alternatives import alternative_fits, shapes_freed
from cevns.analysis.channel_result import ChannelResult, ComponentCount
from cevns.analysis.measurement import (
    Contribution,
    ExperimentResult,
    Measurement,
    Width,
)
from cevns.analysis.question import PLAIN, Asked, Request, ask
from cevns.analysis.shifts import prediction_error
from cevns.exceptions import FitError, InputError
from cevns.experiments.counts_model import exact_signal
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import POI_PARAMETER, SIGNAL
from cevns.inference import (
    Channel,
    Component,
    Data,
    FitResult,
    FittedParameter,
    Likelihood,
    Model,
    fit,
)
from cevns.inference.fitting.intervals import Significance, significance
from cevns.inference.minimum.information import information_shares
from cevns.inference.model.factors import product, product_slopes
from cevns.parameters import Gaussian, Parameters
from cevns.typing import Array

__all__ = ["against_nothing", "measure"]


def measure(
    *experiments: Experiment,
    request: Request = PLAIN,
    use_asimov: bool = False,
    minos: str = "poi",
    gof_toys: int = 0,
    contributions: bool = True,
    widths: Iterable[tuple[str, float]] = (),
    start: Mapping[str, float] | None = None,
) -> Measurement:
    """Fit one or several experiments.

    Args:
        experiments: from `cevns.experiments.load`; several are fitted together.
        request: what is asked and held, of several experiments by joint name.
        use_asimov: fit the expected counts instead of the observed ones: the result is the
            expected precision and significance.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        gof_toys: toys for a goodness-of-fit p-value; none by default.
        contributions: of several, fit each alone and all without it, where there is a common
            parameter of interest.
        widths: pairs of a constrained parameter and another width of its constraint (absolute):
            the answer if it were known that well, ``[("sns.flux", 0.05), ("sns.flux", 0.02)]``.
        start: where the fits begin, by name of a parameter; at nominal values by default.

    Raises:
        InputError: if an experiment declares no data and `use_asimov` is off, the counts are
            impossible under the model, or a width is impossible.
        UnknownNameError: if a name is unknown.
        FitError: if a fit does not converge.

    Examples:
        >>> from cevns.experiments import load
        >>> result = measure(load("coherent-csi-2021"))
        >>> 296 < result.fit["cevns"].value < 316
        True
    """
    asked = ask(*experiments, request=request)
    fits = _Fits(asked, asked.data(use_asimov), minos, start or {})
    model, interest = asked.held, asked.interest
    joint = len(asked.experiments) > 1 or asked.question.scale is not None
    wanted = [_other_width(asked, *pair) for pair in widths]
    result = fits.measure(model)
    if joint and interest is not None and not model.parameters[interest].fixed:
        shares = information_shares(model, result.fit.theta, interest)
        result = replace(result, shared_share=shares["shared constraints"])
        # two couplings that one experiment cannot tell apart have no fit of it alone
        if contributions and len(request.free) < 2:
            results = {
                name: replace(block, contribution=fits.contribution(model, name, shares[name]))
                for name, block in result.results.items()
            }
            result = replace(result, results=results)
    found = []
    for name, constraint in wanted:
        changed = Parameters(
            replace(p, constraint=constraint) if p.name == name else p for p in model.parameters
        )
        fitted = fits.fit(model.with_parameters(changed))
        found.append(Width(name, constraint.sigma, fitted[interest or ""]))
    result = replace(result, widths=tuple(found))
    if gof_toys:
        from cevns.experiments.fast_form import fast_form  # toys alone need tables
        from cevns.inference.toys.gof import goodness_of_fit

        gof = goodness_of_fit(fast_form(model)[0], result.fit, gof_toys)
        result = replace(result, gof=gof)
    return result if joint else fits.beside(result)


def _other_width(asked: Asked, name: str, sigma: float) -> tuple[str, Gaussian]:
    """A constraint at another width, with the name of its parameter."""
    asked.one_interest("widths of constraints")
    p = asked.held.parameters[name]
    if p.constraint is None:
        raise InputError(f"parameter {p.name!r} has no constraint whose width could change")
    if not (np.isfinite(sigma) and sigma > 0):
        raise InputError(
            f"parameter {p.name!r}: a width must be positive, not {sigma:g}; to hold it, fix it"
        )
    return p.name, Gaussian(p.constraint.mean, sigma)


@dataclass(frozen=True, eq=False)
class _Fits:
    """Fits of one question to the same data, with the same errors.

    Args:
        asked: the question.
        data: Asimov data, or None for those of the models.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        start: where they begin, by name; at nominal values for the others.
    """

    asked: Asked
    data: Data | None
    minos: str
    start: Mapping[str, float]

    def fit(self, model: Model, data: Data | None = None) -> FitResult:
        """A fit with MINOS errors of every parameter of interest where they are asked for."""
        own = [p.name for p in model.parameters if p.role == "poi"]
        minos = own if self.minos == "poi" else self.minos
        start = {n: v for n, v in self.start.items() if model.parameters.has(n)}
        return fit(model, data=data or self.data, poi=self.asked.interest, minos=minos, start=start)

    def measure(self, model: Model) -> Measurement:
        """A fit with what it tells of each experiment."""
        asked, best, is_asimov = self.asked, self.fit(model), self.data is not None
        parts = Likelihood.of(model, best.data).by_channel(best.theta)
        results = {}
        for e in asked.experiments:
            # other channels than those of counts are auxiliary measurements
            counting = tuple(c for c in model.group(e.name) if not c.auxiliary)
            whole = _components(asked, e, counting, best)
            channels = {}
            for c in counting:
                own = whole if len(counting) == 1 else _components(asked, e, (c,), best, whole)
                channels[c.name] = ChannelResult(
                    e, model, best, c, own, parts[c.name], asimov=is_asimov
                )
            results[e.name] = ExperimentResult(e, channels, whole)
            if asked.interest is None and e in asked.of:
                poi = best[model.joint_name(e.name, POI_PARAMETER[asked.question.of_each])]
                z = against_nothing(model, poi.name, best)
                results[e.name] = replace(results[e.name], poi=poi, significance=z)
        z = None
        if asked.interest is not None and asked.question.rejects_nothing:
            z = against_nothing(model, asked.interest, best)
        return Measurement(asked.subject, asked.question, model, best, results, z, asimov=is_asimov)

    def beside(self, result: Measurement) -> Measurement:
        """Of one experiment the fits beside that which is quoted: pulse time, shapes."""
        asked, model = self.asked, result.model
        if asked.experiments[0].declaration.signal is None:
            signal = exact_signal(model.group(asked.experiments[0].name))
            pulse = None if signal is None else signal.pulse_time
            if pulse not in asked.experiments[0].declaration.acting_on("pulse-time"):
                return result  # none, or that of another arrival
            if model.parameters[pulse].fixed or model.parameters[pulse].constraint is None:
                return result  # it has no nominal value but the one it is held at
            held = model.with_parameters(model.parameters.fix({pulse: None}))
            return replace(result, fixed_pulse_time=self.measure(held))
        free = shapes_freed(asked)
        if all(a.fixed == b.fixed for a, b in zip(free.parameters, model.parameters, strict=True)):
            return result
        study = None
        # other questions hold the rates in their error: nothing is left to fold in
        if result.z is not None and asked.question.counts_events:
            study = alternative_fits(asked, result.fit, result.z, data=self.data)
        return replace(result, profiled=self.measure(free), alternatives=study)

    def contribution(self, model: Model, name: str, share: float) -> Contribution:
        """Fits of one experiment alone and of all others; what is held stays held."""
        others = [e.name for e in self.asked.experiments if e.name != name]
        return Contribution(
            self._of(model, [name]), self._of(model, others) if others else None, share
        )

    def _of(self, model: Model, names: list[str]) -> FittedParameter | None:
        """The parameter of interest from some experiments; None where it needs the others."""
        own = [c for n in names for c in model.group(n)]
        known = {p for c in own for p in map(c.joint_name, c.names)}
        # an auxiliary measurement that is common stands with the first of the experiments
        own += [
            c
            for c in model.channels
            if c.auxiliary and c not in own and known.issuperset(map(c.joint_name, c.names))
        ]
        some = model.only([c.name for c in own])
        if not some.parameters.has(self.asked.interest or ""):
            return None
        data = None if self.data is None else self.data.only(model, some)
        try:
            return self.fit(some, data)[self.asked.interest or ""]
        except FitError:  # some parameters are known by the others only
            return None


def against_nothing(model: Model, name: str, best: FitResult) -> Significance | None:
    """Against zero; None where it is held, or where no background could make the counts.

    A count where the null expects nothing at all excludes it without limit.
    """
    if model.parameters[name].fixed:
        return None
    null = model.expected(model.parameters.at({name: 0.0}).values)[:, None]
    for channel in model.channels:
        bins = model.bins[channel.name]
        data = best.data.counts[bins, None]
        if channel.statistic.impossible(null[bins], data, np.zeros_like(data)).any():
            return None
    return significance(model, name, data=best.data, best=best)


def _components(
    asked: Asked,
    experiment: Experiment,
    channels: Sequence[Channel],
    best: FitResult,
    whole: Mapping[str, ComponentCount] | None = None,
) -> dict[str, ComponentCount]:
    """Predicted and fitted counts in some channels; errors are the covariance through slopes.

    The prior of the signal is one of all channels; given these (`whole`), it is shared out.
    """
    model = asked.model
    columns = sorted({i for c in channels for i in model.columns(c).tolist()})
    free = [i for i in columns if best[model.parameters[i].name].error > 0]
    errors = np.array([best[model.parameters[i].name].error for i in free])
    points = np.repeat(best.theta[:, None], 2 + 2 * len(free), axis=1)
    points[:, 0] = model.parameters.values
    for k, i in enumerate(free):
        ends = best.theta[i] + 1e-3 * errors[k] * np.array([1.0, -1.0])
        # beyond a bound an interaction may refuse the value
        bound = model.parameters[i]
        points[i, 2 + 2 * k : 4 + 2 * k] = np.clip(ends, bound.lower, bound.upper)
    widths = points[free, 2::2].diagonal() - points[free, 3::2].diagonal()
    counts: dict[str, Array] = {}
    kinds: dict[str, tuple[Channel, int]] = {}
    for channel in channels:
        at = model.at(channel, points)
        for number, c in enumerate(channel.components):
            counts[c.name] = counts.get(c.name, 0.0) + channel.counted(at.component(number))
            kinds.setdefault(c.name, (channel, number))
    covariance = best.covariance[np.ix_(free, free)]
    out = {}
    for name, values in counts.items():
        gradient = (values[2::2] - values[3::2]) / widths
        error = float(np.sqrt(np.maximum(gradient @ covariance @ gradient, 0.0)))
        channel, number = kinds[name]
        component = channel.components[number]
        declared = experiment.declaration
        if name != SIGNAL:
            count = float(values[0])
            prior = _strength_prior(model, channel, component, count, declared.covariances)
            if name in declared.components:
                prior = math.hypot(prior, count * _shape_prior(model, channel, number))
        elif whole is not None:
            all_of_it = whole[name]
            prior = all_of_it.prediction_error * values[0] / (all_of_it.prediction or 1.0)
        elif declared.signal is not None and component.shape.matrix is not None:
            prior = declared.signal.count.sigma  # the prediction is released, and its error
        else:
            prior = prediction_error(experiment)
        out[name] = ComponentCount(
            name, component.title, float(values[0]), float(prior), float(values[1]), error
        )
    return out


def _shape_prior(model: Model, channel: Channel, number: int) -> float:
    """Prior uncertainty of a predicted component by what acts on its shape, relative.

    Of a further signal the cross section, quenching and efficiency are in the shape, and its count
    is a prediction; that of a background is what was measured in the region.
    """
    component = channel.components[number]
    strengths = {n for f in component.factors[1] for n in f.names}
    known = (model.parameters[channel.joint_name(n)] for n in component.shape.names)
    pulls = [p for p in known if p.constraint is not None and p.name not in strengths]
    points = np.repeat(model.parameters.values[:, None], 1 + 2 * len(pulls), axis=1)
    for k, p in enumerate(pulls):
        assert p.constraint is not None
        ends = p.value + p.constraint.sigma * np.array([1.0, -1.0])
        at = model.parameters.position(p.name)
        points[at, 1 + 2 * k : 3 + 2 * k] = np.clip(ends, p.lower, p.upper)
    centre, *ends_of = channel.counted(model.at(channel, points).component(number))
    shifts = 0.5 * (np.array(ends_of[::2]) - np.array(ends_of[1::2]))
    return float(np.sqrt(np.sum(shifts**2)) / centre) if centre else 0.0


def _strength_prior(
    model: Model,
    channel: Channel,
    component: Component,
    count: float,
    covariances: Mapping[tuple[str, str], float],
) -> float:
    """Prior uncertainty of a component: that of its strength; infinite where one factor is free."""
    nominal = model.parameters.values[:, None]
    values, like = model.at(channel, nominal).values, np.zeros(1)
    strength = float(product(*component.factors, values, like)[0])
    slopes: dict[str, float] = {}
    for name, slope in product_slopes(*component.factors, values, like).items():
        known = channel.derived.get(name)
        inner = {name: 1.0 + like} if known is None else known.slopes(values)
        for own, factor in inner.items():
            slopes[own] = slopes.get(own, 0.0) + float(slope[0] * factor[0])
    squares = 0.0
    for own, slope_of in slopes.items():
        p = model.parameters[channel.joint_name(own)]
        if p.constraint is not None:
            squares += (slope_of * p.constraint.sigma) ** 2
        elif (own, own) in covariances:
            squares += sum(slope_of * slopes[o] * covariances.get((own, o), 0.0) for o in slopes)
        elif not p.fixed:
            return math.inf
    # the shape of a background sums to one, also where its count starts at none
    return math.sqrt(max(squares, 0.0)) * (count / strength if strength else 1.0)
