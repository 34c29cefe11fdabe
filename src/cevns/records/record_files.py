"""Records as JSON: written strictly, and read back from the files of results."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from cevns.exceptions import InputError
from cevns.files import expanded, read

__all__ = [
    "DATA_ID",
    "PAGES",
    "checked",
    "json_text",
    "read_record",
    "record_of_page",
    "strict",
]

DATA_ID: Final = "cevns-result"
"""Name of the element of a report that has its JSON."""
PAGES: Final = (".html", ".htm")
"""Suffixes of reports."""

_MOST: Final = 200_000_000
"""Bytes of a result: those of scans hold all their points."""


def strict(value: Any) -> Any:
    """Plain JSON values: NumPy becomes Python, what is not finite becomes null.

    Examples:
        >>> strict({"x": (1.0, float("inf"))})
        {'x': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(k): strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [strict(v) for v in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    from numpy import generic, ndarray

    return strict(value.tolist()) if isinstance(value, ndarray | generic) else value


def json_text(record: Mapping[str, Any]) -> str:
    """A record as the text that ``--json`` writes.

    Raises:
        ValueError: if a number is not finite; see `strict`.
    """
    return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_record(path: Path | str) -> dict[str, Any]:
    """The record in a file that ``--json`` has written.

    Raises:
        InputError: if the file cannot be read, or is no result of cevns.
    """
    file = expanded(path)

    def refuse(constant: str) -> NoReturn:
        raise InputError(f"{file} holds {constant}, which is no number of JSON")

    try:
        record = json.loads(read(file, _MOST), parse_constant=refuse)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise InputError(
            f"{file} is not valid JSON; give a file written by 'cevns ... --json'"
        ) from None
    except RecursionError:
        raise InputError(f"{file} is nested too deeply to be a result of cevns") from None
    return checked(record, str(file))


def record_of_page(path: Path | str) -> dict[str, Any]:
    """The record in a report, an HTML file that ``cevns report`` has written.

    Raises:
        InputError: if the file cannot be read, or is no report of cevns.
    """
    from html.parser import HTMLParser

    class Finder(HTMLParser):
        """Collects the text of the element with the data."""

        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []
            self._inside = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self._inside = tag == "script" and ("id", DATA_ID) in attrs

        def handle_endtag(self, tag: str) -> None:
            self._inside = self._inside and tag != "script"

        def handle_data(self, data: str) -> None:
            if self._inside:
                self.found.append(data)

    file, finder = expanded(path), Finder()
    try:
        finder.feed(read(file, _MOST).decode())
        record = json.loads("".join(finder.found))
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise InputError(
            f"{file} holds no result: give an HTML file that 'cevns report' has written"
        ) from None
    return checked(record, str(file))


def checked(record: Any, where: str) -> dict[str, Any]:
    """A record, if it is one of cevns.

    Args:
        record: what was read.
        where: where it is from, for the message.

    Raises:
        InputError: if it lacks the fields that every result has.
    """
    fields = set(record) if isinstance(record, Mapping) else set()
    if "distributions" in fields or {"channels", "measurements", "observations"} <= fields:
        raise InputError(
            f"{where} is a likelihood file and no result: 'cevns fit {where} --json FIT.json' fits "
            "it and writes one"
        )
    if not isinstance(record, Mapping) or not {"version", "engine"} <= record.keys():
        raise InputError(
            f"{where} is not a result of cevns: it lacks the fields 'version' and 'engine' that "
            "every --json has"
        )
    return dict(record)
