"""ROOT: histograms TH1, TH2 or TH3 of data and components, and the metadata as a string beside.

``CHANNEL/observed``, ``CHANNEL/COMPONENT/predicted``, ``fitted``, and the predictions with each
constrained parameter one standard deviation up and down: ``PARAMETER_up``, ``PARAMETER_down``.
Axes are called by their titles, for ROOT calls every axis xaxis, yaxis or zaxis.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cevns import files
from cevns.exceptions import DataError, InputError
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    TextTable,
    Written,
    WrittenFormat,
    library,
)
from cevns.likelihood_files.published import ChannelTable, Published
from cevns.records import BinAxis
from cevns.typing import Array

__all__ = ["MODEL", "Root", "histograms"]

_METADATA = "metadata"


def histograms(tables: tuple[ChannelTable, ...]) -> Iterator[tuple[str, str, ChannelTable, Array]]:
    """All histograms: path in the file, title, channel, contents ``(n_bins,)``."""
    for table in tables:
        channel = _safe(table.name)
        yield f"{channel}/observed", "observed counts", table, table.observed
        for c in table.components:
            folder = f"{channel}/{_safe(c.name)}"
            yield f"{folder}/predicted", f"{c.title}, predicted", table, c.predicted
            yield f"{folder}/fitted", f"{c.title}, fitted", table, c.fitted
            for name, sides in c.variations.items():
                for side, contents in zip(("up", "down"), sides, strict=True):
                    title = f"{c.title}, {name} one sigma {side}"
                    yield f"{folder}/{_safe(name)}_{side}", title, table, contents


def _safe(name: str) -> str:
    """A name without what ROOT takes for folders and cycles."""
    return name.replace("/", "_").replace(";", "_")


class Root(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "histograms (ROOT)"

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`."""
        library("uproot", "a ROOT file")
        files.check_writable(out)

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        uproot = library("uproot", "a ROOT file")
        every = list(histograms(published.tables))
        deep = [t.name for t in published.tables if len(t.axes) > 3]
        if deep:
            raise InputError(f"{deep[0]} has more than the three axes of a histogram in ROOT")
        record = {**published.record(), "format": "ROOT"}
        with files.replacing(out) as temporary:
            with uproot.create(temporary) as file:
                file[_METADATA] = json.dumps(record, allow_nan=False)
                for path, title, table, contents in every:
                    file[path] = _histogram(uproot, title, table.axes, contents)
            with uproot.open(temporary) as file:
                for path, _, table, contents in every:
                    back = file[path].values(flow=False).ravel()
                    if not np.array_equal(back, contents) or not all(
                        np.array_equal(axis.edges(), own.edges)
                        for axis, own in zip(file[path].axes, table.axes, strict=True)
                    ):
                        raise InputError(f"{out}: {path} would not be read back exactly")
        line = f"read back: all numbers of {len(every)} histograms are the same to the last bit"
        record |= {"histograms": len(every), "read_back": "exact"}
        return Written((out,), (line,), record)

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return candidate.head.startswith(b"root")

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        uproot, path = library("uproot", "a ROOT file"), candidate.path
        rows, content, lines = [], {}, []
        try:
            with uproot.open(path) as file:
                kinds = file.classnames(cycle=False, recursive=True)
                metadata = json.loads(str(file[_METADATA])) if _METADATA in kinds else {}
                for name, kind in kinds.items():
                    if not kind.startswith("TH"):
                        continue
                    found = file[name]
                    values = found.values(flow=False)
                    axes = ", ".join(str(a.member("fTitle")) for a in found.axes)
                    shape = " x ".join(map(str, values.shape))
                    rows.append((name, kind, shape, f"{values.sum():.6g}", axes))
                    content[name] = {
                        "class": kind,
                        "shape": list(values.shape),
                        "sum": float(values.sum()),
                    }
        except Exception as error:  # a damaged file may fail in any way
            text = " ".join(str(error).split())[:120]
            raise DataError(
                f"is not a complete ROOT file ({type(error).__name__}: {text})", path=path
            ) from None
        if not rows:
            raise DataError("holds no histograms, or is damaged", path=path)
        if "statement" in metadata:
            lines.append(str(metadata["statement"]))
        heads = ("histogram", "class", "bins", "sum", "axes")
        title, folders = f"{len(rows)} histograms", {row[0].partition("/")[0] for row in rows}
        if len(folders) == 1 and all("/" in row[0] for row in rows):
            # the name of the experiment once, and not in every row
            title += f" in {folders.pop()}/"
            rows = [(row[0].partition("/")[2], *row[1:]) for row in rows]
        return Inspection(
            self.title,
            tuple(lines),
            (TextTable(title, heads, tuple(rows)),),
            {"histograms": content, "metadata": metadata},
        )


def _histogram(uproot: Any, title: str, axes: tuple[BinAxis, ...], contents: Array) -> Any:
    """A histogram as uproot writes it: contents with empty under- and overflow."""
    made = uproot.writing.identify
    shape = tuple(len(a.edges) - 1 for a in axes)
    full = np.pad(contents.reshape(shape), 1)
    flat = np.ascontiguousarray(full.T).ravel()  # the first axis fastest
    own = []
    for name, axis in zip(("xaxis", "yaxis", "zaxis"), axes, strict=False):
        edges = axis.edges
        own.append(
            made.to_TAxis(
                fName=name, fTitle=axis.label, fNbins=len(edges) - 1, fXmin=float(edges[0]),
                fXmax=float(edges[-1]), fXbins=np.ascontiguousarray(edges, dtype=">f8"),
            )
        )  # fmt: skip
    total = float(contents.sum())
    moments = {"fTsumw": total, "fTsumw2": total, "fTsumwx": 0.0, "fTsumwx2": 0.0}
    common: dict[str, Any] = {
        "fName": None,
        "fTitle": title,
        "data": flat.astype(">f8"),
        "fEntries": total,
        "fSumw2": flat.astype(">f8"),
        **moments,
    }
    if len(own) == 1:
        return made.to_TH1x(**common, fXaxis=own[0])
    common |= {"fTsumwy": 0.0, "fTsumwy2": 0.0, "fTsumwxy": 0.0}
    if len(own) == 2:
        return made.to_TH2x(**common, fXaxis=own[0], fYaxis=own[1])
    common |= {"fTsumwz": 0.0, "fTsumwz2": 0.0, "fTsumwxz": 0.0, "fTsumwyz": 0.0}
    return made.to_TH3x(**common, fXaxis=own[0], fYaxis=own[1], fZaxis=own[2])


MODEL = Root
