"""HEPData: a submission (folder of YAML) with the likelihood files attached.

Tables of counts, of fitted parameters with their correlations, of the profile, and of scans that
belong to it. HistFactory and HS3 files are attached to the submission with the types by which
HEPData knows them. A submission is of the authors of a measurement; what is written says that it
is a refit of public data.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cevns import files
from cevns.exceptions import DataError, InputError, OutputError
from cevns.inference import profile
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    TextTable,
    Written,
    WrittenFormat,
    library,
)
from cevns.likelihood_files.formats.histfactory import workspace_content
from cevns.likelihood_files.formats.hs3 import hs3_content
from cevns.likelihood_files.published import ChannelTable, Published
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["MODEL", "HepData"]

_DIGITS = 10
_SUBMISSION = "submission.yaml"
_WHAT = "a submission to HEPData"
_POINTS = 25
_KEYWORDS = {"observables": ["N"], "phrases": ["coherent elastic neutrino-nucleus scattering"]}


class _Writer:
    """Tables by hepdata_lib, which is imported when the first is made."""

    def __init__(self) -> None:
        self.lib = library("hepdata_lib", _WHAT)
        self.tables: list[Any] = []

    def table(self, name: str, description: str, columns: Iterable[Any]) -> None:
        made = self.lib.Table(name)
        made.description, made.location = description, "computed from public data"
        made.keywords = dict(_KEYWORDS)
        for column in columns:
            made.add_variable(column)
        self.tables.append(made)

    def along(self, name: str, values: Sequence[Any], unit: str = "", *, bins: bool = False) -> Any:
        """An independent variable."""
        made = self.lib.Variable(name, is_independent=True, is_binned=bins, units=unit)
        made.values, made.digits = list(values), _DIGITS
        return made

    def column(
        self,
        name: str,
        values: Array | Sequence[float],
        unit: str = "",
        errors: Sequence[tuple[str, Array, Array]] = (),
    ) -> Any:
        """A dependent variable.

        Args:
            name: of it.
            values: numbers.
            unit: of them.
            errors: label, upper and lower change of each, both with their sign.
        """
        made = self.lib.Variable(
            name,
            is_independent=False,
            is_binned=False,
            units=unit,
            zero_uncertainties_warning=False,
        )
        made.values, made.digits = [float(v) for v in values], _DIGITS
        for label, up, down in errors:
            found = self.lib.Uncertainty(label, is_symmetric=False)
            found.values = [(float(b), float(a)) for a, b in zip(up, down, strict=True)]
            made.add_uncertainty(found)
        return made


def _counts(writer: _Writer, table: ChannelTable, several: bool) -> None:
    """Counts of one channel in bins."""
    bins = np.array(table.bins())
    columns: list[Any] = [
        writer.along(a.name, [tuple(b) for b in bins[:, 2 * k : 2 * k + 2].tolist()], a.unit,
                     bins=True)
        for k, a in enumerate(table.axes)
    ]  # fmt: skip
    columns.append(writer.column("observed", table.observed, "events"))
    for c in table.components:
        errors = [
            (name, up - c.predicted, down - c.predicted)
            for name, (up, down) in c.variations.items()
        ]
        columns.append(writer.column(f"{c.name}, predicted", c.predicted, "events", errors))
        columns.append(writer.column(f"{c.name}, fitted", c.fitted, "events"))
    name = f"Counts of {table.name}" if several else "Counts"
    writer.table(
        name,
        "Observed counts and those of each component, predicted (with the change for one standard "
        "deviation of each constrained parameter) and at the best fit; bins without content are "
        "written as zero.",
        columns,
    )


def _parameters(writer: _Writer, published: Published) -> None:
    """Fitted parameters and their correlations."""
    fitted = [p for p in published.fit.fitted.values() if not p.fixed]
    names = [f"{p.name} [{p.unit}]" if p.unit else p.name for p in fitted]
    up = np.array([p.error_up or p.error for p in fitted])
    down = np.array([p.error_down or p.error for p in fitted])
    values = [p.value for p in fitted]
    writer.table(
        "Parameters",
        "Best fit; errors are those of MINOS for the parameter of interest, else of HESSE.",
        [
            writer.along("parameter", names),
            writer.column("value", values, errors=[("fit", up, -down)]),
        ],
    )
    parameters = published.model.parameters
    at = [parameters.position(p.name) for p in fitted]
    matrix = published.fit.correlation[np.ix_(at, at)]
    n = len(names)
    writer.table(
        "Correlations",
        "Correlation matrix of the fitted parameters.",
        [
            writer.along("first parameter", [names[i] for i in range(n) for _ in range(n)]),
            writer.along("second parameter", names * n),
            writer.column("correlation", matrix.ravel()),
        ],
    )


def _profile(writer: _Writer, published: Published) -> None:
    """Rise of -2 ln L along the parameter of interest."""
    name = published.interest
    found = published.fit[name]
    p = published.model.parameters[name]
    low, high = max(p.lower, found.value - 3 * found.error), found.value + 3 * found.error
    values = np.linspace(low, min(p.upper, high), _POINTS)
    curve = profile(published.model, name, values=values, data=published.data, best=published.fit)
    writer.table(
        "Profile",
        f"-2 ln L above its minimum along {name}, all other parameters at their conditional best "
        "fit.",
        [
            writer.along(name, curve.values.tolist(), p.unit),
            writer.column("-2 Delta ln L", np.maximum(curve.rise, 0.0)),
        ],
    )


def _scan(writer: _Writer, scan: Scan, number: int) -> None:
    """The grid of a scan, and its region."""
    mesh = np.meshgrid(*scan.axes, indexing="ij")
    along = [
        writer.along(n, m.ravel().tolist(), u)
        for n, u, m in zip(scan.names, scan.units, mesh, strict=True)
    ]
    what = f"{scan.title}; method {scan.method}, confidence level {scan.cl:g}"
    if scan.method != "bayes":
        writer.table(
            f"Scan {number}",
            f"-2 ln L above its minimum; {what}.",
            [*along, writer.column("-2 Delta ln L", scan.q.ravel())],
        )
    if len(scan.names) == 1:
        pieces = scan.intervals
        if pieces:
            writer.table(
                f"Intervals {number}",
                f"Allowed values of {scan.names[0]}; {what}.",
                [
                    writer.along("piece", list(range(1, len(pieces) + 1))),
                    writer.column("lower end", [a for a, _ in pieces], scan.units[0]),
                    writer.column("upper end", [b for _, b in pieces], scan.units[0]),
                ],
            )
        return
    if scan.raster or scan.method in ("bayes", "cls"):
        return
    curves = scan.contours().curves
    if not curves:
        return
    line = np.concatenate([np.full(len(c.x), k + 1.0) for k, c in enumerate(curves)])
    writer.table(
        f"Contour {number}",
        f"Border of the allowed region, line by line; {what}.",
        [
            writer.along("line", line.astype(int).tolist()),
            writer.along("point", list(range(1, len(line) + 1))),
            *(
                writer.column(n, np.concatenate(points), u)
                for n, u, points in zip(
                    scan.names,
                    scan.units,
                    ([c.x for c in curves], [c.y for c in curves]),
                    strict=True,
                )
            ),
        ],
    )


class HepData(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "submission to HEPData (folder)"
    takes_scans: ClassVar[bool] = True

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`; a folder that holds something else is not replaced."""
        library("hepdata_lib", _WHAT)
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file, and a submission is a folder; name a folder")
        if out.is_dir() and any(out.iterdir()) and not (out / _SUBMISSION).is_file():
            raise OutputError(
                f"{out} holds other files than a submission; name a new folder, or an empty one"
            )
        parent = Path(os.path.realpath(out)).parent
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write {out}: the folder {parent} is missing or protected")

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        writer = _Writer()
        for table in published.tables:
            _counts(writer, table, len(published.tables) > 1)
        _parameters(writer, published)
        if published.asked.interest is not None:
            _profile(writer, published)
        for number, scan in enumerate(published.scans, 1):
            _scan(writer, scan, number)
        lines, attached, record = _attachments(published)
        comment = f"{published.statement} {' '.join(lines)}"
        target = Path(os.path.realpath(out))
        temporary = target.with_name(f".{os.urandom(8).hex()}")
        try:
            _fill(temporary, writer, comment, attached)
            if target.exists():
                shutil.rmtree(target)
            temporary.replace(target)
        except OSError as error:
            raise OutputError(f"cannot write {out}: {error.strerror or error}") from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        record = {
            **published.record(),
            "format": "HEPData submission",
            "tables": [t.name for t in writer.tables],
            "attached": {name: kind for name, kind, _, _ in attached},
            **record,
        }
        return Written((out / _SUBMISSION,), tuple(lines), record)

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return (candidate.path / _SUBMISSION).is_file() or candidate.path.name == _SUBMISSION

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        path = candidate.path
        folder = path if path.is_dir() else path.parent
        try:
            text = files.read(folder / _SUBMISSION, 50_000_000).decode()
            head, *tables = list(YAML(typ="safe").load_all(text))
            rows = []
            for table in tables:
                content = YAML(typ="safe").load(
                    files.read(folder / table["data_file"], 400_000_000).decode()
                )
                columns = [
                    v["header"]["name"]
                    for kind in ("independent_variables", "dependent_variables")
                    for v in content[kind]
                ]
                size = len(content["dependent_variables"][0]["values"])
                rows.append((table["name"], table["data_file"], str(size), ", ".join(columns)))
            resources = head.get("additional_resources", [])
            attached = tuple(
                (r["location"], str(r.get("type", "")), r["description"]) for r in resources
            )
            lost = [a[0] for a in attached if not (folder / a[0]).is_file()]
        except (YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError,
                IndexError) as error:  # fmt: skip
            text = " ".join(str(error).split())[:120]
            raise DataError(
                f"is no complete submission ({type(error).__name__}: {text})", path=path
            ) from None
        if not rows:
            raise DataError("is no complete submission (it has no table)", path=path)
        if lost:
            raise DataError(f"lacks the attached {', '.join(lost)}", path=path)
        return Inspection(
            self.title,
            (str(head.get("comment", "")),),
            (
                TextTable(f"{len(rows)} tables", ("table", "file", "rows", "columns"), tuple(rows)),
                TextTable("attached", ("file", "type", "what"), attached),
            ),
            {
                "tables": {r[0]: {"file": r[1], "rows": int(r[2])} for r in rows},
                "attached": {a[0]: a[1] for a in attached},
            },
        )


