"""Compare the numbers of ``cevns reproduce --json`` of two commits.

    cevns reproduce --json before.json      # at the commit before a change
    cevns reproduce --json after.json       # at the commit after it
    python tools/compare_reproduction.py before.json after.json

A change of the code that is meant to keep all numbers keeps them to 1e-8 of each error: of the
error of the published number where it has one, else of the number itself. The exit status is 1 if
one moves further, or if a row is in one file only.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any, Final

GOAL: Final = 1e-8
"""Share of its error by which a number may move."""


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a record by name."""
    record = json.loads(path.read_text(encoding="utf-8"))
    return {row["id"]: row for row in record["rows"]}


def numbers(row: dict[str, Any]) -> list[float | None]:
    """Ours: one number, or the ends of several pieces."""
    ours = row.get("ours")
    flat: list[Any] = [ours]
    while any(isinstance(x, list) for x in flat):
        flat = [y for x in flat for y in (x if isinstance(x, list) else [x])]
    return [None if x is None else float(x) for x in flat]


def unit(row: dict[str, Any], value: float) -> float:
    """The error of a number: the published one, or the number itself."""
    errors = (row.get("published_error_up"), row.get("published_error_down"))
    known = [abs(float(e)) for e in errors if isinstance(e, int | float) and e]
    return min(known) if known else abs(value) or 1.0


def moved(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Largest change of a row in units of its error; infinite where one of both is missing."""
    old, new = numbers(before), numbers(after)
    if len(old) != len(new) or [x is None for x in old] != [x is None for x in new]:
        return math.inf
    pairs = zip(old, new, strict=True)
    return max(
        (abs(a - b) / unit(before, a) for a, b in pairs if a is not None and b is not None),
        default=0.0,
    )


def main() -> int:
    """Print what moved, and say whether all is as before."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--goal", type=float, default=GOAL, help="share of an error")
    parser.add_argument("--except", dest="skipped", nargs="*", default=[], help="names of rows")
    given = parser.parse_args()
    before, after = rows(given.before), rows(given.after)
    lost = sorted(set(before) ^ set(after))
    for name in lost:
        print(f"{name}: in one record only")
    far = {
        name: moved(before[name], after[name])
        for name in before
        if name in after and name not in given.skipped
    }
    for name, size in sorted(far.items(), key=lambda item: -item[1]):
        if size > given.goal:
            print(f"{name}: {before[name]['ours']} became {after[name]['ours']}, {size:.1e} errors")
    worst = max(far.values(), default=0.0)
    print(f"{len(far)} numbers compared; the largest change is {worst:.1e} of an error")
    return int(bool(lost) or worst > given.goal)


if __name__ == "__main__":
    raise SystemExit(main())
