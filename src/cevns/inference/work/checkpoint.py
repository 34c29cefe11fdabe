"""Blocks of results on disk while a run goes on, so that a stopped run goes on where it was.

Finished blocks are written in part files in a folder beside the target (`cevns.files.write`: a kill
at any moment leaves only whole files). Every file carries the fingerprint of its run; one of
another run is refused with the difference named.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cevns import files
from cevns.exceptions import DataError, InputError
from cevns.typing import ENGINE, Array

__all__ = [
    "FLUSH_S",
    "Block",
    "BlockKey",
    "Checkpoint",
    "blocks_of",
    "check_run",
    "difference",
    "join",
    "read_arrays",
    "read_blocks",
    "write_blocks",
]

_SAID = ("citations", "engine", "title")
"""What a fingerprint says and does not compare: the numbers of a run do not depend on it."""
Block = dict[str, Array]
FLUSH_S = 5.0
"""Time between part files."""


class BlockKey(NamedTuple):
    """Which toys a block holds; its arrays `hypothesis`, `number` and `point` say so too.

    Args:
        hypothesis: under which its toys are drawn.
        number: among the blocks of its points.
        points: whose toys it holds.
    """

    hypothesis: int
    number: int
    points: tuple[int, ...]


class Checkpoint:
    """The part files of one run, or of a part of it.

    Args:
        target: the file that the run will write at its end; the parts stand in a folder beside.
        fingerprint: what determines the blocks; plain JSON values.
        part: name of the part; each has a folder of its own.
    """

    def __init__(self, target: Path, fingerprint: Mapping[str, Any], part: str = "") -> None:
        self.target = target
        self.fingerprint = dict(fingerprint)
        self.folder = target.with_name(".".join(filter(None, [target.name, part, "parts"])))
        self._waiting: dict[BlockKey, Block] = {}
        self._last = time.monotonic()
        self._own: list[Path] = []

    def load(self) -> dict[BlockKey, Block]:
        """All blocks that are already there.

        Raises:
            DataError: if a part is truncated or of another kind.
            InputError: if it belongs to another run; the message names the difference.
        """
        out: dict[BlockKey, Block] = {}
        for part in sorted(self.folder.glob("*.npz")):
            out |= read_blocks(part, self.fingerprint)
            if part not in self._own:
                self._own.append(part)
        return out

    def prepare(self) -> None:
        """Make sure that results can be written, before any work is done.

        Raises:
            OutputError: if not.
        """
        files.check_writable(self.target)
        files.make_folder(self.folder)
        files.check_writable(self.folder / "blocks.npz")

    def add(self, key: BlockKey, block: Block) -> None:
        """Keep one block; written every few seconds."""
        self._waiting[key] = block
        if time.monotonic() - self._last > FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting as one part file."""
        if self._waiting:
            part = self.folder / f"blocks-{time.time_ns()}-{len(self._waiting)}.npz"
            write_blocks(part, self.fingerprint, self._waiting)
            self._own.append(part)
        self._waiting = {}
        self._last = time.monotonic()

    def remove(self) -> None:
        """Remove the parts of this run, whose target is written, and what a kill left of others."""
        with suppress(OSError):  # there may be other files, or no permission
            for part in (*self._own, *self.folder.glob(".*.tmp")):
                part.unlink(missing_ok=True)
            self.folder.rmdir()


def join(blocks: Mapping[BlockKey, Block]) -> dict[str, Array]:
    """All blocks as a few arrays, joined in the order of their keys, with their sizes."""
    keys = sorted(blocks)
    first = blocks[keys[0]]
    arrays = {name: np.concatenate([blocks[k][name] for k in keys]) for name in first}
    sizes = {f"size.{name}": np.array([len(blocks[k][name]) for k in keys]) for name in first}
    return {**arrays, **sizes}


