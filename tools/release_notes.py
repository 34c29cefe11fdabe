"""Print what CHANGELOG.md says of a version, and refuse one whose files do not agree.

    python tools/release_notes.py v1.2.3

A tag is released only if the version in pyproject.toml, ``cevns.__version__``, CITATION.cff and the
recipe for conda is the one of the tag, and the changelog has a section of it that has a date and is
not empty.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def section(changelog: str, version: str) -> tuple[str, str]:
    r"""The heading's date and the text of a version.

    Raises:
        ValueError: There is no such section, or nothing in it.

    Examples:
        >>> section("## [1.2.0] - 2027-01-31\n\n### Added\n\n- x\n\n## [1.1.0]\n", "1.2.0")
        ('2027-01-31', '### Added\n\n- x')
    """
    heading = re.compile(rf"^## \[{re.escape(version)}\](?: - (?P<date>.*))?$", re.MULTILINE)
    found = heading.search(changelog)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section '## [{version}] - YEAR-MONTH-DAY'")
    text = re.split(r"^## ", changelog[found.end() :], maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not re.search(r"^- \S", text, flags=re.MULTILINE):
        raise ValueError(f"the section of {version} in CHANGELOG.md lists nothing")
    return (found["date"] or "").strip(), text


def versions(root: Path) -> dict[str, str]:
    """The version by each file that states one; a version that is not found is ''."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = {"pyproject.toml": str(project["version"])}
    for name, pattern in (
        ("CITATION.cff", r"^version: [\"']?([^\s\"']+)"),
        ("conda/recipe.yaml", r"^  version: \"(.+)\"$"),
        ("src/cevns/records/__init__.py", r"^VERSION: Final = \"(.+)\"$"),
    ):
        text = (root / name).read_text(encoding="utf-8")
        found = re.search(pattern, text, flags=re.MULTILINE)
        stated[name] = found.group(1) if found else ""
    return stated


def notes(tag: str, root: Path = ROOT) -> str:
    """The text for a tag.

    Raises:
        ValueError: The tag is not a version, a file states another one, or the changelog has no
            dated section of it.
    """
    if not re.fullmatch(r"v\d+\.\d+\.\d+((a|b|rc)\d+)?", tag):
        raise ValueError(f"{tag!r} is no tag of a release: v1.2.3 or v1.2.3rc1")
    version = tag.removeprefix("v")
    for name, stated in versions(root).items():
        if stated != version:
            raise ValueError(f"the tag is {tag}, and {name} says {stated or 'no version'}")
    date, text = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise ValueError(
            f"the section of {version} in CHANGELOG.md needs the date of the release, 2027-01-31; "
            f"it has {date or 'none'}"
        )
    return text


def main() -> int:
    """Print the notes; 2 where the release is refused."""
    parser = argparse.ArgumentParser(description="what the changelog says of a version")
    parser.add_argument("tag", help="v1.2.3")
    try:
        print(notes(parser.parse_args().tag))
    except ValueError as wrong:
        print(f"not to be released: {wrong}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
