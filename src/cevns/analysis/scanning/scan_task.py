"""Scans of new physics: from parameters and ranges to regions, by several methods.

``profile``
    -2 ln L minimised over everything else, against the quantile of chi2 (Wilks).
``fc``
    the same statistic against its distribution over toys at every point (Feldman-Cousins).
``cls``
    upper limits: p-values of the signal, divided by how well the data are described without.
``bayes``
    the posterior density.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cevns.analysis.coupling_families import (
    CouplingFamily,
    Form,
    Physics,
    known_parameters,
    structural_names,
)
from cevns.analysis.question import Subject, require_data
from cevns.analysis.scanning.scan_methods import by_toys, profile
from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.grid import Axis, Grid
from cevns.parameters import Parameters
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.inference.scan.cost import Cost
    from cevns.inference.toys.point_run import Progress

Method = Literal["profile", "fc", "cls", "bayes"]
METHODS: tuple[Method, ...] = ("profile", "fc", "cls", "bayes")
Ranges = Mapping[str, Sequence[float] | Array | Axis]


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """All that determines a scan but how it is computed.

    Args:
        family: the models.
        grid: the points.
        cl: confidence level.
        data: counts and auxiliary measurements.
        is_asimov: whether they are those expected in the Standard Model.
    """

    family: CouplingFamily
    grid: Grid
    cl: float
    data: Data = field(repr=False)
    is_asimov: bool

    def within_ranges(self) -> ScanPlan:
        """The same with the best fit sought inside the scanned ranges.

        Toys are ordered by their distance to the best fit. Where couplings may replace each other
        the likelihood has valleys without end, and far out along them, where nothing was asked,
        it means little; data and toys are treated alike.
        """
        ranges = {
            a.name: (float(a.values[0]), float(a.values[-1]))
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
        """Physics choices, changed fields and inputs of the experiments."""
        found = self.family.subject.provenance()
        if len(self.family.experiments) > 1:
            return {"provenance": found["experiments"]}
        return {**found, "physics": {**found["physics"], "interaction": self._physics}}

    @property
    def _physics(self) -> str:
        return self.family.interaction.name

    def _bounds(self, axis: Axis) -> list[float | None]:
        """Physical bounds of what is scanned, None where there is none."""
        known = self.family.interaction.parameters
        p = known[axis.name] if known.has(axis.name) else axis.parameter
        return [float(x) if math.isfinite(x) else None for x in (p.lower, p.upper)]

    def _held(self) -> dict[str, float]:
        """Values of the nuisance parameters that are not profiled."""
        couplings = self.family.interaction.parameters
        return {
            p.name: float(p.value)
            for p in self.family.parameters
            if p.fixed and not couplings.has(p.name)
        }

    def _held_couplings(self) -> dict[str, float]:
        """Parameters of the interaction at declared values, and what the shapes are made for."""
        scanned = {a.name for a in self.grid.axes}
        shapes = {p.name: p.value for p in self.family.structure if p.name not in scanned}
        return {k: float(v) for k, v in sorted({**shapes, **self.family.at}.items())}

    def label(self) -> dict[str, Any]:
        """What identifies the scan beside grid, models and data."""
        axes = self.grid.axes
        return {
            "experiments": [e.name for e in self.family.experiments],
            "physics": self._physics,
            "axes": [a.name for a in axes],
            "units": [a.parameter.unit for a in axes],
            "descriptions": [a.parameter.description for a in axes],
            "bounds": [self._bounds(a) for a in axes],
            "standard model": [None if a.structural else a.parameter.value for a in axes],
            "cite": list(dict.fromkeys(c for e in self.family.experiments for c in e.cite)),
            "logarithmic": [a.log for a in axes],
            "raster": list(self.grid.raster),
            "held couplings": self._held_couplings(),
            "profiled couplings": [n for n in self.family.free if n not in {a.name for a in axes}],
            "held parameters": self._held(),
            "held units": {
                p.name: p.unit
                for p in (*self.family.interaction.parameters, *self.family.structure)
                if p.unit
            },
            "asimov": self.is_asimov,
            "best fit within": {k: list(v) for k, v in sorted(self.family.within.items())},
        }


def scan_plan(
    subject: Subject,
    physics: Physics,
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
        physics: new physics by name, or as objects; ``"standard-model"`` for its own parameters.
        ranges: values by parameter; one or two, of which one may be structural. Nuisance
            parameters may be scanned too.
        free: further parameters of the interaction to profile.
        at: values of others.
        fix: nuisance parameters to hold, at a value or (None) where they are.
        cl: confidence level.
        asimov_data: the counts expected in the Standard Model instead of the observed ones: the
            sensitivity.
        form: ``tabulated`` or ``exact``.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a range leaves the physical region, nothing is scanned, or there are no
            data to fit.
    """
    from cevns.inference.fitting.upper_limits import check_level

    check_level(cl)
    if not ranges:
        raise InputError("nothing is scanned: name a parameter and its range")
    known = known_parameters(subject, physics)
    structure = set(structural_names(subject, physics))
    _require_coupling(known, structure, (*ranges, *free))
    scanned = [known[n].name for n in ranges if known.has(n) and known[n].name not in structure]
    family = CouplingFamily(
        subject,
        physics,
        tuple(dict.fromkeys([*scanned, *(known[n].name for n in free)])),
        {known[n].name: v for n, v in (at or {}).items()},
        dict(fix or {}),
        form,
    )
    if not asimov_data:
        require_data(subject)
    axes = []
    for name, values in ranges.items():
        structural = known.has(name) and known[name].name in structure
        p = family.structure[name] if structural else family.parameters[name]
        if p.fixed and not structural:
            raise InputError(f"{p.name!r} is held and cannot be scanned; do not fix it")
        if isinstance(values, Axis):
            axes.append(Axis(p, values.values, values.log, structural))
        else:
            axes.append(Axis(p, np.asarray(values, dtype=float), structural=structural))
    model = family.model({})
    return ScanPlan(
        family,
        Grid(family, tuple(axes)),
        cl,
        asimov(model) if asimov_data else observed(model),
        asimov_data,
    )


