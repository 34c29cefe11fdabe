"""The tables of fits: what is printed for people."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cevns.analysis.measurement import CM2_UNIT, rejection
from cevns.cli.terminal.output import by_channel, in_lines, table
from cevns.exceptions import CevnsWarning
from cevns.experiments.remarks import radius_remarks, remarks

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.measurement import Measurement
    from cevns.analysis.systematics import Systematics
    from cevns.experiments import Experiment
    from cevns.inference import FitResult, FittedParameter

__all__ = ["parameter_table", "show_fit", "show_systematics", "value_text", "warn_of_files"]

_EXACT: Final = 0.05
"""Of chi2: below it expected counts are described exactly; a parameter held elsewhere adds more."""
_REWEIGHTED: Final = "released template times the ratio of cross sections"


def show_fit(console: Console, result: Measurement) -> None:
    """Print a fit of one or several experiments for people."""
    _show_origin(console, result)
    several = result.together
    units = {r.experiment.unit for r in result.results.values()}
    only = units.pop() if len(units) == 1 else ""  # else each has its own beside its name
    counts = table(
        f"published values in {only}"
        if only not in ("", "events")
        else f"events in the analysis region{'s' if several else ''}",
        *(["experiment"] if several else []),
        "component",
        "what",
        "prediction",
        "fit",
        left=2 + several,
    )
    data = "Asimov data" if result.asimov else "observed"
    for of, r in result.results.items():
        own = r.experiment.unit
        owner = [of if only or own == "events" else f"{of}, {own}"] if several else []
        for name, c in r.components.items():
            counts.add_row(*owner, name, c.title, c.predicted, f"{c.fit:.1f} ± {c.error:.1f}")
        if not several:
            counts.add_section()
        expected = "" if r.fitted is None else f"{r.fitted:.1f}"
        observed = f"{r.events:.1f}".removesuffix(".0")  # Asimov data are no whole numbers
        counts.add_row(*owner, data, "", observed, expected)
        counts.add_section()
    console.print(counts)
    if len(result.channels) > len(result.results):
        fitted = {n: {**c.counted(), data: c.events} for n, c in result.channels.items()}
        console.print(by_channel(fitted, "fit", ".1f"))
    correlated = {
        result.model.joint_name(e.name, name)
        for e in result.subject.experiments
        for name in e.declaration.correlated_widths
    }
    console.print(parameter_table(result.fit, correlated))
    _show_contributions(console, result)
    _show_answer(console, result)


def other_digests(said: Sequence[str]) -> str:
    """One short sentence for all files of a release that are not those that were published.

    Args:
        said: a sentence for each of them.
    """
    files = "1 file" if len(said) == 1 else f"{len(said)} files"
    return (
        f"digests of {files} of the release are not the published ones; their structure is "
        "correct and they are used ('cevns data verify' names them)"
    )


def _show_origin(console: Console, result: Measurement) -> None:
    """Where the data and the prediction of each experiment come from."""
    subject = result.subject
    console.print(subject.title, style="bold", end="")
    console.print(f"  {', '.join(subject.cite)}")
    warn_of_files(subject.experiments)
    changes = {e.name: e.set_by_user for e in subject.experiments}
    common = _common(list(changes.values())) if result.together else {}
    for e in subject.experiments:
        whose = f"{e.name}: " if result.together else ""
        data = "Asimov data (expected counts)" if result.asimov else f"data: {e.inputs.origin}"
        folder = "" if e.data is None else f" {e.data}"
        physics = e.physics
        console.print(
            f"{whose}{data}{folder}; couplings {physics['couplings']}, form factor "
            f"{physics['form_factor']}, quenching {physics['quenching']}, resolution "
            f"{physics['resolution']}"
            + "".join(f", {what} {name}" for what, name in e.choices.items())
        )
        for remark in remarks(physics):
            console.print(f"{whose}note: {remark}")
        for remark in radius_remarks([e], result.question.free):
            console.print(f"note: {remark}", soft_wrap=True)
        if e.structure:
            held = ", ".join(f"{name} = {value:g}" for name, value in e.structure.items())
            console.print(f"{whose}shapes at {held}")
        parts: dict[str, list[str]] = {}
        for key, value in physics.items():
            kind, _, part = key.partition(".")
            if part:
                what = "components" if part in e.declaration.components else "channels"
                parts.setdefault(what, []).append(f"{kind}.{part} {value}")
        for what, said in parts.items():
            console.print(f"{whose}{what}: {', '.join(said)}")
        if e.declaration.signal is not None:
            channels = result.results[e.name].channels
            signal = next(iter(channels.values())).channel.components[0]
            origin = "released template"
            if signal.shape.matrix is None:
                reweighted = e.declaration.signal.use == "reweighted"
                origin = _REWEIGHTED if reweighted else "from first principles"
            console.print(f"{whose}signal: {origin}")
        if not result.together:  # of several, the JSON names them
            # one file may have two roles, a response that is in the release
            files = [f"{f.name.rpartition('/')[2]} {f.sha256[:8]}" for f in e.inputs.files]
            in_lines(console, "files, sha256: ", dict.fromkeys(files), style="dim")
        if own := _said({k: v for k, v in changes[e.name].items() if k not in common}):
            console.print(f"{whose}changed: {own}", soft_wrap=True)
        if e.document.patches:
            console.print(f"with {', '.join(str(p.path) for p in e.document.patches)}")
    if common:
        console.print(f"changed in all: {_said(common)}", soft_wrap=True)
    if result.together:
        shared = ", ".join(f"{n} ({' '.join(users)})" for n, users in result.shared.items())
        console.print(f"shared: {shared or 'nothing'}")


def warn_of_files(experiments: Sequence[Experiment]) -> None:
    """Warn of files of a release that are not those that were published.

    Args:
        experiments: of a fit; where there are several, each sentence names its own.
    """
    for e in experiments:
        whose = f"{e.name}: " if len(experiments) > 1 else ""
        if e.inputs.warnings:
            warnings.warn(whose + other_digests(e.inputs.warnings), CevnsWarning, stacklevel=2)


def _common(changes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Fields that all have changed alike."""
    first, *others = changes
    return {k: v for k, v in first.items() if all(o.get(k) == v for o in others)}


