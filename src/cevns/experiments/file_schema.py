"""The JSON schema of experiment files, with which an editor completes and checks them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_type_hints

from cevns import registry
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.forms.section import Section
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
    _describe(schema)
    for section, field, names in _choices():
        properties = schema["$defs"][section]["properties"]
        properties[field] = {**_without_type(properties[field]), **names}
    for (section, field), package in _KINDS.items():
        properties = (schema["$defs"][section] if section else schema)["properties"]
        kinds = _kinds(f"cevns.{package}", field)
        allowed: dict[str, Any] = {"allOf": [_then(*one) for one in kinds.items()]}
        # any spelling that the registry folds to a name is one; an editor offers the names
        allowed["properties"] = {"kind": {"type": "string", "examples": [*kinds]}}
        said = {k: v for k, v in properties[field].items() if k == "description"}
        properties[field] = {**said, "allOf": [properties[field], allowed]}
    return schema


def _choices() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Fields of sections that take a name of a registry: section, field and what they allow."""
    from cevns.nuclear.couplings import coupling_schemes
    from cevns.nuclear.nuclides import nuclides

    elements = dict.fromkeys(re.sub("[0-9]", "", n.name) for n in nuclides())
    one = "|".join(sorted(elements, key=len, reverse=True))
    yield "Interaction", "couplings", _one_of(coupling_schemes())
    yield "Interaction", "form_factor", _one_of(registry.names("cevns.nuclear.form_factors"))
    processes = _one_of(registry.names("cevns.processes"))
    # several with a plus, and what models take as arguments in their names
    yield "Interaction", "kind", {"anyOf": [processes, {"type": "string", "pattern": "[+:(]"}]}
    formula = f"^(?:(?:{one}|D|[()])[0-9.]*)+$"
    yield "Target", "material", {"type": "string", "pattern": formula}


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    """One of some names, in lower case too."""
    return {"enum": [*dict.fromkeys(s for n in names for s in (n, n.casefold()))]}


def _without_type(field: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in field.items() if k != "type"}


def _facilities() -> list[str]:
    from cevns.sources.facilities.pion_facility import facilities

    return [*facilities(), ""]


_NAMES: Mapping[tuple[str, str, str], Callable[[], Iterable[str]]] = {
    ("cevns.sources", "stopped-pion", "facility"): _facilities,
    ("cevns.sources", "reactor", "spectra"): lambda: registry.names(
        "cevns.sources.reactor_spectra"
    ),
}
"""Fields of models that take the name of something that is listed: registry, model, field."""


def _describe(schema: dict[str, Any]) -> None:
    """Give the fields of all sections what the documentation of these says of them."""
    sections = {"": ExperimentFile, **{s.__name__: s for s in _subclasses(Section)}}
    for name, section in sections.items():
        holder = schema["$defs"].get(name) if name else schema
        for field, content in (holder or {}).get("properties", {}).items():
            if said := _said_of(section, field):
                content.setdefault("description", said)


def _subclasses(of: type) -> Iterator[type]:
    direct: list[type] = of.__subclasses__()
    for one in direct:
        yield one
        yield from _subclasses(one)


def _said_of(model: type, field: str) -> str:
    """What the documentation of a class says of a field: in its arguments, or a sentence."""
    for one in model.__mro__:
        text = inspect.getdoc(one) if "__doc__" in vars(one) and one.__doc__ else ""
        if said := _arguments(text or "").get(field):
            return said
        body = " ".join((text or "").partition("Args:")[0].split())
        told = [s for s in re.split(r"(?<=[.;]) ", body) if f"``{field}``" in s]
        if told:
            return _plain(told[0])
    return ""


def _arguments(text: str) -> dict[str, str]:
    """The arguments that a docstring describes."""
    found = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        return {}
    parts = re.split(r"^ {4}(\w+): ", found.group(1), flags=re.MULTILINE)
    return {n: _plain(" ".join(t.split())) for n, t in zip(parts[1::2], parts[2::2], strict=True)}


def _plain(text: str) -> str:
    return text.replace("`", "").rstrip(".;")


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
            said = _said_of(model, field)
            fields[written] = _value(hints[field], said, needed=field in required)
            if (package, name, written) in _NAMES:
                fields[written] |= _one_of(_NAMES[package, name, written]())
        fields.setdefault("file", {"type": "string"})
        found[name] = fields
    return found


def _value(hint: Any, said: str, *, needed: bool) -> dict[str, Any]:
    """What an editor says of a field."""
    unit, plain = unit_of(hint), {float: "a number", int: "a whole number", str: "a text"}
    form = f"a quantity, '1 {unit.symbol}'" if unit is not None else plain.get(hint, "")
    parts = (said, form, "" if needed else "optional")
    return {"description": "; ".join(s for s in parts if s)}
