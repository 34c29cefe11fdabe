"""Counts along energy and along time, with the fitted components stacked.

Bins have unequal widths, so counts are shown per unit of the axis. Counts have the central
interval for a Poisson mean (Garwood, Biometrika 28 (1936) 437), other data the errors of their
statistic; the band is the error of the fitted sum, from the covariance of all parameters. Data that
are no bins of the axes, such as cells or one number, stand one after the other.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.questions import SIGNAL
from cevns.inference.fitting.levels import check_level
from cevns.report.drawing import style
from cevns.report.drawing.legends import fits, lift_legend
from cevns.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.channel_result import ChannelResult
    from cevns.analysis.measurement import Measurement
    from cevns.experiments.experiment import Experiment

__all__ = [
    "ONE_SIGMA",
    "Projection",
    "axes_of",
    "poisson_interval",
    "project",
    "projection_figure",
    "residual_figure",
    "steady_state",
]

ONE_SIGMA = 0.6826894921370859
_RESIDUAL_LABEL = r"$\mathrm{(data-fit)}/\sqrt{\mathrm{fit}}$"
_PULL_LABEL = r"$\mathrm{(data-fit)}/\sigma$"


def poisson_interval(counts: ArrayLike, level: float = ONE_SIGMA) -> tuple[Array, Array]:
    """Central interval for the mean of a Poisson variable (Garwood 1936).

    ``lower = chi2(a/2; 2n)/2``, ``upper = chi2(1 - a/2; 2n + 2)/2`` with ``a = 1 - level``; by
    the gamma function also for the counts between integers of Asimov data.

    Args:
        counts: observed counts, any shape.
        level: confidence level.

    Returns:
        Lower and upper ends, in the shape of `counts`; the lower end of no count is zero.

    Raises:
        InputError: if a count is negative or not finite, or `level` is not between 0 and 1.

    Examples:
        >>> lower, upper = poisson_interval([0, 4])
        >>> lower.round(3).tolist(), upper.round(3).tolist()
        ([0.0, 2.086], [1.841, 7.163])
    """
    from scipy.special import gammaincinv

    n = np.asarray(counts, dtype=float)
    if not (np.isfinite(n).all() and (n >= 0).all()):
        raise InputError("counts must be finite and not negative")
    tail = 0.5 * (1.0 - check_level(level))
    # the floor only keeps gammaincinv defined where np.where discards it
    lower = np.where(n > 0, gammaincinv(np.maximum(n, 1e-9), tail), 0.0)
    return lower, np.asarray(gammaincinv(n + 1.0, 1.0 - tail))


@dataclass(frozen=True, eq=False)
class Projection:
    """A fit summed along one axis.

    Args:
        edges: of the bins of the other axis.
        observed: data per bin: counts, values, or the difference of counts on and off.
        down: errors of the data towards smaller expectations.
        up: towards larger ones.
        components: fitted counts per bin by component, the signal first.
        error: of the fitted sum per bin.
        counts: whether the data are numbers of events.
    """

    edges: Array
    observed: Array
    down: Array
    up: Array
    components: Mapping[str, Array]
    error: Array
    counts: bool = True

    @property
    def width(self) -> Array:
        """Bin widths."""
        return np.diff(self.edges)

    @property
    def expected(self) -> Array:
        """Sum of the components."""
        total: Array = np.sum(list(self.components.values()), axis=0)
        return total

    @property
    def residuals(self) -> Array:
        """(observed - expected)/sigma, NaN where it is not defined.

        sigma is sqrt(expected) of counts, and of other data the error on the side of the fit.
        """
        mu = self.expected
        sigma = np.sqrt(np.maximum(mu, 0.0))
        if not self.counts:
            sigma = np.where(mu > self.observed, self.up, self.down)
        result: Array = (self.observed - mu) / np.where(sigma > 0, sigma, np.nan)
        return result


def project(measurement: Measurement | ChannelResult, axis: str) -> Projection:
    """Sum a fit along the other axes.

    Args:
        measurement: the fit.
        axis: the axis to keep, one of `axes_of`.

    Raises:
        InputError: if the data have no such axis.

    Examples:
        >>> import cevns
        >>> fit = cevns.load("coherent-csi-2021").fit()
        >>> int(project(fit, "time").observed.sum())
        1578
    """
    result = one_result(measurement)
    model, fit, statistic = result.model, result.fit, result.channel.statistic
    along = axes_of(result)
    if axis not in along:
        raise InputError(f"the data of {result.channel.name} have no axis {axis!r} to project on")
    shape = tuple(len(edges) - 1 for edges in along.values())
    inside = slice(int(np.prod(shape)))  # before what no component makes
    others = tuple(i for i, name in enumerate(along) if name != axis)
    slopes = model.linearise(fit.theta[None, :])[1][0][:, result.bins][:, inside]
    slopes = slopes.reshape(-1, *shape).sum(axis=tuple(i + 1 for i in others))
    variance = np.einsum("pb,pq,qb->b", slopes, fit.covariance, slopes)
    if statistic.counts:
        data = result.observed.reshape(shape).sum(axis=others)
        lower, upper = poisson_interval(data)
        shown = data, data - lower, upper - data
    else:
        shown = statistic.points(result.observed.ravel())
    return Projection(
        along[axis],
        *shown,
        {
            name: counts.ravel()[inside].reshape(shape).sum(axis=others)
            for name, counts in result.expected().items()
        },
        np.sqrt(np.maximum(variance, 0.0)),
        statistic.counts,
    )


def one_result(measurement: Measurement | ChannelResult) -> ChannelResult:
    """One channel of a fit: itself, or the only one.

    Raises:
        InputError: if the fit has several.
    """
    from cevns.analysis.measurement import Measurement

    return measurement.only.only if isinstance(measurement, Measurement) else measurement


def axes_of(measurement: Measurement | ChannelResult) -> dict[str, Array]:
    """Edges along which the data of one channel lie; see `ChannelResult.axes`."""
    return one_result(measurement).axes


def steady_state(experiment: Experiment, among: Container[str] | None = None) -> tuple[str, ...]:
    """Backgrounds that do not follow the beam, as their declaration says.

    Args:
        experiment: from `cevns.experiments.load`.
        among: components of the one channel that is looked at; by default of all.
    """
    declared = experiment.declaration.backgrounds.items()
    return tuple(n for n, b in declared if b.out_of_beam and (among is None or n in among))


@style.styled
def projection_figure(measurement: Measurement | ChannelResult) -> Figure:
    """Projections on every axis: data, stacked components, residuals.

    Args:
        measurement: from `cevns.Study.fit` of one experiment.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return _draw(measurement, ())