_Attached = tuple[str, str, str, dict[str, Any]]
"""File name, type of HEPData, description, JSON."""


def _attachments(published: Published) -> tuple[list[str], list[_Attached], dict[str, Any]]:
    """The likelihood files, or why there is none, with the lines of their closure."""
    lines, attached, closures = [], list[_Attached](), {}
    for kind, make in (("HistFactory", workspace_content), ("HS3", hs3_content)):
        name = f"{kind.casefold()}.json"
        try:
            document, record, line = make(published)
        except InputError as error:
            if published.options.strict:
                raise
            lines.append(f"No {kind} file is attached: {error}.")
            continue
        lines.append(f"{kind} closure: {line}.")
        closures[kind] = record["closure"]
        attached.append((name, kind, f"likelihood, {kind}; {line}", document))
        if kind == "HistFactory":
            said = "metadata that the HistFactory format cannot contain"
            attached.append((f"{kind.casefold()}.metadata.json", "", said, record))
    return lines, attached, {"closure": closures}


def _fill(folder: Path, writer: _Writer, comment: str, attached: Sequence[_Attached]) -> None:
    """Write all of a submission into a new folder."""
    folder.mkdir()
    submission = writer.lib.Submission()
    head: dict[str, Any] = {"comment": comment, "data_license": submission.get_license()}
    resources = []
    for name, kind, description, document in attached:
        text = json.dumps(document, indent=1, allow_nan=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
        resources.append(
            {"description": description, "location": name, **({"type": kind} if kind else {})}
        )
    if resources:
        head["additional_resources"] = resources
    yaml = YAML(typ="safe")
    yaml.explicit_start = True
    yaml.default_flow_style = False
    with (folder / _SUBMISSION).open("w", encoding="utf-8") as file:
        yaml.dump(head, file)
    for table in writer.tables:
        table.write_output(str(folder))


MODEL = HepData
