"""Methods written for an earlier version, which handed them the array module as ``xp``."""

from __future__ import annotations

from typing import Any

from cevns.exceptions import InputError

__all__ = ["refuse_xp", "refuse_xp_in"]


def refuse_xp(kind: type, methods: tuple[str, ...]) -> None:
    """Raise if one of these methods of a user's class takes ``xp``.

    Raises:
        InputError: naming the file, the line and what to change.
    """
    for name in methods:
        refuse_xp_in(getattr(kind, name, None), f"{kind.__name__}.{name}")


def refuse_xp_in(function: Any, what: str) -> None:
    """Raise if a user's function takes ``xp``.

    Raises:
        InputError: naming the file, the line and what to change.
    """
    code = getattr(function, "__code__", None)
    if code and "xp" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        raise InputError(
            f"{code.co_filename}, line {code.co_firstlineno}: {what} takes the argument xp, but "
            "NumPy is the only array module; remove the argument and write np for xp inside"
        )
