"""From a declaration with released templates to its likelihood model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.exceptions import InputError
from cevns.experiments.declaration import assembly
from cevns.experiments.inputs.released import ReleasedModel, check_shape_parameters, released_model
from cevns.experiments.questions import PoiName
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.processes import Interaction

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment
    from cevns.experiments.prediction.signal import Signal

__all__ = ["build_released"]


def build_released(
    experiment: Experiment,
    question: PoiName,
    couplings: tuple[str, ...] = (),
    interaction: Interaction | None = None,
) -> ReleasedModel:
    """The model of an experiment with released templates.

    The signal is the released one or, if the file says so, if couplings are asked for, or if
    another interaction is given, the one from first principles.

    Raises:
        InputError: if the declaration does not fit together, or the release is nowhere.
        DataError: if a file of the release is missing or malformed.
    """
    declared = experiment.declaration
    released = declared.signal
    if released is None:
        raise InputError(f"{experiment.name} has no 'signal' section: its templates are its own")
    shape = experiment.pulse_shape
    check_shape_parameters(declared, () if shape is None else tuple(shape.varied))
    exact = None
    prediction = released.count.value
    if released.use == "first-principles" or couplings or interaction is not None:
        signal = experiment.signal(couplings, interaction=interaction)
        exact = _with_pulse_shape(experiment, signal)
        prediction = experiment.prediction_of(signal)
    observed = experiment.inputs.observed
    assert observed is not None  # released templates come with their counts
    return released_model(
        declared,
        question,
        experiment.parameters_of(
            question,
            couplings,
            experiment.interaction if interaction is None else interaction,
            prediction,
        ),
        experiment.inputs.shapes,
        observed,
        signal=exact,
        scale=assembly.scale_names(declared, question),
        reference=experiment.cross_section_cm2 * 1e40 if question == "cross-section" else 1.0,
        prediction=prediction,
        couplings=couplings,
    )


def _with_pulse_shape(experiment: Experiment, signal: Signal) -> PulseShapeSignal:
    """The exact signal along the pulse-shape axis too.

    Raises:
        InputError: if the file has no pulse-shape axis or model.
    """
    edges = experiment.pulse_shape_edges
    if experiment.pulse_shape is None or edges is None:
        raise InputError(
            f"{experiment.name}: a signal from first principles needs 'detector.pulse_shape' and "
            "'axes.pulse_shape'"
        )
    bins = PulseShapeBins.build(experiment.pulse_shape, experiment.energy_edges, edges)
    return PulseShapeSignal(signal, bins)
