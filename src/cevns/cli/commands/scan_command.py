"""``cevns scan``, ``merge`` and ``plot``: new physics over a grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal.completion import FILES
from cevns.cli.terminal.figure_options import Worded, XLim, ends
from cevns.cli.terminal.output import Output
from cevns.cli.terminal.scan_run import ScanOptions, show_scan
from cevns.exceptions import InputError, OutputError
from cevns.files import check_writable, write

if TYPE_CHECKING:
    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["merge", "plot", "scan"]


def scan(
    parameter: Annotated[
        list[str],
        typer.Option(
            metavar="NAME[=LOW:HIGH:N[:log]]",
            help="scanned in N points; twice for a plane; see 'cevns list parameters'; or a "
            "field of the file, target.mass=1kg:100kg:20:log",
        ),
    ],
    options: ScanOptions,
    output: Output,
    asimov: Annotated[
        bool, typer.Option("--asimov", help="use expected counts instead of the data (sensitivity)")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="only say what it would cost in toys, time and memory")
    ] = False,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="only share I of N; then 'cevns merge'")
    ] = None,
) -> None:
    """Scan parameters of new physics, or a field of the file.

    Regions of one or two parameters are from the profile likelihood, toys, CLs or the posterior.
    For a field, such as target.mass, the expected error, limit and significance are given.
    """
    share = _share(shard)
    with options.prepared(share) as executor:
        field = options.of_field(parameter)
        if field is not None:
            if plan or shard:
                raise InputError(f"--plan and --shard are for toys, and {field.name} has none")
            options.carry_out_field(output, field, asimov=asimov)
            return
        wanted = options.plan(parameter, asimov=asimov)
        if plan:
            from cevns.analysis.scanning.scan_task import cost

            estimate = cost(
                wanted, options.method, toys=options.number_of_toys, toys_at=options.toys_at
            )
            output.console.print(str(estimate))
            output.result({**wanted.provenance(), **estimate.to_dict()}, options.study)
            return
        options.carry_out(output, wanted, executor, share)


def merge(
    output: Output,
    shares: Annotated[list[Path], typer.Argument(metavar="FILE.h5", help="all shares")],
    out: Annotated[Path, typer.Option(metavar="FILE.h5", help="the whole scan")],
) -> None:
    """Join the shares of a scan.

    The result is the same as that of one run.
    """
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.inference.scan.merge import merge as join

    found = Scan(join(shares, out))
    show_scan(output, found, out)
    output.result(found.to_dict())


def plot(
    scan_file: Annotated[
        Path,
        typer.Argument(metavar="SCAN.h5", help="written by 'cevns scan'", autocompletion=FILES),
    ],
    words: Worded,
    output: Output,
    overlay: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE|DIR", help="another scan of the same axes, a CSV of curves, or its folder"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="png, pdf, svg, or csv for its curves; default: png beside the scan",
        ),
    ] = None,
    cl: Annotated[
        list[float] | None,
        typer.Option(
            "--cl", metavar="LEVEL", help="a further confidence level (profile, fc, bayes)"
        ),
    ] = None,
    xlim: XLim = None,
) -> None:
    """Draw a scan, with other scans or published curves.

    The figure is a curve or regions, with Wilks and Feldman-Cousins.
    """
    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.scan_files import read
    from cevns.cli.terminal.output import prepare_figure, require_plots
    from cevns.report.figure_files import FORMATS

    table = out is not None and out.suffix.casefold() == ".csv"
    if not table:
        require_plots("cevns plot")
    found = read(scan_file)
    target = scan_file.with_suffix(".png") if out is None else out
    span = ends(xlim)
    words.check((found.name, found.quantity.name) if isinstance(found, FieldScan) else found.names)
    if table:
        if overlay or span or words.title or words.label:
            raise InputError(
                f"{target} contains only the curves of the scan; omit --overlay, --title, --label "
                "and --xlim to figures"
            )
        check_writable(target)
    elif target.suffix.casefold()[1:] not in FORMATS and not target.is_dir():
        known = f".{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
        raise OutputError(f"{target}: write a figure as {known}, its curves as .csv")
    else:
        prepare_figure(target, "--out")
    from cevns.report import save
    from cevns.report.scan_figures.field_figure import field_csv, field_figure, read_fields
    from cevns.report.scan_figures.scan_csv import scan_csv
    from cevns.report.scan_figures.scan_figure import check_overlays, scan_figure

    over, levels = tuple(overlay or ()), tuple(cl or ())
    if isinstance(found, FieldScan):
        if levels:
            raise InputError("--cl is for regions; scan the field again at another --cl")
        fields = read_fields(found.name, found.quantity.name, found.unit, over)
        if table:
            write(target, field_csv(found))
        else:
            with words.worded(span):
                figure = field_figure(found, overlays=fields)
            save(figure, target)
        _say(output, found, target, table=table)
        return
    for text in check_overlays(found.file.run, over):
        output.console.print(f"note: {text}", soft_wrap=True)
    if table:
        write(target, scan_csv(found, levels=levels))
    else:
        with words.worded(span):
            figure = scan_figure(found, overlays=over, levels=levels)
        save(figure, target)
    _say(output, found, target, table=table)


def _say(output: Output, found: Scan | FieldScan, target: Path, *, table: bool) -> None:
    output.console.print(f"{found.title}: drawn in {target}", soft_wrap=True)
    output.result({**found.to_dict(), "curves" if table else "figures": [str(target)]})


def _share(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, slash, second = text.partition("/")
    if not slash or not first.strip().isdigit() or not second.strip().isdigit():
        raise InputError(f"--shard {text}: write I/N, for example 2/10, the second of ten shares")
    return int(first), int(second)
