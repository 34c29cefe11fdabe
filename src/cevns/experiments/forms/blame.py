"""Which field of a section a model refuses, where its sentence is about the model as a whole."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from cevns.exceptions import CevnsError, InputError, UnknownNameError
from cevns.units import unit_of

__all__ = ["refused"]

_TRIES = 10
"""Mistakes of one model that are looked for; each takes as many tries as it has fields."""


def refused(model: Any, fields: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """What a model says against its fields, and which field each sentence is about.

    A field is to blame if the sentence goes away, and no new one comes in, once the field has its
    default, or another number where it has none. Where two are, it is the one that the sentence
    names; where none is, no field is. What is to blame is replaced, and the model is made again.

    Args:
        model: a dataclass.
        fields: values by name, each of its type.

    Returns:
        Field and sentence, in the order in which the model looks; none if it takes the fields.

    Examples:
        >>> from cevns.detectors.resolution.gaussian import MODEL
        >>> [name for name, _ in refused(MODEL, {"constant": -0.1})]
        ['constant']
    """
    known = {f.name: f for f in dataclasses.fields(model)}
    hints = get_type_hints(model, include_extras=True)
    given = dict(fields)
    found: list[tuple[str | None, str]] = []
    while (wrong := _refusal(model, given)) is not None and len(found) < _TRIES:
        said = str(wrong)
        after: dict[str, tuple[dict[str, Any], bool]] = {}
        for name in given:
            for other in _others(known[name], hints[name], given, wrong):
                rest = _refusal(model, other)
                if rest is None or (name not in after and str(rest) != said):
                    after[name] = other, rest is None
                if rest is None:
                    break
        changed = [n for n, (_, cured) in after.items() if cured] or [*after]
        if len(changed) > 1:
            words = set(re.findall(r"[a-z0-9]+", said.casefold()))
            named = [n for n in changed if n.split("_")[0] in words]
            changed = named if len(named) == 1 else []
        if changed:
            found.append((changed[0], said))
            given = after[changed[0]][0]
            continue
        if not found:  # what is said of replaced fields is no mistake of the file
            found.append((None, said))
        break
    return found


def _refusal(model: Any, fields: Mapping[str, Any]) -> Exception | None:
    """What a model says against these fields; None if it takes them."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(model).validate_python(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        cause = first.get("ctx", {}).get("error")
        return cause if isinstance(cause, Exception) else InputError(str(first["msg"]))
    except CevnsError as error:
        return error
    return None


def _others(
    field: dataclasses.Field[Any], hint: Any, given: Mapping[str, Any], wrong: Exception
) -> Iterator[dict[str, Any]]:
    """The fields with other values of one: a known name, another number, the default."""
    name, value = field.name, given[field.name]
    if isinstance(wrong, UnknownNameError) and wrong.known and value == wrong.name:
        yield {**given, name: wrong.known[0]}
        return
    number = _one(hint)
    if number is not None:
        yield {**given, name: number}
    if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING:
        yield {n: v for n, v in given.items() if n != name}


def _one(hint: Any) -> str | float | None:
    """The number one, as a file writes it for a field; None for a field that is no number."""
    if get_origin(hint) in (Union, UnionType):
        return next((n for n in map(_one, get_args(hint)) if n is not None), None)
    unit = unit_of(hint)
    if unit is not None and get_args(hint)[0] is float:
        return f"1 {unit.symbol}" if unit.symbol else 1.0
    return 1.0 if hint is float else None
