"""Reading text files of numbers, with errors that name the file and the line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cevns.exceptions import DataError
from cevns.typing import Array, IntArray

__all__ = ["read_bytes", "read_lines", "read_rows"]


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        DataError: if the path is a folder or missing, or the file cannot be read.
    """
    if path.is_dir():
        raise DataError("is a folder; name a text file", path=path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError("does not exist; check the path", path=path) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot be read ({reason}); check the path", path=path) from None


def read_lines(path: Path, *, finished: bool = False, raw: bytes | None = None) -> list[str]:
    """Lines of a text file, without line ends.

    Args:
        path: the file.
        raw: what it holds, where that was read already.
        finished: whether the last line must end with a line break; where every edition of a file
            does, a missing one is the mark of a truncated copy.

    Raises:
        DataError: if the path is a folder or missing, or the file cannot be read, is empty, is
            not text, or (with `finished`) stops inside a line.
    """
    raw = read_bytes(path) if raw is None else raw
    if not raw.strip():
        raise DataError("is empty; get the file again", path=path)
    if b"\0" in raw:
        raise DataError("is binary, not text; name a text file of numbers", path=path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("is not UTF-8 text; name a text file of numbers", path=path) from None
    lines = text.splitlines()
    if finished and not text.endswith("\n"):
        raise DataError(
            "the file stops inside a line, it is truncated; get it again",
            path=path,
            line=len(lines),
        )
    return lines


def read_rows(
    path: Path,
    lines: Iterable[tuple[int, str]],
    width: int,
    *,
    separator: str | None = None,
) -> tuple[Array, IntArray]:
    """Rows of `width` finite numbers; blank lines and ``#`` comments are skipped.

    Args:
        path: the file, for messages.
        lines: pairs (line number, text).
        width: numbers in a row.
        separator: between the numbers; None is any white space.

    Returns:
        The numbers, shape (rows, `width`), and the line number of each row.

    Raises:
        DataError: if there is no row, a row has another width, or an entry is not a finite number.
    """
    rows: list[list[float]] = []
    numbers: list[int] = []
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        fields = text.split(separator)
        if len(fields) != width:
            raise DataError(
                f"has {len(fields)} value{'s' * (len(fields) != 1)} where {width} belong; "
                "the file is truncated or in another format",
                path=path,
                line=number,
            )
        try:
            rows.append([float(field) for field in fields])
        except ValueError:
            raise DataError(
                f"{text!r:.60} is not a row of numbers", path=path, line=number
            ) from None
        numbers.append(number)
    if not rows:
        raise DataError("holds no row of numbers; the file is truncated", path=path)
    values = np.array(rows)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(
            "holds a value that is not a finite number; repair or remove the row",
            path=path,
            line=numbers[first],
        )
    return values, np.array(numbers, dtype=np.int64)
