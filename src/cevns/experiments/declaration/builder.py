"""From a section of an experiment file to the model it names.

A section with a ``kind`` is read by the dataclass that the module of that name offers as
``MODEL``: its fields are the section's fields, quantities carry units (`cevns.units.Unit`), and
what the dataclass refuses is reported with file, line and field. Files are named relative to the
experiment file; where the model can be read from a CSV (``from_csv``), ``file: curve.csv`` stands
in place of its numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self, get_args, get_type_hints, runtime_checkable

from cevns import registry
from cevns.exceptions import CevnsError, DataError, InputError, SchemaError, UnknownNameError
from cevns.experiments.declaration.document import Document, Location, nearest
from cevns.experiments.declaration.loader import schema_error
from cevns.experiments.forms.blame import refused
from cevns.experiments.forms.section import Component
from cevns.units import computable, unit_of, written_names

__all__ = ["build"]


def _beyond(value: Any) -> float | None:
    """A number in a value, or in its list or section, that is too large or too small; or None."""
    if isinstance(value, list | Mapping):
        inside = value.values() if isinstance(value, Mapping) else value
        return next((n for n in map(_beyond, inside) if n is not None), None)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and not computable(value) else None


@runtime_checkable
class _FromFile(Protocol):
    """A model whose numbers may stand in a table."""

    @classmethod
    def from_csv(cls, path: Path | str) -> Self:
        """The model of a CSV file."""
        ...


def _field(document: Document, hint: Any, value: Any) -> Any:
    """A value as its model takes it: what no number may be is refused, a file is found.

    Raises:
        CevnsError: saying what is wrong with it.
    """
    if isinstance(value, bool) and hint is not bool:
        raise InputError(f"expected a value, got {'true' if value else 'false'}")
    if (number := _beyond(value)) is not None:
        raise InputError(f"{number!r} is outside the range of numbers that can be used")
    is_path = Path in (hint, *get_args(hint)) and isinstance(value, str)
    return document.file(value) if is_path else value


def _unreadable(
    document: Document,
    section: Location,
    known: Mapping[str, str],
    hints: Mapping[str, Any],
    fields: Mapping[str, Any],
) -> list[SchemaError]:
    """Fields whose values are none of their type, each on its own."""
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticSchemaGenerationError

    found = []
    for written, field in known.items():
        if field not in fields:
            continue
        try:
            TypeAdapter(hints[field]).validate_python(fields[field])
        except PydanticSchemaGenerationError:  # nothing that a file could write
            continue
        except ValidationError as error:
            found.append(schema_error(error, document, [*section, written]))
    return found


def build(
    document: Document,
    package: str,
    section: Location,
    component: Component,
    *,
    what: str = "",
    otherwise: Mapping[str, float] | None = None,
) -> Any:
    """The model that a section declares.

    Args:
        document: the file.
        package: registry folder, for example ``cevns.detectors.resolution``.
        section: where in the file, for example ``("detector", "resolution")``.
        component: the section.
        what: how a message calls it; by default the name of the section.
        otherwise: values of fields that the model may have and the section leaves out, by the names
            of the model, in its units.

    Raises:
        SchemaError: if the kind is unknown, or a field is unknown, missing or unusable.
    """
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticSchemaGenerationError

    try:
        model = registry.load(package, what or str(section[-1]), component.kind).MODEL
    except UnknownNameError as error:
        raise document.error(str(error), [*section, "kind"]) from None
    known, hints = written_names(model), get_type_hints(model, include_extras=True)
    given, readable = component.fields, issubclass(model, _FromFile)
    from_file = readable and "file" in given
    file = given.pop("file") if from_file else None
    fields: dict[str, Any] = {}
    wrong: list[SchemaError] = []
    for name, value in given.items():
        if name not in known:
            hint = nearest(name, [*known, *(["file"] if readable else [])], "known here:")
            said = f"'{component.kind}' has no such field; {hint}"
            wrong.append(document.error(said, [*section, name]))
            continue
        try:
            fields[known[name]] = _field(document, hints[known[name]], value)
        except CevnsError as error:
            wrong.append(document.error(str(error), [*section, name]))
    if wrong:
        wrong += _unreadable(document, section, known, hints, fields)
        wrong[0].others = tuple(wrong[1:])
        raise wrong[0]
    # a quantity of a file has a unit
    for field in known.values():
        if otherwise and field in otherwise and field not in fields:
            unit = unit_of(hints[field])
            fields[field] = f"{otherwise[field]!r} {unit.symbol}" if unit else otherwise[field]
    try:
        if not from_file:
            return TypeAdapter(model).validate_python(fields)
        if not isinstance(file, str):
            raise document.error(f"expected a path, got {file!r}", [*section, "file"])
        # fields beside `file` replace what the table says
        beside = {n: TypeAdapter(hints[n]).validate_python(v) for n, v in fields.items()}
        return dataclasses.replace(model.from_csv(document.file(file)), **beside)
    except PydanticSchemaGenerationError:  # nothing that a file could write
        raise document.error("this field is missing", [*section, "file"]) from None
    except ValidationError as error:
        names = {f: w for w, f in known.items()}
        own = any(not one["loc"] for one in error.errors(include_url=False))
        found = refused(model, fields) if own else []
        if not found:
            raise schema_error(error, document, section, names=names) from None
        # what the model itself refuses
        first, *others = (
            document.error(said, [*section, *([] if field is None else [names[field]])])
            for field, said in found
        )
        first.others = tuple(others)
        raise first from None
    except SchemaError:
        raise
    except DataError as error:
        raise document.error(str(error), [*section, "file"]) from None
    except CevnsError as error:
        raise document.error(str(error), section) from None
