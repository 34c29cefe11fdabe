"""Registries whose names are file names, known without importing a line of them.

A folder is a registry: the module ``sources/sns.py`` answers to the name ``sns``,
``klein_nystrand_adapted.py`` to ``klein-nystrand-adapted`` (``-`` and ``_`` are equal). Modules
whose name starts with an underscore are helpers and are not listed. So the command line knows
all choices while it starts fast, and adding a model means adding one file.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from cevns.exceptions import UnknownNameError

__all__ = ["canonical", "load", "names"]


def canonical(name: str) -> str:
    """Fold a name to its registry form: lower case, ``-`` between words.

    Examples:
        >>> canonical("Klein_Nystrand")
        'klein-nystrand'
    """
    return name.strip().casefold().replace("_", "-")


def names(package: str) -> tuple[str, ...]:
    """Names registered in `package` (dotted), sorted, without importing its modules.

    A folder that is appended to the package's ``__path__`` belongs to the registry.
    """
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return _names(tuple(spec.submodule_search_locations))


@cache
def _names(folders: tuple[str, ...]) -> tuple[str, ...]:
    files = (p for folder in folders for p in Path(folder).glob("*.py"))
    return tuple(sorted({canonical(p.stem) for p in files if not p.stem.startswith("_")}))


def load(package: str, kind: str, name: str) -> ModuleType:
    """Import the module registered as `name` in `package`.

    Raises:
        UnknownNameError: if no file of that name exists; `kind` names what was looked up.
    """
    known = names(package)
    wanted = canonical(name)
    if wanted not in known:
        raise UnknownNameError(kind, name, known)
    return importlib.import_module(f"{package}.{wanted.replace('-', '_')}")
