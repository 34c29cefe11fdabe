"""``cevns fit``, ``profile`` and ``systematics``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.measurement import Measurement
    from cevns.inference import FitResult

__all__ = [
    "Asimov",
    "fit",
    "parameter_table",
    "profile",
    "require_plots",
    "show_measurement",
    "systematics",
]

Asimov = Annotated[
    bool, typer.Option("--asimov", help="fit expected counts: precision and significance to expect")
]


def fit(
    experiment: options.ExperimentNames,
    poi: options.AnyPoi = None,
    asimov: Asimov = False,
    fix: options.Fix = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="DIR", help="write the figures there")
    ] = None,
    minos: Annotated[
        str, typer.Option(metavar="WHICH", help="MINOS errors of: poi, all or none")
    ] = "poi",
    gof_toys: Annotated[
        int,
        typer.Option("--gof-toys", metavar="N", min=0, help="toys for a goodness-of-fit p-value"),
    ] = 0,
    width: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ERROR",
            help="of several experiments: the answer if a parameter were known to ERROR (or 5%)",
        ),
    ] = None,
    json: options.Json = None,
) -> None:
    """Fit one experiment, or several together: components, significance, parameters."""
    from cevns.cli.commands.joint_commands import show_joint
    from cevns.experiments import JointExperiment

    output = Output(json)
    if plots is not None:
        _prepare(plots)
    loaded, poi = options.load_any(experiment, data, set_field, poi)
    held = options.fixed(loaded.model(poi).parameters, fix)
    if isinstance(loaded, JointExperiment):
        if plots is not None:
            raise InputError("--plots draws the fit of one experiment")
        together = loaded.fit(
            poi,
            asimov=asimov,
            fix=held,
            minos=minos,
            gof_toys=gof_toys,
            widths=options.widths(loaded.model(poi).parameters, width),
        )
        show_joint(output.console, together)
        output.result(together.to_dict())
        return
    if width:
        raise InputError(
            "--width is for joint fits; of one experiment, --set parameters.NAME.constraint"
        )
    result = loaded.fit(poi, asimov=asimov, fix=held, minos=minos, gof_toys=gof_toys)
    show_measurement(output.console, result)
    record = result.to_dict()
    if plots is not None:
        from cevns.inference.fitting.impacts import impacts
        from cevns.report import measurement_figures, save

        written = []
        nuisances = impacts(result.model, data=result.fit.data, best=result.fit)
        shifts = {i.name: (i.up, i.down) for i in nuisances}
        for name, figure in measurement_figures(result, loaded, impacts=shifts).items():
            path = plots / f"{name}.png"
            save(figure, path)
            written.append(str(path))
        record["figures"] = written
        output.console.print(f"{len(written)} figures in {plots}")
    output.result(record)


def require_plots(what: str) -> None:
    """Raise `MissingExtraError` if no figure can be drawn."""
    from cevns.exceptions import MissingExtraError

    try:
        import matplotlib as _  # noqa: F401
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", what) from None


def _prepare(folder: Path, option: str = "--plots") -> None:
    """Make the folder of the figures, before the work."""
    from cevns.exceptions import OutputError

    require_plots(option)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{option}: {folder} is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{option}: cannot create {folder}: {error.strerror}") from None


def show_measurement(console: Console, result: Measurement) -> None:
    """Print a fit for people."""
    experiment = result.experiment
    origin = experiment.inputs.origin
    for warning in experiment.inputs.warnings:
        import warnings

        warnings.warn(warning, stacklevel=2)
    data = "Asimov data (expected counts)" if result.asimov else f"data: {origin}"
    if experiment.data is not None:
        data += f" {experiment.data}"
    console.print(f"[bold]{experiment.title}[/bold]  {', '.join(experiment.declaration.cite)}")
    physics = experiment.physics
    console.print(
        f"{data}; couplings {physics['couplings']}, form factor {physics['form_factor']}, "
        f"quenching {physics['quenching']}, resolution {physics['resolution']}"
    )
    if experiment.declaration.signal is not None:
        exact = getattr(result.model, "exact", None) is not None
        console.print(f"signal: {'from first principles' if exact else 'released template'}")
    files = ", ".join(
        f"{f.name.rpartition('/')[2]} {f.sha256[:8]}" for f in experiment.inputs.files
    )
    console.print(f"[dim]files, sha256: {files}[/dim]")
    if experiment.overrides:
        changes = ", ".join(f"{k}={v}" for k, v in experiment.overrides.items())
        console.print(f"changed: {changes}")
    counts = table("events in the analysis region", "component", "prediction", "fit", left=1)
    for c in result.components.values():
        counts.add_row(
            c.title,
            f"{c.prediction:.1f} ± {c.prediction_error:.1f}",
            f"{c.fit:.1f} ± {c.error:.1f}",
        )
    counts.add_section()
    total = sum(c.fit for c in result.components.values())
    counts.add_row("observed", f"{result.observed.sum():.0f}", f"{total:.1f}")
    console.print(counts)
    console.print(parameter_table(result.fit))
    _show_answer(console, result)


def parameter_table(fitted: FitResult) -> Any:
    """All parameters of a fit with their errors, priors and pulls."""
    shown = table("parameters", "parameter", "value", "HESSE", "MINOS", "prior", "pull", "")
    for p in fitted:
        minos = ""
        if p.error_up is not None or p.error_down is not None:
            up = "bound" if p.error_up is None else f"+{p.error_up:.4g}"
            down = "bound" if p.error_down is None else f"-{p.error_down:.4g}"
            minos = f"{up} {down}"
        shown.add_row(
            p.name,
            f"{p.value:.5g}",
            "fixed" if p.fixed else f"{p.error:.3g}",
            minos,
            "free" if p.prior is None else f"{p.prior[0]:.4g} ± {p.prior[1]:.3g}",
            "" if p.pull is None or p.fixed else f"{p.pull:+.2f}",
            p.unit + (" at its bound" if p.at_bound else ""),
        )
    return shown


def _answer(result: Measurement) -> str:
    p = result.fit[result.model.poi]
    # an upper and a lower error where MINOS gave both
    if p.error_up is not None and p.error_down is not None:
        error = f"+{p.error_up:.4g} -{p.error_down:.4g}"
    else:
        error = "fixed" if p.fixed else f"± {p.error:.4g}"
    unit = {"e-40 cm2": " x 1e-40 cm2"}.get(p.unit, f" {p.unit}" if p.unit else "")
    z = "" if result.z is None else f"; no CEvNS rejected at {result.z:.2f} sigma"
    return f"{p.name} = {p.value:.4g} {error}{unit}{z}"


def _show_answer(console: Console, result: Measurement) -> None:
    f = result.fit
    console.print(f"[bold]{_answer(result)}[/bold]")
    console.print(
        f"chi2 {f.chi2:z.1f} / {f.ndof} (deviance {f.deviance:z.1f} + pulls "
        f"{f.chi2 - f.deviance:z.1f}), Pearson {f.pearson:z.1f}"
        + ("" if result.gof is None else f", toy p-value {result.gof.p_value:.3f}")
    )
    if result.model.question == "cross-section":
        predicted = result.experiment.cross_section_cm2 * 1e40
        console.print(f"predicted cross section: {predicted:.1f} x 1e-40 cm2")
    if result.fixed_pulse_time is not None:
        console.print(f"pulse time fixed at its nominal value: {_answer(result.fixed_pulse_time)}")
    if result.profiled is not None:
        console.print(f"all shape variations profiled: {_answer(result.profiled)}")
    if result.alternatives is not None:
        _show_alternatives(console, result)
    if f.diagnosis:
        console.print(f"note: {f.diagnosis}")


def _show_alternatives(console: Console, result: Measurement) -> None:
    study = result.alternatives
    assert study is not None
    unit = result.fit[result.model.poi].unit
    title = f"fits with one alternative shape each{f' [{unit}]' if unit else ''}"
    shown = table(
        title.replace("[", r"\["), "alternative", result.model.poi, "shift", "-2lnL", left=1
    )
    for f in study.fits:
        shown.add_row(
            f"{f.parameter} {f.side:+d} sigma",
            f"{f.value:.1f}",
            f"{f.shift:+.1f}",
            f"{f.chi2_change:+.1f}",
        )
    console.print(shown)
    console.print(
        f"downward shifts in quadrature {study.downward:.1f}, folded into the significance: "
        f"{study.folded:.2f} sigma"
    )


def profile(
    experiment: options.ExperimentNames,
    parameter: Annotated[
        str | None, typer.Option("--parameter", metavar="NAME", help="default: that of interest")
    ] = None,
    poi: options.AnyPoi = None,
    asimov: Asimov = False,
    points: Annotated[int, typer.Option(min=5, help="points on the curve")] = 41,
    fix: options.Fix = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="write the figure there")
    ] = None,
    json: options.Json = None,
) -> None:
    """Profile likelihood of a parameter, with its 68.3 and 90 % intervals."""
    from cevns.files import check_writable

    output = Output(json)
    if plot is not None:
        _prepare(plot.parent)
        check_writable(plot)
    loaded, poi = options.load_any(experiment, data, set_field, poi)
    held = options.fixed(loaded.model(poi).parameters, fix)
    result = loaded.profile(parameter, poi=poi, asimov=asimov, fix=held, points=points)
    curve = result.curve
    shown = table(
        f"profile of {curve.parameter}: {loaded.title}",
        f"{curve.parameter} {curve.unit}".strip(),
        "rise of -2lnL",
    )
    step = max(1, len(curve.values) // 20)
    for value, rise in list(zip(curve.values, curve.rise, strict=True))[::step]:
        shown.add_row(f"{value:.5g}", f"{rise:z.3f}")
    output.console.print(shown)
    for interval in result.intervals:
        output.console.print(
            f"{100 * interval.level:.1f} % interval: [{interval.lower:.5g}, {interval.upper:.5g}]"
            f"{' ' + curve.unit if curve.unit else ''}, best {interval.best:.5g}"
        )
    record = result.to_dict()
    if plot is not None:
        from cevns.report import profile_figure, save
        from cevns.report.drawing.style import credit

        note = credit(loaded, asimov=asimov)
        save(profile_figure(curve, title=loaded.title, note=note), plot)
        record["figures"] = [str(plot)]
    output.result(record)


def systematics(
    experiment: options.ExperimentName,
    poi: options.Poi = "count",
    set_field: options.SetField = None,
    data: options.DataFolder = None,
    asimov: Asimov = False,
    json: options.Json = None,
) -> None:
    """Effect of each uncertainty on the CEvNS prediction and on the fit, with pulls and impacts."""
    output = Output(json)
    loaded = options.load(experiment, data, set_field)
    result = loaded.systematics(poi, asimov=asimov)
    shown = table(
        f"systematic uncertainties: {loaded.title}",
        "parameter",
        "prediction",
        "impact on the fit",
        "share of the fit error",
        "pull",
    )
    for row in result.rows:
        prediction = (
            ""
            if row.prediction is None
            else (f"{100 * row.prediction[0]:+.1f} {100 * row.prediction[1]:+.1f} %")
        )
        shown.add_row(
            row.name,
            prediction,
            ""
            if row.impact is None
            else f"{100 * row.impact[0]:+.2f} {100 * row.impact[1]:+.2f} %",
            f"{100 * row.error_share:.1f} %",
            f"{row.pull:+.2f} ± {row.constraint:.2f}",
        )
    shown.add_section()
    shown.add_row("statistical", "", "", f"{100 * result.statistical:.1f} %", "")
    shown.add_row(
        "total", f"± {100 * result.prediction_error:.1f} %", "", f"{100 * result.total:.1f} %", ""
    )
    output.console.print(shown)
    output.console.print(
        "prediction: change of the predicted CEvNS count at +1 and -1 sigma of the prior; "
        "impact: change of the fitted value with the parameter moved by its fitted error; "
        "share: what the fit error loses (in quadrature) with the parameter held"
    )
    output.result(result.to_dict())
