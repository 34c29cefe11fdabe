"""From a declaration to a likelihood model: parameters, bindings, stages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from cevns.detectors import Response, TimeTable
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.response import PULL_REACH
from cevns.detectors.responses.chain import REACH
from cevns.exceptions import InputError
from cevns.experiments.declaration.backgrounds import Background
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import ParameterEntry
from cevns.experiments.prediction.signal import Binding
from cevns.experiments.questions import Question
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.processes import Interaction
from cevns.sources import PulsedSource, Source
from cevns.sources.arrivals import Arrival
from cevns.typing import Array
from cevns.units import measurement, quantity

__all__ = [
    "arrival_tables",
    "bind",
    "declared_parameter",
    "declared_parameters",
    "match_variations",
    "names_acting_on",
    "parameter_vector",
    "physics_choices",
    "pulse_range",
    "single",
    "time_tables",
]


def declared_parameter(name: str, entry: ParameterEntry) -> Parameter:
    """The parameter of an entry of the file, in internal units.

    Raises:
        InputError: if the constraint or value cannot be read.
        UnitError: if a unit is missing or wrong.
    """
    what = f"parameter {name!r}"
    constraint = None
    if entry.free is not None:
        value = entry.free
    elif entry.constraint is None:
        value = quantity(entry.value, entry.unit, what=what)
    else:
        measured = measurement(entry.constraint, entry.unit, what=what)
        value, constraint = measured.value, Gaussian(measured.value, measured.sigma)
    # beyond the tables that are built around it a parameter would move nothing any more
    lower, upper = {
        "signal": (0.0, math.inf),
        "neutron-radius": (0.0, math.inf),
        "interaction": (-math.inf, math.inf),
        "source": (-math.inf, math.inf),
        "arrival": pulse_range(value, constraint),
        "efficiency": (-PULL_REACH, PULL_REACH),
        "quenching": (-REACH, REACH),
        "pulse-time": pulse_range(value, constraint),
        "shape": (-REACH, REACH),
        "response": (-math.inf, math.inf),
        "component": (0.0, math.inf),
        "function": (-math.inf, math.inf),
    }[entry.acts_on]
    return Parameter(
        name,
        value,
        unit=entry.unit,
        lower=lower,
        upper=upper,
        constraint=constraint,
        fixed=(constraint is None and entry.free is None) or entry.held,
        shared=bool(entry.shared),
        description=entry.description,
    )


def pulse_range(value_us: float, constraint: Gaussian | None) -> tuple[float, float]:
    """Pulse times, us, that the tables of arrival times cover."""
    width = REACH * constraint.sigma if constraint else 1e-3
    return value_us - width, value_us + width


def declared_parameters(declaration: ExperimentFile) -> dict[str, Parameter]:
    """All parameters of the file by name."""
    return {n: declared_parameter(n, e) for n, e in declaration.parameters.items()}


def names_acting_on(declaration: ExperimentFile, stage: str) -> tuple[str, ...]:
    """Names of the parameters that act on a stage, in the order of the file."""
    return tuple(n for n, e in declaration.parameters.items() if e.acts_on == stage)


def single(declaration: ExperimentFile, stage: str) -> str | None:
    """The one parameter that acts on a stage, or None.

    Raises:
        InputError: if there are two.
    """
    names = names_acting_on(declaration, stage)
    if len(names) > 1:
        raise InputError(
            f"{declaration.name}: the parameters {' and '.join(names)} both act on {stage}; "
            "one is enough"
        )
    return names[0] if names else None


def match_variations(
    declaration: ExperimentFile, stage: str, variations: tuple[str, ...]
) -> tuple[str | None, ...]:
    """Bind the variations of a detector model to the parameters of the same names.

    Raises:
        InputError: if a variation has no parameter, or a parameter no variation.
    """
    names = names_acting_on(declaration, stage)
    for name in variations:
        if name not in names:
            value, repair = "0 +/- 1", " or remove the variation"
            if stage == "response":
                value, repair = "value +/- error", ", within the values of its table"
            raise InputError(
                f"{declaration.name}: the {stage} variation {name!r} has no parameter; declare "
                f"'{name}: {{constraint: {value}, acts_on: {stage}}}'{repair}"
            )
    for name in names:
        if name not in variations:
            raise InputError(
                f"{declaration.name}: the parameter {name!r} acts on {stage}, which has no "
                f"variation of that name"
            )
    return variations


def bind(
    declaration: ExperimentFile,
    couplings: tuple[str, ...],
    interaction: Interaction,
    quenching_variations: tuple[str, ...],
    response: Response,
    source: Source,
) -> Binding:
    """Which parameter drives which stage of the signal, with these couplings free."""
    floating = names_acting_on(declaration, "interaction")
    for name in floating:
        if name not in interaction.parameters.names:
            raise InputError(
                f"{declaration.name}: the parameter {name!r} acts on the interaction "
                f"{interaction.name!r}, which knows {', '.join(interaction.parameters.names)}"
            )
    of_source = names_acting_on(declaration, "source")
    for name in of_source:
        if name not in source.parameters.names:
            known = ", ".join(source.parameters.names) or "no parameter"
            raise InputError(
                f"{declaration.name}: the parameter {name!r} acts on the source, which has {known}"
            )
    stage = "efficiency" if declaration.detector.response.kind == "chain" else "response"
    for name in couplings:
        if name in declaration.derived:
            raise InputError(
                f"{declaration.name}: {name!r} is derived from other parameters; ask for these"
            )
    arguments = (*interaction.parameters.names, *source.parameters.names)
    floating = (*floating, *of_source, *(n for n in declaration.derived if n in arguments))
    floating = (*couplings, *(n for n in floating if n not in couplings))
    return Binding(
        interaction=floating,
        neutron_radius=single(declaration, "neutron-radius"),
        quenching=match_variations(declaration, "quenching", quenching_variations),
        response=match_variations(declaration, stage, tuple(response.parameters)),
        pulse_time=single(declaration, "pulse-time") or single(declaration, "arrival"),
    )


def parameter_vector(
    declaration: ExperimentFile,
    declared: Mapping[str, Parameter],
    question: Question,
    of_interest: Sequence[Parameter],
) -> Parameters:
    """Parameters of interest, background counts, then the nuisances of the file.

    Args:
        declaration: the file.
        declared: its parameters.
        question: what is asked; nuisances that it leaves without effect are left out.
        of_interest: its parameters.

    Raises:
        InputError: if a parameter of the file has the name of a component.
    """
    out = list(of_interest)
    for name, background in declaration.backgrounds.items():
        out.append(
            Parameter(
                name,
                background.count.value,
                lower=0.0,
                constraint=_prior(background),
                role="normalisation",
                description=background.title or f"{name} events in the analysis region",
            )
        )
    together = declaration.correlated_widths
    taken = {p.name for p in out}
    for name, parameter in declared.items():
        acts_on = declaration.parameters[name].acts_on
        if name in taken:
            if acts_on != "interaction" and name not in question.strengths:
                raise InputError(
                    f"{declaration.name}: {name!r} is the name of a component; call the "
                    "parameter otherwise"
                )
            continue  # the parameter of interest itself
        if question.counts_events and declaration.only_scales_the_signal(name):
            continue  # without effect on a shape that is normalised
        if name in together:  # its measurement is a channel of several
            parameter = replace(parameter, constraint=None, typical=together[name])
        out.append(parameter)
    return Parameters(out)


def _prior(background: Background) -> Gaussian | None:
    """The constraint of a background's count; None where only the data know it."""
    count = background.count
    return Gaussian(count.value, count.sigma) if math.isfinite(count.sigma) else None


