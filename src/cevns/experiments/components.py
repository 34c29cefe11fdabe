"""From a section of an experiment file to the model it names.

A section with a ``kind`` is read by the dataclass that the module of that name offers as
``MODEL``: its fields are the section's fields, quantities carry units (`cevns.units.Unit`), and
what the dataclass refuses is reported with file, line and field.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_type_hints

from cevns import registry
from cevns.exceptions import SchemaError, UnknownNameError
from cevns.experiments.loader import line_of, schema_error
from cevns.experiments.schema import Component
from cevns.units import Unit

_UNIT_SUFFIXES = ("_m", "_us", "_mev", "_kev", "_kevee", "_kg", "_pe")


def written_names(model: Any) -> dict[str, str]:
    """Names of a model's fields as a file writes them, to the dataclass's names.

    A quantity carries its unit in its value, so its name does without: ``distance: 19.3 m``
    is ``distance_m``.

    Examples:
        >>> from cevns.sources import SNS
        >>> list(written_names(SNS))
        ['distance', 'protons', 'yield_per_flavour', 'pulse_sigma']
    """
    hints = get_type_hints(model, include_extras=True)
    out = {}
    for f in dataclasses.fields(model):
        if not f.init:
            continue
        name = f.name
        if _is_quantity(hints[name]):
            suffix = next((s for s in _UNIT_SUFFIXES if name.endswith(s)), "")
            name = name.removesuffix(suffix)
        out[name] = f.name
    return out


def _is_quantity(hint: Any) -> bool:
    """Whether a type is marked with a unit, itself or inside a tuple."""
    if any(isinstance(m, Unit) for m in getattr(hint, "__metadata__", ())):
        return True
    return any(_is_quantity(a) for a in getattr(hint, "__args__", ()))


@dataclasses.dataclass(frozen=True)
class Builder:
    """Builds the models of one file.

    Args:
        path: the file, for messages.
        document: the parsed YAML that knows its lines.
    """

    path: Path
    document: Any

    def build(self, package: str, section: Sequence[str], component: Component) -> Any:
        """The model that a section declares.

        Args:
            package: registry folder, for example ``cevns.detectors.resolution``.
            section: where in the file, for example ``("detector", "resolution")``.
            component: the section.

        Raises:
            SchemaError: if the kind is unknown, or a field is unknown, missing or unusable.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            model = registry.load(package, section[-1], component.kind).MODEL
        except UnknownNameError as error:
            raise self._error(str(error), [*section, "kind"]) from None
        fields = self._fields(model, section, component)
        try:
            return TypeAdapter(model).validate_python(fields)
        except ValidationError as error:
            raise schema_error(error, self.document, self.path, section) from None
        except ValueError as error:  # raised by the dataclass outside of pydantic's reach
            raise self._error(str(error), section) from None

    def _fields(self, model: Any, section: Sequence[str], component: Component) -> dict[str, Any]:
        """The section's fields under the dataclass's names (``distance`` is ``distance_m``)."""
        known = written_names(model)
        for name in component.fields:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
                raise self._error(f"'{component.kind}' has no such field; {hint}", [*section, name])
        return {known[name]: value for name, value in component.fields.items()}

    def _error(self, message: str, location: Sequence[str]) -> SchemaError:
        return SchemaError(
            message,
            path=self.path,
            line=line_of(self.document, location),
            field=".".join(location),
        )
