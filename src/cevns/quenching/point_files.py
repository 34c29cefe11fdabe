"""Where the points of a material come from, and what a fit to them may be called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cevns.datasets.places import VARIABLE
from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.files import expanded
from cevns.quenching.points import DataSet, read_folder
from cevns.registry import canonical

__all__ = ["CATALOGUE", "load_points", "materials", "reference_title"]

CATALOGUE: Final = Path(__file__).parent / "catalogue"
# what the carried points are, and what they are not
_LABELS: Final = {
    "csi": (
        "fit of the points that are public in tabulated form ({sets}); it is not the global fit "
        "of arXiv:2111.02477, whose re-assessed points are not carried here: give them with --data"
    ),
    "ar": "fit of published light yields at zero field ({sets})",
    "ge": "fit of published ionisation yields ({sets})",
    "si": "fit of published ionisation yields ({sets})",
}


def materials() -> tuple[str, ...]:
    """Materials with carried points."""
    return tuple(sorted(p.name for p in CATALOGUE.iterdir() if p.is_dir()))


def load_points(material: str, data: Path | str | None = None) -> tuple[tuple[DataSet, ...], str]:
    """The data sets of a material and where they were found.

    Args:
        material: ``csi``, ``ar``, ``ge``, ``si``; with `data` any name.
        data: a folder of data sets (`cevns.quenching.points`), or a parent with a folder
            ``quenching-<material>``.

    Returns:
        The sets, and ``--data``, ``CEVNS_DATA`` (a parent with ``quenching-<material>``) or
        ``carried``.

    Raises:
        UnknownNameError: if nothing is carried for the material.
        InputError: if a folder does not exist or is empty.
        DataError: if a file is broken or contains points of another material.

    Examples:
        >>> sets, origin = load_points("si")
        >>> origin, len(sets) > 3
        ('carried', True)
    """
    wanted = canonical(material)
    name = f"quenching-{wanted}"
    if data is not None:
        parent = expanded(data)
        folder = parent / name if (parent / name).is_dir() else parent
        return _checked(folder, wanted), "--data"
    # an empty variable counts as unset, as in the shell
    if (variable := os.environ.get(VARIABLE)) and (Path(variable) / name).is_dir():
        return _checked(Path(variable) / name, wanted), "CEVNS_DATA"
    if wanted not in materials():
        raise UnknownNameError("material with quenching points", material, materials())
    return _checked(CATALOGUE / wanted, wanted), "carried"


def reference_title(material: str, origin: str) -> str:
    """What a fit is, with ``{sets}`` for the names of its data sets."""
    if origin != "carried" or material not in _LABELS:
        return f"fit of the user's points of {material} ({{sets}})"
    return _LABELS[material]


def _checked(folder: Path, material: str) -> tuple[DataSet, ...]:
    sets = read_folder(folder)
    for s in sets:
        if canonical(s.material) != material:
            raise DataError(
                f"contains points of {s.material!r} where those of {material!r} are wanted",
                path=folder / f"{s.name}.csv",
            )
    if not any(s.default for s in sets):
        raise InputError(f"{folder}: every data set says 'use: compare'; one must be for the fit")
    return sets
