"""Published curves of WIMP searches for comparison: limits, projections, floors, claimed regions.

They are read from files of the user or from a folder ``wimp-limits`` below ``CEVNS_DATA``; none is
carried. A file has comment lines, of which the first says what the curve is, and the columns
``mass_gev`` and ``sigma_cm2`` for cross sections of spin-independent scattering on nucleons.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cevns.columns import read_columns
from cevns.datasets.places import VARIABLE
from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.files import expanded
from cevns.registry import canonical
from cevns.typing import Array

__all__ = ["LimitCurve", "known_limits", "limit_curves"]

FOLDER: Final = "wimp-limits"
Kind = Literal["limit", "projection", "floor", "region"]
_LARGEST_CM2: Final = 1e-20
_HEAVIEST_GEV: Final = 1e5
_YEAR: Final = re.compile(r"([a-z]*)((?:19|20)\d\d)")
_SPELLED: Final = {
    "1000ty": "1000 t yr", "3sigma": "3\u03c3", "8b": "8B", "appec": "APPEC", "billard": "Billard",
    "cdmslite": "CDMSlite", "cosine100": "COSINE-100", "cresst": "CRESST", "dama": "DAMA",
    "darkside20k": "DarkSide-20k", "darkside50": "DarkSide-50", "darwin": "DARWIN",
    "deap3600": "DEAP-3600", "edelweiss": "EDELWEISS", "i": "I", "lowmass": "low mass",
    "lux": "LUX", "lxe": "LXe", "lz": "LZ", "migdal": "Migdal", "na": "Na", "newsg": "NEWS-G",
    "panda": "PandaX", "pandax4t": "PandaX-4T", "pandaxii": "PandaX-II", "pico60": "PICO-60",
    "snolab": "SNOLAB", "supercdms": "SuperCDMS", "xe": "Xe", "xenon100": "XENON100",
    "xenon1t": "XENON1T", "xenonnt": "XENONnT",
}  # fmt: skip
"""How words in the names of files are written."""


@dataclass(frozen=True, eq=False)
class LimitCurve:
    """A curve of somebody's.

    Args:
        name: of its file.
        kind: what it is: a limit, a projection, a floor, or the closed contour of a region.
        mass_gev: ``(n,)``.
        cross_section_cm2: ``(n,)``.
        said: first comment line of the file.
    """

    name: str
    kind: Kind
    mass_gev: Array
    cross_section_cm2: Array
    said: str = ""

    @property
    def title(self) -> str:
        """Experiment and year, of the name of the file.

        Examples:
            >>> LimitCurve("xenon1t_migdal_2019", "limit", np.ones(1), np.ones(1)).title
            'XENON1T Migdal 2019'
            >>> LimitCurve("my_own", "limit", np.ones(1), np.ones(1)).title
            'my own'
        """
        words, years = [], []
        for word in self.name.removeprefix("projection_").removeprefix("floor_").split("_"):
            if found := _YEAR.fullmatch(word.casefold()):
                word = found[1]
                years.append(found[2])
            words.append(_SPELLED.get(word.casefold(), word))
        return " ".join([*(w for w in words if w), "\u2013".join(years)]).strip()

    @property
    def closed(self) -> bool:
        """Whether it encloses a region."""
        return self.kind == "region"


def _folder() -> Path | None:
    """The folder of published curves, if there is one."""
    parent = os.environ.get(VARIABLE)
    if not parent:
        return None
    for folder in (expanded(parent) / FOLDER, expanded(parent)):
        if folder.is_dir() and folder.name in (FOLDER, FOLDER.replace("-", "_")):
            return folder
    return None


def known_limits() -> tuple[str, ...]:
    """Names of the curves in the folder below ``CEVNS_DATA``; none without one."""
    folder = _folder()
    return () if folder is None else tuple(sorted(p.stem for p in folder.glob("*.csv")))


def limit_curves(wanted: str) -> list[LimitCurve]:
    """Curves of a file, of a folder, or by the name of a curve below ``CEVNS_DATA``.

    Args:
        wanted: a path, or a name such as ``lz_2024`` (``-`` and ``_`` are equal).

    Raises:
        InputError: if a folder has no curves, or a name is given without a folder to look in.
        UnknownNameError: if there is no curve of that name.
        DataError: if a file is broken.
    """
    path = expanded(wanted)
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if not files:
            raise InputError(f"{path} holds no CSV file with a limit")
        return [_read(p) for p in files]
    if path.suffix.casefold() == ".csv" or path.is_file():
        return [_read(path)]
    folder = _folder()
    if folder is None:
        raise InputError(
            f"limit {wanted!r}: name a CSV file with the columns mass_gev and sigma_cm2, or set "
            f"{VARIABLE} to a folder that holds {FOLDER}/"
        )
    names = {canonical(p.stem): p for p in folder.glob("*.csv")}
    if canonical(wanted) not in names:
        raise UnknownNameError("limit", wanted, sorted(p.stem for p in names.values()))
    return [_read(names[canonical(wanted)])]


def _read(path: Path) -> LimitCurve:
    columns = read_columns(path, ("mass_gev", "sigma_cm2"))
    mass, sigma = columns["mass_gev"], columns["sigma_cm2"]
    if (sigma <= 0.0).any():
        raise DataError(
            "has cross sections that are not positive; write them in cm2, not as logarithms",
            path=path,
        )
    if sigma.max() > _LARGEST_CM2:
        raise DataError(
            f"has a cross section of {sigma.max():.3g} cm2: give it in cm2 (1 pb is 1e-36 cm2)",
            path=path,
        )
    if (mass <= 0.0).any():
        raise DataError("has masses that are not positive: write them in GeV", path=path)
    keep = mass <= _HEAVIEST_GEV  # beyond are straight lines of whoever digitised it
    said = next(
        (
            line.lstrip("# ").strip()
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("#")
        ),
        "",
    )
    closed = len(mass) > 3 and bool(
        np.isclose(mass[0], mass[-1]) and np.isclose(sigma[0], sigma[-1])
    )
    kind: Kind = "limit"
    start = said.casefold()
    if closed or start.startswith(("closed contour", "region")):
        kind = "region"
    elif start.startswith("projection"):
        kind = "projection"
    elif "floor" in start.split(",")[0]:
        kind = "floor"
    return LimitCurve(path.stem, kind, mass[keep], sigma[keep], said)
