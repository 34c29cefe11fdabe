"""All that is wrong with an experiment file, found at once."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from cevns.exceptions import CevnsError, CevnsWarning, SchemaError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.combination import read_combination
from cevns.experiments.declaration.document import Document, Location, parse
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import Target
from cevns.experiments.experiment import Experiment, load
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.parts import Parts

__all__ = ["slips"]

_PARTS: Mapping[str, tuple[str, ...]] = {
    "declared_source": ("source", "live_time"),
    "arrival": ("source", "live_time", "axes", "interaction"),
    "whole_material": ("target",),
    "material": ("target",),
    "interaction": ("interaction",),
    "form_factor": ("interaction",),
    "quenching": ("detector", "target"),
    "resolution": ("detector",),
    "response_model": ("detector",),
    "pulse_shape": ("detector",),
    "energy_efficiency": ("detector",),
    "recoil_efficiency": ("detector",),
    "time_efficiency": ("detector",),
    "own_processes": ("components",),
    "external": ("external",),
    "derived": ("derived",),
}
"""Parts of an experiment, and the sections of the file that each is made of."""
_CHAIN = (*_PARTS, "declared", "response", "times", "fold")


def slips(
    name_or_path: str | Path,
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    inputs: bool = True,
) -> tuple[CevnsError, ...]:
    """Every slip of an experiment file that can be told without the others being repaired.

    Fields are checked by the schema, and each section with a ``kind`` by its model. A file without
    slips of these kinds is then built as a whole: its chain from source to bins, its tables and
    data, and the model of a fit.

    Args:
        name_or_path: catalogue name or path, of a combination too.
        data: folder of the public release, as in `cevns.load`.
        overrides: changed fields.
        inputs: whether tables, data and the model of a fit on them are looked at too.

    Returns:
        The mistakes in the order of the file, each with its line and field; none for a file that
        can be used.

    Raises:
        UnknownNameError: if the file does not exist.
        InputError: if it cannot be read, or a field to change does not exist.

    Examples:
        >>> slips("coherent-csi-2021")
        ()
    """
    path = loader.find(name_or_path)
    found: list[CevnsError] = []
    try:
        document = parse(path)
    except CevnsError as error:
        return (error,)
    if loader.COMBINATION in document.values:
        _try(lambda: read_combination(path), found)
        return tuple(found)
    changed = document
    if overrides:
        changes = loader.with_variant(document, loader.texts(overrides))
        changed = document.with_changes(loader.in_channels(document, changes))
    try:
        ExperimentFile.model_validate(changed.values)
    except ValidationError as error:
        complaints = loader.schema_errors(error, changed)
        found += complaints.values()
        with _silence():
            found += _in_sections(changed, [*complaints])
        return _sorted(found)
    experiment = load(path, data=data, overrides=overrides)
    with _silence():
        for view in dict.fromkeys(_views(experiment, found)):
            for part in _CHAIN:
                _try(lambda view=view, part=part: getattr(view, part), found)  # type: ignore[misc]
        if inputs:
            _try(lambda: experiment.inputs, found)
        if inputs and not found:
            _try(experiment.model, found)
    return _sorted(found)


def _views(experiment: Experiment, found: list[CevnsError]) -> Iterator[Apparatus]:
    """What each channel and each further component is seen with."""
    yield from experiment.views.values()
    further: list[Apparatus] = []
    _try(lambda: further.extend(experiment.further.values()), found)
    yield from further


def _in_sections(document: Document, wrong: list[Location]) -> list[CevnsError]:
    """Slips in sections with a kind, of a file whose schema is broken: its sound sections alone."""
    values: Any = copy.deepcopy(dict(document.values))
    for location in wrong:
        _drop(values, location)
    sections: dict[str, Any] = {}
    broken = set[str]()
    for name, field in ExperimentFile.model_fields.items():
        written = field.alias or name
        if written not in values:
            if field.is_required():
                broken.add(name)
            continue
        form: Any = field.annotation
        if field.metadata:
            form = Annotated[(form, *field.metadata)]
        try:
            sections[name] = TypeAdapter(form).validate_python(values[written])
        except ValidationError:
            broken.add(name)
    target = values.get("target")
    if "target" in broken and isinstance(target, dict) and isinstance(target.get("material"), str):
        # the material is enough for what it decides; its mass decides nothing here
        sections["target"] = Target.model_construct(material=target["material"], mass=1.0)
        broken.discard("target")
    parts = Parts(ExperimentFile.model_construct(**sections), document.path, document)
    found: list[CevnsError] = []
    for part, needed in _PARTS.items():
        if not broken.intersection(needed):
            _try(lambda part=part: getattr(parts, part), found)  # type: ignore[misc]
    return found


def _drop(values: Any, location: Location) -> None:
    """Leave out what a complaint is about."""
    for key in location[:-1]:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return
    if location and isinstance(values, dict):
        values.pop(location[-1], None)


def _try(make: Callable[[], Any], found: list[CevnsError]) -> None:
    """Add the mistake that `make` ends in, unless it is known."""
    try:
        make()
    except CevnsError as error:
        others = error.others if isinstance(error, SchemaError) else ()
        for each in (error, *others):
            if str(each) not in map(str, found):
                found.append(each)


def _silence() -> warnings.catch_warnings[None]:
    """No warnings: what they are about is no slip, and a fit repeats them."""
    return warnings.catch_warnings(action="ignore", category=CevnsWarning)


def _sorted(found: list[CevnsError]) -> tuple[CevnsError, ...]:
    """In the order of the lines; what has none comes last."""
    lines = {id(e): e.line if isinstance(e, SchemaError) else None for e in found}
    return tuple(sorted(found, key=lambda e: (lines[id(e)] is None, lines[id(e)] or 0)))
