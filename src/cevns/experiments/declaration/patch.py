"""New physics as a file: components with their own source, and choices of the interaction.

A patch is laid on the declaration of any experiment::

    components:
      dark:
        title: dark matter
        source: {kind: my-beam, energy: 50 MeV, rate: 1e3 /s}
        interaction: {kind: my-scattering}
        strength: [dark_strength]
    parameters:
      dark_strength: {acts_on: component, free: 0.0}

It adds and never replaces what a component, parameter or external measurement of the file is;
``--set`` is for that.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cevns.exceptions import InputError
from cevns.experiments.declaration.beam import beam_fields
from cevns.experiments.declaration.document import Document, nearest, parse
from cevns.files import expanded
from cevns.processes import FromElsewhere, interactions, process
from cevns.processes.framework.user_models import is_path, parts
from cevns.registry import canonical

__all__ = ["added", "from_elsewhere", "over_cevns", "patched", "read_patch", "split"]

_ADDED: Final = ("components", "derived", "external", "parameters")
"""Sections whose entries are added by name."""
_APPENDED: Final = ("correlations",)
"""Sections that are lists, which grow."""
_OF_PROTONS: Final = ("protons", "distance")
"""What a source of particles that protons make needs."""
_CHANGED: Final = ("interaction",)
"""Sections whose fields take the place of those of the file."""


def split(models: str) -> tuple[list[str], str]:
    """The patches that ``--model`` names, and the interaction that it names beside.

    Examples:
        >>> split("nsi+dark.yaml+my_model.py")
        (['dark.yaml'], 'nsi+my_model.py')
    """
    named = parts(models)
    files = [n for n in named if Path(n).suffix.casefold() in {".yaml", ".yml"}]
    return files, "+".join(n for n in named if n not in files)


def read_patch(path: str | Path) -> Document:
    """Read a patch.

    Raises:
        SchemaError: if it is no YAML mapping, or has other sections than a patch.
        InputError: if it cannot be read.
    """
    document = parse(expanded(path))
    known = (*_ADDED, *_APPENDED, *_CHANGED)
    for section, value in document.values.items():
        if section not in known:
            raise document.error(
                f"a patch of new physics has no such section; {nearest(section, known, 'it has')}",
                [section],
            )
        if section in _APPENDED and not isinstance(value, list):
            raise document.error("expected a list", [section])
        if section not in _APPENDED and not isinstance(value, Mapping):
            raise document.error("expected a section of 'field: value'", [section])
    if not any(document.values.values()):
        raise InputError(f"{document.path}: the patch is empty; declare a component in it")
    return document


def from_elsewhere(models: str) -> tuple[dict[str, FromElsewhere], str]:
    """Processes among names of new physics that scatter other particles, and the names beside.

    Raises:
        UnknownNameError: if there is no such process.
        InputError: if a file of the user cannot be used.

    Examples:
        >>> from_elsewhere("nsi+wimp-si")[0].keys(), from_elsewhere("nsi+wimp-si")[1]
        (dict_keys(['wimp-si']), 'nsi')
    """
    found: dict[str, FromElsewhere] = {}
    beside: list[str] = []
    for name in parts(models):
        made: object = None if is_path(name) else process(name)
        if isinstance(made, FromElsewhere):
            found[name] = made
        else:
            beside.append(name)
    return found, "+".join(beside)


def added(models: str) -> tuple[str, ...]:
    """Places of what new physics adds to the sections of a file.

    Raises:
        UnknownNameError: if there is no such process.
        SchemaError: if a file is no patch.
        InputError: if a file of the user cannot be used.

    Examples:
        >>> added("nsi+wimp-si")
        ('components.wimp-si',)
    """
    patches, names = split(models)
    laid = from_elsewhere(names)[0].values() if names else ()
    places = [f"components.{made.component}" for made in laid]
    for path in patches:
        patch = read_patch(path).values
        places += [f"{section}.{name}" for section in _ADDED for name in patch.get(section) or {}]
    return tuple(places)


def over_cevns(
    name: str, made: FromElsewhere, form_factor: str, beam: Mapping[str, Any]
) -> Document:
    """A patch that lays a process of other particles, with their usual source, over CEvNS.

    Args:
        name: of the process, and of the component.
        made: the process.
        form_factor: of the file it is laid on.
        beam: the source of that file, as written.

    Raises:
        InputError: if the particles come from a beam of protons and the file has none, or its
            source cannot say of the beam what they need.
    """
    taken = beam_fields(beam, made.of_the_beam, made.usual_source)
    missing = [n for n in _OF_PROTONS if n in made.of_the_beam and n not in taken]
    if missing:
        raise InputError(
            f"{name}: its particles come from protons on a target, and the source of "
            f"the experiment does not define {' and '.join(missing)}; use an "
            "experiment at a proton beam (coherent-csi-2021-dm), or declare a "
            f"component with a source of kind {made.usual_source['kind']} in a patch"
        )
    entry = {
        "title": name,
        "source": {**made.usual_source, **taken},
        "interaction": {"kind": name, "form_factor": form_factor},
    }
    return Document(Path(f"--model {name}"), {"components": {made.component: entry}}, None)


def _follow_beam(entry: Any, beam: Any) -> None:
    """Give a component of particles from the beam what it does not say of the beam itself.

    A detector has one place and one beam: what a patch leaves out is that of the experiment.
    """
    fields = entry if isinstance(entry, Mapping) else {}
    source: Any = fields.get("source")
    interaction: Any = fields.get("interaction")
    if not all(isinstance(x, Mapping) for x in (source, interaction, beam)):
        return  # refused where the whole is checked
    kind = interaction.get("kind")
    if not isinstance(kind, str) or is_path(kind) or canonical(kind) not in interactions():
        return
    made: object = process(kind)
    if isinstance(made, FromElsewhere) and source.get("kind") == made.usual_source["kind"]:
        entry["source"] = {**beam_fields(beam, made.of_the_beam, source), **source}


def patched(document: Document, patch: Document) -> Document:
    """A declaration with a patch laid on it.

    Raises:
        SchemaError: if the declaration has a component or parameter of that name already.

    Examples:
        >>> file = Document(Path("my.yaml"), {"interaction": {"kind": "nsi"}}, None)
        >>> change = Document(Path("p.yaml"), {"components": {"dark": {"title": "DM"}}}, None)
        >>> patched(file, change).values["components"]
        {'dark': {'title': 'DM'}}
    """
    values: dict[str, Any] = dict(copy.deepcopy(document.values))
    for section, entries in patch.values.items():
        if section in _APPENDED:
            values[section] = [*(values.get(section) or []), *copy.deepcopy(entries)]
            continue
        present = values.get(section) or {}
        if section in _ADDED:
            for name in entries:
                if name in present:
                    raise patch.error(
                        f"{document.path.name} already has this name; rename it", [section, name]
                    )
        values[section] = {**present, **copy.deepcopy(entries)}
    beam = document.values.get("source")
    for name in patch.values.get("components") or {}:
        _follow_beam(values["components"][name], beam)
    return replace(document, values=values, patches=(*document.patches, patch))
