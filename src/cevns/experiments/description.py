"""What an experiment file declares, in words and numbers, for people who did not write it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cevns.exceptions import CevnsError
from cevns.experiments.declaration.backgrounds import Background
from cevns.experiments.declaration.document import Document
from cevns.experiments.experiment import Experiment
from cevns.experiments.forms.region_axes import Axes
from cevns.parameters import Parameter
from cevns.processes import signal_title
from cevns.records import Result
from cevns.records.by_experiment import ExpectedCounts
from cevns.units import quantity

__all__ = ["Description", "components", "counted", "describe", "titles"]

_SHOWN = ("source", "target", "interaction", "detector")
_EXPOSURE = "exposure"
"""Section of the time during which data are taken; a beam's exposure stands in its source."""


@dataclass(frozen=True)
class Description(Result):
    """What a file declares.

    Args:
        experiment: its name.
        title: a line for tables.
        cite: papers.
        file: its path.
        digest: SHA-256 of the file.
        state: ``data``, ``projection`` or ``missing``.
        missing: what keeps it out of fits.
        sections: source, target, interaction and detector, as the file writes them, and the live
            time, where there is one.
        axes: by channel and name: unit, ends and number of bins; a channel without axes of its
            own is not there, and ``""`` are those of the file.
        components: signal, further signals and backgrounds: name, title, role, number.
        parameters: name, value, error (zero where held, infinite where free), unit, what they act
            on, whether they are shared, description.
        channels: power of the source and exposure by channel.
        observed: numbers of events by channel, or published values in their unit.
        inputs: origin, files with digests, warnings.
        variants: names.
        overrides: changed fields.
        unit: of what is observed, ``events`` where that is counted.
    """

    experiment: str
    title: str
    cite: tuple[str, ...]
    file: str
    digest: str
    state: str
    missing: str
    sections: Mapping[str, Any]
    axes: Mapping[str, Mapping[str, Mapping[str, Any]]]
    components: tuple[Mapping[str, Any], ...]
    parameters: tuple[Mapping[str, Any], ...]
    channels: Mapping[str, Mapping[str, Any]]
    observed: Mapping[str, float]
    inputs: Mapping[str, Any]
    variants: tuple[str, ...]
    overrides: Mapping[str, str]
    unit: str = "events"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "experiment": self.experiment,
            "title": self.title,
            "cite": list(self.cite),
            "file": self.file,
            "sha256": self.digest,
            "state": self.state,
            "missing": self.missing or None,
            "sections": self.sections,
            "axes": self.axes,
            "components": list(self.components),
            "parameters": list(self.parameters),
            "channels": self.channels,
            "observed": self.observed,
            "unit": self.unit,
            "inputs": self.inputs,
            "variants": list(self.variants),
            "overrides": self.overrides,
        }


def describe(experiment: Experiment) -> Description:
    """What the file of an experiment declares.

    Data that are not at hand are no mistake here: ``inputs`` says what is lacking.

    Examples:
        >>> from cevns.experiments import load
        >>> found = describe(load("coherent-csi-2021"))
        >>> found.state, found.sections["source"]["distance"], [c["name"] for c in found.components]
        ('data', '19.3 m', ['cevns', 'ssb', 'brn', 'nin'])
    """
    declared, document = experiment.declaration, experiment.document
    inputs, observed = _inputs(experiment)
    state = "missing" if declared.missing else "data" if experiment.has_data else "projection"
    own = {n: c.axes for n, c in declared.channels.items() if c.axes is not None}
    return Description(
        experiment=experiment.name,
        title=experiment.title,
        cite=experiment.cite,
        file=str(experiment.path),
        digest=document.sha256,
        state=state,
        missing=declared.missing,
        sections=_sections(experiment),
        axes={
            name: _axes(axes, _written(document, name))
            for name, axes in {"": declared.axes, **own}.items()
        },
        components=tuple(components(experiment)),
        parameters=tuple(
            _parameter(p, declared.parameters[n].acts_on) for n, p in experiment.declared.items()
        ),
        channels={
            name: {"exposure": c.exposure, "source": c.source, "target_kg": view.recoiling_kg}
            for (name, c), view in zip(
                declared.channels.items(), experiment.views.values(), strict=False
            )
        },
        observed=observed,
        unit=experiment.unit,
        inputs=inputs,
        variants=tuple(declared.variants),
        overrides=dict(experiment.overrides or {}),
    )


