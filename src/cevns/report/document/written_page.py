"""The page of a report: put together, written, and its JSON taken out again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cevns.citations import Citations
from cevns.exceptions import InputError, MissingExtraError, OutputError
from cevns.files import check_writable, expanded, write
from cevns.records import Result, cited, head
from cevns.records.record_files import (
    DATA_ID,
    PAGES,
    checked,
    json_text,
    read_record,
    record_of_page,
    strict,
)
from cevns.report.document.origins import provenance, references
from cevns.report.document.page_elements import Part
from cevns.report.document.record_part import record_parts
from cevns.report.document.scan_sections import field_part, scan_part
from cevns.report.document.study_fit import StudyFit, fitted
from cevns.report.document.study_part import study_part
from cevns.study import Study
from cevns.study.cited_work import is_result

__all__ = ["Page", "Reported", "compose", "extract", "prepared", "settled_date"]

_FOLDER: Final = Path(__file__).parent
Reported = Study | StudyFit | Result | Mapping[str, Any] | str | Path
"""What a report can be of."""


@dataclass(frozen=True)
class Page:
    """A report.

    Args:
        title: of the page.
        html: the whole file.
        record: the JSON in it.
        failures: sentences on results that failed; they stand at the top.
        answers: what came out, a line for each result.
    """

    title: str
    html: str
    record: Mapping[str, Any]
    failures: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    def write(self, out: Path | str) -> Path:
        """Write the file whole or not at all.

        Raises:
            OutputError: if it cannot be written.
        """
        path = expanded(out)
        write(path, self.html)
        return path


def compose(*what: Reported, date: str = "", command: str = "") -> Page:
    """One page of one or several results, which needs nothing beside itself.

    Args:
        what: studies, which are fitted with their usual question; fits that `fitted` has made;
            scans and other results; the JSON of results; files: ``.h5`` of scans, ``.json`` of
            results, and names or files of experiments.
        date: of the report, ``YYYY-MM-DD`` or ``today``; by default that of ``SOURCE_DATE_EPOCH``,
            and without it none, so that the same input makes the same file.
        command: the command line that is recorded.

    Raises:
        InputError: if nothing is named, a date or a file cannot be read, or a file is no result.
        MissingExtraError: if jinja2, matplotlib or mplhep is not installed.

    Examples:
        >>> import cevns
        >>> page = compose(cevns.load("coherent-csi-2021"))
        >>> page.title
        'Fit of COHERENT CsI[Na], full exposure'
        >>> page.html.count("<script"), round(page.record["significance"], 1)
        (1, 11.5)
    """
    if not what:
        raise InputError("nothing is named; report at least one experiment or result")
    made = settled_date(date)
    template = _template()
    parts = [p for number, one in enumerate(what) for p in _parts(one, f"f{number}")]
    records = [part.record for part in parts]
    found = dict(records[0]) if len(records) == 1 else _several(records)
    entries, bibtex = references([found])
    title = parts[0].title if len(parts) == 1 else f"{len(parts)} results"
    failures = tuple(part.failure for part in parts if part.failure)
    data = json_text(found).replace("<", "\\u003c")  # nothing in it ends the element
    html = template.render(
        title=title,
        parts=parts,
        provenance=list(provenance(parts, date=made, command=command)),
        references=entries,
        bibtex=bibtex,
        data=data,
        data_id=DATA_ID,
        failures=failures,
        date=made,
    )
    return Page(title, html, found, failures, tuple(part.answer for part in parts))


def extract(path: Path | str) -> dict[str, Any]:
    """The JSON in a report, as it was put in.

    Raises:
        InputError: if the file cannot be read, or is no report of cevns.
    """
    return record_of_page(expanded(path))


def settled_date(given: str = "") -> str:
    """The date of a report: what is given, else the day of ``SOURCE_DATE_EPOCH``, else none.

    No clock is read unless ``today`` is asked for.

    Raises:
        InputError: if it is no date.

    Examples:
        >>> settled_date("2026-11-30")
        '2026-11-30'
    """
    text = given.strip()
    if text.casefold() == "today":
        return datetime.now(UTC).date().isoformat()
    if text:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise InputError(f"--date {text}: write YYYY-MM-DD, or today") from None
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not seconds:
        return ""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"SOURCE_DATE_EPOCH={seconds}: it holds seconds since 1970, a whole number"
        ) from None


def _template() -> Any:
    for package in ("jinja2", "matplotlib", "mplhep"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "report", "a report")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def _parts(one: Reported, prefix: str) -> Iterator[Part]:
    """The parts of what is reported."""
    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.scan_files import read
    from cevns.analysis.scanning.scan_record import Scan

    if isinstance(one, Study):
        yield study_part(fitted(one), prefix)
    elif isinstance(one, StudyFit):
        yield study_part(one, prefix)
    elif isinstance(one, Scan):
        yield scan_part(one, prefix)
    elif isinstance(one, FieldScan):
        yield field_part(one, prefix)
    elif isinstance(one, Result):
        yield from record_parts(strict(cited({**head(), **one.to_dict()})), prefix)
    elif isinstance(one, Mapping):
        yield from record_parts(checked(one, "this record"), prefix)
    elif not is_result(one):
        from cevns.study import load

        yield study_part(fitted(load(one)), prefix)
    else:
        file = expanded(one)
        if file.suffix.casefold() in PAGES:
            raise InputError(
                f"{file} is a report already; take its results out with 'cevns report {file} "
                "--extract --json FILE.json'"
            )
        if file.suffix.casefold() == ".json":
            record = read_record(file)
            yield from record_parts(record, prefix, file, _digest(file))
        else:
            found, digest = read(file), _digest(file)
            if isinstance(found, FieldScan):
                yield field_part(found, prefix, file, digest)
            else:
                yield scan_part(found, prefix, file, digest)


def _several(records: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON of several results, with all that is to be cited for them."""
    used = Citations.joined(Citations.read(r.get("citations", ())) for r in records)
    return cited({**head(), "citations": used.records(), "results": records})


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def prepared(out: Path | str) -> Path:
    """The file of a report; one that cannot be made or written is refused before the work.

    Raises:
        MissingExtraError: if jinja2, matplotlib or mplhep is not installed.
        OutputError: if it cannot be written, or its name is not that of an HTML file.
    """
    _template()
    path = expanded(out)
    check_writable(path)
    if path.suffix.casefold() not in ("", *PAGES):
        raise OutputError(
            f"{path}: a report is an HTML file; name one that ends in .html (a browser prints it "
            "as PDF)"
        )
    return path