def time_tables(
    source: Source,
    edges: Array | None,
    efficiency: Efficiency,
    pulse: Parameter | None,
) -> tuple[TimeTable, ...]:
    """Arrival-time bins of every flavour over the reach of the pulse-time parameter.

    Without a time axis everything arrives in one bin.

    Raises:
        InputError: if there is a time axis but the source has no time structure, or no
            parameter says when the pulse comes.
    """
    if edges is None:
        whole = TimeTable.build(
            lambda t, t0: np.ones(np.broadcast_shapes(np.shape(t), np.shape(t0))),
            np.array([0.0, 1.0]),
            (0.0, 1.0),
        )
        return tuple(whole for _ in source.flavours)
    if not isinstance(source, PulsedSource):
        raise InputError(
            "this source has no time structure; leave out the time axis, or say in its section "
            "when particles arrive, for example 'arrival: {kind: steady}'"
        )
    if pulse is None:
        raise InputError(
            "the time axis needs the pulse's mean time: declare a parameter, for example "
            "'t0: {constraint: 474 +/- 25 ns, acts_on: pulse-time}' (or 'value: 474 ns')"
        )
    covered = pulse_range(pulse.value, pulse.constraint)
    pulsed: PulsedSource = source
    built: dict[str, TimeTable] = {}
    for flavour in pulsed.flavours:
        pdf = partial(pulsed.time_pdf, flavour)
        built[flavour] = TimeTable.build(pdf, edges, covered, efficiency)
    return tuple(built.values())


