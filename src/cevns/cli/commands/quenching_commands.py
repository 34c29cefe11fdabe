"""``cevns quenching``: fits of quenching factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.output import Output, table

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.detectors import Quenching
    from cevns.quenching import QuenchingFit

__all__ = ["quenching"]

ENERGIES = {
    "csi": (3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0),
    "ar": (10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0),
    "ge": (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 90.0),
    "si": (0.7, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
}


def quenching(
    figures: Figures,
    output: Output,
    material: Annotated[
        str, typer.Argument(metavar="MATERIAL", help="csi, ar, ge, si, or that of --data")
    ],
    curve: Annotated[
        str | None,
        typer.Option(
            "--curve",
            metavar="NAME",
            help="polynomial, linear, constant, lindhard or modified-lindhard",
        ),
    ] = None,
    order: Annotated[int, typer.Option("--order", min=1, max=8, help="of a polynomial")] = 4,
    use: Annotated[
        list[str] | None,
        typer.Option("--use", metavar="SET", help="data set to fit, 'all' for every one"),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="SET", help="data set to leave out")
    ] = None,
    tension: Annotated[
        str,
        typer.Option(metavar="HOW", help="sets that disagree: inflate, per-set or none"),
    ] = "inflate",
    outliers: Annotated[
        str, typer.Option(metavar="HOW", help="points beyond 3 sigma: keep or clip")
    ] = "keep",
    recoil_errors: Annotated[
        str | None,
        typer.Option(
            "--recoil-errors",
            metavar="KIND",
            help="independent, common or spread, in place of what the sets say",
        ),
    ] = None,
    components: Annotated[
        int | None,
        typer.Option("--components", metavar="N", min=1, help="eigen-variations to export"),
    ] = None,
    minos: Annotated[
        str, typer.Option(metavar="WHICH", help="MINOS errors of: all or none")
    ] = "none",
    apply: Annotated[
        list[str] | None,
        typer.Option("--apply", metavar="EXPERIMENT", help="what the curve changes there"),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="write the curve for an experiment file"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="folder of data sets in place of the carried"),
    ] = None,
) -> None:
    """Fit a quenching factor to measured points.

    Numbers, sets, eigen-variations, comparison with published curves.
    """
    from cevns import quenching as points
    from cevns.files import check_writable, write

    figures.prepare()
    if export is not None:
        check_writable(export)
    fit = points.fit(
        material,
        data=None if data is None else str(data),
        include=use or (),
        without=without or (),
        curve=curve,
        order=order,
        tension=tension,
        outliers=outliers,
        recoil_errors=recoil_errors,
        minos=minos,
    )
    published = points.references(fit.material)
    console = output.console
    _show_fit(console, fit)
    record: dict[str, Any] = dict(fit.to_dict())
    record["comparison"] = _compare(console, fit, published)
    fitted = fit.quenching(components)
    if apply:
        record["experiments"] = {
            name: _effects(console, name, {"this fit": fitted}) for name in apply
        }
    if export is not None:
        write(export, fit.to_yaml(components) + "\n")
        record["exported"] = str(export)
        console.print(
            f"{len(fitted.variations)} eigen-variations in {export}: use it with "
            f"--set detector.quenching=@{export}"
        )
    if figures.plots is not None:
        from cevns.report.quenching_figures import quenching_figures

        sets, _ = points.load_points(material, data)
        record["figures"] = figures.write(
            lambda: {
                f"quenching-{fit.material}-{name}": figure
                for name, figure in quenching_figures(fit, sets).items()
            }
        )
        console.print(f"{len(record['figures'])} figures in {figures.plots}")
    output.result(record)


def _show_fit(console: Console, fit: QuenchingFit) -> None:
    console.print(fit.family.formula, style="bold", end="")
    console.print(f": {fit.label}")
    shown = table("data sets", "set", "points", "chi2", "range / keVnr", "what", left=1)
    shown.columns[-1].justify = "left"
    for s in fit.model.sets:
        chi2, n = fit.set_chi2()[s.name]
        what = f"{s.title}. {s.note}" if s.note else s.title
        limits = f"{s.recoil_kev.min():.3g} to {s.recoil_kev.max():.3g}"
        shown.add_row(s.name, str(n), f"{chi2:.1f}", limits, what)
    console.print(shown)
    numbers = table("parameters", "parameter", "value", "error", "MINOS", "pull", "")
    inner = fit.family.parameters.names
    for p in fit.result:
        scale = fit.inflation if p.name in inner else 1.0
        minos = (
            ""
            if p.error_up is None or p.error_down is None
            else f"+{scale * p.error_up:.3g} -{scale * p.error_down:.3g}"
        )
        pull = "" if p.pull is None else f"{p.pull:+.2f}"
        numbers.add_row(p.name, f"{p.value:.5g}", f"{scale * p.error:.3g}", minos, pull, p.unit)
    console.print(numbers)
    r = fit.result
    tau = f", tau {100 * fit.model.tau:.1f} %" if fit.tension == "per-set" else ""
    console.print(
        f"chi2 {r.chi2:.1f} / {r.ndof} (points {r.deviance:.1f} + pulls "
        f"{r.chi2 - r.deviance:.1f}), p-value {fit.p_value:.2g}; tension: {fit.tension}{tau}, "
        f"errors times {fit.inflation:.2f}; outliers: {fit.outliers}"
    )
    for name, recoil, distance in fit.clipped:
        console.print(f"left out: {name} at {recoil:.3g} keVnr, {distance:.1f} sigma away")
    _, shares = fit.eigenvectors()
    console.print(
        "eigen-variations, share of the variance: " + ", ".join(f"{100 * s:.1f} %" for s in shares)
    )


def _compare(
    console: Console, fit: QuenchingFit, published: dict[str, Quenching] | Any
) -> dict[str, Any]:
    import numpy as np

    from cevns.quenching import chi2_of
    from cevns.quenching.variations import error_of

    default = np.linspace(fit.model.recoil_kev.min(), fit.model.recoil_kev.max(), 8)
    t = np.array(ENERGIES.get(fit.material, default))
    value, error = fit.quenching_factor(t)
    shown = table("quenching factor, %", "T / keVnr", "this fit", *published)
    record: dict[str, Any] = {
        "recoil_energy_kevnr": t.tolist(),
        "quenching_factor": value.tolist(),
        "error": error.tolist(),
        "published": {},
    }
    columns = []
    for name, curve in published.items():
        factor, spread = curve.continued(t, curve.parameters) / t, error_of(curve, t) / t
        chi2, n = chi2_of(curve, fit.model.sets)
        columns.append(
            [f"{100 * f:.2f} ± {100 * s:.2f}" for f, s in zip(factor, spread, strict=True)]
        )
        record["published"][name] = {
            "quenching_factor": factor.tolist(),
            "error": spread.tolist(),
            "chi2": chi2,
            "points": n,
        }
    for i, energy in enumerate(t):
        shown.add_row(
            f"{energy:g}",
            f"{100 * value[i]:.2f} ± {100 * error[i]:.2f}",
            *(column[i] for column in columns),
        )
    console.print(shown)
    for name, row in record["published"].items():
        console.print(
            f"{name} against these points: chi2 {row['chi2']:.1f} for {row['points']} points, "
            "with its variations and the common errors of the sets free"
        )
    return record


def _effects(console: Console, name: str, curves: dict[str, Quenching]) -> list[dict[str, Any]]:
    from cevns.analysis.studies.quenching_study import curve_effects
    from cevns.experiments import load

    experiment = load(name)
    shown = table(
        f"quenching in {experiment.title}",
        "curve",
        "predicted CEvNS",
        "fitted CEvNS",
        "cross section / 1e-40 cm2",
        "chi2",
    )
    rows = curve_effects(experiment, curves)
    for row in rows:
        fitted = section = chi2 = ""
        if row.count is not None:
            fitted = f"{row.count:.1f} ± {row.count_error:.1f}"
            chi2 = f"{row.chi2:.1f}"
        if row.cross_section_cm2 is not None:
            section = f"{row.cross_section_cm2 * 1e40:.1f}"
            if row.error_up is not None and row.error_down is not None:
                section += f" +{row.error_up * 1e40:.1f} -{row.error_down * 1e40:.1f}"
        predicted = f"{row.prediction:.1f} ± {row.quenching_error:.1f}"
        shown.add_row(row.name, predicted, fitted, section, chi2)
    console.print(shown)
    console.print("error of the prediction: only that of the curve")
    return [vars(row).copy() for row in rows]
