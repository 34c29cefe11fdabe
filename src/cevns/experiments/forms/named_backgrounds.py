"""Backgrounds that others measured, by name, for projections."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cevns.exceptions import UnknownNameError
from cevns.registry import canonical

__all__ = ["FILE", "named_background", "named_backgrounds"]

FILE = Path(__file__).parent / "named_backgrounds.yaml"


@cache
def named_backgrounds() -> Mapping[str, Mapping[str, Any]]:
    """Sections of an experiment file's ``backgrounds`` by name, each with its ``origin`` in words.

    Examples:
        >>> named_backgrounds()["csi-2021-brn"]["energy"]
        {'kind': 'exponential', 'scale': '3.24 keVee'}
    """
    from ruamel.yaml import YAML

    found: Mapping[str, Mapping[str, Any]] = YAML(typ="safe").load(FILE)
    return found


def named_background(name: str) -> dict[str, Any]:
    """The section of a name, without the words on its origin.

    Raises:
        UnknownNameError: if there is none.
    """
    known = named_backgrounds()
    if canonical(name) not in known:
        raise UnknownNameError("named background", name, known)
    section = dict(known[canonical(name)])
    del section["origin"]
    return section