def _sections(experiment: Experiment) -> dict[str, Any]:
    """Sections as the file writes them, and the live time."""
    values = experiment.document.values
    out = {name: values[name] for name in _SHOWN if name in values}
    live = experiment.declaration.live_time
    if live is not None:
        out[_EXPOSURE] = {"live_time": values.get("live_time", f"{live:g} d")}
    return out


def _written(document: Document, channel: str) -> Mapping[str, Any]:
    """The axes as the file writes them, those of a channel where it has a name."""
    holder = document.values["channels"][channel] if channel else document.values
    return holder.get("axes") or {}


def _axes(axes: Axes, written: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Axes by name, in the units that the file has."""
    every = {"energy": axes.energy, "pulse_shape": axes.pulse_shape, "time": axes.time}
    out: dict[str, dict[str, Any]] = {}
    for name, axis in every.items():
        if axis is None:
            continue
        unit = (written.get(name) or {}).get("unit", axis.unit)
        low, high = (
            # twelve digits, as 22.7 MeVee there and back are 22.700000000000003
            edge if unit == axis.unit else float(f"{quantity(f'{edge!r} {axis.unit}', unit):.12g}")
            for edge in (axis.edges[0], axis.edges[-1])
        )
        out[name] = {"unit": unit, "from": low, "to": high, "bins": len(axis.edges) - 1}
    return out


def components(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Signal, further signals and backgrounds, in the order of results."""
    declared = experiment.declaration
    yield {"name": "cevns", "title": signal_title(experiment.interaction), "role": "signal"}
    for name, entry in declared.components.items():
        yield {"name": name, "title": entry.title, "role": "signal"}
    for name, background in declared.backgrounds.items():
        written = experiment.document.values["backgrounds"][name]
        energy = written.get("energy") or {}
        shape = "template" if background.template else energy.get("kind", energy.get("file", ""))
        yield {
            "name": name,
            "title": background.title,
            "role": "background",
            "shape": shape,
            **_number(background),
        }


def titles(experiment: Experiment) -> dict[str, str]:
    """Titles of the components by name."""
    return {str(c["name"]): str(c["title"]) for c in components(experiment)}


def _number(background: Background) -> dict[str, Any]:
    """Number of events of a background in the region, with its error."""
    count = background.count
    sigma = count.sigma if math.isfinite(count.sigma) else None
    return {"count": count.value, "error": sigma}


def _parameter(p: Parameter, acts_on: str) -> dict[str, Any]:
    """A parameter of the file."""
    state = "held" if p.fixed else "free" if p.constraint is None else "constrained"
    return {
        "name": p.name,
        "value": p.value,
        "error": None if p.constraint is None else p.constraint.sigma,
        "unit": p.unit,
        "acts_on": acts_on,
        "state": state,
        "shared": p.shared,
        "description": p.description,
    }


def _inputs(experiment: Experiment) -> tuple[dict[str, Any], dict[str, float]]:
    """Where data come from, and how many events they are; or what is lacking."""
    try:
        inputs = experiment.inputs
    except CevnsError as error:
        return {"origin": "absent", "files": [], "warnings": [], "absent": str(error)}, {}
    return inputs.record(), {n: float(d.sum()) for n, d in inputs.observed.items()}


def counted(experiment: Experiment, counts: Mapping[str, float]) -> ExpectedCounts:
    """Expected counts of an experiment, with the titles of its components."""
    return ExpectedCounts.of(counts, experiment.title, titles(experiment))
