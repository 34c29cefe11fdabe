"""A fit of a study as a part of a report, with its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cevns.exceptions import FitError
from cevns.report.document.fit_sections import Beside, answer, fit_sections
from cevns.report.document.inline_svg import picture
from cevns.report.document.origins import published_section
from cevns.report.document.page_elements import Part, Picture, Section, Table
from cevns.report.figure_files import fit_figures, impacts_of, prediction_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.measurement import Measurement
    from cevns.report.document.study_fit import StudyFit

__all__ = ["study_part"]

_LEFT_OUT: Final = ("flux",)
_LEFT_OUT_OF_SEVERAL: Final = ("flux", "residuals", "data2d")
"""Figures that a report does not have, which keeps below 1 MB; of several channels more of them."""
_FIGURES: Final[dict[str, tuple[str, str, str]]] = {
    "projections": (
        "data",
        "Data and fitted components along each axis",
        (
            "{Data} with their errors and the fitted components, stacked; below, {data} minus fit "
            "in standard deviations."
        ),
    ),
    "residuals": (
        "data",
        "Data without the steady-state background",
        "The same with the fitted steady-state background subtracted.",
    ),
    "data2d": (
        "data",
        "Data and fit in energy and time",
        "{Data} (left) and fit (right) in energy and time, on one scale.",
    ),
    "pulls": (
        "pulls",
        "Pulls and impacts of the constrained parameters",
        (
            "Points: fitted value of each constrained parameter minus its constraint, in widths of "
            "the constraint (lower axis). Bars: change of the parameter of interest with the "
            "parameter held one fitted error up and down (upper axis)."
        ),
    ),
    "correlation": (
        "correlations",
        "Correlation matrix of the free parameters",
        "Correlation coefficients of the free parameters, in per cent.",
    ),
    "profile": (
        "profile",
        "Profile likelihood of the parameter of interest",
        (
            "Rise of -2 ln L with all other parameters profiled, the parabola of the covariance "
            "matrix, and the levels of 68 % and 90 %."
        ),
    ),
    "recoil-spectrum": (
        "recoils",
        "Predicted recoil spectrum by flavour",
        (
            "Predicted recoils before efficiency by flavour and what ends in the analysis region "
            "(left), and the predicted signal (right)."
        ),
    ),
}
"""By the end of the name of a figure: its section, its label and its sentence."""


def study_part(found: StudyFit, prefix: str) -> Part:
    """The part of a fit; of one that failed, what was to be fitted and why it was not.

    Args:
        found: from `cevns.report.document.fitted`.
        prefix: of the names in its figures.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    record, measurement = found.record, found.measurement
    title = f"Fit of {found.study.title}"
    reproduce = Section("", code={"Command line": found.command("fit"), "Python": found.python})
    if measurement is None:
        failure = f"The fit did not converge, so there is no result: {found.failure}."
        recoils = Section("Recoil spectrum", pictures=list(_expected(found, prefix)))
        sections = [Section("Expected counts", tables=[_predicted(found)]), recoils]
        return Part(title, "", sections, record, reproduce, failure)
    beside = Beside(
        _pictures(found, measurement, prefix),
        {n: c.title for r in measurement.results.values() for n, c in r.components.items()},
        {p.name: p.parameter.description for p in measurement.fit},
        {**found.notes, **_no_data(found)},
        {n if measurement.together else "": r.fitted for n, r in measurement.results.items()},
    )
    sections = [*fit_sections(record, beside)]
    sections.append(Section("Recoil spectrum", pictures=beside.pictures.get("recoils", ())))
    sections.append(published_section(record))
    return Part(title, answer(record), sections, record, reproduce)


def _no_data(found: StudyFit) -> dict[str, str]:
    if not found.without_data:
        return {}
    return {
        "data": f"No data: {' and '.join(found.without_data)} declares none. The points are the "
        "counts that are expected (Asimov data), so that errors and significance are those to "
        "expect and the best fit is the prediction."
    }


def _pictures(
    found: StudyFit, measurement: Measurement, prefix: str
) -> Mapping[str, list[Picture]]:
    """All figures of a fit, by section."""
    curve = None if found.profile is None else found.profile.curve
    without = _LEFT_OUT if len(measurement.channels) == 1 else _LEFT_OUT_OF_SEVERAL
    if curve is None:
        without = (*without, "profile")
    try:
        shifts = impacts_of(measurement)
    except FitError:  # the fit itself is good: its pulls are drawn without the impacts
        shifts = {}
    figures = fit_figures(measurement, impacts=shifts, curve=curve, without=without)
    words = {"Data": "Asimov data" if measurement.asimov else "Data"}
    words["data"] = "Asimov data" if measurement.asimov else "data"
    out: dict[str, list[Picture]] = {}
    for number, (name, figure) in enumerate(figures.items()):
        section, drawn = _drawn(name, figure, f"{prefix}-{number}", words)
        out.setdefault(section, []).append(drawn)
    return out


def _drawn(name: str, figure: Figure, prefix: str, words: Mapping[str, str]) -> tuple[str, Picture]:
    kind = next(k for k in _FIGURES if name.endswith(k))
    section, label, sentence = _FIGURES[kind]
    of = name.removesuffix(kind).rstrip("-")
    whose = f"{of}: " if of else ""
    return section, picture(figure, prefix, whose + label, whose + sentence.format(**words))


def _expected(found: StudyFit, prefix: str) -> Iterator[Picture]:
    """Figures of what is expected before any fit."""
    for e in found.study.experiments:
        several = len(found.study.experiments) > 1
        for number, (name, figure) in enumerate(prediction_figures(e, without=_LEFT_OUT).items()):
            whose = f"{e.name}-{name}" if several else name
            yield _drawn(whose, figure, f"{prefix}-{e.name}-{number}", {})[1]


def _predicted(found: StudyFit) -> Table:
    """Counts before the fit."""
    counts: dict[str, Any] = found.study.predict(at=found.question.get("at"))
    rows = [(e, c, f"{n:.1f}") for e, each in counts.items() for c, n in each.items()]
    return Table(("experiment", "component", "expected"), rows, left=2)
