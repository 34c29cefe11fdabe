"""The JSON of a result as a part of a report: what it holds as tables, and figures made of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cevns.records.record_tables import RecordTable, tables, written
from cevns.report.document.fit_sections import (
    Beside,
    answer,
    fit_sections,
    is_fit,
    is_of_file,
    profile_section,
)
from cevns.report.document.origins import published_section
from cevns.report.document.page_elements import Part, Section, Table
from cevns.report.document.quoted_numbers import percent, plain
from cevns.report.document.record_pictures import record_pictures
from cevns.report.document.systematics_sections import systematics_section

__all__ = ["record_parts"]

_ORIGIN: Final = ("version", "engine", "seed", "physics", "overrides", "inputs", "citations")
_TIMING: Final = (
    "toys_per_second", "compile_s", "fit_s", "coverage_s", "audit_s", "wall_s", "workers",
)  # fmt: skip
"""How long it took, which is no result."""
_ROWS, _COLUMNS, _LINES = 60, 12, 16


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
    elif {"pulls", "coverage", "statuses"} <= record.keys():
        title = f"Pseudo-experiments of {record.get('title') or name}"
        said, sections = _coverage(record), list(_toys(record))
    elif {"recoil_energy_kev", "rate_per_kev", "expected"} <= record.keys():
        title = f"Expected counts of {record.get('title') or name}"
        said, sections = _counts(record), list(_rate(record))
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


def _coverage(record: Mapping[str, Any]) -> str:
    """How often the intervals of pseudo-experiments hold the true value."""
    ends = [
        f"{percent(c['fraction'])} ± {percent(c['error'])} of the {percent(c['level'])} intervals"
        for c in record["coverage"].values()
    ]
    held = f"{' and '.join(ends)} of {record['poi']} hold the true value" if ends else ""
    return "; ".join(filter(None, (f"{record['n']:,} pseudo-experiments", held)))


def _toys(record: Mapping[str, Any]) -> Iterator[Section]:
    """Pulls, coverage and how the fits ended."""
    fields = ("mean", "mean_error", "sd", "sd_error")
    truth = record.get("truth", {})
    rows = [
        (
            name,
            plain(truth.get(name), 5),
            f"{p['mean']:+.3f} ± {p['mean_error']:.3f}".replace("-", "−"),
            f"{p['sd']:.3f} ± {p['sd_error']:.3f}",
        )
        for name, p in record["pulls"].items()
    ]
    values = [(n, truth.get(n), *(p[k] for k in fields)) for n, p in record["pulls"].items()]
    note = "Pull: fitted minus true value, in fitted errors; mean 0 and width 1 are expected."
    heads = ("parameter", "true value", "mean of the pull", "width of the pull")
    full = RecordTable(("name", "truth", *fields), tuple(values))
    yield Section("Pulls", tables=[Table(heads, rows, values=full, note=note)])
    held = [
        (percent(c["level"]), f"{percent(c['fraction'])} ± {percent(c['error'])}")
        for c in record["coverage"].values()
    ]
    if held:
        name = f"intervals of {record['poi']} that hold the true value"
        yield Section("Coverage", tables=[Table(("level", name), held)])
    ended = ", ".join(f"{count:,} {how}" for how, count in record["statuses"].items() if count)
    said = [f"Fits: {ended}."]
    if record.get("template"):
        said.append(f"{record['template'][:1].upper()}{record['template'][1:]}.")
    yield Section("Fits", said)


def _counts(record: Mapping[str, Any]) -> str:
    """The expected signal and all that is expected."""
    expected, titles = record["expected"], record.get("titles", {})
    name = next(iter(expected), "")
    if not name:
        return ""
    first = f"{titles.get(name, name)}: {plain(expected[name])} expected"
    return f"{first}, {plain(sum(expected.values()))} with backgrounds" if expected else first


def _rate(record: Mapping[str, Any]) -> Iterator[Section]:
    """Expected counts, and some lines of the recoil spectrum; the CSV has all of it."""
    expected, titles = record["expected"], record.get("titles", {})
    rows = [(titles.get(n, n), plain(v, 5)) for n, v in expected.items()]
    unit = str(record.get("values_unit", "events"))
    counts = RecordTable(("component", "expected"), tuple(expected.items()))
    title = "in the analysis region" if unit == "events" else f"published values, {unit}"
    yield Section("Expected counts", tables=[Table(("component", unit), rows, title, counts)])
    energy, rates = record["recoil_energy_kev"], record["rate_per_kev"]
    if energy:
        every = tuple(zip(energy, *rates.values(), strict=True))
        some = every[:: max(1, len(every) // _LINES)]
        shown = Table(
            ("T / keVnr", *rates),
            [[plain(v) for v in row] for row in some],
            "recoils per keVnr in the exposure, before efficiency",
            RecordTable(("recoil_energy_kev", *rates), every),
            0,
            f"Every {max(1, len(every) // _LINES)}th energy; the CSV holds all of them.",
        )
        yield Section("Recoil spectrum", tables=[shown])
    section = record.get("flux_averaged_cm2")
    if section is not None:
        mean = plain(section / 1e-40)
        said = f"Flux-averaged cross section: {mean} × 10⁻⁴⁰ cm², mean over flavours and nuclei."
        yield Section("Cross section", [said])


def _tables(record: Mapping[str, Any]) -> Iterator[Table]:
    """What a record holds, the long parts of it in the CSV alone."""
    left_out = {*_ORIGIN, *_TIMING, "reproduce"}
    own = {k: v for k, v in record.items() if k not in left_out}
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
    if is_fit(record) and is_of_file(record):
        code = {"Command line": _fit_of_file(record), "Python, to read the result": reading}
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


def _fit_of_file(record: Mapping[str, Any]) -> str:
    """The command that fits a likelihood file; its result has all that was asked."""
    words = ["cevns", "fit", record["inputs"]["files"][0]["name"]]
    words += [w for k, v in record["choices"].items() for w in ("--set", f"{k}={v}")]
    poi, parameters = record.get("poi"), record["parameters"]
    words += ["--poi", poi["name"]] if poi else []
    held = {n: p["value"] for n, p in parameters.items() if p["fixed"]}
    words += [w for n, v in held.items() for w in ("--fix", f"{n}={v!r}")]
    scanned = {n for n, p in parameters.items() if p["error_up"] or p["error_down"]}
    if scanned - {poi["name"] if poi else ""}:
        words += ["--minos", "all"]
    elif poi and not scanned and not poi["fixed"]:
        words += ["--minos", "none"]
    words += ["--asimov"] if record["asimov"] else []
    return shlex.join(words)