def _said(changes: Mapping[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in changes.items())


def parameter_table(fit: FitResult, correlated: Collection[str] = ()) -> Any:
    """All parameters of a fit with their errors, priors and pulls.

    Args:
        fit: the record of the minimiser.
        correlated: parameters whose widths are in a covariance.
    """
    shown = table("parameters", "parameter", "value", "HESSE", "MINOS", "prior", "pull", "")
    for p in fit:
        unconstrained = "covariance" if p.name in correlated else "" if p.fixed else "free"
        minos = ""
        if p.error_up is not None or p.error_down is not None:
            up = "bound" if p.error_up is None else f"+{p.error_up:.4g}"
            down = "bound" if p.error_down is None else f"-{p.error_down:.4g}"
            minos = f"{up} {down}"
        shown.add_row(
            p.name,
            f"{p.quoted:.5g}",
            "fixed" if p.fixed else f"{p.error:.3g}",
            minos,
            unconstrained if p.prior is None else f"{p.prior[0]:.4g} ± {p.prior[1]:.3g}",
            "" if p.pull is None or p.fixed else f"{p.pull:+.2f}",
            ", ".join(filter(None, (p.unit, "at its bound" if p.at_bound else ""))),
        )
    return shown


def _show_answer(console: Console, result: Measurement) -> None:
    for name, r in result.results.items():
        if r.poi is not None:
            z = None if r.significance is None else r.significance.z
            console.print(f"{name}: {value_text(r.poi)}{_rejected(z, result)}", style="bold")
    if result.poi is not None:
        if (limit := result.limit) is None:
            console.print(_answer(result), style="bold")
        else:
            name, unit = result.poi.name, _behind(result.poi)
            said = f"{name} < {limit.upper:.4g}{unit} at {100 * limit.level:g} %"
            console.print(f"{said} (one-sided profile likelihood)", style="bold")
            console.print(f"the best fit is at the lower bound: {_answer(result)}")
    f = result.fit
    exact = {
        result.model.joint_name(e.name, name)
        for e in result.subject.experiments
        for name, background in e.declaration.backgrounds.items()
        if background.count.sigma == 0.0  # what multiplies it has the error
    }
    held = [p.name for p in f if p.fixed and p.name not in exact]
    if held:
        console.print(f"held in this fit, so not in its errors: {', '.join(held)}")
    for name, moved in result.of_the_prediction.items():
        if moved:
            whose = f"{name}: " if result.together else ""
            console.print(
                f"{whose}the count is free, so its error does not include uncertainties of the "
                f"predicted count alone: {', '.join(moved)} (they are in --poi cross-section)"
            )
    if result.asimov and f.chi2 < _EXACT:
        console.print("expected counts were fitted: there is no goodness of fit")
    else:
        toys = "" if result.gof is None else f", toy p-value {result.gof.p_value:.3f}"
        console.print(f.goodness + toys)
    if result.poi is not None and result.poi.unit == CM2_UNIT:
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


def _answer(result: Measurement) -> str:
    p = result.poi
    assert p is not None  # each experiment its own is asked of several only
    return f"{p.name} = {value_text(p)}{_rejected(result.z, result)}"


def _rejected(z: float | None, result: Measurement) -> str:
    return "" if z is None else f"; {rejection(z, asimov=result.asimov)}"


def value_text(p: FittedParameter) -> str:
    """Value with its errors, those of MINOS where it gave both.

    At a bound MINOS has one, and the curvature, which may vanish there, says nothing.
    """
    up = "" if p.error_up is None else f"+{p.error_up:.4g}"
    down = "" if p.error_down is None else f"-{p.error_down:.4g}"
    if (up and down) or (p.at_bound and (up or down)):
        error = f"{up} {down}".strip()
    else:
        error = "fixed" if p.fixed else f"± {p.error:.4g}"
    return f"{p.quoted:.4g} {error}{_behind(p)}"


def _behind(p: FittedParameter) -> str:
    """The unit behind a value; one with a power of ten is a factor."""
    unit = "1e-40 cm2" if p.unit == CM2_UNIT else p.unit
    return f"{' x ' if unit[:1].isdigit() else ' '}{unit}".rstrip()


def _show_alternatives(console: Console, result: Measurement) -> None:
    study = result.alternatives
    assert study is not None
    unit, name = (result.poi.unit, result.poi.name) if result.poi else ("", "")
    title = f"fits with one alternative shape each{f' [{unit}]' if unit else ''}"
    shown = table(title, "alternative", name, "shift", "-2lnL", left=1)
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


def _show_contributions(console: Console, result: Measurement) -> None:
    known = {n: r.contribution for n, r in result.results.items() if r.contribution}
    if known and len(known) > 1 and result.poi is not None:
        name = result.poi.name
        shown = table(f"who measures {name}", "experiment", "alone", "all the others", "share")
        for n, c in known.items():
            others = "" if c.without is None else value_text(c.without)
            alone = "undetermined" if c.alone is None else value_text(c.alone)
            shown.add_row(n, alone, others, f"{100 * c.share:.1f} %")
        shown.add_section()
        rest = result.shared_share or 0.0
        shown.add_row("external measurements of shared parameters", "", "", f"{100 * rest:.1f} %")
        console.print(shown)
    if result.widths:
        shown = table("with other constraints", "parameter", "error", "result")
        for w in result.widths:
            shown.add_row(w.parameter, f"{w.sigma:.4g}", value_text(w.poi))
        console.print(shown)


def show_systematics(console: Console, result: Systematics) -> None:
    """Print the systematics of one or several experiments for people."""
    names = list(result.prediction_errors)
    columns = ["prediction"] if len(names) == 1 else [f"prediction {n}" for n in names]
    shown = table(
        f"systematic uncertainties: {result.experiment.title}",
        "parameter",
        *columns,
        "impact",
        "share",
        "pull",
    )
    for row in result.rows:
        shown.add_row(
            row.name,
            *(_percent(row.predictions.get(n), 1) for n in names),
            _percent(row.impact, 2),
            "" if row.held else f"{100 * row.error_share:.1f} %",
            "held" if row.held else f"{row.pull:+.2f} ± {row.constraint:.2f}",
        )
    shown.add_section()
    blank = [""] * len(names)
    shown.add_row("statistical", *blank, "", f"{100 * result.statistical:.1f} %", "")
    errors = [f"± {100 * e:.1f} %" for e in result.prediction_errors.values()]
    shown.add_row("total", *errors, "", f"{100 * result.total:.1f} %", "")
    console.print(shown)
    console.print(
        "prediction: change of the predicted signal at +1 and -1 sigma of the prior; "
        "impact: change of the fitted value with the parameter moved by its fitted error; "
        "share: reduction of the fit error (in quadrature) with the parameter held"
        + ("; both in units of the fit error" if result.relative_to == "error" else "")
        + (
            "; held: not varied in the fit, because its error is in the data or by your choice"
            if any(row.held for row in result.rows)
            else ""
        )
    )


def _percent(pair: tuple[float, float] | None, digits: int) -> str:
    if pair is None:
        return ""
    return f"{100 * pair[0]:+.{digits}f} {100 * pair[1]:+.{digits}f} %"
