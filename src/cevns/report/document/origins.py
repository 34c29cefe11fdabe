"""Where a report comes from: published numbers, provenance, bibliography."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any, Final

from cevns.citations import Citations
from cevns.citations.plain_text import identified
from cevns.records import VERSION
from cevns.records.record_tables import RecordTable
from cevns.report.document.page_elements import Part, Section, Table
from cevns.reproduction.rows_of_fit import rows_of_fit

__all__ = ["Reference", "commit", "provenance", "published_section", "references"]

_PROGRAMS: Final = ("numpy", "scipy", "iminuit", "matplotlib")
_FOLDER: Final = re.compile(r"(?<!\S)\S*/(?=[^/\s]+: )")
"""Of a file at the beginning of a sentence: where it lies is nobody's concern."""
Reference = tuple[str, tuple[tuple[str, str], ...], str]
"""An entry as text, its links (name and address), and what it was used for."""


def published_section(record: Mapping[str, Any]) -> Section:
    """Published numbers beside those of a fit, with the reasons of differences.

    Args:
        record: of the fit.
    """
    found = rows_of_fit(record)
    title = "Published numbers"
    if not found:
        return Section(
            title,
            [
                (
                    "No published number is compared with this fit: 'cevns reproduce' has none of "
                    "this experiment, question, data and fields as they are here."
                )
            ],
        )
    rows, raw, notes = [], [], []
    for row in found:
        p = row.published
        if row.reason and row.reason not in notes:
            notes.append(row.reason)
        number = f" [{notes.index(row.reason) + 1}]" if row.reason else ""
        quantity = p.quantity + (f" ({p.unit})" if p.unit else "")
        difference = "" if row.difference is None else f"{row.difference:+.2f}".replace("-", "−")
        rows.append(
            (
                quantity,
                row.published_text,
                row.ours_text,
                difference,
                row.verdict + number,
                p.source,
            )
        )
        fields = row.to_dict()
        raw.append(tuple(fields[k] for k in _PUBLISHED))
    table = Table(
        ("quantity", "published", "here", "difference/σ", "verdict", "source"),
        rows,
        "",
        RecordTable(_PUBLISHED, tuple(raw)),
        1,
        "Difference: here minus published, in published errors, where there is one.",
    )
    said = [f"[{i}] {note}" for i, note in enumerate(notes, 1)]
    return Section(title, tables=[table], remarks=said)


_PUBLISHED: Final = (
    "id", "quantity", "unit", "published", "published_error_up", "published_error_down", "ours",
    "difference_sigma", "verdict", "source", "note",
)  # fmt: skip


@cache
def commit() -> str:
    """The commit of the program, with a mark where files were changed; empty where not known.

    It is that of a checkout from which the package is imported, or that which was installed.
    """
    root = Path(__file__).resolve().parents[4]
    if (root / ".git").exists() and (root / "src" / "cevns").is_dir():
        asked = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        try:
            done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return ""
        return done.stdout.strip().replace("-dirty", " with changed files")
    try:
        installed = loads(metadata.distribution("cevns").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, JSONDecodeError):
        return ""
    return str(installed.get("vcs_info", {}).get("commit_id", ""))


def provenance(parts: Iterable[Part], *, date: str, command: str) -> Iterator[Table]:
    """What made a report: programs, command, and of each part its physics and its inputs.

    Args:
        parts: of the report.
        date: as it is written there.
        command: the command line; empty from Python.
    """
    made = [("cevns", f"{VERSION}, commit {commit()}" if commit() else VERSION)]
    made.append(("command line", command or "none: written from Python"))
    made.append(("Python", platform.python_version()))
    made += [(name, _version(name)) for name in _PROGRAMS]
    made.append(("date", date or "not recorded (--date, SOURCE_DATE_EPOCH)"))
    yield Table(("", ""), made, "report", left=2)
    for part in parts:
        yield from _of_part(part)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _of_part(part: Part) -> Iterator[Table]:
    """How a result was made, and from which files."""
    record = part.record
    blocks = record.get("experiments")
    each = blocks if isinstance(blocks, Mapping) else {str(record.get("experiment", "")): record}
    seed = record.get("seed")
    made = [
        ("result of", f"cevns {record.get('version')}, engine {record.get('engine')}"),
        ("seed", "none: no random numbers" if seed is None else str(seed)),
    ]
    files: list[tuple[str, str, str]] = [("report", n, d) for n, d in part.inputs.items()]
    for name, block in each.items():
        whose = f"{name}: " if len(each) > 1 else ""
        made += [(f"{whose}{k}", str(v)) for k, v in (block.get("physics") or {}).items()]
        changed = block.get("overrides") or {}
        made += [(f"{whose}changed field {k}", str(v)) for k, v in changed.items()]
        if not changed and block.get("physics"):
            made.append((f"{whose}changed fields", "none"))
        inputs = block.get("inputs") or {}
        if inputs.get("files"):
            made.append((f"{whose}data from", str(inputs.get("origin", ""))))
        files += [(f.get("role", ""), f["name"], f["sha256"]) for f in inputs.get("files", ())]
        warnings = (_FOLDER.sub("", str(w)) for w in inputs.get("warnings", ()))
        made += [(f"{whose}warning", w) for w in warnings]
    yield Table(("", ""), made, part.title, left=2)
    if files:
        unique = list(dict.fromkeys(files))
        yield Table(("role", "file", "SHA-256"), unique, f"inputs: {part.title}", left=3)


def references(records: Iterable[Mapping[str, Any]]) -> tuple[tuple[Reference, ...], str]:
    """The bibliography of results, and the same as BibTeX.

    Args:
        records: with their ``citations``.

    Raises:
        InputError: if a record cites what is not known.
    """
    used = Citations.read(c for r in records for c in r.get("citations", ()))
    entries = tuple(
        (*identified(each), ", ".join(used.roles(key))) for key, each in used.entries.items()
    )
    return entries, used.bibtex()
