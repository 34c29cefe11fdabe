"""What draws the events of an experiment: recoils of a component, or signal and backgrounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from cevns.analysis.events.event_columns import (
    INCOMING,
    LABELS,
    REACTION,
    RECOIL,
    REGION,
    TIME,
    Column,
    detector_columns,
)
from cevns.analysis.events.event_parts import (
    BackgroundEvents,
    EventPart,
    RecoilEvents,
    ShapeDraws,
)
from cevns.analysis.events.reaction_events import ReactionEvents
from cevns.analysis.events.reconstruction import Reconstruction
from cevns.analysis.events.stratified_sample import EventSample, Stratum
from cevns.analysis.question import place
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.expectation import parameter_point
from cevns.processes import quantity_of
from cevns.typing import BoolArray

__all__ = ["event_sample", "recoil_events"]

_SHAPE_BINS: Final = 40
"""Fine bins of a pulse shape in one of the analysis."""


def recoil_events(
    experiment: Experiment,
    component: str = SIGNAL,
    *,
    at: Mapping[str, float] | None = None,
    threshold_kev: float = 0.0,
) -> RecoilEvents:
    """What draws recoils of a component before any detector.

    Args:
        experiment: from `cevns.load(...).experiments` or `cevns.experiments.load`.
        component: ``cevns``, or the name of another one with recoils of its own.
        at: masses and couplings.
        threshold_kev: recoil energy below which nothing is drawn.

    Raises:
        UnknownNameError: if there is no such component or parameter.
        InputError: if nothing is expected above the threshold.

    Examples:
        >>> import cevns
        >>> study = cevns.load("coherent-csi-2021-dm", models="dark-photon")
        >>> at = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
        >>> recoils = recoil_events(study.experiments[0], "dm", at=at, threshold_kev=9.0)
        >>> found = recoils.draw(1000, np.random.default_rng(1))
        >>> round(recoils.expected), bool((found["recoil_energy_kev"] > 9.0).all())
        (52, True)
    """
    placed, held = place(experiment, at or {})
    known = (SIGNAL, *placed.further)
    if component not in known:
        raise UnknownNameError("component", component, known)
    view = placed if component == SIGNAL else placed.further[component]
    return _recoils(view, placed, held, component, threshold_kev=threshold_kev)


def _recoils(
    view: Apparatus, placed: Experiment, held: Mapping[str, float], component: str, **more: Any
) -> RecoilEvents:
    """Recoils of a component in one view of an experiment."""
    view, values = _valued(view, placed, held, component)
    return RecoilEvents(view, values, **more)


def _valued(
    view: Apparatus, placed: Experiment, held: Mapping[str, float], component: str
) -> tuple[Apparatus, dict[str, float]]:
    """A view at the shapes that are held, and the values of its interaction's parameters."""
    if component != SIGNAL:
        view = view.placed(placed.shapes or {})
    own = view.interaction.parameters
    declared = {
        n: view.declared[n].value
        for n in view.declaration.acting_on("interaction")
        if own.has(n) and n in view.declared
    }
    values = {p.name: p.value for p in own} | declared
    values |= {n: v for n, v in held.items() if own.has(n)}
    return view, values


def _events(
    view: Apparatus,
    placed: Experiment,
    held: Mapping[str, float],
    component: str,
    *,
    threshold_kev: float,
    **more: Any,
) -> RecoilEvents | ReactionEvents:
    """Events of a component: recoils of nuclei, or reactions on them."""
    if quantity_of(view.interaction) not in ("visible-energy", "count"):
        return _recoils(view, placed, held, component, threshold_kev=threshold_kev, **more)
    if threshold_kev > 0.0:
        raise InputError(
            f"{placed.name}: a threshold applies to nuclear recoils, which "
            f"{view.interaction.name!r} does not simulate; omit --threshold"
        )
    more.pop("shape", None)
    view, values = _valued(view, placed, held, component)
    return ReactionEvents(view, values, **more)


