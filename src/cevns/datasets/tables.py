"""The one table format of cevns: comma-separated numbers, named columns, a comment above.

Tables of published figures that the package carries and tables that users write are the same:
lines starting with ``#`` (what it is, where it comes from, units), one line of column names,
then rows of numbers. A binned axis is a pair of columns with the lower and upper edges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevns.datasets.delimited_text import read_bytes, read_lines, read_rows
from cevns.exceptions import DataError
from cevns.typing import Array, IntArray

__all__ = ["Table", "read_table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table of numbers.

    Attributes:
        path: the file it came from.
        header: its comment lines, without ``#``.
        columns: arrays of equal length, by name, in the order of the file.
        lines: line number of each row in the file, for messages.
        sha256: digest of what was read.
    """

    path: Path
    header: str
    columns: Mapping[str, Array]
    lines: IntArray
    sha256: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> Array:
        """The column `name`.

        Raises:
            DataError: if there is none; the message lists the columns there are.
        """
        if name not in self.columns:
            raise DataError(
                f"has no column '{name}'; it has {_listed(self.columns)}", path=self.path
            )
        return self.columns[name]

    def edges(self, low: str, high: str) -> Array:
        """Edges of the bins that the columns `low` and `high` span, increasing.

        The bins may come in any order and repeat (the other axes of a grid), but must join
        without gap or overlap.

        Raises:
            DataError: if a column is missing, a bin has no width, or the bins do not join.
        """
        lower, upper = self[low], self[high]
        if (flat := ~(lower < upper)).any():
            raise DataError(
                f"'{high}' must be greater than '{low}'",
                path=self.path,
                line=int(self.lines[np.argmax(flat)]),
            )
        starts, ends = np.unique(lower), np.unique(upper)
        edges = np.append(starts, ends[-1])
        # every bin must be [edge k, edge k + 1]
        broken = upper != edges[np.searchsorted(starts, lower) + 1]
        if broken.any():
            raise DataError(
                f"the bins in '{low}' and '{high}' leave a gap or overlap",
                path=self.path,
                line=int(self.lines[np.argmax(broken)]),
            )
        return edges

    def grid(self, value: str, *axes: tuple[str, str]) -> Array:
        """The column `value` as an array with one axis per pair (low, high) of edge columns.

        Args:
            value: column to arrange.
            axes: pairs of column names as in `edges`.

        Returns:
            Array of shape (bins of the first axis, bins of the second, ...).

        Raises:
            DataError: if a cell is missing or given twice, or as `edges`.
        """
        edges = [self.edges(low, high) for low, high in axes]
        shape = tuple(len(e) - 1 for e in edges)
        index = np.ravel_multi_index(
            tuple(np.searchsorted(e, self[low]) for e, (low, _) in zip(edges, axes, strict=True)),
            shape,
        )
        seen = np.bincount(index, minlength=int(np.prod(shape)))
        if (seen != 1).any():
            missing, repeated = int((seen == 0).sum()), int((seen > 1).sum())
            raise DataError(
                f"must give each of the {len(seen)} bins once; {missing} are missing and "
                f"{repeated} are given more than once",
                path=self.path,
            )
        cells = np.empty(len(seen))
        cells[index] = self[value]
        return cells.reshape(shape)


def read_table(path: Path | str, require: tuple[str, ...] = (), *, empty: bool = False) -> Table:
    r"""Read a table.

    Args:
        path: a CSV file in the format of this module.
        require: columns it must have.
        empty: whether it may have no row.

    Returns:
        The table; all values are finite.

    Raises:
        DataError: if the path is a folder or missing, or the file is empty, binary, without a
            line of column names, without rows, with a row of another width, with a value that is
            no finite number, or without a required column. The message names file and line.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "points.csv")
        ...     _ = path.write_text("# quenching\nenergy_kevnr,qf\n5,0.0743\n10,0.0882\n")
        ...     table = read_table(path, require=("energy_kevnr", "qf"))
        >>> table.header, table["qf"].tolist()
        ('quenching', [0.0743, 0.0882])
    """
    path = Path(path)
    raw = read_bytes(path)
    numbered = list(enumerate(read_lines(path, raw=raw), start=1))
    content = [
        (n, line) for n, line in numbered if line.strip() and not line.lstrip().startswith("#")
    ]
    comments = [line.lstrip()[1:].strip() for _, line in numbered if line.lstrip().startswith("#")]
    if not content:
        raise DataError(
            "holds comments only; a line of column names and rows must follow", path=path
        )
    first, names_line = content[0]
    names = [name.strip() for name in names_line.split(",")]
    if any(_is_number(name) or not name for name in names):
        raise DataError(
            "the first line below the comments must name the columns, separated by commas",
            path=path,
            line=first,
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"names the column '{twice[0]}' more than once", path=path, line=first)
    if missing := [name for name in require if name not in names]:
        raise DataError(
            f"has no column {_listed(missing)}; it has {_listed(names)}", path=path, line=first
        )
    if empty and len(content) == 1:
        values, lines = np.zeros((0, len(names))), np.zeros(0, dtype=np.int64)
    else:
        values, lines = read_rows(path, content[1:], len(names), separator=",")
    values.setflags(write=False)
    columns = {name: values[:, k] for k, name in enumerate(names)}
    digest = hashlib.sha256(raw).hexdigest()
    return Table(path, "\n".join(comments), columns, lines, digest)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(names: Mapping[str, Array] | list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
