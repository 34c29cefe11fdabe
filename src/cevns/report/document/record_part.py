"""The JSON of a result as a part of a report: what it holds as tables, and figures made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cevns.records.record_tables import RecordTable, tables, written
from cevns.report.document.fit_sections import (
    Beside,
    answer,
    fit_sections,
    is_fit,
    profile_section,
)
from cevns.report.document.origins import published_section
from cevns.report.document.page_elements import Part, Section, Table
from cevns.report.document.record_pictures import record_pictures
from cevns.report.document.systematics_sections import systematics_section

__all__ = ["record_parts"]

_ORIGIN: Final = ("version", "engine", "seed", "physics", "overrides", "inputs", "citations")
_ROWS, _COLUMNS = 60, 12


def record_parts(
    record: Mapping[str, Any], prefix: str, file: Path | None = None, digest: str = ""
) -> Iterator[Part]:
    """The parts of a record: one, or those that a report of several results has.

    Args:
        record: what ``--json`` writes.
        prefix: of the names in its figures.
        file: where it was read from.
        digest: SHA-256 of that.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    results = record.get("results")
    if isinstance(results, list):
        for number, each in enumerate(results):
            yield from record_parts(each, f"{prefix}-{number}", file, digest)
        return
    inputs = {} if file is None else {file.name: digest}
    name, failure = _name(record), ""
    if record.get("failure"):
        failure = f"The fit did not converge, so there is no result: {record['failure']}."
    elif record.get("valid") is False:
        failure = f"The fit is not valid: {record.get('diagnosis') or 'it did not converge'}."
    elif record.get("refused"):
        failure = f"This result is not to be used: {record['refused']}."
    title, said, sections = f"Result: {name}", "", []
    if is_fit(record):
        beside = Beside(record_pictures(record, prefix, record.get("title") or name))
        title, said = f"Fit of {record.get('title') or name}", answer(record)
        sections = [*fit_sections(record, beside), published_section(record)]
    elif "delta_chi2" in record and "parameter" in record:
        beside = Beside(record_pictures({"profile": record}, prefix, name))
        title = f"Profile of {record['parameter']}: {name}"
        sections = [profile_section(record, beside)]
    elif isinstance(record.get("systematics"), list):
        title = f"Systematic uncertainties of {name}"
        sections = [systematics_section(record)]
    else:
        sections = [Section("Tables of the result", tables=list(_tables(record)))]
    again = _reproduce(record, "result.json" if file is None else file.name)
    yield Part(title, said, sections, record, again, failure, inputs)


def _name(record: Mapping[str, Any]) -> str:
    """What a result is of."""
    named = record.get("combination") or record.get("experiment") or record.get("experiments")
    if isinstance(named, Mapping | list):
        return " + ".join(map(str, named))
    return str(named or record.get("name") or "a result")


def _tables(record: Mapping[str, Any]) -> Iterator[Table]:
    """What a record holds, the long parts of it in the CSV alone."""
    own = {k: v for k, v in record.items() if k not in _ORIGIN and k != "reproduce"}
    for name, found in tables(own).items():
        shown = [i for i in range(len(found.columns)) if not i or not found.is_empty(i)]
        shown = shown[:_COLUMNS]
        rows = [[written(row[i]) for i in shown] for row in found.rows[:_ROWS]]
        names = [i for i in shown if found.is_text(i)]
        left = 0
        while left < len(shown) and shown[left] in names:
            left += 1
        more = len(found.rows) - _ROWS
        note = f"The CSV holds {more} further rows." if more > 0 else ""
        heads = [found.columns[i] for i in shown]
        yield Table(heads, rows, name, RecordTable(found.columns, found.rows), left, note)


def _reproduce(record: Mapping[str, Any], file: str) -> Section:
    """What the record says of how it is made; a plain result does not."""
    known = record.get("reproduce")
    reading = f"import json\n\nresult = json.load(open({file!r}))"
    if isinstance(known, Mapping):
        code = {"Command line": str(known["command"]), "Python": str(known["python"])}
        return Section("", code=code)
    return Section(
        "",
        [
            (
                "The JSON of a result holds its experiment, its question, physics and changed "
                "fields, which stand under Provenance, and not its command line."
            )
        ],
        code={"Python, to read it": reading},
    )
