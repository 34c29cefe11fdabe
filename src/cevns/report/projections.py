"""Counts along energy and along time, with the fitted components stacked.

Bins have unequal widths, so counts are shown per unit of the axis. Data have the central
interval for a Poisson mean (Garwood, Biometrika 28 (1936) 437); the band is the error of the
fitted sum, from the covariance of all parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.declaration.backgrounds import Exponential, ExponentialFit, Table
from cevns.experiments.inputs.event_inputs import STEADY_STATE_ROLE
from cevns.experiments.questions import SIGNAL
from cevns.inference.fitting.levels import check_level
from cevns.report.drawing import style
from cevns.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.measurement import ChannelResult, Measurement
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
        observed: counts per bin.
        components: fitted counts per bin by component, the signal first.
        error: of the fitted sum per bin.
    """

    edges: Array
    observed: Array
    components: Mapping[str, Array]
    error: Array

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
        """(observed - expected)/sqrt(expected); NaN where nothing is expected."""
        mu = self.expected
        root = np.sqrt(np.where(mu > 0, mu, np.nan))
        result: Array = (self.observed - mu) / root
        return result


def project(measurement: Measurement | ChannelResult, axis: str) -> Projection:
    """Sum a fit along the other axes.

    Args:
        measurement: the fit.
        axis: ``"energy"``, ``"pulse-shape"`` or ``"time"``, the axis to keep.

    Raises:
        InputError: if the experiment has no such axis.

    Examples:
        >>> import cevns
        >>> fit = cevns.load("coherent-csi-2021").fit()
        >>> int(project(fit, "time").observed.sum())
        1578
    """
    result = one_result(measurement)
    experiment, model, fit = result.experiment, result.model, result.fit
    along = axes_of(experiment)
    if axis not in along:
        raise InputError(f"{experiment.name} has no {axis!r} axis to project on")
    # where there is no time axis, counts have one bin of it
    cells = result.channel.cells
    others = tuple(i for i in range(len(cells)) if i != list(along).index(axis))
    slopes = model.linearise(fit.theta[None, :])[1][0][:, result.bins].reshape(-1, *cells)
    slopes = slopes.sum(axis=tuple(i + 1 for i in others))
    variance = np.einsum("pb,pq,qb->b", slopes, fit.covariance, slopes)
    return Projection(
        along[axis],
        result.observed.sum(axis=others),
        {name: counts.sum(axis=others) for name, counts in result.expected().items()},
        np.sqrt(np.maximum(variance, 0.0)),
    )


def one_result(measurement: Measurement | ChannelResult) -> ChannelResult:
    """One channel of a fit: itself, or the only one.

    Raises:
        InputError: if the fit has several.
    """
    from cevns.analysis.measurement import Measurement

    return measurement.only.only if isinstance(measurement, Measurement) else measurement


def axes_of(experiment: Experiment) -> dict[str, Array]:
    """Edges of the declared axes, in the order of the counts."""
    axes = {"energy": experiment.energy_edges}
    if experiment.pulse_shape_edges is not None:
        axes["pulse-shape"] = experiment.pulse_shape_edges
    if experiment.time_edges is not None:
        axes["time"] = experiment.time_edges
    return axes


def steady_state(experiment: Experiment) -> tuple[str, ...]:
    """Backgrounds that do not follow the beam: measured out of time, or exponential in time."""
    return tuple(
        name
        for name, b in experiment.declaration.backgrounds.items()
        if b.steady
        or (isinstance(b.energy, Table) and b.energy.role == STEADY_STATE_ROLE)
        or isinstance(b.time, Exponential | ExponentialFit)
    )


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
    subtracted = steady_state(measurement.experiment)
    if not subtracted:
        raise InputError(
            f"{measurement.experiment.name} declares no steady-state background to subtract"
        )
    return _draw(measurement, subtracted)


def _draw(measurement: Measurement | ChannelResult, subtracted: tuple[str, ...]) -> Figure:
    experiment = measurement.experiment
    labels = {
        "energy": (style.energy_label(experiment), style.energy_unit(experiment)),
        "pulse-shape": style.pulse_shape_label(experiment),
        "time": (style.TIME_LABEL, style.unit_text("us")),
    }
    axes = [(axis, *labels[axis]) for axis in axes_of(experiment)]
    width, height = (style.SINGLE_IN, 4.4) if len(axes) == 1 else (style.DOUBLE_IN, 3.7)
    if len(axes) > 2:
        width = 1.45 * width
    ratios = {"height_ratios": [3.2, 1.0]}
    figure, grid = style.panels(width, height, 2, len(axes), sharex="col", gridspec_kw=ratios)
    what = "(Events − steady state)" if subtracted else "Events"
    for column, (axis, label, unit) in enumerate(axes):
        projection = project(measurement, axis)
        top, bottom = grid[0, column], grid[1, column]
        _stack(top, projection, measurement, subtracted)
        top.set_ylabel(f"{what} / {unit}")
        _residuals(bottom, projection)
        bottom.set_xlabel(label)
        bottom.set_xlim(projection.edges[0], projection.edges[-1])
        if column == 0:
            bottom.set_ylabel(_RESIDUAL_LABEL, loc="center", fontsize=8.0)
    figure.align_ylabels(list(grid[:, 0]))
    note = style.credit(experiment, asimov=measurement.asimov)
    style.caption(grid[0, 0], experiment.title, note)
    last = grid[0, -1]
    # what lies on top comes first; the head room is for the legend
    last.legend(*(reversed(part) for part in last.get_legend_handles_labels()), loc="upper right")
    bottom_edge, top_edge = last.get_ylim()
    last.set_ylim(
        bottom_edge, top_edge + {1: 0.6, 2: 0.18, 3: 0.75}[len(axes)] * (top_edge - bottom_edge)
    )
    return figure


def _stack(
    axes: Axes,
    projection: Projection,
    measurement: Measurement | ChannelResult,
    subtracted: tuple[str, ...],
) -> None:
    experiment, edges, width = measurement.experiment, projection.edges, projection.width
    steady = steady_state(experiment)
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
    axes.stairs(
        base + error,
        edges,
        baseline=base - error,
        fill=True,
        facecolor="none",
        edgecolor="0.2",
        linewidth=0.0,
        hatch="///////",
        label="Fit ± 1σ",
    )
    lower, upper = poisson_interval(projection.observed)
    points = (projection.observed - hidden) / width
    axes.errorbar(
        0.5 * (edges[:-1] + edges[1:]),
        points,
        xerr=0.5 * width,
        yerr=[(projection.observed - lower) / width, (upper - projection.observed) / width],
        fmt="o",
        color=style.INK,
        markersize=3.0,
        elinewidth=0.9,
        label="Asimov data" if measurement.asimov else "Data",
    )
    if subtracted:
        axes.axhline(0.0, color=style.INK, linewidth=0.6)
    else:
        axes.set_ylim(bottom=0.0)


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
