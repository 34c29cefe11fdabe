"""The tables of a joint fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.cli.commands.fit_commands import parameter_table
from cevns.cli.terminal.output import table

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.joint_measurement import JointMeasurement
    from cevns.inference import FittedParameter

__all__ = ["show_joint"]


def _errors(p: FittedParameter) -> str:
    """Value with its errors, an upper and a lower one where MINOS gave both."""
    if p.error_up is not None and p.error_down is not None:
        text = f"{p.value:.4g} +{p.error_up:.3g} -{p.error_down:.3g}"
    else:
        text = f"{p.value:.4g} " + ("fixed" if p.fixed else f"± {p.error:.3g}")
    return text + (f" x {p.unit.replace('e-40', '1e-40')}" if p.unit else "")


def show_joint(console: Console, result: JointMeasurement) -> None:
    """Print a joint fit for people."""
    import warnings

    joint = result.joint
    console.print(f"[bold]{joint.title}[/bold]  {', '.join(joint.cite)}")
    for e in joint.experiments:
        for warning in e.inputs.warnings:
            warnings.warn(f"{e.name}: {warning}", stacklevel=2)
        data = "Asimov data (expected counts)" if result.asimov else f"data: {e.inputs.origin}"
        physics = e.physics
        console.print(
            f"{e.name}: {data}; couplings {physics['couplings']}, form factor "
            f"{physics['form_factor']}, quenching {physics['quenching']}"
        )
        if e.overrides:
            console.print("  changed: " + ", ".join(f"{k}={v}" for k, v in e.overrides.items()))
    shared = ", ".join(f"{n} ({' '.join(users)})" for n, users in result.shared.items())
    console.print(f"shared: {shared or 'nothing'}")

    counts = table(
        "events in the analysis regions", "experiment", "component", "prediction", "fit", left=2
    )
    for name, r in result.results.items():
        for c in r.components.values():
            counts.add_row(
                name,
                c.title,
                f"{c.prediction:.1f} ± {c.prediction_error:.1f}",
                f"{c.fit:.1f} ± {c.error:.1f}",
            )
        total = sum(c.fit for c in r.components.values())
        counts.add_row(name, "observed", f"{r.observed.sum():.6g}", f"{total:.1f}")
        counts.add_section()
    console.print(counts)
    console.print(parameter_table(result.fit))
    _show_contributions(console, result)
    _show_answer(console, result)


def _show_contributions(console: Console, result: JointMeasurement) -> None:
    known = {n: r.contribution for n, r in result.results.items() if r.contribution}
    if known and len(known) > 1 and result.poi is not None:
        name = result.poi.name
        shown = table(f"who measures {name}", "experiment", "alone", "all the others", "share")
        for n, c in known.items():
            others = "" if c.without is None else _errors(c.without)
            shown.add_row(n, _errors(c.alone), others, f"{100 * c.share:.1f} %")
        shown.add_section()
        rest = result.shared_share or 0.0
        shown.add_row("constraints of shared parameters", "", "", f"{100 * rest:.1f} %")
        console.print(shown)
    if result.widths:
        shown = table("with other constraints", "parameter", "error", "result")
        for w in result.widths:
            shown.add_row(w.parameter, f"{w.sigma:.4g}", _errors(w.poi))
        console.print(shown)


def _show_answer(console: Console, result: JointMeasurement) -> None:
    for name, r in result.results.items():
        if r.poi is not None:
            z = "" if r.significance is None or r.significance.z is None else r.significance.z
            tail = f"; no CEvNS rejected at {z:.2f} sigma" if z else ""
            console.print(f"[bold]{name}: {_errors(r.poi)}{tail}[/bold]")
    if result.poi is not None:
        tail = "" if result.z is None else f"; no CEvNS rejected at {result.z:.2f} sigma"
        console.print(f"[bold]{result.poi.name} = {_errors(result.poi)}{tail}[/bold]")
    f = result.fit
    held = [p.name for p in f if p.fixed]
    if held:
        console.print(f"held in this fit, so not in its errors: {', '.join(held)}")
    console.print(
        f"chi2 {f.chi2:z.1f} / {f.ndof} (deviance {f.deviance:z.1f} + pulls "
        f"{f.chi2 - f.deviance:z.1f}), Pearson {f.pearson:z.1f}"
        + ("" if result.gof is None else f", toy p-value {result.gof.p_value:.3f}")
    )
    if f.diagnosis:
        console.print(f"note: {f.diagnosis}")
