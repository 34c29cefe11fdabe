"""``cevns fit``, ``profile`` and ``systematics``: of one experiment, or of several together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.figure_options import Figures, Worded, XLim, ends
from cevns.cli.terminal.output import Output, prepare_figure, prepare_folder, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.measurement import Measurement

__all__ = ["fit", "profile", "systematics"]


def fit(asked: options.Fitting, figures: Figures, output: Output) -> None:
    """Fit one experiment, or several together.

    The result has components, significance and parameters.

    A HistFactory workspace (FILE.json) is fitted as it is; '--set normsys=code1' and '--set
    measurement=NAME' choose what the file leaves open.
    """
    from cevns.cli.printed.fit_tables import show_fit
    from cevns.cli.printed.likelihood_file_fit import fit_file, likelihood_file

    if (file := likelihood_file(asked)) is not None:
        if figures.plots is not None or asked.gof_toys or asked.width:
            raise InputError(
                f"{file}: a likelihood file is fitted without --plots, --gof-toys and --width"
            )
        fit_file(file, asked, output, asimov=asked.asimov, minos=asked.minos)
        return
    figures.prepare()
    if figures.label:
        figures.check(asked.moved)
    result = asked.fit()
    show_fit(output.console, result)
    record = result.to_dict()
    if figures.plots is not None:
        record["figures"] = figures.write(lambda: _draw(result))
        output.console.print(f"{len(record['figures'])} figures in {figures.plots}")
    output.result(record, asked.study)


def _draw(result: Measurement) -> dict[str, Figure]:
    """The figures of a fit, by the name of their file."""
    from cevns.report.figure_files import fit_figures, impacts_of

    return fit_figures(result, impacts=impacts_of(result))


def profile(
    asked: options.Asked,
    words: Worded,
    output: Output,
    parameter: Annotated[
        str | None, typer.Option("--parameter", metavar="NAME", help="default: that of interest")
    ] = None,
    asimov: options.Asimov = False,
    points: Annotated[int, typer.Option(min=5, help="points on the curve")] = 41,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="write the figure there")
    ] = None,
    xlim: XLim = None,
) -> None:
    """Profile likelihood of a parameter.

    Its 68.3 and 90 % intervals are given.
    """
    span = ends(xlim)
    if plot is None and (words.title or words.label or span):
        raise InputError("--title, --label and --xlim apply to the figure; add --plot FILE")
    if plot is not None:
        words.check()
        prepare_folder(plot.parent)
        prepare_figure(plot, "--plot")
    study = asked.study
    if parameter is not None and study.couplings.has(parameter):
        name = study.couplings[parameter].name
        if not asked.parameters.has(name):
            raise InputError(
                f"--parameter {parameter}: it is not free in this fit; free it with --free {name}"
            )
    if words.label:
        words.check(asked.moved)
    result = study.profile(parameter, **asked.question, asimov=asimov, points=points)
    curve = result.curve
    shown = table(
        f"profile of {curve.parameter}: {study.title}",
        f"{curve.parameter} {curve.unit}".strip(),
        "rise of -2lnL",
    )
    step = max(1, len(curve.values) // 20)
    for value, rise in list(zip(curve.values, curve.rise, strict=True))[::step]:
        shown.add_row(f"{value:.5g}", f"{rise:z.3f}")
    output.console.print(shown)
    unit = f" {curve.unit}" if curve.unit else ""
    for interval in result.intervals:
        ends_at = f"[{interval.lower:.5g}, {interval.upper:.5g}]"
        if interval.lower_is_bound and not interval.upper_is_bound:
            ends_at = f"below {interval.upper:.5g}"
        output.console.print(
            f"{100 * interval.level:.1f} % interval: {ends_at}{unit}, best {interval.best:.5g}"
        )
    record = result.to_dict()
    if plot is not None:
        from cevns.report import profile_figure, save
        from cevns.report.drawing.style import credit

        note = credit(result.experiment, asimov=asimov)
        with words.worded(span):
            figure = profile_figure(curve, title=study.title, note=note)
        save(figure, plot)
        record["figures"] = [str(plot)]
    output.result(record, asked.study)


def systematics(
    asked: options.Asked,
    output: Output,
    asimov: options.Asimov = False,
) -> None:
    """The effect of each uncertainty.

    It is that on the CEvNS prediction and on the fit, with pulls and impacts.
    """
    from cevns.cli.printed.fit_tables import show_systematics

    result = asked.study.systematics(**asked.question, asimov=asimov)
    show_systematics(output.console, result)
    output.result(result.to_dict(), asked.study)
