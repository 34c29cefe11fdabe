"""A sample of unweighted events of an experiment: signal and backgrounds, block by block.

Each event is of one component, chosen with the expected ratio of the components, so blocks are
independent of each other. The random numbers of a block follow from the seed and the number of the
block; a seed gives the same events, however many are asked for before or after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from cevns.analysis.events.arrival_draws import NoTimes
from cevns.analysis.events.event_columns import (
    LABELS,
    REGION,
    TIME,
    TRUTH,
    Block,
    Column,
    detector_columns,
    shuffled,
)
from cevns.analysis.events.event_parts import (
    BackgroundEvents,
    EventPart,
    RecoilEvents,
    ShapeDraws,
)
from cevns.analysis.events.reconstruction import Reconstruction
from cevns.analysis.question import place
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.expectation import parameter_point
from cevns.records import VERSION
from cevns.typing import Array, BoolArray

__all__ = ["BLOCK", "EventSample", "Stratum", "event_sample", "recoil_events"]

BLOCK: Final = 1 << 16
"""Events of a block."""
_MOST: Final = 2_000_000_000
_SHAPE_BINS: Final = 40
"""Fine bins of a pulse shape in one of the analysis."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """A component in a channel.

    Args:
        component: its name.
        channel: the name of the channel; empty where the file has none.
        expected: how many events there are in the exposure.
        part: what draws them.
        view: the detector of the channel.
    """

    component: str
    channel: str
    expected: float
    part: EventPart
    view: Apparatus


@dataclass(frozen=True, eq=False)
class EventSample:
    """What a sample of events is drawn of; made by `event_sample`.

    Args:
        experiment: of which.
        strata: components in channels, with at least one event expected in all.
        columns: of the file.
        truth: whether there is no detector.
        said: what else the provenance says.
    """

    experiment: Experiment
    strata: tuple[Stratum, ...]
    columns: tuple[Column, ...]
    truth: bool
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> float:
        """Events in the exposure."""
        return sum(s.expected for s in self.strata)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in the order of their numbers."""
        return tuple(dict.fromkeys(s.component for s in self.strata))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in the order of their numbers."""
        return tuple(dict.fromkeys(s.channel for s in self.strata))

    @property
    def is_timed(self) -> bool:
        """Whether the times of its recoils are known."""
        parts = [s.part for s in self.strata if isinstance(s.part, RecoilEvents)]
        return not any(isinstance(p.times, NoTimes) for p in parts)

    @property
    def exceeded(self) -> float:
        """The largest ratio of a density to its bounds so far; up to 1 the events follow it."""
        every = (s.part for s in self.strata)
        return max((p.exceeded for p in every if isinstance(p, RecoilEvents)), default=0.0)

    def number(self, seed: int) -> int:
        """A Poisson number of the expected events.

        Raises:
            InputError: if more are expected than a file should hold.
        """
        if self.expected > _MOST:
            raise InputError(
                f"{self.expected:.3g} events are expected in the exposure, more than the {_MOST:g} "
                "of a sample; ask for a number of them"
            )
        return int(_generator(seed, 0).poisson(self.expected))

    def blocks(self, number: int, seed: int) -> Iterator[dict[str, Array]]:
        """The events, in blocks of `BLOCK`, the last one shorter.

        Args:
            number: how many, in the analysis region where there is a detector.
            seed: of the random numbers.

        Raises:
            InputError: if the number is not positive, or too large.
        """
        if not 1 <= number <= _MOST:
            raise InputError(f"{number} events cannot be drawn; ask for 1 to {_MOST:g}")
        share = np.array([s.expected for s in self.strata]) / self.expected
        names, first = [c.name for c in self.columns], 1
        for which, begin in enumerate(range(0, number, BLOCK)):
            rng = _generator(seed, 1 + which)
            of = rng.multinomial(BLOCK, share) if begin + BLOCK <= number else None
            if of is None:
                of = rng.multinomial(number - begin, share)
            parts = [self._of(s, int(n), rng) for s, n in zip(self.strata, of, strict=True) if n]
            size = sum(p["component"].size for p in parts)
            block = shuffled(parts, names, rng.permutation(size))
            block["event"] = np.arange(first, first + size, dtype=float)
            first += size
            yield block

    def _of(self, stratum: Stratum, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """Events of a component in a channel."""
        found = stratum.part.draw(number, rng)
        size = next(iter(found.values())).size
        found["component"] = np.full(size, float(self.components.index(stratum.component)))
        found["channel"] = np.full(size, float(self.channels.index(stratum.channel)))
        return found

    def draw(self, number: int, seed: int) -> dict[str, Array]:
        """All events at once.

        Raises:
            InputError: as `blocks`.
        """
        every: list[Block] = list(self.blocks(number, seed))
        return {name: np.concatenate([b[name] for b in every]) for name in every[0]}

    def provenance(self, number: int, seed: int) -> dict[str, Any]:
        """What a file says of where its events are from."""
        return {
            "generator": "cevns",
            "version": VERSION,
            "numpy": np.__version__,
            "seed": seed,
            "events": number,
            "block": BLOCK,
            "truth_only": self.truth,
            "components": list(self.components),
            "channels": list(self.channels),
            "expected": {
                f"{s.component}.{s.channel}" if s.channel else s.component: s.expected
                for s in self.strata
            },
            "expected_events": self.expected,
            "exposure": dict(self.experiment.declaration.source.fields),
            "target": self.experiment.declaration.target.model_dump(exclude_none=True),
            **self.said,
            **self.experiment.provenance(),
        }


def _generator(seed: int, which: int) -> np.random.Generator:
    """Random numbers of a block."""
    sequence = np.random.SeedSequence(seed, spawn_key=(which,))
    return np.random.Generator(np.random.SFC64(sequence))


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
    return RecoilEvents(view, values, **more)


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
        (('cevns', 'ssb', 'brn', 'nin'), 1652)
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
    strata = []
    for channel, entry in placed.declaration.entries.items():
        for name in wanted:
            base = placed.views[channel]
            view = base if name == SIGNAL else base.further[name]
            size = entry.exposure * base.power(entry, name)
            if size > 0.0:
                part = _recoils(view, placed, held, name, threshold_kev=threshold_kev)
                strata.append(Stratum(name, channel, part.expected * size, part, view))
    columns = _columns(len(placed.declaration.entries), TRUTH)
    said = {"at": dict(held), "threshold_kev": threshold_kev}
    return EventSample(placed, tuple(strata), columns, truth=True, said=said)


def _columns(
    channels: int, truth: Sequence[Column], seen: Sequence[Column] = ()
) -> tuple[Column, ...]:
    labels = LABELS if channels > 1 else LABELS[:-1]
    return (*labels, TIME, *truth, *seen)


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
        raise InputError(f"{placed.name} measures {placed.unit}, and those are no events")
    counts = _expected(placed, held)
    strata: list[Stratum] = []
    units, shape_name = set(), ""
    for channel in placed.declaration.entries:
        view, measured = placed.views[channel], placed.inputs.channels[channel]
        statistic = measured.statistic
        if not (statistic.counts or statistic.events_are_points):
            raise InputError(
                f"{placed.name}: its data are values with errors and no events; draw recoils "
                "alone with --truth"
            )
        axis = view.declaration.axes.energy
        unit = (view.resolution.unit or "keVee") if axis is None else axis.unit or "value"
        units.add(unit)
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
            else:
                own = view if name == SIGNAL else view.further[name].placed(placed.shapes or {})
                part = _recoils(
                    own, placed, held, name,
                    threshold_kev=threshold_kev, detector=Reconstruction(own, inside),
                    shape=shape, unit=unit, every=every,
                )  # fmt: skip
            strata.append(Stratum(name, channel, expected, part, view))
    if not strata:
        raise InputError(
            f"{placed.name}: no event of {', '.join(wanted)} is expected; give its coupling "
            "(at=..., --at)"
        )
    seen = dict.fromkeys(c for unit in sorted(units) for c in detector_columns(unit, shape_name))
    some, all_of = (f(s.part.has_truth for s in strata) for f in (any, all))
    truth = _missing(TRUTH, not all_of) if some else ()
    *rest, flag = sorted(seen, key=lambda c: c.name == REGION)
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
