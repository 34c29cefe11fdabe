"""What is scanned: experiments, new physics, the grid of its parameters, and the data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cevns import registry
from cevns.analysis.coupling_families import (
    CouplingFamily,
    Form,
    Physics,
    askable,
    extended,
    structural,
)
from cevns.analysis.question import Subject, refuse_missing, refuse_unfelt, require_data
from cevns.analysis.scanning.field_scan import is_field
from cevns.citations import Citations
from cevns.dark_sector.sector import ClosedDecayError
from cevns.exceptions import InputError
from cevns.experiments.citing import of_process
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.grid import Axis, Grid
from cevns.records import VERSION
from cevns.typing import Array

__all__ = ["Ranges", "ScanPlan", "scan_plan"]

_LONGEST = 62
"""Letters of an interaction in the title of a figure."""
Ranges = Mapping[str, Sequence[float] | Array | Axis]


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """All that determines a scan but how it is computed.

    Args:
        family: the models.
        grid: the points.
        cl: confidence level.
        data: counts and auxiliary measurements.
        is_asimov: whether they are those expected at nominal values.
        left_out: structural values that were asked for and at which nothing arrives, with why.
    """

    family: CouplingFamily
    grid: Grid
    cl: float
    data: Data = field(repr=False)
    is_asimov: bool
    left_out: Mapping[float, str] = field(default_factory=dict)

    def within_ranges(self) -> ScanPlan:
        """The same with the best fit sought inside the scanned ranges.

        Toys are ordered by their distance to the best fit. Where couplings may replace each other
        the likelihood has valleys without end, and far out along them, where nothing was asked,
        it means little; data and toys are treated alike. Along a logarithmic axis zero is part of
        the range, where that is the bound of the parameter: what is found must not depend on the
        value with which the axis happens to begin.
        """
        ranges = {
            a.name: (
                0.0 if a.log and a.parameter.lower == 0.0 else float(a.values[0]),
                float(a.values[-1]),
            )
            for a in self.grid.axes
            if not a.structural
        }
        family = replace(self.family, within=ranges)
        axes = tuple(
            a if a.structural else replace(a, parameter=family.parameters[a.name])
            for a in self.grid.axes
        )
        return replace(self, family=family, grid=Grid(family, axes))

    def provenance(self) -> dict[str, Any]:
        """Physics choices, changed fields and inputs of the experiments.

        What changes shapes is scanned, or among the held couplings of the run.
        """
        each = {e.name: e.provenance() for e in self.family.experiments}
        for found in each.values():
            found.pop("structure", None)
        if len(each) > 1:
            return {"provenance": each}
        own = {"interaction": self.family.interaction.name, **self.physics}
        return {**found, "physics": {**found["physics"], **own}}

    @property
    def physics(self) -> dict[str, str]:
        """What the process brings in beside its own, in any of the experiments."""
        process, out = self.family.interaction, dict[str, str]()
        for e in self.family.experiments:
            out |= e.physics_of(process)
        return out

    def _bounds(self, axis: Axis) -> list[float | None]:
        """Physical bounds of what is scanned, None where there is none."""
        known = self.family.known
        p = known[axis.name] if known.has(axis.name) else axis.parameter
        return [float(x) if math.isfinite(x) else None for x in (p.lower, p.upper)]

    def _held(self) -> dict[str, float]:
        """Values of the nuisance parameters that are not profiled."""
        others = {*self.family.interaction.parameters.names, *self.family.question.named}
        return {
            p.name: float(p.value)
            for p in self.family.parameters
            if p.fixed and p.name not in others
        }

    def _held_couplings(self) -> dict[str, float]:
        """What is held by its name at another value, and what the shapes are made for."""
        scanned = {a.name for a in self.grid.axes}
        shapes = {p.name: p.value for p in self.family.structure if p.name not in scanned}
        return {k: float(v) for k, v in sorted({**shapes, **self.family.at}.items())}

    def _left_out(self) -> dict[str, Any]:
        """What was asked for and has no signal at all."""
        values = sorted(self.left_out)
        return {"values": values, "why": self.left_out[values[0]]}

    def _physics(self) -> str:
        """The interaction, and what lies over it by processes of its own."""
        own = (p for e in self.family.experiments for p in e.own_processes.values())
        names = list(dict.fromkeys(p.name for p in own))
        if not names or self.family.interaction.name != "standard-model":
            names.insert(0, self.family.interaction.name)
        return " + ".join(dict.fromkeys(names))

    def _title(self) -> str:
        """Experiments and physics in words."""
        names = [n for n in re.split(r"\s*\+\s*", self._physics()) if n != "standard-model"]
        experiments = " + ".join(e.title for e in self.family.experiments)
        said = ", ".join(map(_words, names))
        if len(said) > _LONGEST:  # of several interactions
            said = ", ".join(names).replace("-", " ")
        return f"{experiments}: {said}" if said else experiments

    def _standard_model(self, axis: Axis) -> float | None:
        """Where the Standard Model lies; nowhere on a mass or on the strength of a component."""
        if axis.structural or axis.name in self.family.question.strengths:
            return None
        return axis.parameter.value

    @property
    def citations(self) -> Citations:
        """Whom the experiments and the interaction cite."""
        process = of_process(self.family.interaction, "interaction")
        return Citations.joined([*(e.citations for e in self.family.experiments), process])

    def label(self) -> dict[str, Any]:
        """What identifies the scan beside grid, models and data."""
        axes = self.grid.axes
        return {
            "experiments": [e.name for e in self.family.experiments],
            "physics": self._physics(),
            "title": self._title(),
            "axes": [a.name for a in axes],
            "units": [a.parameter.unit for a in axes],
            "descriptions": [a.parameter.description for a in axes],
            "bounds": [self._bounds(a) for a in axes],
            "standard model": [self._standard_model(a) for a in axes],
            "cite": list(dict.fromkeys(c for e in self.family.experiments for c in e.cite)),
            "citations": self.citations.records(),
            "logarithmic": [a.log for a in axes],
            "raster": list(self.grid.raster),
            "held couplings": self._held_couplings(),
            "profiled couplings": [n for n in self.family.free if n not in {a.name for a in axes}],
            "held parameters": self._held(),
            "held units": {p.name: p.unit for p in self.family.known if p.unit},
            "asimov": self.is_asimov,
            **({"left out": self._left_out()} if self.left_out else {}),
            "best fit within": {k: list(v) for k, v in sorted(self.family.within.items())},
        }

    def fingerprint(self, method: str) -> dict[str, Any]:
        """What determines the numbers of a scan without toys, with what its results say of it."""
        return {
            "method": method,
            **self.label(),
            "confidence level": self.cl,
            "grid": [a.values.tolist() for a in self.grid.axes],
            "parameters": list(self.family.parameters.names),
            "degrees": self.grid.degrees,
            "model digest": self.grid.digest(),
            "data digest": self.grid.data_digest(self.data),
            "version": VERSION,
        }


def _words(name: str) -> str:
    """What an interaction is, for the title of a figure; its name if it is one of the user."""
    if registry.canonical(name) not in registry.names("cevns.processes"):
        return name
    whole = registry.title("cevns.processes", "interaction", name)
    text = whole.split(" (")[0]
    if len(text) > _LONGEST:
        text = re.split(", |: ", text)[0]
    # an abbreviation keeps its capitals
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def scan_plan(
    subject: Subject,
    physics: Physics | None,
    ranges: Ranges,
    *,
    free: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    cl: float = 0.9,
    asimov_data: bool = False,
    form: Form = "tabulated",
) -> ScanPlan:
    """What is to be scanned.

    Args:
        subject: an experiment, or several together.
        physics: new physics by name, or as objects; ``"standard-model"`` for its own parameters,
            None for the interaction that the experiments have.
        ranges: values by parameter of the interaction or strength of a component; one or two, of
            which one may be structural. Nuisance parameters may be scanned too.
        free: further ones to profile.
        at: values of others.
        fix: nuisance parameters to hold, at a value or (None) where they are.
        cl: confidence level.
        asimov_data: the counts expected at nominal values (couplings of the Standard Model,
            strengths as declared) instead of the observed ones: the sensitivity.
        form: ``tabulated`` or ``exact``.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a range leaves the physical region, nothing is scanned, or there are no
            data to fit.
    """
    from cevns.inference.fitting.levels import check_level

    check_level(cl)
    if not ranges:
        raise InputError("nothing is scanned: name a parameter and its range")
    process = extended(subject.experiments[0], physics)
    known, structure = askable(process, subject), structural(process, subject)
    fields = [n for n in ranges if not known.has(n) and is_field(subject.experiments, n)]
    if fields:
        raise InputError(
            f"{fields[0]} is a field of the experiment file, which 'cevns scan' and "
            "Study.scan_field take; a limit or a scan here is of parameters"
        )
    # a name that is not known here may be that of a nuisance parameter
    if all(structure.has(n) for n in (*ranges, *free)):
        raise InputError(
            "a scan of "
            f"{' and '.join(dict.fromkeys(structure[n].name for n in ranges))} alone "
            "leaves no free parameter to be limited; also scan one of "
            f"{', '.join(p.name for p in known if not structure.has(p.name))} too"
        )
    scanned = [known[n].name for n in ranges if known.has(n) and not structure.has(n)]
    if not scanned and not free:
        could = ", ".join(p.name for p in known if not structure.has(p.name))
        raise InputError(
            f"{', '.join(n for n in ranges if not known.has(n))}: not a parameter of "
            f"{process.name}, and no parameter of the interaction and no strength of a component "
            f"is free; name one of {could}"
        )
    points = {n: v.values if isinstance(v, Axis) else v for n, v in ranges.items()}
    # a mass of 0 is one that has no default: the first that is scanned stands for it
    first = {
        structure[n].name: float(points[n][0])
        for n in ranges
        if structure.has(n) and structure[n].value == 0.0
    }
    family = CouplingFamily(
        subject,
        physics,
        tuple(dict.fromkeys([*scanned, *(known[n].name for n in free)])),
        {known[n].name: v for n, v in (at or {}).items()},
        dict(fix or {}),
        form,
        first=first,
    )
    refuse_missing(*subject.experiments)
    if not asimov_data:
        require_data(subject)
    axes, left_out = [], dict[float, str]()
    for name, values in ranges.items():
        of_shapes = structure.has(name)
        p = (structure if of_shapes else family.parameters)[name]
        if p.fixed and not of_shapes:
            raise InputError(f"{p.name!r} is held and cannot be scanned; do not fix it")
        log = isinstance(values, Axis) and values.log
        kept = np.asarray(points[name], dtype=float)
        if of_shapes:
            left_out = _closed(family, p.name, kept)
            kept = kept[[float(v) not in left_out for v in kept]]
        axes.append(Axis(p, kept, log, of_shapes))
    shapes = [{a.name: float(v)} for a in axes if a.structural for v in a.values] or [{}]
    refuse_unfelt(
        subject,
        map(family.exact_model, shapes),
        family.free,
        {n: float(v) for n, v in family.at.items()},
    )
    model = family.model({})
    return ScanPlan(
        family,
        Grid(family, tuple(axes)),
        cl,
        asimov(model) if asimov_data else observed(model),
        asimov_data,
        left_out,
    )


def _closed(family: CouplingFamily, name: str, values: Array) -> dict[float, str]:
    """Structural values at which no dark matter arrives, whatever its coupling, with why.

    Raises:
        ClosedDecayError: if that are all of them.
    """
    found = {float(v): family.closed({name: float(v)}) for v in values}
    out = {v: why for v, why in found.items() if why}
    if len(out) == len(values):
        raise ClosedDecayError(next(iter(out.values())))
    return out