@style.styled
def residual_figure(measurement: Measurement | ChannelResult) -> Figure:
    """The same less the fitted steady-state background: what follows the beam.

    Raises:
        InputError: if the experiment declares no steady-state background.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    subtracted = steady_state(measurement.experiment, measurement.components)
    if not subtracted:
        raise InputError(
            f"{measurement.experiment.name} declares no steady-state background to subtract"
        )
    return _draw(measurement, subtracted)


def _draw(measurement: Measurement | ChannelResult, subtracted: tuple[str, ...]) -> Figure:
    experiment = one_result(measurement).seen_with
    time_text, time_unit, unit_us = style.time_label(experiment)
    labels = {
        "energy": (style.energy_label(experiment), style.energy_unit(experiment)),
        "pulse-shape": style.pulse_shape_label(experiment),
        "time": (time_text, time_unit),
        "cell": ("Cell of the data", "cell"),
    }
    axes = [(axis, *labels[axis]) for axis in axes_of(measurement)]
    width, height = (style.SINGLE_IN, 4.4) if len(axes) == 1 else (style.DOUBLE_IN, 3.7)
    if len(axes) > 2:
        width = 1.45 * width
    ratios = {"height_ratios": [3.2, 1.0]}
    figure, grid = style.panels(width, height, 2, len(axes), sharex="col", gridspec_kw=ratios)
    what = "(Events − steady state)" if subtracted else "Events"
    published = measurement.experiment.unit
    for column, (axis, label, unit) in enumerate(axes):
        projection = project(measurement, axis)
        if axis == "time":
            projection = replace(projection, edges=projection.edges / unit_us)
        top, bottom = grid[0, column], grid[1, column]
        heights = _stack(top, projection, measurement, subtracted)
        counted = published == "events"
        top.set_ylabel(
            f"{what} / {unit}" if counted else style.with_unit("Published value", published)
        )
        if axis == "cell":
            bottom.set_xticks(np.unique(np.linspace(1, len(projection.width), 10).astype(int)))
            bottom.minorticks_off()
        _residuals(bottom, projection)
        bottom.set_xlabel(label)
        bottom.set_xlim(projection.edges[0], projection.edges[-1])
        if column == 0:
            label = _RESIDUAL_LABEL if projection.counts else _PULL_LABEL
            bottom.set_ylabel(label, loc="center", fontsize=8.0)
    figure.align_ylabels(list(grid[:, 0]))
    note = style.credit(experiment, asimov=measurement.asimov)
    style.caption(grid[0, 0], one_result(measurement).title, note)
    last = grid[0, -1]
    # what lies on top comes first
    entries = [part[::-1] for part in last.get_legend_handles_labels()]
    last.legend(*entries, loc="upper right")
    if not fits(figure, last):  # in a place that is narrower than a page
        last.get_legend().remove()
        how = {"loc": "outside lower center", "ncols": 2, "fontsize": 6.5, "columnspacing": 1.0}
        figure.legend(*entries, **how)
        return figure
    lift_legend(figure, last, projection.edges, heights)
    return figure


def _stack(
    axes: Axes,
    projection: Projection,
    measurement: Measurement | ChannelResult,
    subtracted: tuple[str, ...],
) -> Array:
    """Draw data over components; how high that reaches in each bin."""
    edges, width = projection.edges, projection.width
    if measurement.experiment.unit != "events":  # a published value is no density
        width = np.ones_like(width)
    steady = steady_state(measurement.experiment)
    # from below: steady state, the smallest first among the others, the signal on top
    names = [n for n in projection.components if n not in subtracted]
    names.sort(key=lambda n: (n == SIGNAL, n not in steady, projection.components[n].sum()))
    fills = style.fills(projection.components, SIGNAL, steady)
    hidden = np.sum([projection.components[n] for n in subtracted], axis=0)
    base = np.zeros_like(width)
    for name in names:
        top = base + projection.components[name] / width
        count = measurement.components[name]
        axes.stairs(
            top,
            edges,
            baseline=base,
            fill=True,
            linewidth=0.5,
            edgecolor=style.INK,
            label=f"{style.sentence(count.title)}: {style.with_error(count.fit, count.error)}",
            **fills[name],
        )
        base = top
    error = projection.error / width
    below = base - error
    if len(names) == 1 and _at_lower_bound(measurement):
        below = np.maximum(below, 0.0)
    axes.stairs(
        base + error,
        edges,
        baseline=below,
        fill=True,
        facecolor="none",
        edgecolor="0.2",
        linewidth=0.0,
        hatch="///////",
        label="Fit ± 1σ",
    )
    points = (projection.observed - hidden) / width
    # what no error bounds is allowed down to nothing
    down = np.where(np.isfinite(projection.down), projection.down, projection.observed)
    difference = "" if one_result(measurement).channel.statistic.extra == 0 else ", on − off"
    axes.errorbar(
        0.5 * (edges[:-1] + edges[1:]),
        points,
        xerr=0.5 * projection.width,
        yerr=[down / width, projection.up / width],
        fmt="o",
        color=style.INK,
        markersize=3.0,
        elinewidth=0.9,
        label=("Asimov data" if measurement.asimov else "Data") + difference,
    )
    if subtracted or not projection.counts:
        axes.axhline(0.0, color=style.INK, linewidth=0.6)
    else:
        axes.set_ylim(bottom=0.0)
    highest: Array = np.maximum(base + error, points + projection.up / width)
    return highest


def _at_lower_bound(measurement: Measurement | ChannelResult) -> bool:
    """Whether the parameter of interest was fitted at its lower bound, below which is nothing."""
    fit = one_result(measurement).fit
    return fit.poi is not None and fit[fit.poi].at_lower_bound


def _residuals(axes: Axes, projection: Projection) -> None:
    from matplotlib.ticker import MaxNLocator

    centre = 0.5 * (projection.edges[:-1] + projection.edges[1:])
    values = projection.residuals
    for height in (-2.0, 2.0):
        axes.axhline(height, color=style.FAINT, linewidth=0.5, linestyle=":")
    axes.axhline(0.0, color=style.INK, linewidth=0.6)
    axes.errorbar(
        centre,
        values,
        xerr=0.5 * projection.width,
        yerr=np.ones_like(values),
        fmt="o",
        color=style.INK,
        markersize=3.0,
        elinewidth=0.9,
    )
    reach = max(3.5, float(np.nanmax(np.abs(values), initial=0.0)) + 1.3)
    axes.set_ylim(-reach, reach)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
