"""A scan, of new physics or over a field of the experiment file, as a part of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.records import cited, head
from cevns.records.record_files import strict
from cevns.records.record_tables import columns_of
from cevns.report.document.inline_svg import picture
from cevns.report.document.page_elements import Part, Picture, Section, Table
from cevns.report.document.quoted_numbers import plain

if TYPE_CHECKING:
    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.typing import Array

__all__ = ["field_part", "scan_part"]

_METHODS = {
    "profile": "by profile likelihood",
    "fc": "by the construction of Feldman and Cousins",
    "cls": "by CLs",
    "bayes": "of the posterior",
}


def scan_part(scan: Scan, prefix: str, file: Path | None = None, digest: str = "") -> Part:
    """The part of a scan: regions, intervals, toys, failures.

    Args:
        scan: what was found.
        prefix: of the names in its figures.
        file: where it was read from.
        digest: SHA-256 of that.

    Raises:
        MissingExtraError: if what draws it is not installed.
    """
    from cevns.analysis.scanning.scan_text import answer
    from cevns.report.scan_figures.scan_csv import scan_csv
    from cevns.report.scan_figures.scan_figure import scan_figure

    record = strict(cited({**head(), **scan.to_dict()}))
    level, names = f"{100.0 * scan.cl:g}\N{NO-BREAK SPACE}%", " and ".join(scan.names)
    what = f"{names} {_METHODS[scan.method]}"
    label = f"{'Curve' if len(scan.names) == 1 else 'Map'} of the scan of {what}"
    kind = "curve with its limits" if len(scan.names) == 1 else "region that is allowed"
    sentence = f"Scan of {what}: the {kind} at {level} confidence level, {_points(scan)}."
    lines = scan.summary()
    drawn: list[Picture] = []
    note: list[str] = []
    try:
        drawn = [picture(scan_figure(scan), prefix, label, sentence)]
        copied = {"Curves of the figure as CSV": scan_csv(scan)}
    except InputError as error:  # one value along an axis, or a result that is refused
        note, copied = [f"There is no figure: {error}."], {}
    tables = [_axes(scan), *_allowed(scan)]
    sections = [
        Section("Regions and intervals", note, drawn, tables, lines, copied=copied),
        Section("Toys and failures", _failures(scan)),
    ]
    inputs = {} if file is None else {file.name: digest}
    failure = scan.refused and f"The result of this scan is not to be used: {scan.refused}."
    return Part(
        f"Scan of {names}: {scan.heading}",
        answer(scan),
        sections,
        record,
        _reproduce(scan, "" if file is None else file.name),
        failure,
        inputs,
    )


def field_part(scan: FieldScan, prefix: str, file: Path | None = None, digest: str = "") -> Part:
    """The part of a scan over a field: what is expected at each of its values.

    Args:
        scan: what was found.
        prefix: of the names in its figures.
        file: where it was read from.
        digest: SHA-256 of that.

    Raises:
        MissingExtraError: if what draws it is not installed.
    """
    from cevns.report.scan_figures.field_figure import field_csv, field_figure

    lines, table = scan.summary(), scan.record_tables()["points"]
    label = f"Curve of {scan.quantity.name} against {scan.name}"
    sentence = (
        f"What is expected for {scan.quantity.title} at {len(scan.values)} values of {scan.name}."
    )
    unit = f" in {scan.unit}" if scan.unit else ""
    rows = [[plain(v) for v in row] for row in table.rows]
    shown = Table(table.columns, rows, f"expected, by {scan.name}{unit}", table, 0)
    name = "scan.h5" if file is None else file.name
    reading = f"from cevns.analysis.scanning.scan_files import read\n\nscan = read({name!r})"
    said = "The file of a scan holds its experiments, the field and its values."
    return Part(
        f"Scan over {scan.name}: {scan.title}",
        lines[0],
        [
            Section(
                "Expected results",
                pictures=[picture(field_figure(scan), prefix, label, sentence)],
                tables=[shown],
                lines=lines,
                copied={"Curves of the figure as CSV": field_csv(scan)},
            )
        ],
        strict(scan.to_dict()),
        Section("", [said], code={"Python": f"{reading}\nprint(scan)"}),
        inputs={} if file is None else {file.name: digest},
    )


def _points(scan: Scan) -> str:
    counted = " × ".join(map(str, scan.shape))
    data = "expected counts (Asimov data)" if scan.file.run["asimov"] else "the data"
    return f"{counted} points, {data}"


def _axes(scan: Scan) -> Table:
    """What was scanned."""
    rows = [
        (n, what, plain(float(a[0])), plain(float(a[-1])), unit, str(len(a)), "log" if log else "")
        for n, what, a, unit, log in zip(
            scan.names,
            scan.file.run["descriptions"],
            scan.axes,
            scan.units,
            scan.logarithmic,
            strict=True,
        )
    ]
    columns = ("parameter", "what", "from", "to", "unit", "points", "steps")
    return Table(columns, rows, "what was scanned", left=2)


def _allowed(scan: Scan) -> list[Table]:
    """Intervals of one parameter, or of each slice along a structural one."""
    if len(scan.names) == 1:
        unit = scan.units[0]
        rows = [(plain(a, 5), plain(b, 5) or "beyond the range", unit) for a, b in scan.intervals]
        values = columns_of(
            {"lower": [a for a, _ in scan.intervals], "upper": [b for _, b in scan.intervals]}
        )
        title = f"allowed values of {scan.names[0]} at {100.0 * scan.cl:g}\N{NO-BREAK SPACE}%"
        return [Table(("from", "to", "unit"), rows, title, values, 0)] if rows else []
    if not scan.raster:
        return []
    (name,) = (n for n in scan.names if n not in scan.raster)
    pieces = [(at, a, b) for at, found in scan.slices() for a, b in found]
    rows = [(plain(at), plain(a), plain(b) or "beyond the range") for at, a, b in pieces]
    columns = (scan.raster[0], f"{name} from", "to")
    if not rows:
        return []
    found = columns_of(dict(zip(columns, zip(*pieces, strict=True), strict=True)))
    return [Table(columns, rows, f"allowed at {100.0 * scan.cl:g}\N{NO-BREAK SPACE}%", found, 0)]


def _drawn(scan: Scan) -> str:
    """What was drawn at random for it, and from which seed."""
    run, seed = scan.file.run, f"seed {scan.file.run.get('seed')}"
    if scan.method == "bayes":
        samples = np.min(scan.file.datasets["posterior/effective_sample_size"])
        return f"The posterior was sampled with {seed}, worth {samples:,.0f} independent draws."
    if scan.method == "cls" and run["toys"]:
        return (
            f"{run['toys']:,} pseudo-experiments were drawn at each point under each of the two "
            f"hypotheses, {seed}."
        )
    if scan.method == "fc":
        return f"{scan.to_dict()['toys']:,} pseudo-experiments were drawn, {seed}."
    return "No pseudo-experiments were drawn: the limits hold asymptotically."


def _failures(scan: Scan) -> list[str]:
    """Toys, seed, and what went wrong."""
    said = [_drawn(scan)]
    if scan.method == "bayes":
        return said
    if scan.failed:
        points = "point has" if scan.failed == 1 else "points have"
        said.append(f"{scan.failed} {points} no converged fit.")
    else:
        said.append("The fits of all points converged.")
    if scan.unsure.any():
        said.append(
            f"At {int(scan.unsure.sum())} of {scan.unsure.size:,} points a fit that did not "
            "converge has come lower; a finer grid helps."
        )
    return said


def _reproduce(scan: Scan, file: str) -> Section:
    """The command of the scan, as far as its file knows it."""
    import shlex

    run = scan.file.run
    words = ["cevns", "scan", *run["experiments"], "--model", run["physics"]]
    said = (
        "A file of a scan holds digests of its model and its data, and neither the fields that "
        "were changed with --set nor the paths of your own files: add those to this command."
    )
    refined = int(run.get("refined") or 0)
    for name, axis in zip(scan.names, scan.axes, strict=True):
        # structural axes stay as they are
        coarse = axis if name in scan.raster else axis[:: 2**refined]
        steps = _steps(coarse)
        span = f"{name}={float(axis[0])!r}:{float(axis[-1])!r}:{len(coarse)}"
        words += ["--parameter", span + (":log" if steps == "log" else "")]
        if not steps:
            said += (
                f" The values of {name} have no equal steps, so that the command scans others "
                "between the same ends; 'cevns.load(...).scan' takes a list of values."
            )
    units = run["held units"]
    for name in run["profiled couplings"]:
        words += ["--free", name]
    for option, held in (("--at", run["held couplings"]), ("--fix", run["held parameters"])):
        for name, value in held.items():
            words += [
                option,
                f"{name}={repr(float(value)).removesuffix('.0')}{units.get(name, '')}",
            ]
    words += ["--method", scan.method, "--cl", repr(scan.cl)]
    words += ["--refine", str(refined)] if refined else []
    if scan.method == "fc" and len(scan.names) == 2:
        words += ["--toys-at", "anchors" if scan.shared else "every-point"]
    if run.get("seed") is not None:
        words += ["--seed", str(run["seed"])]
    words += ["--toys", str(run["toys"])] if run.get("toys") else []
    words += ["--draws", str(run["draws"])] if run.get("draws") else []
    words += ["--asimov"] if run["asimov"] else []
    name = file or "scan.h5"
    return Section(
        "",
        [said],
        code={
            "Command line": shlex.join([*words, "--out", name]),
            "Python": f"from cevns.analysis import Scan\n\nscan = Scan.read({name!r})\nprint(scan)",
        },
    )


def _steps(axis: Array) -> str:
    """``lin`` or ``log`` where the values of an axis have equal steps, else nothing."""
    first, last, n = float(axis[0]), float(axis[-1]), len(axis)
    if np.allclose(axis, np.linspace(first, last, n), rtol=1e-9, atol=1e-9 * abs(last - first)):
        return "lin"
    if first > 0.0 and np.allclose(axis, np.geomspace(first, last, n), rtol=1e-9, atol=0.0):
        return "log"
    return ""
