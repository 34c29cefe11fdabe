"""From a declaration and a question to the model that fits work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.exceptions import InputError
from cevns.experiments.declaration import assembly
from cevns.experiments.inputs.released import check_shape_parameters
from cevns.experiments.questions import SIGNAL, Question
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.expectation import Model
from cevns.inference.model.shapes import Shape, fixed
from cevns.processes import Interaction

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment

__all__ = ["build_model"]


def build_model(
    experiment: Experiment, question: Question, interaction: Interaction | None = None
) -> Model:
    """The model of an experiment: signal and backgrounds against its counts.

    The signal is the released template or, if the file says so, if couplings are asked for, or if
    another interaction is given, the one from first principles. A projection has its expected
    counts as data.

    Args:
        experiment: the declaration with its physics.
        question: what is asked.
        interaction: another process in place of the declared one.

    Raises:
        InputError: if the declaration does not fit together, or a release is nowhere.
        DataError: if a file of the release is missing or malformed.
    """
    declared = experiment.declaration
    released = declared.signal
    if released is not None:
        own = experiment.pulse_shape
        check_shape_parameters(declared, () if own is None else tuple(own.varied))
    process = experiment.interaction if interaction is None else interaction
    as_released = released is not None and not (
        released.use == "first-principles" or question.couplings or interaction is not None
    )
    shape: Shape | None = None
    if as_released:
        assert released is not None
        prediction = released.count.value
    else:
        shape, prediction = _first_principles(experiment, question, interaction)
    of_interest = question.parameters(
        process, prediction=prediction, cross_section_cm2=experiment.cross_section_cm2
    )
    inputs = experiment.inputs  # after the signal: what is wrong with both is said of that
    parameters = assembly.parameter_vector(declared, question, of_interest)
    strength, normalised = question.strength(
        assembly.names_acting_on(declared, "signal"), of_interest[0].value
    )
    if shape is None:
        shape = inputs.shapes[SIGNAL]
        if not normalised:  # the template sums to one
            strength = (*strength, prediction)
        normalised = False
    components = [Component(SIGNAL, shape, strength, normalised, "CEvNS")]
    floor = np.zeros(shape.n_bins)
    for name, background in declared.backgrounds.items():
        counts = inputs.shapes.get(name)
        if counts is None:
            counts = fixed(inputs.backgrounds[name])
        components.append(Component(name, counts, (name,), title=background.title or name))
        # half of what a background five prior widths low would leave: no fit comes near it, and
        # splines of the response may undershoot zero by a hundredth of an event
        least = max(background.count.value - 5.0 * background.count.sigma, 0.0)
        floor += 0.5 * least * counts.nominal
    channel = Channel(
        experiment.name,
        np.zeros(shape.n_bins) if inputs.observed is None else inputs.observed.ravel(),
        tuple(components),
        floor=floor,
        shape=experiment.cells,
    )
    model = Model(experiment.name, parameters, (channel,))
    if inputs.observed is None:
        return model.with_observed(model.expected(parameters.values))
    return model


def _first_principles(
    experiment: Experiment, question: Question, interaction: Interaction | None
) -> tuple[Shape, float]:
    """The signal from source, process and detector, and what it predicts.

    Raises:
        InputError: if released templates have an axis that the detector cannot make.
    """
    signal = experiment.signal(question.couplings, interaction=interaction)
    prediction = experiment.prediction_of(signal)
    if experiment.declaration.signal is None:
        return signal, prediction
    edges = experiment.pulse_shape_edges
    if experiment.pulse_shape is None or edges is None:
        raise InputError(
            f"{experiment.name}: a signal from first principles needs 'detector.pulse_shape' and "
            "'axes.pulse_shape'"
        )
    bins = PulseShapeBins.build(experiment.pulse_shape, experiment.energy_edges, edges)
    return PulseShapeSignal(signal, bins), prediction
