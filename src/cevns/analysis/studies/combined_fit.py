r"""Sets of data together, each alone and all without it: what each brings, and whether they agree.

The parameter goodness of fit (Maltoni and Schwetz, Phys. Rev. D 68 (2003) 033020) compares minima,

    chi2_PG = min_joint - sum_s min_s,    ndof = sum_s P_s - P,

with P_s the number of parameters of interest that set s determines alone and P those of the joint
fit. Each minimum has the constraints of its own parameters: one that several sets share, the flux
of a source, stands once in the joint minimum and once in that of each of these sets.

What one set changes is its shift, (x_without - x)/sqrt(sigma_without^2 - sigma^2): the two results
share data, so that the variance of their difference is the difference of the variances.

A rate that is quadratic in a coupling has two valleys. All minima along the couplings are looked
for, in the joint fit and in those of parts; results are those of the deepest, and all are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cevns.analysis.measurement import Measurement, short
from cevns.analysis.measuring import measure
from cevns.analysis.question import Asked, Request, ask
from cevns.exceptions import FitError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import fast_form
from cevns.inference import Data, FitResult, FittedParameter, Likelihood, Model, fit
from cevns.inference.fitting.local_minima import local_minima
from cevns.inference.fitting.minuit import degenerate
from cevns.inference.minimum.information import information_shares
from cevns.inference.minimum.starts import couplings
from cevns.inference.model.expectation import parameter_point
from cevns.records import Result, cited
from cevns.typing import Array

__all__ = ["CombinedFit", "Minimum", "ParameterGoodness", "Pull", "SetFit", "combined_fit"]

_LARGE = 2.0
"""Pulls beyond this are reported."""


@dataclass(frozen=True)
class ParameterGoodness:
    """Tension between sets of data.

    Args:
        chi2: rise of the joint minimum over those of the sets.
        ndof: parameters that the sets determine, less those of the joint fit.
    """

    chi2: float
    ndof: int

    @property
    def p_value(self) -> float | None:
        """Of chi2 with that many degrees of freedom; None where nothing can disagree."""
        from scipy.stats import chi2

        return float(chi2.sf(self.chi2, self.ndof)) if self.ndof > 0 else None


@dataclass(frozen=True)
class Minimum:
    """One of several minima of a fit.

    Args:
        values: of the parameters of interest there.
        rise: of -2 ln L above the deepest.
    """

    values: Mapping[str, float]
    rise: float

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {"values": dict(self.values), "delta_chi2": self.rise}


@dataclass(frozen=True)
class Pull:
    """A nuisance parameter after the fit.

    Args:
        name: of the parameter.
        sets: that depend on it.
        value: (fitted - prior mean)/prior width.
        error: fitted error over prior width.
    """

    name: str
    sets: tuple[str, ...]
    value: float
    error: float


@dataclass(frozen=True)
class SetFit(Result):
    """One set of data of a combination.

    Args:
        name: short.
        title: a line for tables.
        bins: numbers that it brings.
        deviance: its part of -2 ln L in the joint fit.
        minimum: smallest -2 ln L of it alone, constraints included.
        parameters: of interest that it determines alone.
        alone: those of interest that it feels, from it only; empty where it does not determine
            all of them.
        without: from all others, likewise.
        share: of the information on the first parameter of interest.
        shift: of the first parameter without it, in standard deviations of the difference.
        undetermined: parameters of interest that it feels but cannot tell apart alone.
        undetermined_without: those that all others cannot.
        minima: all that there are of it alone, the quoted one first; empty where it has no
            couplings, or does not determine them.
        minima_without: likewise of all others.
        diagnosis: of the fit alone, in words; empty where nothing is to be said.
    """

    name: str
    title: str
    bins: int
    deviance: float
    minimum: float
    parameters: int
    alone: tuple[FittedParameter, ...]
    without: tuple[FittedParameter, ...]
    share: float | None
    shift: float | None
    undetermined: tuple[str, ...] = ()
    undetermined_without: tuple[str, ...] = ()
    minima: tuple[Minimum, ...] = ()
    minima_without: tuple[Minimum, ...] = ()
    diagnosis: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "title": self.title,
            "bins": self.bins,
            "deviance": self.deviance,
            "minimum": self.minimum,
            "parameters": self.parameters,
            "alone": {p.name: short(p) for p in self.alone},
            "without": {p.name: short(p) for p in self.without},
            "information_share": self.share,
            "shift_without": self.shift,
            "undetermined": list(self.undetermined),
            "undetermined_without": list(self.undetermined_without),
            "minima": [m.record() for m in self.minima],
            "minima_without": [m.record() for m in self.minima_without],
            "diagnosis": self.diagnosis,
        }


@dataclass(frozen=True, eq=False)
class CombinedFit(Result):
    """Result of `combined_fit`.

    Args:
        measurement: the joint fit.
        sets: what each set of data brings, by short name; empty where that was not asked for.
        pulls: of constrained parameters.
        goodness: tension of the sets on the parameters of interest.
        minima: all that there are of the joint fit, the quoted one first; empty without couplings.
        shared_share: of the information on the first parameter of interest, what the constraints
            of parameters bring that several sets share; None where no set was fitted alone.
    """

    main_table: ClassVar[str] = "of_interest"

    measurement: Measurement
    sets: Mapping[str, SetFit]
    pulls: tuple[Pull, ...]
    goodness: ParameterGoodness | None
    minima: tuple[Minimum, ...] = ()
    shared_share: float | None = None

    @property
    def poi(self) -> FittedParameter:
        """The first parameter of interest."""
        assert self.measurement.poi is not None
        return self.measurement.poi

    @property
    def of_interest(self) -> tuple[FittedParameter, ...]:
        """All parameters of interest."""
        return _of_interest(self.measurement.fit)

    @property
    def large_pulls(self) -> tuple[Pull, ...]:
        """Those beyond two."""
        return tuple(p for p in self.pulls if abs(p.value) > _LARGE)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns global``."""
        whole, tension = self.measurement.to_dict(), self.goodness
        results = self.measurement.results
        record = {
            **whole,
            "experiments": {name: r.to_dict() for name, r in results.items()},
            "of_interest": {p.name: short(p) for p in self.of_interest},
            "minima": [m.record() for m in self.minima],
            "sets": {name: s.to_dict() for name, s in self.sets.items()},
            "pulls": [
                {"name": p.name, "sets": list(p.sets), "value": p.value, "error": p.error}
                for p in self.pulls
            ],
            "goodness": {
                "parameter_goodness": None if tension is None else tension.chi2,
                "ndof": None if tension is None else tension.ndof,
                "p_value": None if tension is None else tension.p_value,
                "chi2": whole["chi2"],
                "chi2_ndof": whole["ndof"],
            },
        }
        if self.shared_share is not None:
            record["shared_information_share"] = self.shared_share
        return cited(record, *([] if tension is None else ["parameter-goodness"]))


