"""Results that commands of cevns write with ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cevns.likelihood_files.file_format import Candidate, FileFormat, Inspection, TextTable

__all__ = ["MODEL", "ResultJson"]

_LONG = 60


class ResultJson(FileFormat):
    """See the module."""

    title: ClassVar[str] = "result of cevns (JSON)"

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`: each record has the version and what computed it."""
        return {"version", "engine", "seed"} <= set(candidate.json)

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        found = candidate.json
        rows = tuple((name, _kind(value), _short(value)) for name, value in found.items())
        tables = [TextTable("fields", ("field", "what", "value"), rows)]
        fitted = found.get("parameters")
        if isinstance(fitted, Mapping):
            own = [
                (
                    str(n),
                    f"{p['value']:.6g}",
                    f"{p.get('error') or 0.0:.4g}",
                    str(p.get("unit", "")),
                )
                for n, p in fitted.items()
                if isinstance(p, Mapping) and isinstance(p.get("value"), int | float)
            ]
            if own:
                heads = ("parameter", "value", "error", "unit")
                tables.append(TextTable("parameters", heads, tuple(own)))
        names = found.get("experiment") or ", ".join(found.get("experiments") or ())
        lines = (f"cevns {found['version']}, engine {found['engine']}", str(names))
        return Inspection(
            self.title, tuple(x for x in lines if x), tuple(tables), {"fields": list(found)}
        )


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{len(value)} fields"
    if isinstance(value, list):
        return f"{len(value)} values"
    return "none" if value is None else type(value).__name__


def _short(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return ""
    text = str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


MODEL = ResultJson
