"""What is printed of a combination: its sets, the joint fit, fits with other choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cevns.cli.terminal.output import table

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.studies.combined_fit import CombinedFit, SetFit
    from cevns.inference import FittedParameter
    from cevns.study.choice_variants import Variant
    from cevns.study.combined_study import CombinedStudy

__all__ = ["fitted_text", "show_combination", "show_variants"]


def show_combination(console: Console, study: CombinedStudy, found: CombinedFit) -> None:
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
    share = f"{100 * (found.shared_share or 0.0):.1f} %"
    rows = [_row(name, s, poi.name, single=len(found.sets) == 1) for name, s in found.sets.items()]
    shown = table(
        f"{poi.name}{f' ({poi.unit})' if poi.unit else ''} by set of data",
        *("set", "alone", "without it", "share", "shift"),
    )
    for row in rows:
        shown.add_row(*row)
    if share != "0.0 %":
        shown.add_section()
        shown.add_row("shared", "", "", share, "")
    if found.sets:
        _show_sets(console, found, constraints=share != "0.0 %")
        console.print(shown)
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
        f"{n} alone cannot distinguish {' and '.join(s.undetermined)} apart"
        for n, s in found.sets.items()
        if len(s.undetermined) > 1
    ]
    for remark in dict.fromkeys(said):
        console.print(f"note: {remark}", soft_wrap=True)
    for pull in found.large_pulls:
        console.print(f"pull beyond 2: {pull.name} {pull.value:+.2f} ({', '.join(pull.sets)})")


def _show_sets(console: Console, found: CombinedFit, *, constraints: bool) -> None:
    """Print what each set is, in lines: titles would fill the table below."""
    from textwrap import wrap

    lines = [
        f"{name}: {s.title}, {s.bins} bin{'' if s.bins == 1 else 's'}, -2lnL {s.deviance:.1f}"
        for name, s in found.sets.items()
    ]
    lines += ["shared: constraints that several sets have"] if constraints else []
    for line in lines:
        for part in wrap(line, console.width, subsequent_indent="  "):
            console.print(part)


def _row(name: str, s: SetFit, parameter: str, *, single: bool) -> tuple[str, ...]:
    """What a set says of the first parameter, alone and by its absence."""
    return (
        name,
        _first(s.alone, s.undetermined, parameter),
        "-" if single else _first(s.without, s.undetermined_without, parameter),
        "-" if s.share is None else f"{100 * s.share:.1f} %",
        _shift(s, parameter),
    )


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


def show_variants(
    console: Console,
    found: Sequence[Variant],
    name: str,
) -> None:
    """Print the first parameter of interest by alternative, and what was refused.

    Args:
        console: of the command.
        found: from `cevns.study.choice_variants.variants`.
        name: of the parameter.
    """
    out = table(f"{name} by alternative, one at a time", "choice", "alternative", name, "chi2",
                left=2)  # fmt: skip
    for v in found:
        if isinstance(v.found, str):
            out.add_row(v.choice, v.alternative, "refused", "")
            continue
        fit = v.found.measurement.fit
        out.add_row(v.choice, v.alternative, fitted_text(v.found.poi), f"{fit.chi2:.1f}/{fit.ndof}")
    console.print(out)
    for v in found:
        if isinstance(v.found, str):
            console.print(f"note: {v.choice}={v.alternative}: {v.found}", soft_wrap=True)