def combined_fit(
    *experiments: Experiment,
    request: Request,
    sets: Mapping[str, str] | None = None,
    use_asimov: bool = False,
    each: bool = True,
) -> CombinedFit:
    """Fit sets of data together, each alone and all without it.

    Args:
        experiments: from `cevns.experiments.load`.
        request: parameters of interest (``free``) and what is held.
        sets: short name to the experiment, or to the channel of an external measurement; by default
            the experiments by their names.
        use_asimov: fit the expected counts.
        each: fit each set alone and all without it.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if there are no data, or no set feels a parameter of interest.
        FitError: if the joint fit does not converge.
    """
    asked = ask(*experiments, request=request)
    data = asked.data(use_asimov)
    names = _channels(asked.held, sets or {e.name: e.name for e in experiments})
    # many fits are on tables, the joint one too, as differences of minima are asked for
    fast = fast_form(asked.held)[0] if each or couplings(asked.held) else asked.held
    start, minima = _minima(fast, parameter_point(fast), data)
    joint = measure(
        *experiments, request=request, use_asimov=use_asimov, contributions=False, start=start
    )
    users = {n: _parameters(joint.model, own) for n, own in names.items()}
    pulls = tuple(
        Pull(p.name, tuple(s for s, known in users.items() if p.name in known), p.pull, ratio)
        for p in joint.fit
        if not p.fixed and p.pull is not None and (ratio := p.constraint_ratio) is not None
    )
    if not each:
        return CombinedFit(joint, {}, pulls, None, minima)
    start = {p.name: p.value for p in joint.fit}
    best = fit(fast, data=data, poi=joint.fit.poi, minos="none", start=start)
    fits = _Sets(asked, fast, best, data, names)
    found = {name: fits.of(name) for name in names}
    own = sum(s.minimum for s in found.values())
    ndof = sum(s.parameters for s in found.values()) - len(request.free)
    goodness = ParameterGoodness(best.twice_nll - own, ndof) if ndof > 0 else None
    shared = fits.shares.get("shared constraints")
    return CombinedFit(joint, found, pulls, goodness, minima, shared)


