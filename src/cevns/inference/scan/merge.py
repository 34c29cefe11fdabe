"""Shares of a scan, computed by jobs of a batch queue, joined to the file of the whole scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cevns import files
from cevns.exceptions import DataError, InputError
from cevns.inference.scan import cls, cls_values, feldman_cousins
from cevns.inference.scan.toy_scan import Assemble, Judge, finished, judged, known, share_blocks
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan

__all__ = ["merge"]

_METHODS: dict[str, tuple[Assemble, Judge]] = {
    "fc": (feldman_cousins.assemble, feldman_cousins.judge),
    "cls": (cls_values.assemble, cls.judge),
}


def merge(paths: Sequence[Path | str], out: Path | str) -> ScanFile:
    """Join all shares of a scan; the datasets are those of an undisturbed run, bit for bit.

    Args:
        paths: files of the shares, in any order.
        out: file of the whole scan.

    Raises:
        InputError: if shares are missing, there twice, or of different scans; the message says
            which and how they differ.
        DataError: if a file is truncated or no share.
        OutputError: if `out` cannot be written.
        FitError: if the whole is refused; its file says so.
    """
    target = check_target(out)
    with files.claimed(target):
        return _merged(paths, target)


def _merged(paths: Sequence[Path | str], target: Path) -> ScanFile:
    """See `merge`."""
    new = not target.exists()
    if not paths:
        raise InputError("no shares are given; name their files")
    shares = {Path(p): read_scan(p) for p in paths}
    first, one = next(iter(shares.items()))
    found: dict[int, Path] = {}
    total = 0
    for path, share in shares.items():
        if share.shard is None or share.run.get("method") not in _METHODS:
            raise DataError("this is not a share of a scan (cevns scan --shard)", path=path)
        i, total = share.shard
        _same(first, one, path, share)
        if i in found:
            raise InputError(f"share {i}/{total} is given twice: {found[i]} and {path}")
        found[i] = path
    missing = [f"{i}/{total}" for i in range(1, total + 1) if i not in found]
    if missing:
        raise InputError(f"shares are missing: {', '.join(missing)}; compute them and merge again")
    blocks: dict[BlockKey, Block] = {}
    for path in found.values():
        blocks |= share_blocks(shares[path], path)
    run = {k: v for k, v in one.run.items() if k != "shard"}
    notes = {"shares": [dict(shares[found[i]].notes) for i in sorted(found)]}
    assemble, judge = _METHODS[run["method"]]
    whole = judged(finished(run, known(one), blocks, assemble, notes), judge)
    write_scan(target, whole, new=new)
    judge(whole)
    return whole


def _same(first: Path, one: ScanFile, path: Path, other: ScanFile) -> None:
    """Raise if two shares do not belong together.

    Raises:
        InputError: the message names the difference.
    """

    def identity(share: ScanFile) -> Mapping[str, Any]:
        return {**share.run, "shard": share.run["shard"][1]}

    ours, theirs = identity(one), identity(other)
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            what = "number of shares" if key == "shard" else key
            raise InputError(
                f"{first} and {path} are shares of different scans: the {what} is "
                f"{ours.get(key)} in one and {theirs.get(key)} in the other"
            )
    for name, array in one.datasets.items():
        # another kind of CPU may round the profile differently; the toys are as good
        if not name.startswith("blocks/") and not np.allclose(
            array, other.datasets.get(name, np.nan), rtol=1e-6, atol=1e-6, equal_nan=True
        ):
            raise InputError(f"{first} and {path} are shares of different scans: {name} differs")
