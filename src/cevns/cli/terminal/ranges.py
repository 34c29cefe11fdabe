"""``--parameter NAME=LOW:HIGH:N`` or ``NAME``: how a range of a scan is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevns.cli.terminal.options import number
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.inference.model.grid import Axis
    from cevns.parameters import Parameter

__all__ = ["HOW", "MOST", "MOST_OF_FIELD", "NATURAL_POINTS", "Range", "read"]

NATURAL_POINTS = "41"
"""Points of a natural range, if their number is not said."""

MOST = 4_000_000
"""Points of a scan: a profile of so many takes minutes and gigabytes."""
MOST_OF_FIELD = 1000
"""Points of a scan over a field, each of which takes a tenth of a second or more."""
HOW = "write NAME=LOW:HIGH:N, for example eps_ee_u=-0.5:0.8:80 or m_zprime=0.1MeV:10GeV:60:log"


@dataclass(frozen=True)
class Range:
    """A range as it was written.

    Args:
        name: of the parameter.
        low: lower end, a number or a quantity with a unit; empty for the natural range.
        high: upper end.
        n: number of points.
        log: equidistant in the logarithm.
    """

    name: str
    low: str
    high: str
    n: int
    log: bool = False

    def axis(self, parameter: Parameter, *, structural: bool) -> Axis:
        """The axis over a parameter.

        Raises:
            InputError: if the range is empty or leaves the physical one, or none is natural.
            UnitError: if a unit is not that of the parameter.
        """
        from cevns.inference.model.grid import Axis

        if not self.low:
            if parameter.natural is None:
                raise InputError(
                    f"the parameter {parameter.name!r} has no default range; give it from where to "
                    "where it is scanned and in how many points, for example --parameter "
                    f"{_example(parameter)}" + (f" (in {parameter.unit})" if parameter.unit else "")
                )
            return Axis.natural(parameter, self.n, structural=structural)
        low, high = (number(x, parameter, "--parameter") for x in (self.low, self.high))
        return Axis.between(parameter, low, high, self.n, log=self.log, structural=structural)

    def of_field(self) -> tuple[list[float], str]:
        """Values over a field of the experiment file, and their unit.

        Raises:
            InputError: if there is no range, or it is empty.
            UnitError: if the ends have units of two kinds.

        Examples:
            >>> Range("target.mass", "500g", "2kg", 4).of_field()
            ([0.5, 1.0, 1.5, 2.0], 'kg')
        """
        import numpy as np

        from cevns.units import quantity, unit_written

        if not self.low:
            raise InputError(
                f"the field {self.name} needs a range, for example --parameter "
                f"{self.name}=1kg:100kg:20:log, with the unit that the field has"
            )
        what = f"--parameter {self.name}"
        unit = unit_written(self.high) or unit_written(self.low)
        low, high = (quantity(x, unit, what=what) for x in (self.low, self.high))
        if self.n < 2 or not low < high:
            raise InputError(
                f"{what}: {self.low}:{self.high}:{self.n} is no range; give low < high and at "
                "least two points"
            )
        if self.n > MOST_OF_FIELD:
            raise InputError(
                f"{what}: {self.n:,} points, at each of which the file is read anew; take "
                f"{MOST_OF_FIELD:,} at most"
            )
        if self.log and low <= 0.0:
            raise InputError(f"{what}: a logarithmic range starts above 0, not at {self.low}")
        values = (np.geomspace if self.log else np.linspace)(low, high, self.n).tolist()
        return [low, *values[1:-1], high], unit


def _example(parameter: Parameter) -> str:
    """A range within the physical one that could be written."""
    size = abs(parameter.value) or 1.0
    low = max(parameter.value - size, parameter.lower)
    high = min(parameter.value + size, parameter.upper)
    return f"{parameter.name}={low:g}:{high:g}:{NATURAL_POINTS}"


def read(texts: Sequence[str]) -> list[Range]:
    """The ``--parameter`` options.

    Raises:
        InputError: if one cannot be read; the sentence shows how to write it.

    Examples:
        >>> read(["m_zprime=0.1MeV:10GeV:60:log"])
        [Range(name='m_zprime', low='0.1MeV', high='10GeV', n=60, log=True)]
        >>> read(["m_zprime"])
        [Range(name='m_zprime', low='', high='', n=41, log=False)]
    """
    out: list[Range] = []
    for text in texts:
        name, equal, rest = text.partition("=")
        natural = ["", "", rest if equal else NATURAL_POINTS]
        parts = [p.strip() for p in (rest.split(":") if ":" in rest else natural)]
        log = len(parts) == 4 and parts[3] in ("log", "lin")
        if not name.strip() or not (len(parts) == 3 or log) or (":" in rest and not all(parts)):
            raise InputError(f"--parameter {text}: {HOW}")
        try:
            n = int(parts[2])
        except ValueError:
            raise InputError(
                f"--parameter {text}: {parts[2]!r} is not a number of points; {HOW}"
            ) from None
        if n > MOST:
            raise InputError(
                f"--parameter {text}: {n:,} points are more than the {MOST:,} that a scan may "
                "have; use fewer, and --refine along the boundary"
            )
        out.append(Range(name.strip(), parts[0], parts[1], n, log and parts[3] == "log"))
    if math.prod(max(r.n, 1) for r in out) > MOST and len(out) == 2:
        raise InputError(
            f"{out[0].n:,} x {out[1].n:,} points are more than the {MOST:,} that a scan may have; "
            "use fewer, and --refine along the boundary"
        )
    return out
