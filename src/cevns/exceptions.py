"""Every error a user can meet: what is wrong, where, and how to repair it.

The command line prints the message of a `CevnsError` as one sentence and exits with its
`exit_code`; Python users catch the class. Nothing here shows a traceback at the command line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "CevnsError",
    "CevnsWarning",
    "DataError",
    "FitError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "SchemaError",
    "SpeciesError",
    "UnitError",
    "UnknownNameError",
]


class CevnsError(Exception):
    """Base class of everything cevns raises on purpose."""

    exit_code = 1


class CevnsWarning(UserWarning):
    """A result that can be used with care: a model outside its validity range, for example."""


class InputError(CevnsError, ValueError):
    """The user's input cannot be used: a value out of range, NaN, an impossible combination."""

    exit_code = 2


class UnknownNameError(InputError):
    """A name that no registry knows; the message offers the nearest known ones.

    Args:
        kind: what was looked up, for example ``"material"``.
        name: the name as the user wrote it.
        known: the names that exist.
        meant: those that it surely stands for, a short name for example; by default the nearest.
        apart: further names that are listed apart, and what these are called.

    Examples:
        >>> print(UnknownNameError("material", "CsJ", ["CsI", "NaI"]))
        unknown material 'CsJ': did you mean 'CsI'? Known: CsI, NaI
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        meant: Iterable[str] = (),
        apart: tuple[str, Iterable[str]] = ("", ()),
    ) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        called, others = apart[0], sorted(apart[1])
        folded = {k.casefold(): k for k in (*self.known, *others)}
        near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
        offered = [*meant] or [folded[n] for n in near]
        hint = "did you mean " + " or ".join(map(repr, offered)) + "? " if offered else ""
        shown = ", ".join(self.known[:40]) + (", ..." if len(self.known) > 40 else "")
        listed = f"Known: {shown}" if shown else "there is none here"
        listed += f"; {called}: {', '.join(others)}" if others else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}{listed}")


class SpeciesError(InputError):
    """A particle that a process does not scatter, for example dark matter for a neutrino one."""


class UnitError(InputError):
    """A quantity without a unit, or with one of the wrong dimension."""


class SchemaError(InputError):
    """An experiment file breaks the schema; the message names file, line and field.

    ``others`` are further mistakes of the same section, which is where the search for them ended.
    """

    def __init__(
        self, message: str, *, path: Path | str, line: int | None = None, field: str | None = None
    ) -> None:
        self.path, self.line, self.field, self.message = str(path), line, field, message
        self.others: tuple[SchemaError, ...] = ()
        where = f"{path}" + (f", line {line}" if line is not None else "")
        super().__init__(f"{where}: " + (f"field '{field}': " if field else "") + message)


class DataError(InputError):
    """A data file is missing, truncated, altered or in the wrong columns."""

    def __init__(self, message: str, *, path: Path | str, line: int | None = None) -> None:
        self.path = str(path)
        where = f"{path}" + (f", line {line}" if line is not None else "")
        super().__init__(f"{where}: {message}")


class OutputError(InputError):
    """A result cannot be written where the user wants it."""


class MissingExtraError(InputError):
    """An optional dependency is not installed; the message says which extra brings it."""

    def __init__(self, package: str, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed: pip install 'cevns[{extra}]'"
        )


class FitError(CevnsError):
    """A minimisation did not converge; the message holds the diagnosis."""

    exit_code = 1