def event_sample(
    experiment: Experiment,
    components: Sequence[str] = (),
    *,
    at: Mapping[str, float] | None = None,
    truth: bool = False,
    threshold_kev: float = 0.0,
    every: bool = False,
) -> EventSample:
    """What draws events of an experiment: its components in their expected ratio.

    With a detector, parameters of the file are at their values, the number of events is that in
    the analysis region, and a signal that the file takes from a release is drawn from first
    principles, for a released template knows no recoils. Without one, events are recoils alone.

    Args:
        experiment: from `cevns.load(...).experiments` or `cevns.experiments.load`.
        components: their names; all where left out, of recoils alone those that have any.
        at: masses and couplings.
        truth: recoils alone, before any detector.
        threshold_kev: recoil energy below which nothing is drawn.
        every: keep recoils that are outside the analysis region, too, or not recorded.

    Raises:
        UnknownNameError: if there is no such component or parameter.
        InputError: if nothing is expected, or a component cannot be drawn.

    Examples:
        >>> import cevns
        >>> sample = event_sample(cevns.load("coherent-csi-2021").experiments[0])
        >>> sample.components, round(sample.expected)
        (('cevns', 'ssb', 'brn', 'nin'), 1641)
        >>> events = sample.draw(1000, seed=1)
        >>> float(events["reconstructed_pe"].max()) < 60.0
        True
    """
    placed, held = place(experiment, at or {})
    declared = placed.declaration
    known = (SIGNAL, *placed.further, *(() if truth else declared.backgrounds))
    for name in components:
        if name not in known:
            also = " of recoils" if truth and name in declared.backgrounds else ""
            raise UnknownNameError(f"component{also}", name, known)
    wanted = tuple(dict.fromkeys(components)) or known
    if truth:
        return _truth_sample(placed, held, wanted, threshold_kev)
    return _detector_sample(placed, held, wanted, threshold_kev, every=every)


def _truth_sample(
    placed: Experiment, held: Mapping[str, float], wanted: Sequence[str], threshold_kev: float
) -> EventSample:
    """Recoils alone, those of all channels with their own target."""
    strata, known = [], dict[tuple[Apparatus, str], RecoilEvents | ReactionEvents]()
    for channel, entry in placed.declaration.entries.items():
        for name in wanted:
            base = placed.views[channel]
            size = entry.exposure * base.power(entry, name)
            if not size > 0.0:
                continue
            if (base, name) not in known:
                view = base if name == SIGNAL else base.further[name]
                known[base, name] = _events(view, placed, held, name, threshold_kev=threshold_kev)
            part = known[base, name]
            strata.append(Stratum(name, channel, part.expected * size, part))
    columns = _columns(len(placed.declaration.entries), _of_particles(strata))
    said = {"at": dict(held), "threshold_kev": threshold_kev}
    return EventSample(placed, tuple(strata), columns, truth=True, said=said)


def _columns(
    channels: int, truth: Sequence[Column], seen: Sequence[Column] = ()
) -> tuple[Column, ...]:
    labels = LABELS if channels > 1 else LABELS[:-1]
    return (*labels, TIME, *truth, *seen)


def _of_particles(strata: Sequence[Stratum]) -> tuple[Column, ...]:
    """Columns of the particles of what is drawn."""
    parts = [s.part for s in strata if s.part.has_truth]
    recoils = [isinstance(p, RecoilEvents) for p in parts]
    found = _missing(INCOMING, len(parts) < len(strata)) if parts else ()
    if any(recoils):
        found = (*found, *_missing(RECOIL, not all(recoils) or len(parts) < len(strata)))
    filled = frozenset(n for p in parts if isinstance(p, ReactionEvents) for n in p.names)
    return (*found, *_missing([c for c in REACTION if c.name in filled], True))


def _missing(columns: Sequence[Column], missing: bool) -> tuple[Column, ...]:
    """Columns of which some events have no number."""
    return tuple(replace(c, missing=missing) for c in columns)


