"""Finding experiment files, by name from the catalogue or by path, and checking them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cevns.exceptions import InputError, SchemaError, UnknownNameError
from cevns.experiments.declaration.document import Document, Location, nearest, parse
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.forms.misfits import MisfitError
from cevns.files import expanded
from cevns.registry import canonical

__all__ = [
    "CATALOGUE",
    "COMBINATION",
    "catalogue",
    "checked",
    "combinations",
    "find",
    "in_channels",
    "keeping",
    "schema_error",
    "schema_errors",
    "texts",
    "validate",
    "with_variant",
]

T = TypeVar("T", bound=BaseModel)
CATALOGUE = Path(__file__).parents[1] / "catalogue"
_OWN = ("target", "detector", "axes")
"""Sections that a channel may have of its own (`sections.ChannelEntry`)."""
COMBINATION = "combination"
"""The section that makes a file one of several experiments (`combination.read_combination`)."""


def catalogue() -> tuple[str, ...]:
    """Names of the experiments the package ships."""
    return tuple(sorted(p.stem for p in CATALOGUE.glob("*.yaml")))


def combinations() -> tuple[str, ...]:
    """Names of the combinations the package ships.

    Examples:
        >>> "global" in combinations()
        True
    """
    return tuple(sorted(p.stem for p in (CATALOGUE / "combinations").glob("*.yaml")))


def find(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """The file behind a catalogue name or a path, which may be relative to a folder.

    A shipped name is a name, whatever lies in the working folder (often the release of that
    name); anything else with a path separator or a YAML suffix, or that exists, is a path.

    Raises:
        UnknownNameError: if no experiment of that name is shipped.
        InputError: if the path does not exist or is a folder.
    """
    text = str(name_or_path)
    if canonical(text) in catalogue():
        return CATALOGUE / f"{canonical(text)}.yaml"
    if canonical(text) in combinations():
        return CATALOGUE / "combinations" / f"{canonical(text)}.yaml"
    path = (folder or Path()) / expanded(text)
    if _is_path(text) or path.exists():
        if path.is_dir():
            raise InputError(f"{path} is a folder; name the experiment's YAML file in it")
        if not path.exists():
            raise InputError(f"there is no experiment file {path}; check the path")
        return path
    meant = _short_names().get(canonical(text), ())
    apart = ("combinations", combinations())
    raise UnknownNameError("experiment", text, catalogue(), meant, apart)


def _short_names() -> dict[str, tuple[str, ...]]:
    """What members of the shipped combinations are called there, and their experiments."""
    found: dict[str, tuple[str, ...]] = {}
    for name in combinations():
        members = parse(CATALOGUE / "combinations" / f"{name}.yaml").values[COMBINATION]
        for short, member in members.items():
            if "experiment" in member:
                for each in (short, *member.get("also", ())):
                    found[canonical(each)] = (member["experiment"],)
    return found


def _is_path(text: str) -> bool:
    """Whether a text can only be a path: it has a separator or the suffix of YAML."""
    return "/" in text or Path(text).suffix.casefold() in {".yaml", ".yml"}


def texts(overrides: Mapping[str, str] | None) -> dict[str, str]:
    """Changed fields and their values, which are texts as behind ``--set``.

    Raises:
        InputError: if one is something else.
    """
    if overrides is None:
        return {}
    how = "give fields and values as texts, overrides={'target.mass': '20 kg'}"
    if not isinstance(overrides, Mapping):
        raise InputError(f"overrides={overrides!r}: {how}")
    for field, value in overrides.items():
        if not all(isinstance(text, str) for text in (field, value)):
            raise InputError(f"overrides: {field!r} is given the value {value!r}; {how}")
    return dict(overrides)


def with_variant(document: Document, overrides: Mapping[str, str]) -> dict[str, str]:
    """Changed fields with those of a variant of the file, where one is asked for.

    A field that is changed beside the variant has the last word.

    Raises:
        UnknownNameError: if the file has no such variant.

    Examples:
        >>> file = Document(Path("my.yaml"), {"variants": {"heavy": {"target.mass": "2 kg"}}}, None)
        >>> with_variant(file, {"variant": "heavy"})
        {'target.mass': '2 kg', 'variant': 'heavy'}
    """
    out = dict(overrides)
    name = out.pop("variant", None)
    if name is None:
        return out
    known = document.values.get("variants") or {}
    if name not in known:
        raise UnknownNameError("variant", name, known)
    # JSON is YAML: a section in a variant is written as any value behind --set is
    changes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in known[name].items()}
    return {**changes, **out, "variant": name}


def in_channels(document: Document, overrides: Mapping[str, str]) -> dict[str, str]:
    """Changes of fields, and the same where channels have a section of their own with that field.

    A change of one channel, ``channels.NAME.target.mass``, has the last word there; a whole
    section is changed at its own place alone.

    Examples:
        >>> values = {"target": {"mass": "1 kg"}, "channels": {"b": {"target": {"mass": "3 kg"}}}}
        >>> file = Document(Path("my.yaml"), values, None)
        >>> in_channels(file, {"target.mass": "2 kg"})
        {'target.mass': '2 kg', 'channels.b.target.mass': '2 kg'}
    """
    out = dict(overrides)
    # channels that a change replaces as a whole are not those of the file any more
    channels = None if "channels" in overrides else document.values.get("channels")
    for key, text in overrides.items():
        for name, entry in channels.items() if isinstance(channels, Mapping) else ():
            own = f"channels.{name}.{key}"
            if own not in overrides and "." in key and _has(document, entry, key):
                out[own] = text
    return out


def _has(document: Document, entry: Any, key: str) -> bool:
    """Whether a section of a channel's own has a field, or the one above it as the file does."""
    section = key.partition(".")[0]
    if section not in _OWN or not isinstance(entry, Mapping) or section not in entry:
        return False
    inside = replace(document, values=entry).reaches(key)
    return inside == 0 or inside == 1 == document.reaches(key)


