"""From a declaration and a question to the model that fits work on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.exceptions import InputError
from cevns.experiments.declaration import assembly
from cevns.experiments.declaration.document import Document
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import ChannelEntry
from cevns.experiments.forms.energy_forms import ExponentialEnergy, GridEnergy
from cevns.experiments.inputs.energy_shapes import free_exponential, grid_parameters, on_grid
from cevns.experiments.inputs.event_inputs import Inputs
from cevns.experiments.inputs.released import templates
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.reweighted import Reweighted
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.questions import SIGNAL, Question
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.expectation import Model
from cevns.inference.model.factors import factors
from cevns.inference.model.mapped import Mapped
from cevns.inference.model.shapes import FunctionShape, Morph, Shape, fixed
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.parameters import Parameters
from cevns.processes import Interaction, signal_title
from cevns.rates.observable import Predicted
from cevns.typing import Array

__all__ = ["Key", "build_model", "exact_signal"]

Key = str | tuple[str, ...]
"""A measurement beside the counts: its name, or the parameters that it is of."""
_MOST_EVENTS = 1e15
"""Expected in a bin: what a fit can use."""


@np.errstate(over="ignore", invalid="ignore")  # it ends in an expectation that is refused
def build_model(
    experiment: Apparatus,
    read: Callable[[], Inputs],
    question: Question,
    interaction: Interaction | None = None,
    *,
    left_out: Collection[Key] = (),
    shapes: Mapping[str, float] | None = None,
) -> Model:
    """The model of an experiment: signal and backgrounds against its counts.

    The signal is the released template or, if the file says so, if couplings are asked for, or if
    another interaction is given, the one from first principles. A projection has its expected
    counts as data.

    Args:
        experiment: the declaration with its physics.
        read: what it takes from data, read after the signal is made: what is wrong with both is
            said of the signal.
        question: what is asked.
        interaction: another process in place of the declared one.
        left_out: external measurements, by name, and correlated ones, by their parameters, that are
            in the model of another experiment already.
        shapes: structural values of processes that further components have of their own.

    Raises:
        InputError: if the declaration does not fit together, or a release is nowhere.
        DataError: if a file of the release is missing or malformed.
    """
    declared = experiment.declaration
    released = declared.signal
    varied = set[str]()
    if released is not None:
        varied = set() if experiment.pulse_shape is None else set(experiment.pulse_shape.varied)
        varied = varied.union(*(t.variations for t in templates(declared).values()))
        constrained = {n for n, e in declared.parameters.items() if e.constraint is not None}
        experiment.matched("shape", tuple(sorted(varied)), constrained)
    process = experiment.interaction if interaction is None else interaction
    changed = question.couplings or interaction is not None
    made: dict[Apparatus, tuple[Shape, float]] = {}
    inputs: Inputs | None = None
    if released is None or released.use == "first-principles" or changed:
        for view in dict.fromkeys(experiment.views.values()):
            made[view] = _first_principles(view, question, interaction)
            if released is not None and released.use == "reweighted":
                inputs = inputs or read()
                template = inputs.shapes[SIGNAL]
                count = released.count.value
                made[view] = _reweighted(view, question, interaction, template, count), count
        predicted = {name: made[view][1] for name, view in experiment.views.items()}
    else:
        predicted = {"": released.count.value}
    _check_variations(declared, [shape for shape, _ in made.values()], varied, experiment.document)
    sizes = {n: e.exposure * experiment.power(e, SIGNAL) for n, e in declared.entries.items()}
    total = sum(predicted[n] * size for n, size in sizes.items())
    of_interest = question.parameters(
        process,
        experiment.strengths,
        prediction=total,
        cross_section_cm2=experiment.cross_section_cm2,
        flux_cm2_s=experiment.flux_cm2_s,
        unit=declared.unit,
    )
    parameters = assembly.parameter_vector(
        declared,
        experiment.declared,
        question,
        of_interest,
        experiment.flux_parameters,
        experiment.radius_pulls(process, question.free),
    )
    normalised = question.counts_events
    reference = of_interest[0].value if of_interest else 1.0
    strength = question.scaled(experiment.signal_strength, reference)
    if normalised:
        strength = (SIGNAL,)
    inputs = inputs or read()  # after the signal: what is wrong with both is said of that
    further = {
        view: _further_signals(view, question, interaction, reference, shapes or {})
        for view in dict.fromkeys(experiment.views.values())
    }
    channels = []
    for name, view in experiment.views.items():
        shape = made[view][0] if made else inputs.shapes[SIGNAL]  # which sums to one
        size = sizes[name] if made else predicted[name] * sizes[name]
        if normalised:  # a share of the counted events
            size = predicted[name] * sizes[name] / total
        own, sums_to_one = (*strength, size), normalised and bool(made)
        title = signal_title(process) + (" and electrons" if view.sees_electrons(process) else "")
        signal = Component(SIGNAL, shape, own, sums_to_one, title)
        entry = declared.entries[name]
        channels.append(_channel(view, inputs, name, entry, (signal, *further[view])))
    used = [f for strength in declared.strengths.values() for f in strength]
    for argument in declared.derived:
        if argument not in used and not any(argument in c.derived for c in channels):
            raise InputError(
                f"{experiment.name}: {argument!r} is derived, but neither a strength nor the "
                f"interaction {process.name!r} has it"
            )
    channels += _correlations(experiment, parameters, left_out)
    channels += _external(experiment, process, parameters, left_out)
    model = Model(experiment.name, parameters, tuple(channels))
    expected = model.expected(parameters.values)
    if not (np.abs(expected) < _MOST_EVENTS).all():
        raise InputError(
            f"{experiment.name}: {np.max(np.abs(expected)):g} events are expected in "
            "a bin, which is outside the range that a fit can use; check protons, "
            "distance, mass, exposures and strengths"
        )
    return model if inputs.observed else model.with_observed(expected)


def _check_variations(
    declared: ExperimentFile, made: list[Shape], varied: set[str], document: Document
) -> None:
    """Every parameter that acts on the detector must move the signal of some channel.

    Args:
        declared: the file.
        made: the signals from first principles, none where it is a released template.
        varied: parameters that vary released shapes.
        document: that it is in.

    Raises:
        InputError: if one has no variation.
        DataError: if a table of a background is missing or malformed.
    """
    moving = {n for shape in made for n in shape.names}
    for background in declared.backgrounds.values():
        if isinstance(background.energy, GridEnergy):
            varied = varied.union(grid_parameters(document, background.energy))
    known = {"shape": varied}
    if made:
        known |= dict.fromkeys(("quenching", "efficiency", "response"), moving)
    for name, entry in declared.parameters.items():
        if name not in known.get(entry.acts_on, {name}):
            raise InputError(
                f"{declared.name}: the parameter {name!r} acts on {entry.acts_on}, which has no "
                "variation of that name"
            )


def _channel(
    experiment: Apparatus,
    inputs: Inputs,
    name: str,
    entry: ChannelEntry,
    signals: Sequence[Component],
) -> Channel:
    """One set of data with its signal, where the source is on, and its backgrounds."""
    declared, n_bins = experiment.declaration, signals[0].shape.n_bins
    components = []
    for signal in signals:
        power = experiment.power(entry, signal.name)
        size = 1.0 if signal.name == SIGNAL else entry.exposure * power  # it has its share already
        if power > 0:
            components.append(replace(signal, strength=(*signal.strength, size)))
    floor = np.zeros(n_bins)
    measured = inputs.channels[name]
    for of in declared.backgrounds if entry.backgrounds is None else entry.backgrounds:
        background, template = declared.backgrounds[of], inputs.shapes.get(of)
        if template is None:
            template = fixed(measured.backgrounds[of])
        counts: Shape = template
        if isinstance(background.energy, ExponentialEnergy) and background.energy.slope:
            times = measured.backgrounds[of].sum(axis=0)
            counts = free_exponential(experiment, background.energy, background.energy.slope, times)
        elif isinstance(background.energy, GridEnergy):
            times = measured.backgrounds[of].sum(axis=0)
            counts = on_grid(experiment, background.energy, times)
        beside = (*experiment.factors("backgrounds", of, "strength"), entry.exposure)
        if isinstance(entry.backgrounds, dict):
            beside = (*beside, *experiment.factors("channels", name, "backgrounds", of))
        components.append(Component(of, counts, (of, *beside), title=background.title or of))
        # half of what a background five prior widths low would leave: no fit comes near it, and
        # splines of the response may undershoot zero by a hundredth of an event; of one that
        # parameters multiply or steepen nobody knows how little they leave
        number, varying = factors(beside)
        if not varying and counts is template:
            least = max(background.count.value - 5.0 * background.count.sigma, 0.0)
            floor += 0.5 * number * least * template.nominal
    derived, shape = experiment.derived, experiment.cells
    observed, statistic, cells = measured.observed, measured.statistic, measured.cells
    if cells.onto is not None:
        onto, n_bins, shape = cells.onto, len(cells.onto), ()
        events = onto.sum(axis=0) if cells.events is None else cells.events @ onto
        inside = {n: float(events @ shape.ravel()) for n, shape in measured.backgrounds.items()}
        for of, share in inside.items():
            if not share > 0.0:
                raise InputError(f"background {of!r} has no content in 'axes.cells'")
        components = [
            replace(c, shape=Mapped(c.shape, onto / inside.get(c.name, 1.0))) for c in components
        ]
        floor = onto @ floor
    return Channel(
        f"{experiment.name}.{name}" if name else experiment.name,
        np.zeros(n_bins) if observed is None else observed.ravel(),
        tuple(components),
        statistic=statistic,
        floor=floor if statistic.counts else None,
        shape=shape,
        events=cells.events,
        derived={n: f for n, f in derived.items() if any(n in c.names for c in components)},
        group=experiment.name,
    )


def _further_signals(
    experiment: Apparatus,
    question: Question,
    interaction: Interaction | None,
    reference: float,
    shapes: Mapping[str, float],
) -> list[Component]:
    """What the file declares beside CEvNS, each with its source and process in this detector.

    One without an interaction of its own is CEvNS of another source. What is asked of an
    interaction is asked of every process that knows it.
    """
    out = []
    for name, entry in experiment.declaration.components.items():
        strength = experiment.factors("components", name, "strength")
        own, view = entry.interaction is not None, experiment.further[name]
        view = view.placed(shapes) if own else view
        process = view.interaction if own else interaction or experiment.interaction
        asked = tuple(n for n in (*question.named, *question.beside) if process.parameters.has(n))
        shape = view.signal(asked, interaction=process if own else interaction)
        if not own:
            strength = question.scaled(strength, reference)
        out.append(Component(name, _over_axes(view, shape), strength, title=entry.title or name))
    return out


def _correlations(
    experiment: Apparatus, parameters: Parameters, left_out: Collection[Key]
) -> list[Channel]:
    """Auxiliary measurements of several parameters at once, each a channel of their values."""
    out = []
    for number, entry in enumerate(experiment.declaration.correlations):
        if tuple(entry.parameters) in left_out:
            continue
        # without those that the question leaves without effect: the marginal distribution
        kept = [i for i, n in enumerate(entry.parameters) if parameters.has(n)]
        if not kept:
            continue
        known = [entry.parameters[i] for i in kept]
        counts = experiment.declaration.backgrounds
        means = np.array(
            [counts[n].count.value if n in counts else experiment.declared[n].value for n in known]
        )
        covariance = np.array(entry.covariance)[np.ix_(kept, kept)]
        unit = np.eye(len(means))
        values = [Component(n, fixed(unit[i]), (n,)) for i, n in enumerate(known)]
        statistic = GaussianValues(covariance=covariance)
        out.append(_auxiliary(experiment, f"correlation-{number + 1}", means, values, statistic))
    return out


def _external(
    experiment: Apparatus, process: Interaction, parameters: Parameters, left_out: Collection[Key]
) -> list[Channel]:
    """Measurements from elsewhere that something moves, each a channel of one value."""
    out = []
    for name, (observable, measured) in experiment.external.items():
        names = tuple(
            n
            for n in observable.parameters(process)
            if parameters.has(n) or n in experiment.derived
        )
        if name in left_out or not names:
            continue
        moving = [process.parameters[n] for n in names]
        shape = FunctionShape(
            names,
            1,
            Predicted(observable, process, names),
            steps=[p.scale for p in moving],
            bounds=[(p.lower, p.upper) for p in moving],
        )
        value, error = np.array([measured.value]), GaussianValues(up=np.array([measured.sigma]))
        out.append(_auxiliary(experiment, name, value, [Component(name, shape)], error))
    return out


def _auxiliary(
    experiment: Apparatus,
    name: str,
    values: Array,
    components: Sequence[Component],
    statistic: GaussianValues,
) -> Channel:
    """A channel of measured values that is no part of what the experiment counts."""
    names = {n for c in components for n in c.names}
    return Channel(
        f"{experiment.name}.{name}",
        values,
        tuple(components),
        statistic=statistic,
        derived={n: f for n, f in experiment.derived.items() if n in names},
        group=experiment.name,
        auxiliary=True,
    )


def _first_principles(
    experiment: Apparatus, question: Question, interaction: Interaction | None
) -> tuple[Shape, float]:
    """The signal from source, process and detector, and what it predicts.

    Raises:
        InputError: if released templates have an axis that the detector cannot make.
    """
    signal = experiment.signal(question.couplings, interaction=interaction)
    prediction = experiment.prediction_of(signal)
    return _over_axes(experiment, signal), prediction


def _reweighted(
    experiment: Apparatus,
    question: Question,
    interaction: Interaction | None,
    template: Morph,
    count: float,
) -> Reweighted:
    """A released template times the signal from first principles over that of the file."""
    plain = replace(experiment, process=None)
    still = {n: experiment.declared[n].value for n in template.parameters}
    signal = experiment.signal(question.couplings, interaction=interaction)
    return Reweighted(signal, template, plain.nominal_cells(plain.signal()), count, still)


def _over_axes(experiment: Apparatus, signal: Signal) -> Shape:
    """A signal along all axes of the data: those of released templates have a pulse shape.

    Raises:
        InputError: if released templates have an axis that the detector cannot make.
    """
    if experiment.declaration.signal is None:
        return signal.as_templates or signal
    edges = experiment.pulse_shape_edges
    if experiment.pulse_shape is None or edges is None:
        raise InputError(
            f"{experiment.name}: a signal from first principles needs 'detector.pulse_shape' and "
            "'axes.pulse_shape'"
        )
    bins = PulseShapeBins.build(experiment.pulse_shape, experiment.energy_edges, edges)
    return PulseShapeSignal(signal, bins)


def exact_signal(channels: Iterable[Channel]) -> Signal | None:
    """The exact signal of some channels; None where it is released or tabulated."""
    for component in (c for channel in channels for c in channel.components):
        shape = component.shape
        while isinstance(shape, Mapped | PulseShapeSignal | Reweighted):
            shape = shape.shape
        if isinstance(shape, Signal):
            return shape
    return None