def _require_coupling(known: Parameters, structure: set[str], names: Sequence[str]) -> None:
    """Raise if nothing of the interaction is free.

    Raises:
        InputError: saying what could be.
    """
    if any(not known.has(n) or known[n].name not in structure for n in names):
        return  # a name that is not the interaction's may be one of the experiment's
    what = " and ".join(dict.fromkeys(known[n].name for n in names))
    couplings = [p.name for p in known if p.name not in structure]
    raise InputError(
        f"a scan of {what} alone leaves no parameter of the interaction free; scan one of "
        f"{', '.join(couplings)} too"
    )


def _check_one_sided(plan: ScanPlan) -> None:
    """CLs limits what is nothing in the Standard Model and otherwise positive.

    Raises:
        InputError: if the scanned parameter may lie on both sides of its nominal value.
    """
    known = plan.family.interaction.parameters
    for axis in plan.grid.axes:
        if axis.structural or not known.has(axis.name):
            continue
        p = known[axis.name]
        if p.lower < p.value:
            raise InputError(
                f"{p.name!r} may be below and above its value {p.value:g} in the Standard Model, "
                "and CLs limits one side; use the method profile or fc"
            )


def check_method(name: str) -> Method:
    """A method by name.

    Raises:
        UnknownNameError: if there is no such method.
    """
    for method in METHODS:
        if method == name.strip().casefold():
            return method
    raise UnknownNameError("method", name, METHODS)


def scan(
    plan: ScanPlan,
    method: str = "profile",
    *,
    toys: int = 1000,
    seed: int = 1,
    engine: str = "auto",
    refine: int = 0,
    out: Path | str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Scan | None:
    """Carry a scan out.

    Args:
        plan: what, from `scan_plan`.
        method: ``profile``, ``fc``, ``cls`` or ``bayes``.
        toys: toys of a point, at most (``fc``, ``cls``); a fifth of the draws wanted (``bayes``).
        seed: master seed.
        engine: ``numpy``, ``jax`` or ``auto``.
        refine: times that the cells of a profile scan are halved along its contour.
        out: HDF5 file; the same call resumes an interrupted scan from it.
        workers: processes.
        executor: any `concurrent.futures.Executor` in their place.
        shard: compute only share i of n of the points (``fc``, ``cls``).
        progress: told work done, wanted, and per second.

    Returns:
        The scan; None for a share of one, which is in its file.

    Raises:
        UnknownNameError: if there is no such method.
        InputError: if the method does not go with the grid, or `out` belongs to another scan.
        DataError: if `out` is truncated.
        FitError: if fits fail.
    """
    chosen = check_method(method)
    if chosen == "cls":
        _check_one_sided(plan)
    if chosen in ("fc", "cls"):
        return by_toys(
            plan.within_ranges(),
            chosen,
            toys=toys,
            seed=seed,
            engine=engine,
            out=out,
            workers=workers,
            executor=executor,
            shard=shard,
            progress=progress,
        )
    if shard is not None:
        raise InputError(f"{chosen} has no shares of points; leave --shard out, or use fc or cls")
    if chosen == "profile":
        return profile(plan, engine=engine, out=out, refine=refine)
    from cevns.analysis.scanning.scan_bayes import bayes

    return bayes(
        plan.within_ranges(), toys=toys, seed=seed, engine=engine, out=out, progress=progress
    )


def cost(plan: ScanPlan, method: str, *, toys: int = 1000, engine: str = "auto") -> Cost:
    """What a scan with toys would cost, from a short measurement.

    Raises:
        InputError: if the method uses no toys, or an argument is out of range.
    """
    from cevns.inference.scan.cost import plan as estimate

    chosen = check_method(method)
    if chosen not in ("fc", "cls"):
        raise InputError(
            f"the cost of {chosen} is seconds to minutes; --plan is for toys: --method fc or cls"
        )
    inside = plan.within_ranges()
    return estimate(inside.grid, toys, method=chosen, cl=plan.cl, data=plan.data, engine=engine)