def validate(document: Document) -> ExperimentFile:
    """Check a parsed file against the schema.

    Raises:
        SchemaError: for the first slip, with file, line and field.
    """
    if COMBINATION in document.values:
        raise document.error(
            "this is a combination of experiments, not one; open it with cevns.load", [COMBINATION]
        )
    return checked(ExperimentFile, document)


def checked(model: type[T], document: Document) -> T:
    """A parsed file as the model of its schema.

    Raises:
        SchemaError: for the first slip, with file, line and field.
    """
    try:
        return model.model_validate(document.values)
    except ValidationError as error:
        raise schema_error(error, document, model=model) from None


def keeping(known: Any, changed: Any) -> Any:
    """A changed declaration with the sections of a known one where they are equal, the same ones.

    Stages of a prediction know the sections that they follow from by identity
    (`cevns.experiments.prediction.built_once`).

    Examples:
        >>> file = validate(parse(find("coherent-csi-2021")))
        >>> keeping(file, validate(parse(find("coherent-csi-2021")))).detector is file.detector
        True
    """
    if known == changed:
        return known
    if isinstance(known, BaseModel) and type(known) is type(changed):
        names = changed.model_fields_set & type(changed).model_fields.keys()
        same = {n: keeping(getattr(known, n), getattr(changed, n)) for n in names}
        return changed.model_copy(update=same)
    if isinstance(known, dict) and isinstance(changed, dict):
        return {n: keeping(known.get(n), value) for n, value in changed.items()}
    return changed


def schema_error(
    error: Any,
    document: Document,
    prefix: Location = (),
    *,
    names: Mapping[str, str] | None = None,
    model: Any = ExperimentFile,
) -> SchemaError:
    """Turn pydantic's first complaint into one sentence with file, line and field.

    Args:
        error: a pydantic ``ValidationError``.
        document: the file.
        prefix: where in the file the checked section is.
        names: fields of the model to their names in the file, where they differ.
        model: the schema of the whole file.
    """
    first, *others = (e for _, e in _complaints(error, document, prefix, names or {}, model))
    first.others = tuple(others)
    return first


def schema_errors(
    error: Any, document: Document, *, model: Any = ExperimentFile
) -> list[tuple[Location, SchemaError]]:
    """All complaints of pydantic as `schema_error` has the first, with their places in the file."""
    return _complaints(error, document, (), {}, model)


