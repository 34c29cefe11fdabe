"""What pseudo-experiments show: pulls of the parameter of interest beside a unit Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import symbol
from cevns.report.record_figures.table_figure import table_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.toy_study import ToyStudy
    from cevns.inference.toys.toy_result import ToyResult

__all__ = ["study_figure", "toy_figure"]

_REACH = 5.0


def study_figure(found: ToyStudy) -> Figure:
    """The pulls of the toys of experiments.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return toy_figure(found.toys, title=found.experiment.title)


@style.styled
def toy_figure(found: ToyResult, *, title: str = "") -> Figure:
    """A histogram of (fitted - true)/error of the parameter of interest; a table without any.

    Args:
        found: the toys.
        title: what they are of; by default the model.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    pull = found.pulls_of(found.poi)
    if not pull.size:
        return table_figure(found)
    figure, grid = style.panels(style.SINGLE_IN, 2.9)
    axes = grid[0, 0]
    edges = np.linspace(-_REACH, _REACH, 41)
    axes.hist(np.clip(pull, -_REACH, _REACH), edges, color=style.SIGNAL_FILL, label="Toys")
    x = np.linspace(-_REACH, _REACH, 201)
    expected = pull.size * (edges[1] - edges[0]) * np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
    axes.plot(x, expected, color=style.INK, label="Unit Gaussian")
    axes.set_xlim(-_REACH, _REACH)
    axes.set_xlabel(rf"Pull of {symbol(found.poi)}")
    axes.set_ylabel("Toys")
    axes.legend(loc="upper right")
    mean, width = float(pull.mean()), float(pull.std(ddof=1)) if pull.size > 1 else 0.0
    note = f"{pull.size} toys: mean {mean:.3f}, width {width:.3f}; cevns {VERSION}"
    style.caption(axes, title or found.model, note)
    return figure
