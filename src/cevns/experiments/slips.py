"""All that is wrong with an experiment file, found at once."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import TypeAdapter, ValidationError

from cevns.exceptions import CevnsError, CevnsWarning, DataError, SchemaError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.combination import read_combination
from cevns.experiments.declaration.document import RELEASE, Document, Location, parse
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import Target
from cevns.experiments.experiment import Experiment, load
from cevns.experiments.inputs.event_inputs import background_shape, measured_in
from cevns.experiments.inputs.table_reader import TableReader
from cevns.experiments.prediction.apparatus import Apparatus

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
_NAMED = ("backgrounds", "components", "channels", "parameters", "external", "derived")
"""Sections whose entries have names."""
_UNKNOWN = "there is no such field"
"""What is said of a field too many, without which an entry is whole."""
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
        found += (slip for _, slip in complaints)
        with _silence():
            # what does not fit together is found where all sections are sound
            whole = any(not one["loc"] for one in error.errors(include_url=False))
            _in_sections(changed, [] if whole else complaints, found)
        return _sorted(found)
    experiment = load(path, data=data, overrides=overrides)
    with _silence():
        for view in dict.fromkeys(_views(experiment, found)):
            for part in _CHAIN:
                _try(lambda view=view, part=part: getattr(view, part), found)  # type: ignore[misc]
            _try(view.require_pulls, found)
        if inputs:
            _in_inputs(experiment, found)
        if inputs and not found:
            _try(experiment.model, found)
    return _sorted(found)


def _views(experiment: Experiment, found: list[CevnsError]) -> Iterator[Apparatus]:
    """What each channel and each further component is seen with."""
    yield from experiment.views.values()
    further: list[Apparatus] = []
    _try(lambda: further.extend(experiment.further.values()), found)
    yield from further


def _in_inputs(experiment: Experiment, found: list[CevnsError]) -> None:
    """Add the slips of tables and data, each background and each set of data on its own."""
    own: list[CevnsError] = []
    _missing(experiment.document, experiment.document.values, (), own)
    readers: list[TableReader] = []
    _try(lambda: readers.append(TableReader(experiment, experiment.data)), own)
    released = experiment.declaration.signal is not None
    for reader in () if released else readers:
        for name, view in experiment.views.items():
            tables = reader.of(view)
            for each in experiment.declaration.backgrounds_in(name):
                _try(lambda v=view, t=tables, n=each: background_shape(v, t, n), own)  # type: ignore[misc]
            entry = experiment.declaration.entries[name]
            if entry.data is not None:
                _try(lambda v=view, t=tables, n=name: measured_in(v, t, n), own)  # type: ignore[misc]
    _try(lambda: experiment.inputs, own)
    for slip in own:
        _add(_placed(experiment.document, slip), found)


def _missing(document: Document, node: Any, at: Location, found: list[CevnsError]) -> None:
    """Add the tables that a file names and that are not there.

    A release may have those with a role.
    """
    if not isinstance(node, dict | list):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        here = (*at, key)
        if here[:1] == ("variants",):
            continue
        table = key == "file" and isinstance(node, dict) and not node.get("role")
        if table and isinstance(value, str) and not value.startswith(RELEASE):
            _try(lambda value=value, here=here: _there(document, value, here), found)  # type: ignore[misc]
        _missing(document, value, here, found)


def _there(document: Document, file: str, place: Location) -> None:
    """Raise `SchemaError` if a file that is named at a place is not there."""
    path = document.file(file)
    if not path.is_file():
        raise document.error(str(DataError("does not exist; check the path", path=path)), place)


def _placed(document: Document, slip: CevnsError) -> CevnsError:
    """A slip of a table with the place in the file that names it."""
    if not isinstance(slip, DataError):
        return slip
    for place, text in _texts(document.values, ()):
        if Path(slip.path).name == Path(text).name:
            return document.error(str(slip), place)
    return slip


def _texts(node: Any, at: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """All texts of a file, with their places."""
    if isinstance(node, str):
        yield at, node
    elif isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(value, (*at, key))


def _in_sections(
    document: Document,
    complaints: list[tuple[Location, SchemaError]],
    found: list[CevnsError],
) -> None:
    """Add slips of a file whose schema is broken: those of its sound sections alone."""
    values: Any = copy.deepcopy(dict(document.values))
    wrong = [place for place, _ in complaints if place]
    for place in wrong:
        _drop(values, place)
    sections: dict[str, Any] = {}
    broken, partly = set[str](), set[str]()
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
            sections[name] = _entries(form, values[written])
            (broken if sections[name] is None else partly).add(name)
    target = values.get("target")
    if "target" in broken and isinstance(target, dict) and isinstance(target.get("material"), str):
        # the material is enough for what it decides; its mass decides nothing here
        sections["target"] = Target.model_construct(material=target["material"], mass=1.0)
        broken.discard("target")
    for place, slip in complaints:
        named = len(place) > 1 and place[0] in _NAMED and not slip.message.startswith(_UNKNOWN)
        if named and isinstance(entries := sections.get(str(place[0])), dict):
            entries.pop(place[1], None)  # it is not whole any more
    sound = {n: section for n, section in sections.items() if n not in broken}
    declared = ExperimentFile.model_construct(**sound)
    if wrong:
        for one in declared.misfits(broken | partly | {str(place[0]) for place in wrong}):
            _add(document.error(str(one), one.place), found)
    parts = Apparatus(declared, document.path, document)
    for part, needed in _PARTS.items():
        if not broken.intersection(needed) and not partly.intersection(needed):
            _try(lambda part=part: getattr(parts, part), found)  # type: ignore[misc]
    if {"detector", "interaction", "target", "parameters", "axes"}.isdisjoint(broken | partly):
        _try(parts.require_pulls, found)
    _missing(document, document.values, (), found)


def _entries(form: Any, values: Any) -> dict[str, Any] | None:
    """The usable entries of a section that holds entries by name; None for another section."""
    if get_origin(form) is not dict or not isinstance(values, dict):
        return None
    usable: dict[str, Any] = {}
    for name, value in values.items():
        with contextlib.suppress(ValidationError):
            usable |= TypeAdapter(form).validate_python({name: value})
    return usable


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
            _add(each, found)


def _add(slip: CevnsError, found: list[CevnsError]) -> None:
    """Add a mistake, unless it is known."""
    if str(slip) not in map(str, found):
        found.append(slip)


def _silence() -> warnings.catch_warnings[None]:
    """No warnings: what they are about is no slip, and a fit repeats them."""
    return warnings.catch_warnings(action="ignore", category=CevnsWarning)


def _sorted(found: list[CevnsError]) -> tuple[CevnsError, ...]:
    """In the order of the lines; what has none comes last."""
    lines = {id(e): e.line if isinstance(e, SchemaError) else None for e in found}
    return tuple(sorted(found, key=lambda e: (lines[id(e)] is None, lines[id(e)] or 0)))