def blocks_of(arrays: Mapping[str, Array], path: Path, incomplete: str) -> dict[BlockKey, Block]:
    """The blocks that `join` joined.

    Args:
        arrays: what it made.
        path: the file that they are from.
        incomplete: is said where they are not complete.

    Raises:
        DataError: if they are not complete, or an earlier version wrote them.
    """
    if "block" in arrays and "number" not in arrays:
        raise DataError(
            "an earlier version of cevns wrote it, with blocks of toys that this one cannot "
            "continue; remove it and run again",
            path=path,
        )
    try:
        sizes = {k.removeprefix("size."): v for k, v in arrays.items() if k.startswith("size.")}
        pieces = {k: np.split(arrays[k], np.cumsum(v)[:-1]) for k, v in sizes.items()}
        whole = all(v.sum() == len(arrays[k]) for k, v in sizes.items())
        names = (pieces[k] for k in ("hypothesis", "number", "point"))
        blocks = {
            BlockKey(int(h[0]), int(n[0]), tuple(p.tolist())): {k: v[i] for k, v in pieces.items()}
            for i, (h, n, p) in enumerate(zip(*names, strict=True))
        }
    except (KeyError, ValueError, IndexError):
        raise DataError(incomplete, path=path) from None
    if not whole:
        raise DataError(incomplete, path=path)
    return blocks


def write_blocks(
    path: Path,
    fingerprint: Mapping[str, Any],
    blocks: Mapping[BlockKey, Block],
    *,
    new: bool = False,
) -> None:
    """Write blocks as one ``.npz`` file, all of it or nothing; if `new`, over no other file.

    Raises:
        OutputError: if it cannot be written.
    """
    arrays: dict[str, Any] = dict(join(blocks))
    buffer = io.BytesIO()
    np.savez(buffer, run=json.dumps(fingerprint), **arrays)
    files.write(path, buffer.getbuffer(), new=new)


def read_blocks(path: Path, fingerprint: Mapping[str, Any]) -> dict[BlockKey, Block]:
    """Read what `write_blocks` wrote in the same run.

    Raises:
        DataError: if the file is truncated or of another kind.
        InputError: if it belongs to another run.
    """
    incomplete = (
        "this is no complete file of toys (truncated or of another kind); remove it and run again"
    )
    content = read_arrays(path, incomplete)
    try:
        run = json.loads(str(content.pop("run")))
    except (ValueError, KeyError):
        raise DataError(incomplete, path=path) from None
    blocks = blocks_of(content, path, incomplete)
    check_run(run, fingerprint, path)
    return blocks


def read_arrays(path: Path, incomplete: str) -> dict[str, Array]:
    """The arrays of an ``.npz`` file, whose checksums are compared before anything is parsed.

    Args:
        path: the file.
        incomplete: what is said of one that is truncated, damaged or of another kind.

    Raises:
        DataError: if it is such a file, or cannot be read.
    """
    broken = DataError(incomplete, path=path)
    try:
        # np.load leaves a file open that it cannot read; so it is opened here
        with path.open("rb") as handle:
            with zipfile.ZipFile(handle) as archive:
                if archive.testzip() is not None:
                    raise broken
            handle.seek(0)
            with np.load(handle, allow_pickle=False) as file:
                return {k: file[k] for k in file.files}
    except (IsADirectoryError, PermissionError) as error:
        raise DataError(f"cannot read it: {error.strerror}", path=path) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        raise broken from None
    except (NotImplementedError, RuntimeError, zlib.error):  # said to be packed or encrypted
        raise broken from None


def check_run(theirs: Mapping[str, Any], ours: Mapping[str, Any], path: Path) -> None:
    """Raise if a file belongs to another run.

    Raises:
        InputError: the message names the first difference.
    """
    before = theirs.get("engine", ENGINE)
    if "engine" in ours and before != ENGINE:
        raise InputError(
            f"{path} was computed with the engine {before}, and NumPy is now the only "
            "one: the file can be read but not continued; choose another file, or "
            "remove it"
        )
    if what := difference(theirs, ours):
        raise InputError(
            f"{path} belongs to another run: {what}; choose another file or the same settings"
        )


def difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The first difference between two fingerprints, in words; empty where there is none."""
    for key, value in json.loads(json.dumps(dict(ours))).items():
        if key not in _SAID and value != theirs.get(key):
            if key.endswith(" digest"):  # hashes say nothing to people
                return f"its {key} differs, so do the numbers behind it"
            is_, not_ = _difference(theirs.get(key), value)
            return f"its {key} is {is_}, not {not_}"
    return ""


def _difference(theirs: Any, ours: Any) -> tuple[str, str]:
    """Two values that differ, as short as the difference can be seen."""
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return f"of length {len(theirs)}", f"of length {len(ours)}"
        return next(_difference(a, b) for a, b in zip(theirs, ours, strict=True) if a != b)
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *theirs]:
            if theirs.get(key) != ours.get(key):
                a, b = _difference(theirs.get(key), ours.get(key))
                return f"{key} = {a}", f"{key} = {b}"
    return _short(theirs), _short(ours)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
