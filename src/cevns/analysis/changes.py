"""From one experiment to another, one change at a time: what the difference is made of.

The file of the first is turned into that of the second section by section, and the CEvNS count in
the analysis region is predicted after each. The product of the ratios is the whole difference;
each single ratio depends on the order, as the changes act on one another.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cevns.analysis.expected.monitoring import DaysToSee, days_to_see, why_not
from cevns.analysis.measuring import measure
from cevns.exceptions import DataError, InputError, SchemaError
from cevns.experiments.declaration import loader
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import SIGNAL
from cevns.records import Result

__all__ = ["ORDER", "SOURCE", "Change", "Comparison", "Step", "compare"]

_Values = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A kind of difference between two files.

    Args:
        label: for tables.
        fields: dotted fields that go over together.
        stages: parameters that act on these stages go over with them.
    """

    label: str
    fields: tuple[str, ...]
    stages: tuple[str, ...] = ()


SOURCE: Sequence[Change] = (
    Change("protons on target", ("source.protons",)),
    Change("neutrinos per proton", ("source.yield_per_flavour",)),
    Change("distance", ("source.distance",)),
    Change("live time", ("live_time",)),
)
"""What comes first; other fields of a source follow, one by one."""
ORDER: Sequence[Change] = (
    Change("target", ("target",)),
    Change("cross section", ("interaction",), ("interaction", "neutron-radius")),
    Change("quenching", ("detector.quenching",)),
    Change("light yield and resolution", ("detector.resolution",)),
    Change("efficiency", ("detector.efficiency.recoil", "detector.efficiency.energy")),
    Change("energy region", ("axes.energy",)),
    Change("pulse shape", ("detector.pulse_shape", "axes.pulse_shape")),
    Change(
        "time window and efficiency",
        ("axes.time", "detector.efficiency.time", "source.pulse_sigma"),
        ("pulse-time",),
    ),
)
"""Target and physics, then the detector from the recoil to the region of the analysis."""

_HALFWAY = (InputError, SchemaError, DataError)
"""Errors of half a change, which goes with the next one: PE into keVee, no event in the region, a
file that lies beside the other experiment. One that stays is raised at the end."""


@dataclass(frozen=True)
class Step:
    """One change made.

    Args:
        label: what changed.
        before: the fields as they were, by dotted name; missing ones are empty.
        after: as they are now.
        prediction: CEvNS events in the region after the change.
        ratio: to the prediction before it.
    """

    label: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    prediction: float
    ratio: float


@dataclass(frozen=True, eq=False)
class Comparison(Result):
    """Two experiments and the steps between their predictions.

    Args:
        first: where it starts.
        second: where it ends.
        start: the prediction of the first.
        steps: the changes in order; the last prediction is that of the second.
        expected_z: expected significance (Asimov) of each; None without backgrounds or data.
        days: how long one must count to see the change, where there is such a number.
        no_days: or why there is none, of one experiment before and after a change.
    """

    first: Experiment
    second: Experiment
    start: float
    steps: tuple[Step, ...]
    expected_z: tuple[float | None, float | None]
    days: DaysToSee | None = None
    no_days: str = ""

    @property
    def end(self) -> float:
        """The prediction of the second."""
        return self.steps[-1].prediction if self.steps else self.start

    def backgrounds(self) -> dict[str, tuple[str, str]]:
        """Declared counts of every background in both, ``value ± error`` or free; or empty."""
        sides = [e.declaration.backgrounds for e in (self.first, self.second)]
        names = dict.fromkeys([*sides[0], *sides[1]])

        def text(side: Mapping[str, Any], name: str) -> str:
            if name not in side:
                return ""
            value, sigma = side[name].count.value, side[name].count.sigma
            return f"{value:g} (free)" if math.isinf(sigma) else f"{value:g} ± {sigma:g}"

        return {n: (text(sides[0], n), text(sides[1], n)) for n in names}

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {
            "first": self.first.name,
            "second": self.second.name,
            "first_prediction": self.start,
            "second_prediction": self.end,
            "steps": [
                {
                    "change": s.label,
                    "before": dict(s.before),
                    "after": dict(s.after),
                    "prediction": s.prediction,
                    "ratio": s.ratio,
                }
                for s in self.steps
            ],
            "backgrounds": {n: list(pair) for n, pair in self.backgrounds().items()},
            "expected_significance": list(self.expected_z),
            "days_to_see": None if self.days is None else self.days.to_dict(),
            "no_days_to_see": self.no_days,
        }


