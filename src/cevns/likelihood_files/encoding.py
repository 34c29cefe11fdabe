"""A model as histograms: which modifier stands for which parameter of each component.

What a parameter does to a component is found by moving it, whatever the component is made of:

* it multiplies all bins alike, in proportion to itself (a *rate*), or otherwise;
* it changes the *shape*: a template is morphed, a response is folded again.

Counts of `cevns` are linear in their parameters, with Gaussian constraints. A component that one
such parameter moves alone gets a symmetric `HistoSys`, which is linear too. Where a rate meets
other parameters it must multiply; `NormFactor` with a Gaussian constraint does so linearly, and
HistFactory has one of them in a model (lumi). It goes to the rate with the largest relative
uncertainty; the others become `NormSys`, which is exponential. A shape that is morphed by the rule
of `cevns.morphing` is a `HistoSys` as it is. One that is folded again is split into the change of
the total (`NormSys`) and that of the shape alone, so that the product of rates is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.channel import Channel
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.inference.statistics.poisson import Poisson
from cevns.likelihood_files.histograms import (
    LUMI,
    MU,
    HistogramChannel,
    HistogramModel,
    HistoSys,
    Modifier,
    NormFactor,
    NormSys,
    Sample,
)
from cevns.morphing import even_part
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.typing import Array

__all__ = ["Encoded", "Link", "Rules", "encode"]

_Contents = Callable[[Sequence[Mapping[str, float]]], Array]
_ALIKE = 1e-9
"""Relative difference below which two expectations are the same."""
_PULLS = np.array([1.0, -1.0, 0.5, -0.5])
"""Standard deviations at which the effect of a parameter is looked at."""
_PULL_BOUND = 50.0
"""Standard deviations that a pull may move where the model sets no bound."""
_FACTOR_BOUND = 10.0
"""Largest factor in units of the nominal value, likewise."""


@dataclass(frozen=True)
class Rules:
    """How rates and refolded shapes are written; the default is the closest of HistFactory.

    Args:
        rates: rates that meet other parameters: ``one`` of them linear, ``all`` of them (HS3),
            ``none``, or ``additive``, as changes of the contents.
        split: whether refolded shapes are split into total and shape.
    """

    rates: Literal["one", "all", "none", "additive"] = "one"
    split: bool = True


@dataclass(frozen=True)
class Link:
    """``theta = centre + width * value``: a parameter of the model by that of the file.

    Args:
        parameter: name in the model.
        written: name in the file.
        centre: of the model's parameter where the file's is zero.
        width: of the model's parameter for one of the file's.
        unit: of the model's parameter.
    """

    parameter: str
    written: str
    centre: float
    width: float
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Encoded:
    """A model as histograms.

    Args:
        model: what was encoded.
        data: counts and auxiliary measurements.
        histograms: what it became.
        links: parameters of both.
        linear: rates that are `NormFactor` with a constraint.
        lost: what is approximate, a sentence by component.
    """

    model: Model
    data: Data
    histograms: HistogramModel
    links: tuple[Link, ...]
    linear: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _columns(self) -> list[tuple[int, int, Link]]:
        of, to = self.model.parameters, self.histograms.parameters
        return [(of.position(k.parameter), to.position(k.written), k) for k in self.links]

    def written(self, theta: Array) -> Array:
        """Points of the model as those of the file, ``(..., n_par) -> (..., n_written)``."""
        out = np.empty((*theta.shape[:-1], len(self.histograms.parameters)))
        for own, other, link in self._columns:
            out[..., other] = (theta[..., own] - link.centre) / link.width
        return out

    def link(self, parameter: str) -> Link:
        """That of a parameter of the model."""
        return next(k for k in self.links if k.parameter == parameter)


@dataclass(frozen=True, eq=False)
class _Effect:
    """What one constrained parameter does to a component.

    Args:
        name: of the parameter.
        high: contents at +1 standard deviation.
        low: contents at -1.
        ratio: factors on all bins at +1 and -1; None where bins change differently.
        linear: whether the factor is linear in the parameter.
    """

    name: str
    high: Array
    low: Array
    ratio: tuple[float, float] | None
    linear: bool


@dataclass(frozen=True, eq=False)
class _Part:
    """A component with all that moves it."""

    channel: Channel
    number: int
    nominal: Array
    factors: tuple[str, ...]
    effects: tuple[_Effect, ...]
    additive: bool

    @property
    def name(self) -> str:
        return self.channel.components[self.number].name

    @property
    def rates(self) -> tuple[_Effect, ...]:
        return tuple(e for e in self.effects if e.ratio is not None)

    @property
    def shapes(self) -> tuple[_Effect, ...]:
        return tuple(e for e in self.effects if e.ratio is None)

    @property
    def lonely(self) -> bool:
        """Whether one linear rate is all that moves it."""
        return len(self.effects) == 1 and self.effects[0].linear

    def needs_product(self) -> Iterator[_Effect]:
        """Linear rates that meet other parameters."""
        return iter(()) if self.lonely else (e for e in self.rates if e.linear)


def encode(model: Model, data: Data, poi: str | None, rules: Rules | None = None) -> Encoded:
    """Write a model as histograms.

    Args:
        model: what parameters are held in it stand where they are.
        data: counts; auxiliary measurements are those declared.
        poi: the parameter of interest; None for none.
        rules: how; by default as closely as HistFactory can.

    Raises:
        InputError: naming the ingredient that histograms cannot express.

    Examples:
        >>> import cevns
        >>> from cevns.inference import observed
        >>> model = cevns.load("coherent-csi-2021").model()
        >>> found = encode(model, observed(model), "cevns")
        >>> [type(m).__name__ for m in found.histograms.channels[0].samples[1].modifiers]
        ['HistoSys']
    """
    rules = rules or Rules()
    _check(model)
    free = [model.parameters[i] for i in model.parameters.free]
    parts = [
        _part(model, channel, number, free)
        for channel in model.channels
        for number in range(len(channel.components))
    ]
    linear = _linear(parts, rules)
    used = {n for p in parts for n in (*p.factors, *(e.name for e in p.effects))}
    links, parameters = [], []
    for p in free:
        if p.name in used:
            name = MU if p.name == poi else p.name
            if p.name in linear and rules.rates == "one":
                name = LUMI
            link, written = _parameter(p, name, linear.get(p.name))
            links.append(link)
            parameters.append(written)
    names = {k.parameter: k.written for k in links}
    if poi is not None and poi not in names:
        raise InputError(
            f"{model.name}: the parameter of interest {poi!r} is held, or has no effect"
        )
    channels, lost = [], {}
    for channel in model.channels:
        samples = []
        for part in (p for p in parts if p.channel is channel):
            sample, said = _sample(part, names, linear, rules)
            samples.append(sample)
            if said:
                several = len(model.channels) > 1
                lost[f"{channel.name}.{part.name}" if several else part.name] = said
        counts = data.counts[model.bins[channel.name]]
        channels.append(HistogramChannel(channel.name, counts, tuple(samples)))
    histograms = HistogramModel(
        model.name,
        tuple(channels),
        Parameters(parameters),
        "" if poi is None else MU,
    )
    return Encoded(model, data, histograms, tuple(links), tuple(linear), lost)


def _check(model: Model) -> None:
    """Refuse channels that are no Poisson counts."""
    for channel in model.channels:
        if channel.auxiliary:
            raise InputError(
                f"{channel.name} is a measurement of {', '.join(channel.names)} beside the counts, "
                "correlated or not linear; constraints of a file of histograms are those of single "
                "parameters: hold them (--fix), or remove the measurement from the experiment file"
            )
        if type(channel.statistic) is not Poisson:
            kind = type(channel.statistic).__name__
            raise InputError(
                f"{channel.name} compares its data by the statistic {kind}, but a file of "
                "histograms contains only Poisson counts"
            )


def _mean(p: Parameter) -> float:
    """Where the nominal contents are evaluated; one where a free parameter has no size."""
    if p.constraint is not None:
        return p.constraint.mean
    return p.value if p.value != 0.0 else min(max(1.0, p.lower), p.upper)


def _part(model: Model, channel: Channel, number: int, free: list[Parameter]) -> _Part:
    """What the free parameters do to a component."""
    still = channel.with_fixed(channel.names)
    own = {channel.joint_name(n) for n in channel.names}
    moving = [p for p in free if p.name in own]
    centre = model.parameters.values
    for p in free:
        centre[model.parameters.position(p.name)] = _mean(p)

    def contents(points: Sequence[Mapping[str, float]]) -> Array:
        theta = np.repeat(centre[:, None], len(points), axis=1)
        for column, values in enumerate(points):
            for name, value in values.items():
                theta[model.parameters.position(name), column] = value
        return model.at(still, theta).component(number).T

    nominal = contents([{}])[0]
    size = np.abs(nominal).max(initial=0.0)
    factors, effects = [], []
    for p in moving:
        mean = _mean(p)
        if p.constraint is None:
            ends = [v for v in (0.5 * mean, 1.5 * mean) if p.lower <= v <= p.upper]
            found = contents([{p.name: v} for v in ends])
            if _alike(found, nominal, size):
                continue
            scaled = np.array(ends)[:, None] / mean * nominal
            if not ends or not _alike(found, scaled, size):
                component = channel.components[number].name
                repair = "hold it (--fix)"
                if p.role == "poi":
                    repair = "ask for a count, or write its values as a patchset (--parameter)"
                raise InputError(
                    f"{model.name}: {p.name!r} is free and changes {component!r} otherwise than in "
                    f"proportion, which no modifier of a file of histograms does; {repair}"
                )
            factors.append(p.name)
            continue
        effect = _effect(p, contents, nominal, size)
        if effect is not None:
            effects.append(effect)
    shapes = [e for e in effects if e.ratio is None]
    additive = not shapes or _is_additive(model, shapes, contents, nominal, size)
    return _Part(channel, number, nominal, tuple(factors), tuple(effects), additive)


def _alike(found: Array, wanted: Array, size: float) -> bool:
    """Whether two expectations are the same but for rounding."""
    return bool((np.abs(found - wanted) <= _ALIKE * size).all())


def _effect(p: Parameter, contents: _Contents, nominal: Array, size: float) -> _Effect | None:
    """What a constrained parameter does; None where that is nothing."""
    assert p.constraint is not None
    mean, sigma = p.constraint.mean, p.constraint.sigma
    values = np.clip(mean + sigma * _PULLS, p.lower, p.upper)
    found = contents([{p.name: float(v)} for v in values])
    pulls = (values - mean) / sigma
    if _alike(found, nominal, size):
        return None
    if pulls[1] > -1.0 or pulls[0] < 1.0:  # a bound comes first: the other side mirrored, if linear
        slope = (found[0] - found[1]) / (pulls[0] - pulls[1])
        if not _alike(found, nominal + pulls[:, None] * slope, size):
            raise InputError(
                f"{p.name!r} reaches a bound within one standard deviation and is not linear; its "
                "two variations cannot be written"
            )
        found = nominal + _PULLS[:, None] * slope
    full = nominal > 0.0
    ratios = found[:, full] / nominal[full]
    total = found.sum(axis=1) / nominal.sum() if nominal.sum() else np.ones(4)
    uniform = _alike(found, total[:, None] * nominal, size)
    linear = uniform and bool(np.abs(total - 1.0 - _PULLS * (total[0] - 1.0)).max() < _ALIKE)
    ratio = (float(total[0]), float(total[1])) if uniform and ratios.size else None
    return _Effect(p.name, found[0], found[1], ratio, linear)


def _is_additive(
    model: Model, shapes: list[_Effect], contents: _Contents, nominal: Array, size: float
) -> bool:
    """Whether shapes add up by the rule of `cevns.morphing`, at points within 1.5 deviations."""
    rng = np.random.default_rng(4)
    pulls = rng.uniform(-1.5, 1.5, (16, len(shapes)))
    points, wanted = [], np.repeat(nominal[None], len(pulls), axis=0)
    for row in pulls:
        point = {}
        for alpha, e in zip(row, shapes, strict=True):
            p = model.parameters[e.name]
            assert p.constraint is not None
            point[e.name] = p.constraint.mean + alpha * p.constraint.sigma
            if not p.lower <= point[e.name] <= p.upper:
                return False
        points.append(point)
    for k, e in enumerate(shapes):
        odd, even = 0.5 * (e.high - e.low), 0.5 * (e.high + e.low) - nominal
        wanted += pulls[:, k, None] * odd + even_part(pulls[:, k])[:, None] * even
    return _alike(contents(points), wanted, size)


def _linear(parts: list[_Part], rules: Rules) -> dict[str, float]:
    """Rates that become factors with a Gaussian constraint, and what one deviation changes."""
    if rules.rates in ("none", "additive"):
        return {}
    widths: dict[str, float] = {}
    for part in parts:
        for e in part.needs_product():
            assert e.ratio is not None
            widths[e.name] = e.ratio[0] - 1.0
    for part in parts:  # it has one width, and acts so wherever it acts
        for e in part.effects:
            width = e.ratio[0] - 1.0 if e.linear and e.ratio is not None else math.nan
            if e.name in widths and not math.isclose(width, widths[e.name], rel_tol=1e-9):
                del widths[e.name]
    order = sorted(widths, key=lambda n: -abs(widths[n]))
    return {n: widths[n] for n in (order if rules.rates == "all" else order[:1])}


def _parameter(p: Parameter, written: str, rate: float | None) -> tuple[Link, Parameter]:
    """A parameter as the file has it.

    Args:
        p: the parameter.
        written: its name in the file.
        rate: relative change for one standard deviation, of a linear factor; None for a pull.
    """
    if p.constraint is None:
        centre, width, constraint = 0.0, _mean(p), None
        bounds = (-_FACTOR_BOUND, _FACTOR_BOUND)
    elif rate is not None:
        width = p.constraint.sigma / rate
        centre, constraint = p.constraint.mean - width, Gaussian(1.0, abs(rate))
        bounds = (0.0, _FACTOR_BOUND)
    else:
        centre, width, constraint = p.constraint.mean, p.constraint.sigma, Gaussian(0.0, 1.0)
        bounds = (-_PULL_BOUND, _PULL_BOUND)
    ends = sorted(((p.lower - centre) / width, (p.upper - centre) / width))
    lower, upper = max(bounds[0], ends[0]), min(bounds[1], ends[1])
    out = replace(
        p,
        name=written,
        value=min(max((p.value - centre) / width, lower), upper),
        unit="",
        lower=lower,
        upper=upper,
        constraint=constraint,
        typical=None if p.typical is None else abs(p.typical / width),
        natural=None,
    )
    return Link(p.name, written, centre, width, p.unit), out


def _norm_sys(part: _Part, effect: _Effect, name: str, high: float, low: float) -> NormSys:
    """An exponential factor, which has to be positive."""
    if min(high, low) <= 0.0:
        raise InputError(
            f"{effect.name!r} changes {part.name!r} by 100 % or more within one standard "
            "deviation, which no exponential factor (normsys) does; hold it (--fix), or write a "
            "file of HS3, where all rates are linear"
        )
    return NormSys(name, high, low)


def _sample(
    part: _Part, names: Mapping[str, str], linear: Mapping[str, float], rules: Rules
) -> tuple[Sample, str]:
    """A component as a sample, and a sentence on what is approximate."""
    nominal = part.nominal
    modifiers: list[Modifier] = [NormFactor(names[n]) for n in part.factors]
    exponential, refolded = [], []
    if part.lonely and part.effects[0].name not in linear:
        e = part.effects[0]
        modifiers.append(HistoSys(names[e.name], e.high, e.low))
        return Sample(part.name, nominal, tuple(modifiers)), ""
    for e in part.effects:
        name = names[e.name]
        if e.name in linear:
            modifiers.append(NormFactor(name))
        elif e.ratio is not None and rules.rates == "additive" and e.linear:
            modifiers.append(HistoSys(name, e.high, e.low))
            exponential.append(e.name)
        elif e.ratio is not None:
            modifiers.append(_norm_sys(part, e, name, *e.ratio))
            exponential.append(e.name)
        elif part.additive or not rules.split:
            modifiers.append(HistoSys(name, e.high, e.low))
        else:
            high, low = e.high.sum() / nominal.sum(), e.low.sum() / nominal.sum()
            modifiers.append(HistoSys(name, e.high / high, e.low / low))
            if max(abs(high - 1.0), abs(low - 1.0)) > _ALIKE:
                modifiers.append(_norm_sys(part, e, name, float(high), float(low)))
        if e.ratio is None and not part.additive:
            refolded.append(e.name)
    said = []
    if refolded:
        said.append(
            f"{', '.join(refolded)} {'change' if len(refolded) > 1 else 'changes'} the response "
            "nonlinearly in cevns; the file "
            "interpolates between one standard deviation up and down, and adds the effects of two "
            "of them"
        )
    if exponential:
        how = "added to the contents" if rules.rates == "additive" else "exponential"
        does, is_ = ("multiply", "are") if len(exponential) > 1 else ("multiplies", "is")
        said.append(
            f"{', '.join(exponential)} {does} linearly in cevns and {is_} {how} in the file"
        )
    return Sample(part.name, nominal, tuple(modifiers)), "; ".join(said)
