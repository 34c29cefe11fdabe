"""Figures and tables of results.

Figures need the extra ``plot``; it is imported when the first one is drawn.
"""

from cevns.report.change_figures import change_figure
from cevns.report.data_figures import data_figure
from cevns.report.figure_files import declared_figures, fit_figures, prediction_figures, save
from cevns.report.flux_figures import flux_figure
from cevns.report.profile_figures import profile_figure
from cevns.report.projections import poisson_interval, project, projection_figure, residual_figure
from cevns.report.pulls import correlation_figure, pull_figure
from cevns.report.recoil_figures import recoil_figure

__all__ = [
    "change_figure",
    "correlation_figure",
    "data_figure",
    "declared_figures",
    "fit_figures",
    "flux_figure",
    "poisson_interval",
    "prediction_figures",
    "profile_figure",
    "project",
    "projection_figure",
    "pull_figure",
    "recoil_figure",
    "residual_figure",
    "save",
]
