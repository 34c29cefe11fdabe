"""``cevns sensitivity``: what experiments would measure, by years and error of the flux."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cevns.cli.terminal.completion import TOPICS
from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.options import At, DataFolder, changes_of
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.sensitivity.matrix import SensitivityMatrix
    from cevns.analysis.sensitivity.sensitivity_record import Sensitivity
    from cevns.experiments.experiment import Experiment

__all__ = ["sensitivity"]

_WIDTH: Final = 80
_CELL: Final = 8
_YEARS, _FLUX_ERROR = 3.0, 0.05


@dataclass(frozen=True, kw_only=True)
class _Files:
    """Which experiments, and in which variant.

    Args:
        experiment: names and paths.
        variant: ``--variant``.
        set_field: ``--set``.
        data: ``--data``.
    """

    experiment: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXPERIMENT",
            help="name from 'cevns list', or a YAML file; several give a joint number too",
        ),
    ] = None
    variant: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="variant of the files in place of 'sensitivity', which is taken where there is "
            "one; 'none' for the file as it is",
        ),
    ] = None
    set_field: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a field of the experiment file"),
    ] = None
    data: DataFolder = None

    def opened(self, name: str, variant: str | None) -> tuple[Experiment, ...]:
        """The experiments of a name (a combination has several) in a variant."""
        from cevns.study import load

        changes = changes_of(self.set_field)
        if variant is not None and "variant" not in changes:
            changes["variant"] = variant
        return load(name, data=self.data, overrides=changes).experiments

    def chosen(self, name: str) -> str | None:
        """The variant that is taken of a file; None for the file as it is."""
        from cevns.analysis.sensitivity.matrix import VARIANT, variants_of

        if self.variant is not None:
            return None if self.variant == "none" else self.variant
        return VARIANT if VARIANT in variants_of(name) else None


def sensitivity(
    files: _Files,
    figures: Figures,
    output: Output,
    topic: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="one of 'cevns list topics'", autocompletion=TOPICS),
    ] = None,
    matrix: Annotated[
        bool,
        typer.Option(
            "--matrix", help="table of experiments and topics; by default all projections"
        ),
    ] = False,
    years: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="of running: 1,3,5,10 [default of --matrix: 3]"),
    ] = None,
    flux_error: Annotated[
        str | None,
        typer.Option(
            "--flux-error",
            metavar="LIST",
            help="of the flux, in place of that of the files: 10%,5%,2% [default of --matrix: 5%]",
        ),
    ] = None,
    exposure_factor: Annotated[
        float, typer.Option("--exposure-factor", help="factor on the exposure of any file")
    ] = 1.0,
    at: At = None,
) -> None:
    """Expected errors and limits of experiments.

    Results are given for each experiment and for the combination.
    """
    if matrix == (topic is not None):
        raise InputError(
            "select a topic with --topic (cevns list topics), or use --matrix for all topics"
            + (", not both" if matrix else "")
        )
    figures.prepare()
    spans = _numbers(years, "--years")
    errors = tuple(_share(part) for part in _parts(flux_error))
    found: Sensitivity | SensitivityMatrix
    if topic is None:
        if at or exposure_factor != 1.0:
            raise InputError("--at and --exposure-factor apply to one --topic, not to --matrix")
        found = table_of_all = _matrix(files, spans, errors)
        _show_matrix(output.console, table_of_all)
    else:
        found = of_topic = _one(files, topic, spans, errors, exposure_factor, at)
        _show(output.console, of_topic)
    record: dict[str, Any] = found.to_dict()
    if figures.plots is not None:
        name = f"sensitivity-{'matrix' if matrix else record['topic']}"
        record["figures"] = figures.write(lambda: {name: found.plot()})
        output.console.print(f"figure: {', '.join(record['figures'])}", soft_wrap=True)
    output.result(record)


def _one(
    files: _Files,
    topic: str,
    years: tuple[float, ...],
    errors: tuple[float, ...],
    factor: float,
    at: list[str] | None,
) -> Sensitivity:
    from cevns.study import Study

    if not files.experiment:
        raise InputError("name at least one experiment, or use --matrix for all projections")
    opened = tuple(e for n in files.experiment for e in files.opened(n, files.chosen(n)))
    held = {}
    for text in at or ():
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            held[name] = float(value)
        except ValueError:
            raise InputError(
                f"--at {text}: write NAME=NUMBER in the unit of the parameter, dm2_41=3"
            ) from None
    return Study(opened).sensitivity(
        topic, years=years, flux_error=errors, exposure_factor=factor, at=held
    )


def _matrix(
    files: _Files, years: tuple[float, ...], errors: tuple[float, ...]
) -> SensitivityMatrix:
    from cevns.analysis.sensitivity.matrix import projected, sensitivity_matrix

    if len(years) > 1 or len(errors) > 1:
        raise InputError("--matrix takes one number of years and one error of the flux")
    if files.experiment:
        chosen = [(name, files.chosen(name)) for name in files.experiment]
    elif files.variant is not None:
        raise InputError("--variant applies to named experiments; name them, or omit --variant")
    else:
        chosen = list(projected())
    opened = [e for name, variant in chosen for e in files.opened(name, variant)]
    return sensitivity_matrix(
        opened,
        years=years[0] if years else _YEARS,
        flux_error=errors[0] if errors else _FLUX_ERROR,
    )


def _parts(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.replace(",", " ").split()]


def _numbers(text: str | None, option: str) -> tuple[float, ...]:
    out = []
    for part in _parts(text):
        try:
            out.append(float(part))
        except ValueError:
            raise InputError(f"{option} {text}: {part!r} is not a number; write 1,3,5,10") from None
    return tuple(dict.fromkeys(out))


def _share(text: str) -> float:
    """A relative error, with or without the sign of per cent.

    Raises:
        InputError: if it is none, or a plain number that may be one in per cent.
    """
    try:
        value = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        raise InputError(f"--flux-error: {text!r} is not a number; write 10%,5%,2%") from None
    if not text.endswith("%") and value >= 1.0:
        raise InputError(f"--flux-error: {text} would be {100 * value:g} %; write {text}%?")
    return value


def _show(console: Console, found: Sensitivity) -> None:
    """A table of each quantity, and what it stands on."""
    for quantity in found.quantities:
        cells = [x for x in found.expected if x.quantity.name == quantity.name]
        what = "90 % limit" if quantity.kind == "limit" else "error"
        head = f"{quantity.title}{f' [{quantity.unit}]' if quantity.unit else ''}"
        zero = any(x.significance is not None for x in cells)
        shown = table(
            head, "experiment", "years", "flux", what, "90 %", *(["sigma"] if zero else [])
        )
        for x in cells:
            interval = "" if x.interval is None else f"{x.interval[0]:.4g} .. {x.interval[1]:.4g}"
            shown.add_row(
                x.of,
                "file" if x.years is None else f"{x.years:g}",
                "file" if x.flux_error is None else f"{100 * x.flux_error:g} %",
                x.written,
                interval,
                *([f"{x.significance:.2g}" if x.significance else "-"] if zero else []),
            )
        console.print(shown)
        for note in dict.fromkeys(x.note for x in cells if x.note):
            console.print(note)
    for name, words in found.assumptions.items():
        console.print(f"{name}:")
        for subject, text in words.items():
            console.print(f"  {subject}: {text}")


def _show_matrix(console: Console, found: SensitivityMatrix) -> None:
    """Rows of numbers, each below its experiment and what it stands on, 80 columns wide."""
    from textwrap import wrap

    indent = " " * (_WIDTH - _CELL * len(found.topics))
    console.print(f"{found.assumption}; errors of one standard deviation, limits at 90 %")
    console.print(indent + "".join(f"{t.short:>{_CELL}}" for t in found.topics.values()))
    for row in found.rows:
        for line in wrap(f"{row.name}: {row.assumption}", _WIDTH):
            console.print(line, highlight=False)
        cells = ["-" if c is None else c.written.removeprefix("< ") for c in row.cells.values()]
        console.print(
            indent + "".join(f"{c.replace(' %', '%'):>{_CELL}}" for c in cells), highlight=False
        )
    console.print("  ".join(f"{t.short}: {t.title};" for t in found.topics.values()))