def compare(first: Experiment, second: Experiment, *, sigmas: float = 3.0) -> Comparison:
    """What turns the prediction of one experiment into that of another.

    Args:
        first: from `cevns.experiments.load`.
        second: from `cevns.experiments.load`.
        sigmas: at which a change of the same experiment counts as seen.

    Raises:
        InputError: if a file on the way declares something impossible, for example a resolution
            in PE with an energy region in keVee, or channels have detectors of their own.

    Examples:
        >>> from cevns.experiments import load
        >>> first, second = (load(f"coherent-csi-{year}") for year in (2017, 2021))
        >>> step = compare(first, second).steps[0]
        >>> step.label, round(step.ratio, 3)
        ('protons on target', 1.817)
    """
    alike = first.declaration.channels == second.declaration.channels
    for e in (first, second):
        if not alike and any(entry.own for entry in e.declaration.entries.values()):
            raise InputError(
                f"{e.name} has channels with separate targets, detectors or axes, which "
                "cannot be exchanged with those of the other file; compare files with "
                "one detector each"
            )
    values = _signal_only(first.document.values)
    target = _signal_only(second.document.values)
    rest = Change(
        "everything else", tuple(sorted({*values, *target} - {"name", "title", "cite", "variants"}))
    )
    start = before = _predict(first, values)
    steps: list[Step] = []
    waiting: list[str] = []
    held = values

    def step(owner: Experiment) -> None:
        nonlocal before, held
        prediction = _predict(owner, values)
        old, new = _shown(held, values)
        steps.append(Step(", ".join(waiting), old, new, prediction, prediction / before))
        before, held = prediction, values
        waiting.clear()

    for change in (*_of_source(values, target), *ORDER, rest):
        moved = _apply(values, target, change)
        if _flat(moved) == _flat(values):
            continue
        values = moved
        waiting.append(change.label)
        try:
            step(first)
        except InputError as error:
            if type(error) not in _HALFWAY:
                raise
    if waiting:  # files are named relative to the experiment that declares them
        step(second)
    days, no_days = _days(first, second, sigmas)
    return Comparison(
        first,
        second,
        start,
        tuple(steps),
        (_expected_z(first), _expected_z(second)),
        days,
        no_days,
    )


def _days(first: Experiment, second: Experiment, sigmas: float) -> tuple[DaysToSee | None, str]:
    """In how many days the change of one experiment is seen, or why no number is given."""
    if first.name != second.name:
        return None, ""
    old, new = _flat(first.document.values), _flat(second.document.values)
    changed = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
    others = [k for k in changed if not k.startswith("source.")]
    if others:
        names = ", ".join(others[:3])
        return None, f"it is defined for a change of the source only, and {names} changed too"
    days = days_to_see(first, second, sigmas)
    return days, "" if days is not None else why_not(first, second)


def _of_source(first: _Values, second: _Values) -> tuple[Change, ...]:
    """The changes of the source: field by field where both are of one kind."""
    sides = [dict(v.get("source") or {}) for v in (first, second)]
    if sides[0].get("kind") != sides[1].get("kind"):
        return (Change("source", ("source", "live_time")),)
    named = [f.removeprefix("source.") for c in (*SOURCE, *ORDER) for f in c.fields]
    others = [f for f in dict.fromkeys([*sides[0], *sides[1]]) if f not in named]
    return (*SOURCE, *(Change(f.replace("_", " "), (f"source.{f}",)) for f in others))


def _signal_only(values: Mapping[str, Any]) -> _Values:
    out: _Values = copy.deepcopy(dict(values))
    # a released signal template has no parts to exchange: first principles stand in for it
    beside = ("backgrounds", "components", "correlations", "data", "derived", "external")
    for section in (*beside, "overlaps", "signal", "strength"):
        out.pop(section, None)
    for channel in (out.get("channels") or {}).values():
        channel.pop("data", None)
        channel.pop("backgrounds", None)
        if isinstance(channel.get("source"), dict):
            channel["source"] = channel["source"].get(SIGNAL, 1.0)
    # the prediction is nominal: pulls and what they vary play no part
    parameters = out.get("parameters") or {}
    pulls = (
        "source",
        "signal",
        "flux",
        "quenching",
        "efficiency",
        "shape",
        "response",
        "component",
        "function",
    )
    out["parameters"] = {n: p for n, p in parameters.items() if p["acts_on"] not in pulls}
    own = [c["detector"] for c in (out.get("channels") or {}).values() if "detector" in c]
    for detector in (out.setdefault("detector", {}), *own):
        for component in (*detector.values(), *(detector.get("efficiency") or {}).values()):
            component.pop("variations", None)
    return out


def _predict(experiment: Experiment, values: _Values) -> float:
    document = replace(experiment.document, values=values)
    # a new experiment: what the old one has built already belongs to the old file
    changed = Experiment(loader.validate(document), experiment.path, document)
    return changed.prediction()


def _apply(values: _Values, target: _Values, change: Change) -> _Values:
    out = copy.deepcopy(values)
    for field in change.fields:
        _carry(out, target, field.split("."))
    if change.stages:
        kept = {n: p for n, p in out["parameters"].items() if p["acts_on"] not in change.stages}
        taken = {n: p for n, p in target["parameters"].items() if p["acts_on"] in change.stages}
        out["parameters"] = {**kept, **copy.deepcopy(taken)}
    return out


def _carry(out: _Values, target: _Values, path: list[str]) -> None:
    """Copy one field, or remove it where the target has none."""
    there: Any = target
    here: Any = out
    for key in path[:-1]:
        there = there.get(key) or {}
        here = here.setdefault(key, {})
    if path[-1] in there:
        here[path[-1]] = copy.deepcopy(there[path[-1]])
    else:
        here.pop(path[-1], None)


def _shown(before: _Values, after: _Values) -> tuple[dict[str, str], dict[str, str]]:
    """The numbers and names that differ, by dotted field."""
    old, new = _flat(before), _flat(after)
    keys = [k for k in dict.fromkeys([*old, *new]) if old.get(k) != new.get(k)]
    return {k: old[k] for k in keys if k in old}, {k: new[k] for k in keys if k in new}


def _flat(node: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(node, Mapping):
        out: dict[str, str] = {}
        for key, value in node.items():
            if key not in ("name", "title", "cite", "description"):
                out.update(_flat(value, f"{prefix}.{key}" if prefix else str(key)))
        return out
    return {prefix: str(node)}


def _expected_z(experiment: Experiment) -> float | None:
    """Significance of the Asimov data; None where there is nothing but signal."""
    if not experiment.declaration.backgrounds:
        return None
    return measure(experiment, use_asimov=True, minos="none").z