def _detector_sample(
    placed: Experiment,
    held: Mapping[str, float],
    wanted: Sequence[str],
    threshold_kev: float,
    *,
    every: bool,
) -> EventSample:
    """Signal and backgrounds in the analysis region."""
    said: dict[str, Any] = {"at": dict(held), "threshold_kev": threshold_kev, "every_recoil": every}
    released = placed.declaration.signal
    if released is not None and released.use == "released" and SIGNAL in wanted:
        placed = placed.with_changes({"signal.use": "first-principles"})
        said["signal"] = (
            f"from first principles; the released template of {released.count.value:g} events "
            "knows no recoils"
        )
    if placed.unit != "events":
        raise InputError(f"{placed.name} measures {placed.unit}, which are not events")
    counts = _expected(placed, held)
    strata = list[Stratum]()
    drawn = dict[tuple[Apparatus, str], RecoilEvents | ReactionEvents]()
    units, shape_name = set(), ""
    for channel in placed.declaration.entries:
        view, measured = placed.views[channel], placed.inputs.channels[channel]
        statistic = measured.statistic
        if not (statistic.counts or statistic.events_are_points):
            raise InputError(
                f"{placed.name}: its data are values with errors and not events; draw only "
                "recoils with --truth"
            )
        axis = view.declaration.axes.energy
        unit = (view.resolution.unit or "keVee") if axis is None else axis.unit or "value"
        counted = axis is None and quantity_of(view.interaction) != "nuclear-recoil"
        units.add("" if counted else unit)
        inside: BoolArray | None = None
        if measured.cells.onto is not None and not statistic.events_are_points:
            n_energy = len(view.energy_edges) - 1
            inside = measured.cells.onto.any(axis=0).reshape(n_energy, -1)
        shape = _pulse_shape(view)
        shape_name = shape[0] if shape else shape_name
        for name in wanted:
            expected = counts.get((channel, name), 0.0)
            if not expected > 0.0:
                continue
            part: EventPart
            if name in view.declaration.backgrounds:
                part = _background(placed, view, channel, name, unit, inside)
            elif (view, name) in drawn and inside is None:
                part = drawn[view, name]
            else:
                own = view if name == SIGNAL else view.further[name].placed(placed.shapes or {})
                seen: dict[str, Any] = {"unit": unit, "every": every}
                if counted:
                    seen["counted"] = True
                else:
                    seen |= {"detector": Reconstruction(own, inside), "shape": shape}
                part = drawn[view, name] = _events(
                    own, placed, held, name, threshold_kev=threshold_kev, **seen
                )
            strata.append(Stratum(name, channel, expected, part))
    if not strata:
        raise InputError(
            f"{placed.name}: no event of {', '.join(wanted)} is expected; give its coupling "
            "(at=..., --at)"
        )
    known = dict.fromkeys(c for unit in sorted(units) for c in detector_columns(unit, shape_name))
    all_of = all(s.part.has_truth for s in strata)
    truth = _of_particles(strata)
    *rest, flag = sorted(known, key=lambda c: c.name == REGION)
    last = (*_missing(rest, every or len(units) > 1 or not all_of), flag)
    columns = _columns(len(placed.declaration.entries), truth, last)
    return EventSample(placed, tuple(strata), columns, truth=False, said=said)


def _expected(placed: Experiment, held: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Events in the region by channel and component, as the model of a fit expects them."""
    model = placed.model(tuple(held) if held else "count")
    theta = parameter_point(model, {n: v for n, v in held.items() if model.parameters.has(n)})
    out = {}
    for channel in model.channels:
        if channel.auxiliary:
            continue
        values = {
            n: theta[[model.parameters.position(channel.joint_name(n))]] for n in channel.names
        }
        found = channel.at(values, np.zeros(1))
        name = channel.name.removeprefix(placed.name).removeprefix(".")
        for k, component in enumerate(channel.components):
            out[name, component.name] = float(channel.counted(found.component(k))[0])
    return out


def _pulse_shape(view: Apparatus) -> tuple[str, ShapeDraws] | None:
    """Draws of the pulse-shape variable: as in a fit, that of the middle of each energy bin."""
    axis, edges = view.declaration.axes.pulse_shape, view.pulse_shape_edges
    if axis is None or edges is None or view.pulse_shape is None:
        return None
    fine = np.interp(
        np.linspace(0.0, len(edges) - 1.0, _SHAPE_BINS * (len(edges) - 1) + 1),
        np.arange(len(edges)),
        edges,
    )
    middle = 0.5 * (view.energy_edges[1:] + view.energy_edges[:-1])
    return _shape_column(view), ShapeDraws(fine, view.pulse_shape.probabilities(middle, fine))


def _shape_column(view: Apparatus) -> str:
    axis = view.declaration.axes.pulse_shape
    return "" if axis is None else (axis.name or "pulse_shape").lower()


def _background(
    placed: Experiment,
    view: Apparatus,
    channel: str,
    name: str,
    unit: str,
    inside: BoolArray | None,
) -> BackgroundEvents:
    """A background over the bins of the axes that there are."""
    inputs = placed.inputs
    axes = [(f"reconstructed_{unit.lower()}", view.energy_edges)]
    if view.pulse_shape_edges is not None:
        axes.append((_shape_column(view), view.pulse_shape_edges))
    if view.time_edges is not None:
        axes.append((TIME.name, view.time_edges))
    template = inputs.shapes.get(name)
    content = inputs.channels[channel].backgrounds[name] if template is None else template.nominal
    return BackgroundEvents(axes, np.asarray(content), inside)
