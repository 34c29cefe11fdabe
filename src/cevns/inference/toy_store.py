"""Keeping toys on disk while they run, so that a stopped run goes on where it was.

Finished blocks are written in part files beside the target, each to a temporary name first and
then renamed, so a kill at any moment leaves only whole files. At the end the parts are joined
into the target and removed. Every file carries the fingerprint of its run; one of another run is
refused with the difference named.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cevns.exceptions import DataError, InputError, OutputError
from cevns.typing import Array

Block = dict[str, Array]
_FLUSH_S = 5.0


class ToyStore:
    """Blocks of toys on disk.

    Args:
        path: the target file, ``.npz``.
        fingerprint: what determines the toys; plain JSON values.

    Raises:
        OutputError: if the target cannot be written.
    """

    def __init__(self, path: Path | str, fingerprint: Mapping[str, Any]) -> None:
        self.path = Path(path)
        if self.path.suffix != ".npz":
            raise OutputError(f"{self.path}: toys are written as .npz; name the file so")
        self.fingerprint = dict(fingerprint)
        self.parts = self.path.with_name(self.path.name + ".parts")
        self._waiting: dict[int, Block] = {}
        self._last = time.monotonic()

    def load(self) -> dict[int, Block]:
        """All blocks that are already there: those of the finished file, or of its parts.

        Raises:
            DataError: if a file is truncated or is no toy file.
            InputError: if it belongs to another run; the message names the difference.
        """
        if self.path.exists():
            return self._read(self.path)
        out: dict[int, Block] = {}
        for part in sorted(self.parts.glob("*.npz")):
            out |= self._read(part)
        return out

    def prepare(self) -> None:
        """Make sure that results can be written, before any work is done."""
        try:
            self.parts.mkdir(parents=False, exist_ok=True)
            probe = self.parts / "probe.tmp"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from None

    def add(self, number: int, block: Block) -> None:
        """Keep one block; written every few seconds."""
        self._waiting[number] = block
        if time.monotonic() - self._last > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting as one part file."""
        if self._waiting:
            name = f"blocks-{min(self._waiting):08d}-{len(self._waiting)}-{time.time_ns()}.npz"
            self._write(self.parts / name, self._waiting)
        self._waiting = {}
        self._last = time.monotonic()

    def finish(self, blocks: Mapping[int, Block]) -> None:
        """Write the target and remove the parts."""
        self._write(self.path, blocks)
        shutil.rmtree(self.parts, ignore_errors=True)

    def _write(self, path: Path, blocks: Mapping[int, Block]) -> None:
        """All blocks in one file: arrays joined in block order, with the blocks' sizes."""
        numbers = sorted(blocks)
        arrays: dict[str, Any] = {
            key: np.concatenate([blocks[i][key] for i in numbers]) for key in blocks[numbers[0]]
        }
        sizes = {k: np.array([len(blocks[i][k]) for i in numbers]) for k in blocks[numbers[0]]}
        arrays |= {f"size.{k}": v for k, v in sizes.items()}
        temporary = path.with_name(path.name + ".tmp")
        try:
            with temporary.open("wb") as file:
                np.savez(file, block=np.array(numbers), run=json.dumps(self.fingerprint), **arrays)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OutputError(f"cannot write {path}: {error.strerror}") from None

    def _read(self, path: Path) -> dict[int, Block]:
        try:
            # np.load leaves a file open that it cannot read; so it is opened here
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                content = {k: file[k] for k in file.files}
            run = json.loads(str(content.pop("run")))
            numbers = content.pop("block")
            sizes = {k: content.pop(f"size.{k}") for k in list(content) if f"size.{k}" in content}
            split = {k: np.split(content[k], np.cumsum(v)[:-1]) for k, v in sizes.items()}
        except OSError as error:
            if isinstance(error, IsADirectoryError | PermissionError):
                raise DataError(f"cannot read it: {error.strerror}", path=path) from None
            raise self._broken(path) from None
        except (zipfile.BadZipFile, ValueError, EOFError, KeyError):
            raise self._broken(path) from None
        self._check(run, path)
        return {int(n): {k: v[i] for k, v in split.items()} for i, n in enumerate(numbers)}

    def _broken(self, path: Path) -> DataError:
        return DataError(
            "this is no complete file of toys (truncated or of another kind); remove it and run "
            "again",
            path=path,
        )

    def _check(self, run: Mapping[str, Any], path: Path) -> None:
        for key, ours in self.fingerprint.items():
            theirs = run.get(key)
            if json.loads(json.dumps(ours)) != theirs:
                raise InputError(
                    f"{path} holds toys of another run: its {key} is {_short(theirs)}, not "
                    f"{_short(ours)}; choose another file or the same settings"
                )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
