"""What oscillation data allow of non-standard interactions: regions declared in a table."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cevns.exceptions import DataError, UnknownNameError

__all__ = ["FILE", "Region", "region", "regions"]

FILE: Final = Path(__file__).with_name("lma_dark.csv")
_COLUMNS: Final = ("quark", "solution", "lower", "upper", "source")
_SOLUTIONS: Final = ("LMA", "LMA-D")


@dataclass(frozen=True)
class Region:
    """An interval of eps_ee - eps_mumu that oscillation data allow.

    Args:
        quark: ``u`` or ``d``.
        solution: ``LMA`` or ``LMA-D``.
        lower: end of the interval.
        upper: end of the interval.
        source: where it is from.
    """

    quark: str
    solution: str
    lower: float
    upper: float
    source: str


def regions(path: Path | str = FILE) -> tuple[Region, ...]:
    """The declared regions: our table, or one's own with the same columns.

    Args:
        path: CSV file with the columns ``quark,solution,lower,upper,source``.

    Raises:
        DataError: if the file is missing, or a line is not of that form.

    Examples:
        >>> [r.lower for r in regions() if r.solution == "LMA-D"]
        [-1.192, -1.232]
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read as a table of regions: {error}", path=path) from None
    kept = [(i, line) for i, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not kept or tuple(kept[0][1].split(",")) != _COLUMNS:
        raise DataError(f"a table of regions has the columns {','.join(_COLUMNS)}", path=path)
    out = []
    for (number, _), row in zip(kept[1:], csv.reader(line for _, line in kept[1:]), strict=True):
        try:
            quark, solution, lower, upper, source = row
            region = Region(quark, solution, float(lower), float(upper), source)
        except ValueError:
            region = None
        if (
            region is None
            or region.quark not in ("u", "d")
            or region.solution not in _SOLUTIONS
            or not -math.inf < region.lower < region.upper < math.inf
        ):
            raise DataError(
                "a region is a quark (u or d), a solution (LMA or LMA-D), two increasing finite "
                f"numbers and a source, not {','.join(row)!r}",
                path=path,
                line=number,
            )
        out.append(region)
    return tuple(out)


def region(quark: str, solution: str = "LMA-D", path: Path | str = FILE) -> Region:
    """The declared region of couplings to one kind of quark.

    Raises:
        DataError: if the file is broken.
        UnknownNameError: if it has no such region.

    Examples:
        >>> region("d").upper
        -1.111
    """
    known = {f"{r.quark} {r.solution}": r for r in regions(path)}
    try:
        return known[f"{quark} {solution}"]
    except KeyError:
        raise UnknownNameError("oscillation region", f"{quark} {solution}", known) from None