def _channels(model: Model, sets: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Channels of the model by set: a group, but for external measurements, which are their own."""
    alone = {
        name
        for name in sets.values()
        if any(c.name == name and c.auxiliary for c in model.channels)
    }
    out = {}
    for short_name, of in sets.items():
        own = [
            c.name for c in model.channels if (c.name if of in alone else c.group or c.name) == of
        ]
        out[short_name] = tuple(n for n in own if of in alone or n not in alone)
    return {name: own for name, own in out.items() if own}


def _parameters(model: Model, channels: Sequence[str]) -> set[str]:
    return {c.joint_name(n) for c in model.channels if c.name in channels for n in c.names}


@dataclass(frozen=True, eq=False)
class _Sets:
    """Fits of some of the sets, at the same question and to the same data.

    Args:
        asked: the question.
        model: of all of them.
        best: their joint fit.
        data: Asimov data, or None for those of the model.
        names: channels by set.
    """

    asked: Asked
    model: Model
    best: FitResult
    data: Data | None
    names: Mapping[str, tuple[str, ...]]

    def of(self, name: str) -> SetFit:
        """What a set brings."""
        own = self.names[name]
        others = [c for n, channels in self.names.items() if n != name for c in channels]
        alone = self._part(own)
        if alone.found is None:
            raise FitError(f"the fit of {' and '.join(own)} alone does not converge")
        without = self._part(others) if others else _Part(None, 0, ())
        first = self.best[self.best.poi or ""]
        kept = without.told
        shift = _shift(kept[0], first) if kept and kept[0].name == first.name else None
        return SetFit(
            name=name,
            title=self._title(name),
            bins=sum(self.model.channel(c).n_bins for c in own),
            deviance=sum(self._parts[c] for c in own),
            minimum=alone.found.twice_nll,
            parameters=alone.number,
            alone=alone.told,
            without=kept,
            share=self.shares.get(name),
            shift=shift,
            undetermined=alone.undetermined,
            undetermined_without=without.undetermined,
            minima=alone.minima,
            minima_without=without.minima,
            diagnosis=alone.found.diagnosis if alone.told else "",
        )

    @cached_property
    def _parts(self) -> dict[str, float]:
        """-2 ln L of each channel at the joint minimum."""
        return Likelihood.of(self.model, self.best.data).by_channel(self.best.theta)

    def _title(self, name: str) -> str:
        own = [self.model.channel(c) for c in self.names[name]]
        groups = {c.group or c.name for c in own if not c.auxiliary}
        return next((e.title for e in self.asked.experiments if e.name in groups), name)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Of the information on the first parameter of interest, by set."""
        if len(self.names) < 2:
            return {}
        owner = {c: name for name, channels in self.names.items() for c in channels}
        changed = {
            c.name: replace(c, group=owner[c.name], auxiliary=False) for c in self.model.channels
        }
        grouped = self.model.with_channels(changed)
        return information_shares(grouped, self.best.theta, self.best.poi or "")

    def _part(self, channels: Sequence[str]) -> _Part:
        """The fit of some channels, with as many parameters of interest as they determine."""
        model = self.model.only(channels)
        free = _names_of_interest(model)
        exact = self.asked.held.only(channels)  # tables round what is zero
        felt = tuple(n for n in free if exact.feels(n))
        # what a part does not feel, or cannot tell from another parameter, stays at the joint fit
        for number in range(len(felt), -1, -1):
            held = {n: self.best[n].value for n in free if n not in felt[:number]}
            some = model.with_parameters(model.parameters.fix(held)) if held else model
            found, minima = self._fit(some)
            if found is not None:
                told = number == len(felt)
                return _Part(found, number, () if told else felt, minima if told else ())
        return _Part(None, 0, felt)

    def _fit(self, model: Model) -> tuple[FitResult | None, tuple[Minimum, ...]]:
        """The deepest minimum and all; None where not all that is free is determined."""
        data = None if self.data is None else self.data.only(self.model, model)
        free = _names_of_interest(model)
        start = {p.name: self.best[p.name].value for p in model.parameters}
        point = parameter_point(model, start)
        # beside the point, where a squared coupling is not zero: a search would take long
        beside = {n: start[n] + 0.5 * model.parameters[n].scale for n in couplings(model)}
        likelihood = Likelihood.of(model, data)
        moving = np.array([not p.fixed for p in model.parameters])
        if beside and degenerate(likelihood, parameter_point(model, start | beside), moving):
            return None, ()
        deepest, minima = _minima(model, point, data)
        try:
            found = fit(
                model,
                data=data,
                poi=free[0] if free else None,
                minos=free or "none",
                start=start | deepest,
            )
        except FitError:
            return None, ()
        return found, minima


@dataclass(frozen=True, eq=False)
class _Part:
    """The fit of some channels.

    Args:
        found: the fit; None where there is none.
        number: parameters of interest that are free in it.
        undetermined: those that the channels feel, where they cannot tell them apart.
        minima: all that there are.
    """

    found: FitResult | None
    number: int
    undetermined: tuple[str, ...]
    minima: tuple[Minimum, ...] = ()

    @property
    def told(self) -> tuple[FittedParameter, ...]:
        """Parameters of interest, where the channels determine all that they feel."""
        return () if self.found is None or self.undetermined else _of_interest(self.found)


def _minima(
    model: Model, start: Array, data: Data | None
) -> tuple[dict[str, float], tuple[Minimum, ...]]:
    """Where the deepest minimum is, and all; nothing for a model without couplings."""
    found = local_minima(model, start, data=data)
    if not found:
        return {}, ()
    lowest = min(m.twice_nll for m in found)
    at = [dict(zip(model.parameters.names, m.theta.tolist(), strict=True)) for m in found]
    minima = tuple(
        Minimum({n: values[n] for n in _names_of_interest(model)}, m.twice_nll - lowest)
        for values, m in zip(at, found, strict=True)
    )
    return at[0], minima


def _names_of_interest(model: Model) -> tuple[str, ...]:
    return tuple(p.name for p in model.parameters if p.role == "poi" and not p.fixed)


def _of_interest(found: FitResult) -> tuple[FittedParameter, ...]:
    return tuple(p for p in found if p.parameter.role == "poi" and not p.fixed)


def _shift(without: FittedParameter, whole: FittedParameter) -> float | None:
    """None where the set brings less than a hundredth: errors then differ by rounding."""
    variance = without.error**2 - whole.error**2
    if not variance > 0.01 * without.error**2:
        return None
    return (without.value - whole.value) / math.sqrt(variance)
