"""Tables of a burst in time: the energy that a species takes away, <E> and <E2> in each time bin.

One row is a species in a time bin, in the columns of `COLUMNS`. A species is a flavour, ``nu_x`` or
``nubar_x``; ``multiplicity`` says how many of the six species the row stands for, and energies are
of one of them. ``nu_x`` with a multiplicity of four is all that is neither nu_e nor nubar_e, with
two it is nu_mu and nu_tau, and ``nubar_x`` are their antiparticles. A table that counts them once
would lose up to half of the energy, so the six must be there, each exactly once.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from cevns import files
from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.particles import FLAVOURS
from cevns.registry import canonical
from cevns.sources.burst_models.pinched_spectrum import pinch_of
from cevns.typing import Array

__all__ = ["CITE", "COLUMNS", "TimeBins", "carried", "carried_models", "from_rows", "read_table"]

CITE = ("arXiv:1606.09243",)
"""Of the carried models."""
COLUMNS: Final = (
    "species",
    "multiplicity",
    "t0_s",
    "t1_s",
    "energy_1e51erg",
    "mean_E_MeV",
    "mean_E2_MeV2",
)
"""Of a table; ``model`` may stand beside them, and others are not read."""
_TABLES: Final = Path(__file__).parent / "tables"
_MOST_BYTES: Final = 5_000_000
_STANDS_FOR: Final = {
    **{(name, 1): (name,) for name in FLAVOURS},
    ("nu_x", 4): ("nu_mu", "nu_tau", "nubar_mu", "nubar_tau"),
    ("nu_x", 2): ("nu_mu", "nu_tau"),
    ("nubar_x", 2): ("nubar_mu", "nubar_tau"),
}


@dataclass(frozen=True, eq=False)
class TimeBins:
    """One species in time.

    Args:
        begin_s: of each bin, s after the bounce.
        end_s: of each bin, s.
        energy_erg: that it takes away in each bin, erg.
        mean_mev: mean energy, MeV.
        mean_square_mev2: mean of the squared energy, MeV^2.
    """

    begin_s: Array
    end_s: Array
    energy_erg: Array
    mean_mev: Array
    mean_square_mev2: Array

    @property
    def pinch(self) -> Array:
        """Alpha of each bin."""
        return pinch_of(self.mean_mev, self.mean_square_mev2)


def carried_models() -> tuple[str, ...]:
    """Names of the tables that the package carries.

    Examples:
        >>> carried_models()
        ('ls220-11.2', 'ls220-27')
    """
    return tuple(sorted(path.stem for path in _TABLES.glob("*.csv")))


@cache
def carried(name: str) -> Mapping[str, TimeBins]:
    """A carried table, by flavour.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    if canonical(name) not in carried_models():
        raise UnknownNameError("supernova model", name, carried_models())
    return read_table(_TABLES / f"{canonical(name)}.csv")


def read_table(path: Path, model: str | None = None) -> Mapping[str, TimeBins]:
    """A table in the columns of `COLUMNS`, by flavour.

    Args:
        path: a CSV file with a header; lines that begin with ``#`` are comments.
        model: which one, of a table with several in a column ``model``.

    Raises:
        InputError: if it cannot be read.
        DataError: if a column is missing, an entry unusable, a model is named of a table without
            names, or one of the six species is missing
            or there twice.
        UnknownNameError: if it holds several models and none, or another, is named.
    """
    try:
        text = files.read(path, _MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise DataError("is not a text file; write a CSV file", path=path) from None
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    table = csv.DictReader((line for _, line in numbered), skipinitialspace=True)
    header = [name.strip() for name in table.fieldnames or ()]
    for name in COLUMNS:
        if name not in header:
            raise DataError(
                f"column {name!r} is missing; a burst has the columns {', '.join(COLUMNS)}",
                path=path,
                line=numbered[0][0] if numbered else None,
            )
    rows = [(n, dict(r)) for (n, _), r in zip(numbered[1:], table, strict=True)]
    found = sorted({row["model"] for _, row in rows}) if "model" in header else []
    if model is not None and not found:
        raise DataError(
            f"contains one burst and no column 'model', so {model!r} cannot be "
            "selected in it: omit either the model or the file",
            path=path,
        )
    if len(found) > 1 or (found and model is not None):
        names = {canonical(name): name for name in found}
        if model is None:
            raise DataError(
                f"contains several models; select one with 'model': {', '.join(found)}", path=path
            )
        if canonical(model) not in names:
            raise UnknownNameError(f"supernova model in {path}", model, found)
        rows = [(n, row) for n, row in rows if row["model"] == names[canonical(model)]]
    return from_rows(rows, path)


def from_rows(rows: Sequence[tuple[int, Mapping[str, str]]], path: Path) -> Mapping[str, TimeBins]:
    """Rows of a table by flavour.

    Args:
        rows: pairs of line number and entries by column.
        path: of the file, for messages.

    Raises:
        DataError: as `read_table`.
    """
    numbers: dict[str, list[list[float]]] = {}
    seen: dict[str, tuple[str, int]] = {}
    for line, row in rows:
        values = [_number(row[name], name, path, line) for name in COLUMNS[1:]]
        key = row["species"].strip(), int(values[0])
        if key not in _STANDS_FOR or key[1] != values[0]:
            raise DataError(
                f"a row of {key[0]!r} cannot represent {values[0]:g} of the six species; "
                "use nu_x with multiplicity 4, or nu_x and nubar_x with 2 each, or a "
                "flavour with 1",
                path=path,
                line=line,
            )
        begin, end, energy, mean, square = values[1:]
        if not (begin < end and energy >= 0.0 and mean > 0.0):
            raise DataError(
                f"a time bin ends after it begins, and has an energy >= 0 and <E> > 0; got "
                f"{', '.join(f'{v:g}' for v in values[1:])}",
                path=path,
                line=line,
            )
        try:
            pinch_of(mean, square)
        except InputError as error:
            raise DataError(str(error), path=path, line=line) from None
        for flavour in _STANDS_FOR[key]:
            if seen.setdefault(flavour, key) != key:
                raise DataError(
                    f"{flavour} is in the rows of {seen[flavour][0]} and of {key[0]}; each of the "
                    "six species must be given once",
                    path=path,
                    line=line,
                )
            numbers.setdefault(flavour, []).append([begin, end, 1e51 * energy, mean, square])
    if missing := [name for name in FLAVOURS if name not in numbers]:
        raise DataError(
            f"has no row for {missing[0]}; all six species are needed, nu_x with its multiplicity",
            path=path,
        )
    # a row that stands for several flavours is one table, and what is computed of it is shared
    made: dict[str, TimeBins] = {}
    for name in FLAVOURS:
        same = (made[f] for f in made if numbers[f] == numbers[name])
        made[name] = next(same, None) or _bins(np.array(numbers[name]), name, path)
    return made


def _bins(table: Array, flavour: str, path: Path) -> TimeBins:
    """Bins in time order, of which none overlaps another."""
    begin, end, energy, mean, square = table[np.argsort(table[:, 0], kind="stable")].T
    if np.any(begin[1:] < end[:-1] - 1e-9 * np.abs(end[:-1])):
        at = int(np.argmax(begin[1:] < end[:-1])) + 1
        raise DataError(f"time bins of {flavour} overlap at {begin[at]:g} s", path=path)
    if not energy.sum() > 0.0:
        raise DataError(f"{flavour} has no energy", path=path)
    return TimeBins(begin, end, energy, mean, square)


def _number(text: str | None, name: str, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise DataError(f"{name}: {text!r} is not a finite number", path=path, line=line)
    return value