def _complaints(
    error: Any, document: Document, prefix: Location, names: Mapping[str, str], model: Any
) -> list[tuple[Location, SchemaError]]:
    every = [one for each in error.errors(include_url=False) for one in _each(each)]
    located = [(one, _location(one, document, prefix, names)) for one in every]
    out: dict[tuple[Location, str], Mapping[str, Any]] = {}
    for one, location in located:
        form = one["loc"][:-1]
        if one["type"].endswith("_type") and len(location) == len(prefix) + len(form):
            # of the forms that a field may have, that is said which fits but for its value
            beside = [(e, at) for e, at in located if e["loc"][: len(form)] == form]
            if any(not e["type"].endswith("_type") or len(at) > len(location) for e, at in beside):
                continue
            out[location, ""] = one
        # what joins several fields may be said more than once at a place
        out.setdefault((location, one["msg"] if one["type"] == _MISFIT else ""), one)
    return [(at, document.error(_sentence(one, at, model), at)) for (at, _), one in out.items()]


_MISFIT = "misfit"
"""The type of a complaint that stands for one of several `MisfitError` of a check."""


def _each(error: Any) -> list[dict[str, Any]]:
    """A complaint of pydantic; each misfit of a check as one of its own."""
    cause = (error.get("ctx") or {}).get("error")
    if not isinstance(cause, MisfitError):
        return [error]
    every = (cause, *cause.others)
    return [
        {**error, "type": _MISFIT, "msg": str(m), "loc": (*error["loc"], *m.place)} for m in every
    ]


def _location(
    error: Mapping[str, Any], document: Document, prefix: Location, names: Mapping[str, str]
) -> tuple[int | str, ...]:
    """Where in the file a complaint is about."""
    location: list[str | int] = list(prefix)
    for number, key in enumerate(error["loc"], 1):
        step = names.get(key, key)
        lacking = number == len(error["loc"]) and error["type"] in _OF_FIELDS
        # a field with several forms has their names in between, which the file does not have
        if lacking or document.holds([*location, step]):
            location.append(step)
    return tuple(location)


_EXPOSURE = (
    "mass times time is not declared: give 'target.mass' and 'live_time', the days of data; the "
    "'exposure' of a channel is a number, how long it is in units of 'live_time'"
)
_OF_FIELDS = ("missing", "extra_forbidden", "unexpected_keyword_argument")
_WANTED = {
    "missing": "this field is missing",
    "string_type": "expected a text",
    "path_type": "expected a path",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "list_type": "expected a list, [..., ...]",
    "tuple_type": "expected a list, [..., ...]",
    "dict_type": "expected a section of 'field: value'",
    "mapping_type": "expected a section of 'field: value'",
    "model_type": "expected a section of 'field: value'",
    "dataclass_type": "expected a section of 'field: value'",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "needs at least {min_length} entries",
    "too_long": "may have {max_length} entries at most",
    "literal_error": "expected {expected}",
}


def _sentence(error: Mapping[str, Any], location: Location, model: Any) -> str:
    kind = error["type"]
    if "exposure" in location[-1:] and kind in ("extra_forbidden", "float_parsing", "float_type"):
        return _EXPOSURE if kind == "extra_forbidden" else f"expected a number; {_EXPOSURE}"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known_fields([str(k) for k in location[:-1]], model)
        return f"there is no such field; {nearest(str(location[-1]), known, 'known here:')}"
    if kind not in _WANTED:
        # our own sentences, and what a quantity says of itself
        return str(error["msg"]).removeprefix("Value error, ").removeprefix("value: ")
    text = _WANTED[kind].format(**error.get("ctx", {}))
    if kind == "missing":
        return text
    if kind == "too_long" or kind == "too_short":
        return f"{text}, got {len(error['input'])}"
    shown = repr(error["input"])
    return f"{text}, got {shown if len(shown) <= 60 else shown[:56] + ' ...'}"


def _known_fields(location: Location, model: Any) -> list[str]:
    """Field names the schema knows at a place, for the nearest-name hint."""
    for key in location:
        fields = getattr(model, "model_fields", {})
        if key in fields:
            model = fields[key].annotation
        for argument in getattr(model, "__args__", ()):
            if isinstance(argument, type) and issubclass(argument, BaseModel):
                model = argument
                break
    fields = getattr(model, "model_fields", {})
    return [f.alias or name for name, f in fields.items()]
