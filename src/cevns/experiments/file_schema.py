"""The JSON schema of experiment files, with which an editor completes and checks them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from cevns import registry
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.units import unit_of, written_names

__all__ = ["file_schema"]

_KINDS: Mapping[tuple[str, str], str] = {
    ("", "source"): "sources",
    ("ComponentEntry", "source"): "sources",
    ("Source", "arrival"): "sources.arrivals",
    ("Detector", "quenching"): "detectors.quenching",
    ("Detector", "resolution"): "detectors.resolution",
    ("Detector", "response"): "detectors.responses",
    ("Detector", "pulse_shape"): "detectors.pulse_shape",
    ("Efficiency", "energy"): "detectors.efficiency",
    ("Efficiency", "recoil"): "detectors.efficiency",
    ("Efficiency", "time"): "detectors.efficiency",
    ("ExternalEntry", "observable"): "rates.observables",
    ("Data", "statistic"): "inference.statistics",
}
"""Fields of sections whose models are found by ``kind``, and the registry of these."""


def file_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of an experiment file.

    It holds all fields with their types, and for each section with a ``kind`` the known kinds and
    the fields of their models. Rules that join several sections are those of `cevns validate`.

    Examples:
        >>> "live_time" in file_schema()["properties"]
        True
    """
    schema = ExperimentFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "cevns experiment file"
    for (section, field), package in _KINDS.items():
        properties = (schema["$defs"][section] if section else schema)["properties"]
        kinds = _kinds(f"cevns.{package}", field)
        allowed: dict[str, Any] = {"allOf": [_then(*one) for one in kinds.items()]}
        # any spelling that the registry folds to a name is one; an editor offers the names
        allowed["properties"] = {"kind": {"type": "string", "examples": [*kinds]}}
        properties[field] = {"allOf": [properties[field], allowed]}
    return schema


def _then(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What holds for one kind."""
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"properties": fields, "additionalProperties": False},
    }


def _kinds(package: str, what: str) -> dict[str, dict[str, Any]]:
    """The models of a registry, with the fields that a file may write."""
    found = {}
    for name in registry.names(package):
        model = registry.load(package, what, name).MODEL
        hints = get_type_hints(model, include_extras=True)
        fields: dict[str, Any] = {"kind": {"const": name}}
        if what == "source":
            fields["arrival"] = {}
        required = {f.name for f in dataclasses.fields(model) if f.default is dataclasses.MISSING}
        for written, field in written_names(model).items():
            fields[written] = _value(hints[field], needed=field in required)
        fields.setdefault("file", {"type": "string"})
        found[name] = fields
    return found


def _value(hint: Any, *, needed: bool) -> dict[str, Any]:
    """What an editor says of a field."""
    unit, plain = unit_of(hint), {float: "a number", int: "a whole number", str: "a text"}
    said = f"a quantity, '1 {unit.symbol}'" if unit is not None else plain.get(hint, "")
    return {"description": "; ".join(s for s in (said, "" if needed else "optional") if s)}
