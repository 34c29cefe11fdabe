"""``cevns global``: sets of data together, what each brings, and whether they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cevns.cli.printed.variants import show_variants, variants
from cevns.cli.terminal import options
from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError
from cevns.registry import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cevns.analysis.studies.combined_fit import CombinedFit, SetFit
    from cevns.inference import FittedParameter
    from cevns.study.combined_study import CombinedStudy

__all__ = ["fitted_text", "global_fit"]

_NAMED: Final = 6
"""Parameters of a model that a sentence names."""


def global_fit(
    figures: Figures,
    output: Output,
    combination: Annotated[
        str,
        typer.Argument(
            metavar="COMBINATION",
            help="sets of data as csi,lar; or a file of your own in place of the shipped one",
        ),
    ] = "global",
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="A,B",
            help="sets of data: short names, names of experiments, files; 'default' for the usual",
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="C", help="sets of data that are left out")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="of interest, one or several; default: sin2_theta_w"),
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="a further parameter of the interaction that is free"),
    ] = None,
    model: Annotated[str | None, options.NewPhysics] = None,
    at: options.At = None,
    fix: options.Fix = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ALTERNATIVE", help="of what decides, see 'cevns list choices'"),
    ] = None,
    set_field: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a field of all files, or NAME:KEY"),
    ] = None,
    data: options.DataFolder = None,
    asimov: options.Asimov = False,
    joint_only: Annotated[
        bool, typer.Option("--joint-only", help="leave out the fits of each set alone")
    ] = False,
    each_choice: Annotated[
        bool, typer.Option("--variants", help="fit each alternative of each choice as well")
    ] = False,
    points: Annotated[
        int, typer.Option("--profile", metavar="N", min=0, help="points of a profile in the JSON")
    ] = 0,
) -> None:
    """Fit the global combination of CEvNS data.

    The result has the value, the tension, and what each set brings.

    Scans, limits, toys: the other commands take the combination too, as global:csi,lar.
    """
    figures.prepare()
    named = _names(with_, "--with"), _names(without, "--without")
    study = options.combined(combination, *named, choose, set_field, data=data, model=model)
    asked = tuple(dict.fromkeys((*(parameter or ()), *(free or ())))) or ("sin2_theta_w",)
    if model is not None and not (parameter or free or at):
        _refuse_idle(study, model)
    held = options.at_values(study, at)
    known = study.model(free=asked, at=held).parameters
    fixed = options.fixed(known, fix)
    found = study.combine(*asked, at=held, fix=fixed, asimov=asimov, each=not joint_only)
    _show(output.console, study, found)
    record = {**study.provenance(), **found.to_dict()}
    if each_choice:

        def opened(choice: str, option: str) -> CombinedStudy:
            kept = [c for c in choose or () if canonical(c.partition("=")[0]) != choice]
            chosen = [*kept, f"{choice}={option}"]
            return options.combined(combination, *named, chosen, set_field, data=data, model=model)

        def fitted(other: CombinedStudy) -> CombinedFit:
            return other.combine(*asked, at=held, fix=fixed, asimov=asimov, each=False)

        changed = list(variants(study, opened, fitted))
        show_variants(output.console, changed, found.poi.name, fitted_text)
        record["variants"] = [v.record() for v in changed]
    if points:
        curve = study.profile(
            free=asked, at=held, fix=fixed, asimov=asimov, points=points
        ).to_dict()
        kept = ("parameter", "values", "delta_chi2", "intervals")
        record["profile"] = {k: curve[k] for k in kept}
    if figures.plots is not None:
        from cevns.report.global_fit.set_figures import combined_figures

        record["figures"] = figures.write(lambda: combined_figures(found))
        output.console.print(f"{len(record['figures'])} figures in {figures.plots}")
    output.result(record)


def _refuse_idle(study: CombinedStudy, model: str) -> None:
    """Refuse new physics of which nothing is asked: the usual angle alone would be fitted.

    Raises:
        InputError: if the model has parameters beside those of the Standard Model.
    """
    from cevns.processes import interaction

    usual = interaction("standard-model").parameters
    masses = study.structural
    own = [p.name for p in study.couplings if not usual.has(p.name) and p.name not in masses]
    if own:
        known = ", ".join(own[:_NAMED]) + (", ..." if len(own) > _NAMED else "")
        raise InputError(
            f"--model {model}: name what is fitted with --parameter ({known}), or with "
            "--parameter sin2_theta_w the angle at the usual values of these"
        )


def _names(texts: Sequence[str] | None, option: str) -> list[str]:
    """Sets of data behind an option.

    Raises:
        InputError: if it is there and names none.
    """
    found = [name.strip() for text in texts or () for name in text.split(",") if name.strip()]
    if texts and not found:
        raise InputError(f"{option} names no set of data; write short names, as {option} csi,lar")
    return found


def _show(console: Console, study: CombinedStudy, found: CombinedFit) -> None:
    """Print a combination for people."""
    from cevns.cli.printed.fit_tables import warn_of_files
    from cevns.experiments.remarks import radius_remarks, remarks

    warn_of_files(found.measurement.subject.experiments)
    console.print(study.title, style="bold", end="")
    console.print(f"  ({'expected counts (Asimov)' if found.measurement.asimov else 'data'})")
    chosen = ", ".join(f"{name} {study.choices[name]}" for name in study.alternatives)
    if chosen:
        console.print(f"choices: {chosen}", soft_wrap=False)
    poi = found.poi
    sets = table(
        f"{poi.name}{f' ({poi.unit})' if poi.unit else ''} by set of data",
        "set",
        "what",
        "bins",
        "-2lnL",
        "alone",
        "without it",
        "share",
        "shift",
        left=2,
    )
    for name, s in found.sets.items():
        sets.add_row(
            name,
            s.title,
            str(s.bins),
            f"{s.deviance:.1f}",
            _first(s.alone, s.undetermined, poi.name),
            _first(s.without, s.undetermined_without, poi.name) if len(found.sets) > 1 else "-",
            "-" if s.share is None else f"{100 * s.share:.1f} %",
            _shift(s, poi.name),
        )
    share = f"{100 * (found.shared_share or 0.0):.1f} %"
    if share != "0.0 %":
        sets.add_section()
        sets.add_row("shared", "constraints", *[""] * 4, share, "")
    if found.sets:
        console.print(sets)
    for p in found.of_interest:
        console.print(f"{p.name} = {fitted_text(p, p.unit)}", style="bold")
    _show_minima(console, found)
    fit = found.measurement.fit
    console.print(f"chi2 {fit.chi2:.1f} / {fit.ndof}")
    if found.goodness is not None:
        g = found.goodness
        console.print(
            f"tension of the sets (parameter goodness of fit): chi2 {g.chi2:.2f} / {g.ndof}, "
            f"p = {g.p_value:.2g}"
        )
    said = [r for e in study.experiments for r in remarks(e.physics)]
    said += radius_remarks(study.experiments, found.measurement.question.free)
    said += [fit.diagnosis] if fit.diagnosis else []
    said += [f"{n} alone: {s.diagnosis}" for n, s in found.sets.items() if s.diagnosis]
    said += [
        f"{n} alone cannot tell {' and '.join(s.undetermined)} apart"
        for n, s in found.sets.items()
        if len(s.undetermined) > 1
    ]
    for remark in dict.fromkeys(said):
        console.print(f"note: {remark}", soft_wrap=True)
    for pull in found.large_pulls:
        console.print(f"pull beyond 2: {pull.name} {pull.value:+.2f} ({', '.join(pull.sets)})")


def _show_minima(console: Console, found: CombinedFit) -> None:
    """Print the minima beside those that are quoted."""
    fits = {"": found.minima}
    for name, s in found.sets.items():
        fits |= {f"{name} alone: ": s.minima, f"all without {name}: ": s.minima_without}
    for what, minima in fits.items():
        for other in minima[1:]:
            at = ", ".join(f"{n} = {v:.4g}" for n, v in other.values.items())
            rise = f"{other.rise:.2f}"
            console.print(f"{what}another minimum at {at}, -2lnL higher by {rise}", soft_wrap=True)


def _first(parameters: Sequence[FittedParameter], undetermined: Sequence[str], name: str) -> str:
    if name in undetermined:
        return "undetermined"
    return next((fitted_text(p) for p in parameters if p.name == name), "insensitive")


def _shift(s: SetFit, name: str) -> str:
    if s.shift is not None:
        return f"{s.shift:+.1f}"
    return "small" if any(p.name == name for p in s.without) else "-"


def fitted_text(p: FittedParameter, unit: str = "") -> str:
    """A value with its errors; a side is open where -2 ln L does not rise by one.

    Examples:
        >>> from cevns.inference import FittedParameter
        >>> from cevns.parameters import Parameter
        >>> radius = Parameter("r_n_xe", 4.8, unit="fm", lower=0.0, upper=10.0)
        >>> fitted_text(FittedParameter(radius, 7.92, 9.2, None, 2.1), "fm")
        '7.92 +open -2.1 fm'
        >>> fitted_text(FittedParameter(radius, 10.0, 9.2, None, 2.1, at_bound=True))
        '10 -2.1 (at its bound)'
    """
    up, down = ("open" if e is None else f"{e:.2g}" for e in (p.error_up, p.error_down))
    sides = [f"+{up}", f"-{down}"]
    if p.at_bound:
        sides = [sides[0] if p.at_lower_bound else sides[1]]
    bound = "(at its bound)" if p.at_bound else ""
    return " ".join(filter(None, [f"{p.quoted:.4g}", *sides, unit, bound]))
