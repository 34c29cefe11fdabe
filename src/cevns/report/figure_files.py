"""All figures of a fit, and writing them to files."""

from __future__ import annotations

import io
from collections.abc import Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cevns import files
from cevns.exceptions import OutputError
from cevns.report.data_figures import data_figure
from cevns.report.declared.detector_curves import detector_figures
from cevns.report.drawing import style
from cevns.report.flux_figures import flux_figure
from cevns.report.profile_figures import profile_figure
from cevns.report.projections import (
    axes_of,
    projection_figure,
    residual_figure,
    steady_state,
)
from cevns.report.pulls import correlation_figure, pull_figure
from cevns.report.recoil_figures import recoil_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.channel_result import ChannelResult
    from cevns.analysis.measurement import Measurement
    from cevns.experiments.experiment import Experiment
    from cevns.experiments.prediction.apparatus import Apparatus
    from cevns.inference.fitting.intervals import ProfileCurve

__all__ = [
    "FORMATS",
    "check_figure",
    "declared_figures",
    "fit_figures",
    "impacts_of",
    "prediction_figures",
    "save",
]

PNG_DPI: Final = 200
# no date in a file: the same figure is the same bytes
_METADATA: Final[dict[str, dict[str, Any]]] = {
    ".png": {},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}
FORMATS: Final = tuple(suffix[1:] for suffix in _METADATA)
"""Formats of figures, the usual one first."""


def check_figure(path: str | Path) -> None:
    """Raise if no figure can be written to a file; nothing is written.

    Raises:
        OutputError: if the suffix is unknown or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.casefold() not in _METADATA and not path.is_dir():
        raise OutputError(
            f"{path}: a figure is written as .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
        )
    files.check_writable(path)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure whole or not at all; the suffix chooses png (200 dpi), pdf or svg.

    Args:
        figure: from a function of this package.
        path: a file; its folder is made if it is missing.

    Returns:
        The path.

    Raises:
        OutputError: if the suffix is unknown or the file cannot be written.
    """
    import matplotlib

    path = Path(path)
    suffix = path.suffix.casefold()
    if suffix in _METADATA:
        files.make_folder(path.parent)
    check_figure(path)
    buffer = io.BytesIO()
    rules: Any = {"pdf.fonttype": 42, "svg.hashsalt": "cevns"}
    with style.context(), matplotlib.rc_context(rules):
        figure.savefig(buffer, format=suffix[1:], dpi=PNG_DPI, metadata=_METADATA[suffix])
    files.write(path, buffer.getbuffer())
    return path


def fit_figures(
    result: Measurement,
    *,
    impacts: Mapping[str, tuple[float, float]] | None = None,
    curve: ProfileCurve | None = None,
    without: Container[str] = (),
) -> dict[str, Figure]:
    """Every figure that a fit allows, by the name of its file.

    Args:
        result: from `cevns.Study.fit`.
        impacts: as in `cevns.report.pulls.pull_figure`; from `impacts_of`.
        curve: the profile of the parameter of interest, where it is known already.
        without: figures that are left out: ``residuals``, ``data2d``, ``profile``, ``flux``.

    Returns:
        ``projections`` (not of a list of events), ``residuals`` (with a steady-state background),
        ``data2d`` (of counts in energy and time), ``pulls``, ``correlation``, ``profile`` (of a
        free parameter of interest), ``recoil-spectrum`` and ``flux``. What is of one of several
        experiments has its name in front and the values of the joint fit.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
        FitError: if a conditional fit of the profile does not converge.
    """
    from cevns.inference.fitting.intervals import profile

    with style.context():  # a missing library is found before the work
        pass
    subject = result.subject
    several = result.together or len(result.channels) > 1
    figures = {
        f"{name.replace('.', '-')}-{what}" if several else what: figure
        for name, channel in result.channels.items()
        for what, figure in _fitted(channel, without).items()
    }
    each = {f"{name}-" if result.together else "": r for name, r in result.results.items()}
    model, fit, title = result.model, result.fit, subject.title
    note = style.credit(subject, asimov=result.asimov)
    if any(not p.fixed and p.pull is not None for p in fit):
        figures["pulls"] = pull_figure(fit, impacts, title=title, note=note)
    if fit.free:
        figures["correlation"] = correlation_figure(fit, title=title, note=note)
    if fit.poi is not None and not fit[fit.poi].fixed and "profile" not in without:
        if curve is None:
            curve = profile(model, fit.poi, data=fit.data, best=fit)
        figures["profile"] = profile_figure(curve, title=title, note=note)
    for name, m in each.items():
        predicted = prediction_figures(m.experiment, without=without)
        figures |= {f"{name}{what}": f for what, f in predicted.items()}
    return figures


def impacts_of(result: Measurement) -> dict[str, tuple[float, float]]:
    """What each parameter moves in the parameter of interest, up and down, for `fit_figures`.

    Args:
        result: from `cevns.Study.fit`; without a free parameter of interest there are none.

    Raises:
        FitError: if a conditional fit does not converge.
    """
    from cevns.inference.fitting.impacts import impacts

    poi = result.fit.poi
    if poi is None or result.fit[poi].fixed:
        return {}
    found = impacts(result.model, poi, data=result.fit.data, best=result.fit)
    return {i.name: (i.up, i.down) for i in found}


def prediction_figures(
    experiment: Experiment, *, without: Container[str] = ()
) -> dict[str, Figure]:
    """Figures of an experiment before any fit, by the name of the file.

    Args:
        experiment: from `cevns.experiments.load`.
        without: figures that are left out: ``flux``.

    Returns:
        ``recoil-spectrum``, of channels with sections of their own one each with their name in
        front, and ``flux``.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figures = {}
    for channel, view in _exposed(experiment).items():
        title = f"{experiment.title}, {channel}" if channel else ""
        figures[f"{channel}-recoil-spectrum".lstrip("-")] = recoil_figure(view, title)
    if "flux" not in without:
        figures["flux"] = flux_figure(experiment)
    return figures


def declared_figures(experiment: Experiment) -> dict[str, Figure]:
    """Figures of what a file declares: those of `prediction_figures`, and the detector's curves.

    Args:
        experiment: from `cevns.experiments.load`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figures = prediction_figures(experiment)
    for channel, view in _exposed(experiment).items():
        title = f"{experiment.title}, {channel}" if channel else ""
        for what, figure in detector_figures(view, title).items():
            figures[f"{channel}-{what}".lstrip("-")] = figure
    return figures


def _exposed(experiment: Experiment) -> dict[str, Apparatus]:
    """What is seen with the source on, by channel; of one for all channels without a name."""
    views: dict[Apparatus, str] = {}
    for channel, view in experiment.views.items():
        views.setdefault(view, channel)
    one = len(views) == 1
    return {"" if one else channel: view for view, channel in views.items() if view.exposure}


def _fitted(measurement: ChannelResult, without: Container[str]) -> dict[str, Figure]:
    """The data of one channel with its fitted components; none of a list of events."""
    axes = axes_of(measurement)
    if not axes:
        return {}
    figures = {"projections": projection_figure(measurement)}
    out_of_beam = steady_state(measurement.experiment, measurement.components)
    if out_of_beam and "residuals" not in without:
        figures["residuals"] = residual_figure(measurement)
    if "time" in axes and "energy" in axes and "data2d" not in without:
        figures["data2d"] = data_figure(measurement)
    return figures
