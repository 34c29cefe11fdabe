"""``cevns global``: sets of data together, what each brings, and whether they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cevns.cli.printed.combined_tables import show_combination, show_variants
from cevns.cli.terminal import options
from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.output import Output
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns.study.combined_study import CombinedStudy

__all__ = ["global_fit"]

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
        typer.Option(metavar="NAME=ALTERNATIVE", help="of a choice, see 'cevns list choices'"),
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
    from cevns.study.choice_variants import load_combination, variants

    figures.prepare()
    named = _names(with_, "--with"), _names(without, "--without")
    name, overrides = options.combined(combination, *named, choose, set_field)
    study = load_combination(name, data=data, overrides=overrides, models=model)
    asked = tuple(dict.fromkeys((*(parameter or ()), *(free or ())))) or ("sin2_theta_w",)
    if model is not None and not (parameter or free or at):
        _refuse_idle(study, model)
    held = options.at_values(study, at)
    known = study.model(free=asked, at=held).parameters
    fixed = options.fixed(known, fix)
    found = study.combine(*asked, at=held, fix=fixed, asimov=asimov, each=not joint_only)
    show_combination(output.console, study, found)
    record = {**study.provenance(), **found.to_dict()}
    if each_choice:
        changed = variants(
            name,
            *asked,
            data=data,
            overrides=overrides,
            models=model,
            at=held,
            fix=fixed,
            asimov=asimov,
        )
        show_variants(output.console, changed, found.poi.name)
        record["variants"] = [v.to_dict() for v in changed]
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
