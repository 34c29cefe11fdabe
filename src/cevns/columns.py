"""Small CSV tables of curves: columns of numbers by name."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from cevns.exceptions import DataError
from cevns.typing import Array

__all__ = ["line_of_row", "read_columns"]


def _lines(path: Path | str) -> list[tuple[int, str]]:
    """Lines that are no comments, with their numbers."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror}); check the path", path=path) from error
    return [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def line_of_row(path: Path | str, row: int) -> int:
    """Number of the line on which a row of numbers stands, for messages; rows count from 0.

    Raises:
        DataError: if the file is missing.
    """
    return _lines(path)[1 + row][0]


def read_columns(path: Path | str, required: tuple[str, ...]) -> dict[str, Array]:
    """Columns of numbers by name from a CSV with a header; ``#`` lines are comments.

    Raises:
        DataError: if the file is missing or empty, a required column is missing, or an entry is
            not a finite number.
    """
    lines = _lines(path)
    rows = [[cell.strip() for cell in row] for row in csv.reader(line for _, line in lines)]
    if len(rows) < 2:
        raise DataError("holds no table; write a header line and rows of numbers", path=path)
    header = rows[0]
    if missing := [name for name in required if name not in header]:
        raise DataError(
            f"column {missing[0]!r} is missing; the header has {', '.join(header)}",
            path=path,
            line=lines[0][0],
        )
    values = np.empty((len(rows) - 1, len(header)))
    for i, (row, (line, _)) in enumerate(zip(rows[1:], lines[1:], strict=True)):
        if len(row) != len(header):
            raise DataError(
                f"{len(row)} entries where the header has {len(header)}", path=path, line=line
            )
        for j, cell in enumerate(row):
            try:
                values[i, j] = float(cell)
            except ValueError:
                values[i, j] = math.nan
            if not math.isfinite(values[i, j]):
                raise DataError(f"{cell!r} is not a finite number", path=path, line=line)
    return {name: values[:, j] for j, name in enumerate(header)}
