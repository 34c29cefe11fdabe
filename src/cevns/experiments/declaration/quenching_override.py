"""Another quenching curve in the place of the declared one: ``detector.quenching=@fit.yaml``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from cevns.detectors.quenching import Quenching, section
from cevns.exceptions import InputError, SchemaError
from cevns.experiments.declaration.builder import build
from cevns.experiments.declaration.document import Document, parse
from cevns.experiments.forms.section import Component
from cevns.files import expanded

__all__ = ["FIELD", "read_quenching", "replaced", "split", "without_idle_pulls"]

FIELD = "detector.quenching"


def replaced(document: Document, curve: Quenching, said: str = "") -> tuple[Document, str]:
    """A file with another curve, and how the change is echoed in results.

    It is replaced in channels too that have the same curve in a detector of their own. The
    parameters that acted on the declared curve go; each variation of the new one becomes a
    parameter of its name.

    Args:
        document: the file.
        curve: the model.
        said: how the change is echoed; by default by its kind.
    """
    values: dict[str, Any] = copy.deepcopy(dict(document.values))
    written, declared = section(curve), values["detector"].get("quenching")
    values["detector"]["quenching"] = written
    for entry in (values.get("channels") or {}).values():
        detector = entry.get("detector") or {}
        if declared is not None and detector.get("quenching") == declared:
            detector["quenching"] = written
    new = {
        name: {
            "constraint": "0 +/- 1",
            "acts_on": "quenching",
            "shared": True,
            "description": f"eigen-variation {name.rpartition('.')[2]} of the quenching curve",
        }
        for name in curve.variation_names
    }
    parameters: dict[str, Any] = {}
    for name, entry in (values.get("parameters") or {}).items():
        if entry.get("acts_on") == "quenching":
            parameters |= new  # in place of the old ones
        else:
            parameters[name] = entry
    values["parameters"] = parameters | new
    echo = said or f"{{kind: {written['kind']}, ...}}"
    return replace(document, values=values, changes={**document.changes, FIELD: echo}), echo


def without_idle_pulls(document: Document, overrides: Mapping[str, str]) -> Document:
    """A changed file; where a whole curve was changed, without pulls that move no curve any more.

    A pull of the file moved the declared curve: Lindhard's k is nothing of a table of factors.

    Args:
        document: the file with its changes.
        overrides: the changes.
    """
    parameters = document.values.get("parameters")
    if FIELD not in overrides or not isinstance(parameters, Mapping):
        return document
    places = [document.values, *(document.values.get("channels") or {}).values()]
    curves = [((p or {}).get("detector") or {}).get("quenching") for p in places]
    moved = {n for c in curves if isinstance(c, Mapping) for n in c.get("variations") or ()}
    kept = {
        name: entry
        for name, entry in parameters.items()
        if name in moved or not isinstance(entry, Mapping) or entry.get("acts_on") != "quenching"
    }
    return replace(document, values={**document.values, "parameters": kept})


def read_quenching(path: Path | str) -> Quenching:
    """The model of a YAML file with a ``quenching:`` section, as ``cevns quenching`` writes it.

    Raises:
        SchemaError: if there is no such section, or it is not usable.
        InputError: if the file cannot be read.
    """
    document = parse(expanded(path))
    written = document.values.get("quenching")
    if not isinstance(written, dict) or "kind" not in written:
        raise SchemaError("needs a section 'quenching:' with a 'kind'", path=document.path)
    component = Component.model_validate(written)
    built = build(document, "cevns.detectors.quenching", ("quenching",), component)
    return cast("Quenching", built)


def split(overrides: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Fields to change, apart from a curve in a file (``detector.quenching=@fit.yaml``).

    Raises:
        InputError: if no file is named behind the ``@``.
    """
    rest = dict(overrides)
    text = rest.get(FIELD, "")
    if not text.startswith("@"):
        return rest, None
    if len(text) == 1:
        raise InputError(f"--set {FIELD}=@: name a file, for example {FIELD}=@csi.yaml")
    return rest, rest.pop(FIELD)
