"""Expected errors and limits of a topic, for years of running and errors of the flux."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np

from cevns.analysis.question import Asked, Request, ask, laid_over, together, with_physics
from cevns.analysis.sensitivity.asimov_errors import ends, expected_error, rises
from cevns.analysis.sensitivity.assumptions import (
    assumptions,
    declared_years,
    flux_names,
)
from cevns.analysis.sensitivity.sensitivity_record import (
    JOINT,
    Dependence,
    Expected,
    Sensitivity,
)
from cevns.analysis.sensitivity.topic import Quantity, Topic, topic
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import fast_form
from cevns.experiments.questions import BESIDE, SIGNAL, Question
from cevns.inference.fitting.levels import threshold
from cevns.inference.model.expectation import Model
from cevns.parameters import Gaussian, Parameters
from cevns.registry import canonical

__all__ = ["expected_number", "expected_numbers", "left_out_of", "sensitivity_of"]

_LEVEL: Final = 0.9
_AS_A_PARABOLA: Final = 0.25
"""Relative difference between an end of an interval and that of a parabola that needs no word."""
_STRAIGHT: Final = 0.02
"""Second difference of counts, as a share of their change, below which they are a straight line."""
_ROUNDING: Final = 1e-6
"""Third difference of counts, as a share of their change, below which it is rounding."""
_BEYOND: Final = 10.0
"""How far beyond its parabola a limit may lie."""


def sensitivity_of(
    *experiments: Experiment,
    name: str,
    years: Sequence[float] = (),
    flux_errors: Sequence[float] = (),
    exposure_factor: float = 1.0,
    at: Mapping[str, float] | None = None,
) -> Sensitivity:
    """What experiments would measure of a topic, each alone and all together.

    Expected counts at nominal values are fitted: signal, backgrounds and the data of every channel
    go with the exposure, so that a background that is measured beside the beam is known better in
    time. Relative errors of constraints stay.

    Args:
        experiments: from `cevns.experiments.load`.
        name: of the topic, see `cevns.analysis.sensitivity.topic.topics`.
        years: of running, of sources that count them; by default the exposure of the files.
        flux_errors: relative errors in place of that of the flux in the files, which is common to
            all that share it.
        exposure_factor: on the exposure of every experiment, beside the years.
        at: values that the topic holds, ``{"dm2_41": 3.0}``.

    Raises:
        UnknownNameError: if there is no such topic.
        InputError: if a number is impossible, an experiment counts no years or no flux, or cannot
            answer the topic.
        FitError: if parameters cannot be told apart, or a limit does not exist.

    Examples:
        >>> from cevns.experiments import load
        >>> found = sensitivity_of(load("coherent-csi-2021"), name="cross-section")
        >>> found.headline.written
        '16 %'
    """
    chosen = topic(name)
    if not experiments:
        raise InputError("a sensitivity needs at least one experiment; name one")
    for what, values in (("years", years), ("flux error", flux_errors)):
        for value in values:
            _positive(what, value)
    _positive("exposure factor", exposure_factor)
    subjects = _subjects(chosen, experiments, at or {})
    expected: list[Expected] = []
    words: dict[str, dict[str, str]] = {}
    for of, subject in subjects.items():
        for quantity in chosen.asks(subject, at or {}):
            expected += expected_numbers(of, subject, quantity, years, flux_errors, exposure_factor)
            for e, left_out in zip(subject, left_out_of(subject, quantity), strict=True):
                words.setdefault(
                    e.name,
                    assumptions(e, left_out, tuple(years), (exposure_factor,), tuple(flux_errors)),
                )
    for e in experiments:
        if e.name not in subjects:
            words[e.name]["asked"] = "nothing; it constrains what it shares with the others"
    own = {"experiments": {e.name: e.provenance() for e in experiments}}
    provenance = experiments[0].provenance() if len(experiments) == 1 else own
    held = {**chosen.held, **(at or {})}
    return Sensitivity(
        canonical(name),
        chosen.title,
        tuple(expected),
        words,
        {**provenance, **({"at": held} if held else {})},
    )


def _subjects(
    chosen: Topic, experiments: tuple[Experiment, ...], at: Mapping[str, float]
) -> dict[str, tuple[Experiment, ...]]:
    """Each experiment that answers alone, and of several all together."""
    if len(experiments) == 1:
        return {experiments[0].name: experiments}
    chosen.asks(experiments, at)  # which says if none of them answers
    out: dict[str, tuple[Experiment, ...]] = {}
    for e in chosen.asked(experiments):
        try:
            chosen.asks((e,), at)
        except InputError:
            continue
        out[e.name] = (e,)
    return {**out, JOINT: experiments}


def _positive(what: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(f"{what}: give a positive number, not {value:g}")


def expected_numbers(
    of: str,
    experiments: tuple[Experiment, ...],
    quantity: Quantity,
    years: Sequence[float],
    flux_errors: Sequence[float],
    factor: float,
) -> list[Expected]:
    """One quantity of one experiment, or of several together, for all years and errors.

    Args:
        of: name of the result.
        experiments: one or several.
        quantity: which.
        years: of running; none for the exposure of the files.
        flux_errors: relative; none for that of the files.
        factor: on the exposure of each.

    Raises:
        InputError: if an experiment counts no years, has no flux, or cannot answer.
        FitError: if parameters cannot be told apart, or a limit does not exist.
    """
    asked = _ask(experiments, quantity)
    tables = {e.name: e.response_tables for e in asked.experiments}
    model = fast_form(asked.held, tables)[0]
    interest = asked.one_interest("sensitivities")
    out = []
    for each, error in product(tuple(years) or (None,), tuple(flux_errors) or (None,)):
        longer = {e.name: factor * _times(e, each) for e in asked.experiments}
        at = _with_flux_error(model.exposed(longer), asked, error)
        out.append(expected_number(of, quantity, at, interest, each, factor, error))
    return out


def left_out_of(experiments: tuple[Experiment, ...], quantity: Quantity) -> list[tuple[str, ...]]:
    """Pulls of each experiment that stand for what a quantity asks of it."""
    named = () if quantity.free is None else (quantity.free,)
    asked = _with_physics(experiments, quantity)
    return [e.radius_pulls(e.interaction, named) for e in asked]


def _with_physics(
    experiments: tuple[Experiment, ...], quantity: Quantity
) -> tuple[Experiment, ...]:
    """The experiments with the physics of a quantity."""
    if quantity.fields:
        experiments = tuple(
            e if e.is_beside else e.with_changes(quantity.fields) for e in experiments
        )
    physics = quantity.models
    if isinstance(physics, str):
        experiments, physics = laid_over(experiments, physics)
    if physics is not None and physics != "":
        experiments = with_physics(*experiments, physics=physics)
    return experiments


def _ask(experiments: tuple[Experiment, ...], quantity: Quantity) -> Asked:
    """The quantity as a question, with its physics in the experiments."""
    experiments = _with_physics(experiments, quantity)
    if quantity.acts_on and len(experiments) > 1:
        return _freed(experiments, quantity)
    free = () if quantity.free is None else (quantity.free,)
    return ask(*experiments, request=Request(quantity.poi, free, quantity.at))


def _freed(experiments: tuple[Experiment, ...], quantity: Quantity) -> Asked:
    """Several experiments with one parameter of their files free, and nothing else asked."""
    name = quantity.free or ""
    made = []
    for e in experiments:
        of = e.interaction.parameters if e.interaction.parameters.has(name) else e.strengths
        if of.has(name):
            value = e.declared[name].value if name in e.declared else of[name].value
            entry = f"{{constraint: {value} +/- 1, acts_on: {quantity.acts_on}, shared: true}}"
            e = e.with_changes({f"parameters.{name}": entry})
        made.append(e)
    subject, question = together(*made), Question(BESIDE)
    model = subject.model(question)
    free = (
        replace(p, constraint=None, typical=p.scale, lower=0.0) if p.name == name else p
        for p in model.parameters
    )
    return Asked(subject, question, model.with_parameters(Parameters(free)), name, {})


def _own_names(model: Model, experiment: Experiment) -> set[str]:
    """What the channels of an experiment call their parameters."""
    return {n for c in model.group(experiment.name) for n in c.names}


def _times(experiment: Experiment, years: float | None) -> float:
    """How often the exposure of a file fits into the years."""
    if years is None:
        return 1.0
    declared = declared_years(experiment)
    if declared is None:
        raise InputError(
            f"{experiment.name} has a source of kind {experiment.declaration.source.kind!r}, for "
            "which years are not defined: give an exposure factor (--exposure-factor), or declare "
            "a source "
            "'stopped-pion' with its facility"
        )
    return years / declared


def _with_flux_error(model: Model, asked: Asked, error: float | None) -> Model:
    """The model with another relative error of the flux, which must be in every experiment."""
    if error is None:
        return model
    names = set[str]()
    for e in asked.experiments:
        own = [n for n in flux_names(e) if n in _own_names(model, e)]
        if not own:
            raise InputError(
                f"{e.name} has no parameter of the flux (one that acts on flux, or a factor on the "
                "signal called 'flux', as sns.flux), so its error cannot be changed"
            )
        names |= {model.joint_name(e.name, n) for n in own}
    changed = Parameters(
        replace(p, constraint=Gaussian(p.value, error * p.value), fixed=False)
        if p.name in names
        else p
        for p in model.parameters
    )
    return model.with_parameters(changed)


def expected_number(
    of: str,
    quantity: Quantity,
    model: Model,
    interest: str,
    years: float | None = None,
    factor: float = 1.0,
    flux_error: float | None = None,
    level: float = _LEVEL,
) -> Expected:
    """The error or the limit, and what comes with it.

    Args:
        of: name of the result.
        quantity: which.
        model: at whose nominal values the counts are.
        interest: the parameter of interest.
        years: of running that the model stands for.
        factor: likewise on the exposure.
        flux_error: likewise relative error of the flux.
        level: confidence level of the interval and the limit.

    Raises:
        FitError: if parameters cannot be told apart, or a limit does not exist.
    """
    value = model.parameters[interest].value
    sigma = expected_error(model, interest)
    goal = threshold(level)
    limit, interval, z = None, None, None
    dependence: Dependence = "linear"
    if quantity.kind == "limit":
        (limit,) = ends(model, interest, goal, (1,), sigma)
        # of what enters squared the slope at zero is rounding, and so is an error made of it
        if sigma is not None and limit - value > _BEYOND * sigma * np.sqrt(goal):
            sigma = None
    elif sigma is not None:
        low, high = ends(model, interest, goal, error=sigma)
        # an interval of the parameter is none of a number that is quoted in its place
        if quantity.per == 1.0:
            interval = (float(low), float(high))
            dependence = _dependence(model, interest, sigma * np.sqrt(goal), interval)
    if quantity.needs_zero and sigma is not None:
        z = float(np.sqrt(rises(model, interest, np.array([0.0]))[0]))
    unit = value * quantity.per if quantity.kind == "relative" else 1.0
    counts = model.totals_by_channel(model.parameters.values)
    on = [c for c in counts.values() if c.get(SIGNAL, 0.0) > 0.0]
    signal = sum(c[SIGNAL] for c in on)
    return Expected(
        of,
        quantity,
        years,
        factor,
        flux_error,
        value,
        None if sigma is None else sigma / unit,
        interval,
        limit,
        z,
        signal,
        sum(sum(c.values()) for c in on) - signal,
        dependence,
    )


def _dependence(model: Model, name: str, width: float, interval: tuple[float, float]) -> Dependence:
    """How expected counts go with a parameter over its interval.

    Args:
        model: at whose nominal values the counts are.
        name: of the parameter.
        width: half of the interval as a parabola of -2 ln L has it.
        interval: its ends.
    """
    p = model.parameters[name]
    reached = [abs(end - p.value) for end in interval if p.lower < end < p.upper]
    if all(abs(distance - width) <= _AS_A_PARABOLA * width for distance in reached):
        return "linear"
    # four points of a straight line have no second difference, where the interval is that of few
    # events; those of a polynomial of degree two have no third one
    theta = np.repeat(model.parameters.values[None], 4, axis=0)
    theta[:, model.parameters.position(name)] = np.linspace(*interval, 4)
    counts = model.expected(theta)
    change = np.ptp(counts, axis=0).max()
    second, third = (np.abs(np.diff(counts, n, axis=0)).max() for n in (2, 3))
    if second <= _STRAIGHT * change:
        return "linear"
    return "quadratic" if third <= _ROUNDING * change else "curved"
