"""``cevns limit``: allowed ranges of a parameter of new physics; an upper limit on CEvNS itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal.options import at_values, fixed
from cevns.cli.terminal.output import Output
from cevns.cli.terminal.progress import progress_bar
from cevns.cli.terminal.scan_run import ScanOptions
from cevns.exceptions import InputError
from cevns.records import cited

if TYPE_CHECKING:
    from cevns.study import Study

__all__ = ["limit"]


def limit(
    options: ScanOptions,
    output: Output,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=LOW:HIGH:N[:log]]",
            help="parameter of new physics; without it, the limit on CEvNS",
        ),
    ] = None,
    events: Annotated[
        float | None,
        typer.Option(help="a published limit in events, converted to a cross section"),
    ] = None,
    observed: Annotated[
        int | None, typer.Option(help="observed events, in place of the data of the file (CLs)")
    ] = None,
    background: Annotated[float, typer.Option(help="expected background in --observed")] = 0.0,
    asimov: Annotated[
        bool,
        typer.Option(
            "--asimov", help="expected counts: of the Standard Model, or without CEvNS (no model)"
        ),
    ] = False,
) -> None:
    """Allowed ranges of a parameter; upper limits on CEvNS.

    With a parameter of new physics, its range; without one, the limit on CEvNS.

    CEvNS itself is limited by --method profile (one-sided, -2 ln L rises by 1.64 at 90 %),
    bounded (the upper end of two, 2.71), gaussian (estimate and error) or fc.
    """
    if parameter:
        if len(parameter) > 1:
            raise InputError("a limit applies to one parameter; scan a plane with 'cevns scan'")
        if events is not None or observed is not None:
            raise InputError("--events and --observed apply only to the limit on CEvNS")
        with options.prepared() as executor:
            field = options.of_field(parameter)
            if field is not None:
                raise InputError(
                    f"{field.name} is a field of the experiment file; 'cevns scan' has limits "
                    "against it, with --free NAME for what is limited"
                )
            options.carry_out(output, options.plan(parameter, asimov=asimov), executor)
        return
    if options.toys_at is not None:
        raise InputError("--toys-at is for a parameter of new physics; name it with --parameter")
    if options.plots is not None or options.overlay:
        raise InputError("--plots draws a scan of a parameter; name it with --parameter")
    for option, given in (
        ("--out", options.out), ("--refine", options.refine), ("--scheduler", options.scheduler),
    ):  # fmt: skip
        if given:
            raise InputError(f"{option} is for a scan of a parameter; name it with --parameter")
    options.prepare()
    study = options.open(None if options.model == "standard-model" else options.model)
    if any(e.own_processes for e in study.experiments):
        if events is not None or observed is not None or options.method != "profile":
            raise InputError(
                "an upper limit with CEvNS as a background is from the profile likelihood of the "
                "counts; for another method name the parameter and its range with --parameter"
            )
        _over_cevns(study, options, output, asimov=asimov)
        return
    if len(options.experiment) > 1 or options.model != "standard-model":
        raise InputError(
            "a limit on CEvNS applies to one experiment in the Standard Model; otherwise name a "
            "parameter and its range, for example --parameter eps_ee_u=-0.3:0.8:221"
        )
    from cevns.reproduction.published_results import results

    for option, chosen in (
        ("--toys", options.toys), ("--seed", options.seed), ("--workers", options.workers),
    ):  # fmt: skip
        if options.method != "fc" and chosen is not None:
            raise InputError(f"{option} has no effect with --method {options.method}; omit it")
    for option, named in (("--free", options.free), ("--at", options.at), ("--fix", options.fix)):
        if named:
            raise InputError(
                f"{option} has no effect on the limit on CEvNS itself; omit it, or name a "
                "parameter with --parameter"
            )
    if options.draws is not None:
        raise InputError("--draws is for a parameter of new physics and --method bayes")
    level = options.cl
    loaded = study.experiments[0]
    published = next((r for r in results() if r.id == loaded.name and r.limit == level), None)
    if published is not None and not loaded.has_data and observed is None and not asimov:
        events = published.events[0] if events is None and published.events else events
    with progress_bar() as progress:
        result = study.limit(
            level=level,
            events=events,
            observed=observed,
            background=background,
            asimov=asimov,
            method=options.method,
            toys=options.number_of_toys,
            seed=options.master_seed,
            workers=options.workers,
            progress=progress,
        )
    counted = loaded.unit == "events"
    how = {
        "data": f"{result.construction}, of the observed {'counts' if counted else 'value'}",
        "expected": f"{result.construction}, of the counts expected without CEvNS",
        "counted": "CLs of the count and its background, divided by the prediction here",
        "given": "the given number of events divided by the prediction here",
    }[result.origin]
    below = f"CEvNS events < {result.events:.3g}"
    expected = f"{result.predicted_events:.3g} events"
    if not counted:
        below = f"published value, in {loaded.unit}: CEvNS < {result.events:.3g}"
        expected = f"{result.predicted_events:.3g} in {loaded.unit}"
    output.console.print(
        f"{loaded.title}\n"
        f"{below} at {100 * level:g} % ({how})\n"
        f"cross section < {result.cross_section_cm2:.3g} cm2, {result.ratio:.2f} times the "
        f"prediction {result.predicted_cm2:.3g} cm2 ({expected})"
    )
    if result.flux_cm2_s is not None:
        output.console.print(f"flux of the source < {result.flux_cm2_s:.3g} cm-2 s-1")
    if published is not None and published.cross_section:
        output.console.print(
            f"published ({published.source}): {published.cross_section[0] * 1e-40:.3g} cm2"
            + (f", {published.events[0]:g} events" if published.events else "")
            + (f"; {published.memory}" if published.memory else "")
        )
    output.result(cited({**study.provenance(), **result.to_dict()}, *result.methods), study)


def _over_cevns(study: Study, options: ScanOptions, output: Output, *, asimov: bool) -> None:
    """The upper limit on the strength of what lies over CEvNS."""
    from cevns.experiments.remarks import remarks

    if len(options.free or ()) > 1:
        raise InputError(
            f"--free {' --free '.join(options.free or ())}: this limit is on one parameter; name "
            "it alone, or give its range with --parameter and the others with --free"
        )
    free = options.free[0] if options.free else None
    held = at_values(study, options.at)
    fix = None
    if options.fix:
        known = study.model(free=options.free or (), at=held).parameters
        fix = fixed(known, options.fix)
    result = study.upper_limit(free, at=held, fix=fix, level=options.cl, asimov=asimov)
    said = []
    for name, value in result.at.items():
        unit = study.couplings[name].unit
        usual = "" if name in held else f" (the default; --at {name}=NUMBER{unit} changes it)"
        said.append(f"{name} = {value:g} {unit}".strip() + usual)
    where = ", ".join(said)
    output.console.print(
        f"{study.title}\n{result.parameter} < {result.upper_limit:.4g} {result.unit} at "
        f"{100 * result.level:g} %{f' for {where}' if where else ''}, best value {result.best:.3g} "
        "(upper end of the two-sided profile-likelihood interval)"
    )
    for remark in dict.fromkeys(r for e in study.experiments for r in remarks(e.physics)):
        output.console.print(f"note: {remark}")
    output.result(result.to_dict(), study)
