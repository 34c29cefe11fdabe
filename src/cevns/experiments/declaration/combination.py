"""Combination files: several experiments under one name, to be studied together."""

from __future__ import annotations

from pathlib import Path

from pydantic import field_validator

from cevns.exceptions import CevnsError, InputError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.document import parse
from cevns.experiments.forms.section import Name, Section

__all__ = ["CombinationFile", "read_combination"]


class CombinationFile(Section):
    """What a combination file declares.

    Args:
        combination: catalogue names, or paths relative to the file.
        name: of the combination.
        title: a line for tables and figures.
    """

    combination: list[str]
    name: Name
    title: str = ""

    @field_validator("combination")
    @classmethod
    def _some(cls, names: list[str]) -> list[str]:
        if not names:
            raise InputError("the combination is empty; name at least one experiment")
        return names


def read_combination(name_or_path: str | Path) -> tuple[CombinationFile, list[str | Path]] | None:
    """A combination file and the experiments it names; None for the file of an experiment.

    Args:
        name_or_path: as in `cevns.load`.

    Raises:
        UnknownNameError: if there is no file of that name.
        SchemaError: if the file breaks the schema, or names what is no experiment; file, line and
            field are named.
        InputError: if the file cannot be read.
    """
    path = loader.find(name_or_path)
    document = parse(path)
    if loader.COMBINATION not in document.values:
        return None
    file = loader.checked(CombinationFile, document)
    found: list[str | Path] = []
    for i, name in enumerate(file.combination):
        place = (loader.COMBINATION, i)
        try:
            target = loader.find(name, path.parent)
            inner = parse(target)
        except CevnsError as error:
            raise document.error(str(error), place) from None
        if loader.COMBINATION in inner.values:
            raise document.error(f"{name} is a combination itself; name its experiments", place)
        found.append(target)
    return file, found
