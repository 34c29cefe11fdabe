"""The versions that a report of an error needs, from the metadata of what is installed."""

from __future__ import annotations

import platform
import re
import textwrap
from importlib import metadata

from cevns.records import VERSION

__all__ = ["versions"]

_EXTRA = re.compile(r"""extra == ['"]([\w.-]+)['"]""")


def versions() -> str:
    """Versions of cevns, Python, the platform and every package that cevns can use.

    Nothing is imported for it: the names come from the metadata of the installed ``cevns``, the
    versions from theirs.

    Returns:
        Lines of text: one for each required package, one for each extra.

    Examples:
        >>> print(versions())
        cevns ...
        Python ...
        numpy ...
    """
    lines = [
        f"cevns {VERSION}",
        f"Python {platform.python_version()} ({platform.python_implementation()})",
        platform.platform(),
    ]
    try:
        declared = metadata.requires("cevns") or []
    except metadata.PackageNotFoundError:
        return "\n".join([*lines, "cevns runs from its sources and is not installed"])
    extras: dict[str, list[str]] = {}
    for requirement in declared:
        found = re.match(r"[\w.-]+", requirement)
        if found is None or found.group().lower() == "cevns":
            continue
        extra = _EXTRA.search(requirement)
        if extra and extra.group(1) == "all":
            continue  # these are the others again
        if extra:
            extras.setdefault(extra.group(1), []).append(_installed(found.group()))
        else:
            lines.append(_installed(found.group()))
    for name, several in extras.items():
        lines += textwrap.wrap(f"[{name}] {', '.join(several)}", 79, subsequent_indent="  ")
    return "\n".join(lines)


def _installed(name: str) -> str:
    """A package and its version."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (not installed)"