def arrival_tables(
    source: Source,
    arrival: Arrival,
    edges: Array | None,
    efficiency: Efficiency,
    moved: Parameter | None = None,
) -> tuple[TimeTable, ...]:
    """Bins of a declared arrival, for every species; its parameters at their nominal values.

    Without a time axis everything that arrives in the exposure is in one bin.

    Args:
        source: what emits.
        arrival: when.
        edges: of the time axis, us.
        efficiency: in time.
        moved: a parameter of the file that moves the arrival's of the same name.

    Raises:
        InputError: if there is an efficiency in time, which is one after a beam signal, or the
            arrival has no such parameter.
    """
    if not isinstance(efficiency, Unity):
        raise InputError("an efficiency in time is for a beam pulse: leave it or 'arrival' out")
    own = None if edges is None else edges * quantity("1 us", arrival.unit)
    if edges is None:
        edges = np.array([0.0, 1.0])

    def shares(values: Mapping[str, Array]) -> Array:
        if own is None:
            return arrival.live_share(values)[0][..., None]
        return arrival.shares(own, values)[0]

    if moved is None:
        table = TimeTable.constant(edges, shares({}))
    elif moved.name not in arrival.parameters.names:
        known = ", ".join(arrival.parameters.names) or "none"
        raise InputError(f"the arrival has no parameter {moved.name!r}; it has {known}")
    else:
        covered = pulse_range(moved.value, moved.constraint)
        table = TimeTable.along(edges, lambda v: shares({moved.name: v}), covered)
    return tuple(table for _ in source.flavours)


def physics_choices(declaration: ExperimentFile) -> Mapping[str, str]:
    """The named physics choices of a file, echoed in every result."""
    released, detector = declaration.signal, declaration.detector
    return {
        **({} if released is None else {"signal": released.use}),
        "source": declaration.source.kind,
        **({} if (a := declaration.source.arrival) is None else {"arrival": a.kind}),
        "material": declaration.target.material,
        "interaction": declaration.interaction.kind,
        "couplings": declaration.interaction.couplings,
        "form_factor": declaration.interaction.form_factor,
        "axial": "included" if declaration.interaction.axial else "left out",
        "quenching": "none" if (curve := detector.quenching) is None else curve.kind,
        **({} if (r := detector.response.kind) == "chain" else {"response": r}),
        "resolution": "none" if (spread := detector.resolution) is None else spread.kind,
        "efficiency": detector.efficiency.energy.kind,
        "time_efficiency": detector.efficiency.time.kind,
    }
