"""``cevns fit FILE.json``: a likelihood that a file brings."""

from __future__ import annotations

from pathlib import Path

from cevns.cli.printed.fit_tables import parameter_table, value_text
from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError
from cevns.files import expanded

__all__ = ["fit_file", "likelihood_file"]


def likelihood_file(asked: options.Asked) -> Path | None:
    """The file of a likelihood that is named in place of an experiment; None where there is none.

    Raises:
        InputError: if there are others beside.
    """
    # most experiments are names: what reads likelihoods is not imported for them
    named = [p for p in map(expanded, asked.experiment) if p.is_file()]
    if not named:
        return None
    from cevns.likelihood_files.imported import is_likelihood_file

    found = [p for p in named if is_likelihood_file(p)]
    if found and len(asked.experiment) > 1:
        raise InputError(
            f"{found[0]} is a likelihood file, which cannot be combined with experiments"
        )
    return found[0] if found else None


def fit_file(path: Path, asked: options.Asked, output: Output, *, asimov: bool, minos: str) -> None:
    """Fit a likelihood and print it.

    Raises:
        InputError: if options are given that are of experiments.
        UnknownNameError: if a parameter or a choice is unknown.
    """
    from cevns.likelihood_files.imported import read_likelihood

    alien = {"--model": asked.model, "--at": asked.at, "--free": asked.free, "--data": asked.data}
    given = [name for name, value in alien.items() if value]
    if given:
        raise InputError(f"{path} is a likelihood file; {given[0]} applies to experiments only")
    likelihood = read_likelihood(path, options.changes_of(asked.set_field))
    held = options.fixed(likelihood.model.parameters, asked.fix)
    result = likelihood.fit(asked.poi, fix=held, asimov=asimov, minos=minos)
    console = output.console
    channels, n_bins = len(likelihood.histograms.channels), likelihood.histograms.n_bins
    console.print(
        f"{path}: {channels} channel{'s' if channels > 1 else ''}, "
        f"{n_bins} bin{'s' if n_bins > 1 else ''}, digest of pyhf {likelihood.sha256[:8]}",
        soft_wrap=True,
    )
    shown = table("events by channel", "channel", "sample", "nominal", "fit", left=2)
    for channel, samples in result.counts.items():
        for name, (nominal, fitted) in samples.items():
            shown.add_row(channel, name, f"{nominal:.1f}", f"{fitted:.1f}")
        observed = float(likelihood.model.channel(channel).observed.sum())
        total = sum(b for _, b in samples.values())
        data = "Asimov data" if asimov else "observed"
        shown.add_row(channel, data, f"{observed:.1f}".removesuffix(".0"), f"{total:.1f}")
        shown.add_section()
    console.print(shown)
    console.print(parameter_table(result.fit))
    best, z = result.fit, None if result.significance is None else result.significance.z
    if best.poi is not None:
        said = "is expected to be rejected" if asimov else "is rejected"
        against = "" if z is None else f"; {best.poi} = 0 {said} at {z:.2f} sigma"
        console.print(f"{best.poi} = {value_text(best[best.poi])}{against}", style="bold")
    if fixed := [p.name for p in best if p.fixed]:
        console.print(f"held in this fit, so not in its errors: {', '.join(fixed)}", soft_wrap=True)
    console.print(best.goodness)
    if best.diagnosis:
        console.print(f"note: {best.diagnosis}", soft_wrap=True)
    output.result(result.to_dict())
