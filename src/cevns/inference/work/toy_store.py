"""Keeping toys on disk while they run, and all of them in one file at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cevns.exceptions import OutputError
from cevns.inference.work.checkpoint import Block, Checkpoint, read_blocks, write_blocks

__all__ = ["ToyStore"]


class ToyStore(Checkpoint):
    """Blocks of toys on disk.

    Args:
        path: the target file, ``.npz``.
        fingerprint: what determines the toys; plain JSON values.

    Raises:
        OutputError: if the target cannot be written.
    """

    def __init__(self, path: Path | str, fingerprint: Mapping[str, Any]) -> None:
        target = Path(path)
        if target.suffix != ".npz":
            raise OutputError(f"{target}: toys are written as .npz; name the file so")
        super().__init__(target, fingerprint)

    def load(self) -> dict[int, Block]:
        """All blocks that are already there: those of the finished file, or of its parts.

        Raises:
            DataError: if a file is truncated or is no toy file.
            InputError: if it belongs to another run; the message names the difference.
        """
        if self.target.exists():
            return read_blocks(self.target, self.fingerprint)
        return super().load()

    def finish(self, blocks: Mapping[int, Block]) -> None:
        """Write the target and remove the parts."""
        write_blocks(self.target, self.fingerprint, blocks)
        self.remove()
