"""Experiment files of one's own: a template or a shipped file, with its tables beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cevns import files
from cevns.exceptions import InputError, OutputError, UnknownNameError
from cevns.experiments.declaration import loader, quenching_override
from cevns.experiments.declaration.document import Document, parse
from cevns.experiments.slips import slips
from cevns.registry import canonical

__all__ = ["OwnFile", "own_file", "templates"]

_TEMPLATES = Path(__file__).parent / "templates"
_TABLE_BYTES = 16_000_000
"""Bytes that a table beside a file may have."""


def templates() -> tuple[str, ...]:
    """Names of the templates.

    Examples:
        >>> templates()
        ('beam', 'reactor', 'sun')
    """
    return tuple(sorted(p.stem for p in _TEMPLATES.glob("*.yaml")))


@dataclass(frozen=True)
class OwnFile:
    """An experiment file that is not written yet.

    Args:
        text: of the file.
        tables: files that it names, as it names them, and where they are now.
    """

    text: str
    tables: Mapping[str, Path]

    def write(self, target: Path) -> tuple[Path, ...]:
        """Write the file and its tables; no file that is there is changed.

        Args:
            target: the YAML file.

        Returns:
            What was written, the file first. A table that is there with the same content stays.

        Raises:
            OutputError: if a file is there already or cannot be written, or there is no folder.
        """
        if target.suffix.casefold() not in (".yaml", ".yml"):
            raise OutputError(f"{target}: an experiment file ends in .yaml")
        if target.exists():
            raise OutputError(f"{target} already exists; name another file, or remove it first")
        files.check_writable(target)
        contents = {
            target.parent / name: files.read(path, _TABLE_BYTES)
            for name, path in self.tables.items()
        }
        new = {}
        for path, content in contents.items():
            if not path.exists():
                new[path] = content
            elif files.read(path, _TABLE_BYTES) != content:
                raise OutputError(
                    f"{path} already exists and is a different table; name a file in another folder"
                )
        for path, content in new.items():
            files.make_folder(path.parent)
            files.write(path, content, new=True)
        files.write(target, self.text, new=True)
        return (target, *new)


def own_file(
    template: str | None = None,
    *,
    like: str | Path | None = None,
    name: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> OwnFile:
    """A file of one's own to begin with.

    Args:
        template: one of `templates`.
        like: a shipped experiment, or a file, in its place.
        name: of the experiment; by default that of the template. What has the data of another
            file names it in ``overlaps``, so that no fit counts them twice.
        overrides: changed fields, as in `cevns.load`.

    Raises:
        UnknownNameError: if there is no such template or experiment.
        InputError: if both are named or neither, or a field does not exist.
        SchemaError: if a value does not fit.

    Examples:
        >>> file = own_file("reactor", name="mine", overrides={"target.mass": "2 kg"})
        >>> "mass: 2 kg" in file.text, dict(file.tables)
        (True, {})
    """
    if (template is None) == (like is None):
        raise InputError(
            f"name a template, {', '.join(templates())}, or an experiment to begin from (--from)"
        )
    if template is not None and canonical(template) not in templates():
        raise UnknownNameError("template", template, templates())
    path = loader.find(like) if like else _TEMPLATES / f"{canonical(str(template))}.yaml"
    document = parse(path)
    if loader.COMBINATION in document.values:
        raise InputError(f"{like} names several experiments; begin from one of them")
    changes = loader.with_variant(document, loader.texts(overrides))
    changes, curve = quenching_override.split(changes)
    if curve is not None:
        raise InputError(
            f"{quenching_override.FIELD}={curve}: the curve of a file is for one run; write it "
            "into the new file"
        )
    changes = loader.in_channels(document, changes)
    whole = document.with_changes(changes)
    declared = loader.validate(whole)
    # what does not fit together is said before anything is written; a release may be elsewhere
    for slip in slips(path, overrides=overrides, inputs=False):
        raise slip
    named = name or declared.name
    if named != declared.name:
        # what YAML would read as a number or a word of its own needs quotes
        read = document.with_changes({"name": named}).values["name"]
        changes["name"] = named if read == named else json.dumps(named)
        loader.validate(document.with_changes({"name": json.dumps(named)}))
        if like is not None and any(declared.every_data):
            changes["overlaps"] = json.dumps([declared.name, *declared.overlaps])
    changes.pop("variant", None)
    return OwnFile(document.written(changes), dict(_tables(whole, whole.values)))


def _tables(document: Document, node: Any) -> Iterator[tuple[str, Path]]:
    """Files beside a document that a part of it names."""
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _tables(document, each)
    elif isinstance(node, str) and _is_file(path := document.path.parent / node):
        if Path(node).is_absolute():
            return
        if ".." in Path(node).parts:
            raise InputError(
                f"{document.path} names {node}, a file outside its folder; copy the file by hand"
            )
        yield node, path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a text too long for a path
        return False
