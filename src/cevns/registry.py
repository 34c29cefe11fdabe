"""Registries whose names are file names, known without importing a line of them.

A folder is a registry: the module ``sources/sns.py`` answers to the name ``sns``,
``klein_nystrand_adapted.py`` to ``klein-nystrand-adapted`` (``-`` and ``_`` are equal). Modules
whose name starts with an underscore are helpers and are not listed. So the command line knows
all choices while it starts fast, and adding a model means adding one file.

An installed package adds to a registry by entry points of a group of its name, ``cevns.sources`` or
``cevns.detectors.resolution``: each is the class, or a module with the class as ``MODEL``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["canonical", "cited", "lazy", "load", "names", "plugin", "plugins", "shipped", "title"]


def canonical(name: str) -> str:
    """Fold a name to its registry form: lower case, ``-`` between words.

    Examples:
        >>> canonical("Klein_Nystrand")
        'klein-nystrand'
    """
    return name.strip().casefold().replace("_", "-")


def names(package: str) -> tuple[str, ...]:
    """Names registered in `package` (dotted), sorted, without importing anything of them."""
    return tuple(sorted({*shipped(package), *plugins(package)}))


def shipped(package: str) -> tuple[str, ...]:
    """Names of the files of a registry.

    A folder that is appended to the package's ``__path__`` belongs to it.
    """
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return _names(tuple(spec.submodule_search_locations))


@cache
def _names(folders: tuple[str, ...]) -> tuple[str, ...]:
    files = (p for folder in folders for p in Path(folder).glob("*.py"))
    return tuple(sorted({canonical(p.stem) for p in files if not p.stem.startswith("_")}))


def plugins(package: str) -> dict[str, list[EntryPoint]]:
    """What installed packages add to a registry, by name; nothing of it is imported."""
    return _declared(package, tuple(sys.path))


@cache
def _declared(package: str, path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    """The same; packages are looked for once for each `path`, which takes 15 ms."""
    _ = path
    from importlib.metadata import entry_points  # which reads mail headers: not for the help

    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=package):
        same = found.setdefault(canonical(entry.name), [])
        if entry.value not in [e.value for e in same]:
            same.append(entry)
    return found


def plugin(package: str, kind: str, name: str) -> tuple[Any, str]:
    """The object that an installed package adds to a registry, and where it stands.

    Raises:
        InputError: if several packages declare the name, or it cannot be imported.
        UnknownNameError: if none declares it.
    """
    known = plugins(package)
    if canonical(name) not in known:
        raise UnknownNameError(kind, name, names(package))
    entries = known[canonical(name)]
    if len(entries) > 1:
        declared = " and ".join(e.value for e in entries)
        raise InputError(f"the {kind} {name!r} is declared twice, by {declared}: remove one")
    try:
        return entries[0].load(), entries[0].value
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        raise InputError(
            f"the {kind} {name!r} ({entries[0].value}) cannot be imported: {text}"
        ) from error


def load(package: str, kind: str, name: str) -> ModuleType:
    """The module registered as `name` in `package`, imported; its class is ``MODEL``.

    Raises:
        UnknownNameError: if there is no such name; `kind` says what was looked up.
        InputError: if an installed package has declared it and it cannot be imported.
    """
    wanted = canonical(name)
    if wanted in shipped(package):
        return importlib.import_module(f"{package}.{wanted.replace('-', '_')}")
    found, _ = plugin(package, kind, name)
    if isinstance(found, ModuleType):
        return found
    module = ModuleType(wanted, found.__doc__)
    vars(module)["MODEL"] = found
    return module


def cited(package: str, kind: str, name: str) -> tuple[str, ...] | str:
    """What the entry `name` of a registry has in ``CITE``: its sources, or why it has none.

    Of an installed package it stands in the module of the class; without it there is no source.

    Raises:
        UnknownNameError, InputError: as `load`.

    Examples:
        >>> cited("cevns.nuclear.form_factors", "form factor", "klein-nystrand")
        ('arXiv:hep-ph/9902259',)
    """
    found = vars(load(package, kind, name))
    model = found.get("MODEL")
    home = vars(sys.modules[model.__module__]) if isinstance(model, type) else {}
    items: tuple[str, ...] | str = found.get("CITE", home.get("CITE", ()))
    return items


def lazy(module: str, homes: Mapping[str, str], name: str) -> Any:
    """A public name of a module that is imported on first use (PEP 562).

    Args:
        module: whose attribute is asked for.
        homes: where each public name stands.
        name: of the attribute.

    Raises:
        AttributeError: if the module has no such name.

    Examples:
        >>> lazy("cevns", {"load": "cevns.study.opening"}, "load").__name__
        'load'
    """
    if name not in homes:
        message = f"module {module!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(homes[name]), name)


def title(package: str, kind: str, name: str) -> str:
    """What is registered as `name`, in a line: the first of its documentation, without full stop.

    Raises:
        UnknownNameError: as `load`.
        InputError: as `load`.

    Examples:
        >>> title("cevns.processes", "interaction", "light-scalar")
        'A light scalar mediator'
    """
    text = (load(package, kind, name).__doc__ or "").strip()
    return text.splitlines()[0].rstrip(".") if text else name
