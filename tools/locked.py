"""Print the part of requirements/dev.txt, hashes included, that an installation needs.

    python tools/locked.py --extra plot --also hatchling

prints the pins of the package's own requirements, of those of its extra ``plot``, of hatchling, and
of all that these need in turn. There is one lock; every environment, the container and the
workflows install from it with ``--require-hashes``, which fails if anything that is needed is
missing here. Only the standard library is used: this runs before anything is installed.

What needs what is read from the comments ``# via`` that uv writes below each pin.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "dev.txt"
_VIA = re.compile(r"^ +# +(?:via +)?(?P<name>[A-Za-z0-9][\w.-]*)", re.MULTILINE)


def canonical(requirement: str) -> str:
    """The normal form of the name that begins a requirement.

    >>> canonical("ruamel.yaml>=0.18"), canonical("Hepdata_lib")
    ('ruamel-yaml', 'hepdata-lib')
    """
    found = re.match(r"[\w.-]+", requirement.strip())
    if found is None:
        raise ValueError(f"{requirement!r} does not begin with the name of a package")
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pins(lock: str) -> dict[str, list[str]]:
    """Every package of a lock with its entries: pin, hashes, and the comment with its parents.

    A package has several entries where its version depends on the platform.
    """
    found: dict[str, list[str]] = {}
    for entry in re.split(r"^(?=\S)", lock, flags=re.MULTILINE):
        if entry.strip() and not entry.startswith("#"):
            found.setdefault(canonical(entry), []).append(entry)
    return found


def parents(entry: str) -> set[str]:
    r"""The packages that need the one of an entry.

    >>> sorted(parents("mdurl==0.1.2\n    # via\n    #   cevns (pyproject.toml)\n    #   rich\n"))
    ['cevns', 'rich']
    >>> parents("mdurl==0.1.2\n    # via markdown-it-py\n")
    {'markdown-it-py'}
    """
    return {canonical(name) for name in _VIA.findall(entry) if name != "via"}


def declared(extras: Iterable[str]) -> set[str]:
    """The names that pyproject.toml requires for the package with some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names: set[str] = set()
    waiting, seen = list(project["dependencies"]), set[str]()
    wanted = list(extras)
    while wanted or waiting:
        for requirement in waiting:
            if canonical(requirement) == project["name"]:
                within = requirement.partition("[")[2].partition("]")[0]
                wanted += [name.strip() for name in within.split(",")]
            else:
                names.add(canonical(requirement))
        new = [name for name in wanted if name not in seen]
        seen.update(new)
        offered = project["optional-dependencies"]
        for name in new:
            if name not in offered:
                raise ValueError(
                    f"no extra {name!r} in pyproject.toml; it has {', '.join(offered)}"
                )
        waiting, wanted = [one for name in new for one in offered[name]], []
    return names


def needed(roots: set[str], entries: dict[str, list[str]]) -> set[str]:
    """Some packages and everything that they need in turn."""
    unknown = sorted(roots - entries.keys())
    if unknown:
        raise ValueError(f"not in {LOCK.relative_to(ROOT)}: {', '.join(unknown)}; run `make lock`")
    chosen: set[str] = set()
    new = roots
    while new:
        chosen |= new
        new = {
            name
            for name, several in entries.items()
            if name not in chosen and any(parents(entry) & chosen for entry in several)
        }
    return chosen


def main() -> int:
    """Print the pins; 2 where something asked for is not there."""
    parser = argparse.ArgumentParser(description="the part of the lock that is needed")
    parser.add_argument("--extra", action="append", default=[], help="an extra of cevns")
    parser.add_argument("--also", action="append", default=[], help="another package of the lock")
    asked = parser.parse_args()
    entries = pins(LOCK.read_text(encoding="utf-8"))
    try:
        chosen = needed(declared(asked.extra) | {canonical(name) for name in asked.also}, entries)
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    sys.stdout.writelines(entry for name in sorted(chosen) for entry in entries[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
