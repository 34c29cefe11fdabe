"""Histograms by role from a located release, else from the tables beside the experiment file.

Precedence: the folder the user names, ``CEVNS_DATA``, the cache of downloaded releases, the
tables beside the file. The result says which was used, with digests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cevns import datasets
from cevns.datasets import binning, read_table
from cevns.datasets.digests import sha256
from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.experiments.declaration.document import Document
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.forms.section import Component, Table
from cevns.experiments.prediction.parts import Parts
from cevns.files import expanded
from cevns.typing import Array

__all__ = ["InputFile", "TableReader"]

_ALL_TIMES = np.array([-1e9, 1e9])
"""Where there is no time axis, an event counts whenever it comes (us)."""


@dataclass(frozen=True)
class InputFile:
    """A file a result depends on."""

    role: str
    name: str
    sha256: str


class TableReader:
    """Reads what an experiment takes from data, and notes the files.

    Attributes:
        origin: ``--data``, ``CEVNS_DATA``, ``cache``, ``carried`` or ``none``.
        files: what was read, with digests.
        warnings: what the user should know about the data.

    Raises:
        InputError: if the file names several releases, or none although a folder is named.
    """

    def __init__(self, experiment: Parts, data: Path | None) -> None:
        declared = experiment.declaration
        self._folder, self._axes = experiment.path.parent, experiment
        self.files = [
            InputFile("experiment", experiment.path.name, experiment.document.sha256),
            *(InputFile("patch", p.path.name, p.sha256) for p in experiment.document.patches),
            *_component_files(declared, experiment.document),
        ]
        self.warnings: tuple[str, ...] = ()
        self.origin = "none" if None in declared.every_data else "carried"
        self._samples: Mapping[str, Any] = {}
        self._public = bool(declared.releases)
        if len(declared.releases) > 1:
            raise InputError(
                f"{declared.name}: the channels name {' and '.join(sorted(declared.releases))}; "
                "one file reads one release"
            )
        if data is not None and not self._public:
            raise InputError(
                f"{declared.name} names no public release, so --data has no meaning for it"
            )
        for name in declared.releases:
            # released templates are nowhere else
            look = datasets.find if declared.signal is None else datasets.locate

            def read(
                name: str = name, look: Callable[..., datasets.Located | None] = look
            ) -> tuple[datasets.Located | None, Mapping[str, Any]]:
                found = look(name, data)
                return found, {} if found is None else found.load().samples

            of = "release", name, data, declared.signal is None
            located, samples = experiment.built.once((), of, read)
            if located is not None:
                self.warnings, self.origin = located.warnings, located.origin
                self._samples = samples
                self.files += [InputFile("release", n, d) for n, d in located.digests.items()]

    def of(self, channel: Parts) -> TableReader:
        """The same release and list of files for the axes of a channel."""
        other = copy(self)
        other._axes = channel
        return other

    def released(self, role: str, what: str) -> Any:
        """What the release has for a role.

        Raises:
            UnknownNameError: if it has none of that name.
        """
        if role not in self._samples:
            raise UnknownNameError(f"role {what}", role, self._samples)
        return self._samples[role]

    def table(self, role: str, file: str, *, empty: bool = False) -> datasets.Table:
        """A table beside the file.

        Raises:
            DataError: if it is missing or malformed.
        """
        read = read_table(self.path(file), empty=empty)
        self.note(role, file, read.sha256)
        return read

    def path(self, file: str) -> Path:
        """Where a file beside the experiment file is."""
        return self._folder / expanded(file)

    def note(self, role: str, file: str, digest: str) -> None:
        """Note a file that was read."""
        self.files.append(InputFile(role, file, digest))

    @property
    def has_release(self) -> bool:
        """Whether the public release was found."""
        return bool(self._samples)

    def used(self, role: str, file: str) -> None:
        """Note a file beside the experiment file that something else reads, once."""
        path = self._axes.document.file(file)
        noted = {f.name for f in self.files}
        if path.is_file() and file not in noted:
            self.files.append(InputFile(role, file, sha256(path)))

    def rebin(self, table: Table, *edges: Array) -> Array:
        """The declared table in the analysis bins.

        Raises:
            DataError: if the table beside the file is missing or malformed.
            InputError: if an analysis bin would cut a carried bin.
        """
        sample = self._sample(table)
        if sample is None:
            return self._rebin_carried(table, edges)
        if hasattr(sample, "histogram"):  # an event list: all events in the other dimension
            if len(edges) == 2:
                return np.asarray(sample.histogram(*edges))
            times = self._axes.time_edges
            times = _ALL_TIMES if times is None else times
            both: Array = np.asarray(sample.histogram(self._axes.energy_edges, times))
            return np.asarray(both.sum(axis=1))
        try:
            return np.asarray(sample.rebin(*edges))
        except InputError as error:
            raise InputError(f"{table.role} of the release: {error}") from None

    def fine(self, table: Table) -> tuple[Array, Array]:
        """Edges and contents of a one-dimensional table, as they are."""
        sample = self._sample(table)
        if sample is not None:
            return sample.edges, sample.content
        read, axes, content = self._carried(table, 1)
        return read.edges(*axes[0]), content

    def _sample(self, table: Table) -> Any:
        """What the release has for a table; None where there is no release."""
        if not self._samples or table.role is None:
            return None
        return self.released(table.role, f"for {table.file}")

    def _carried(
        self, table: Table, dimensions: int
    ) -> tuple[datasets.Table, list[tuple[str, str]], Array]:
        read = self.table(table.role or "table", table.file)
        names = list(read.columns)
        # where there is no time axis, a table in energy and time is summed over time
        in_time = self._axes.time_edges is not None
        if len(names) != 2 * dimensions + 1 and (in_time or len(names) != 5):
            raise DataError(
                f"has {len(names)} columns where {2 * dimensions + 1} are needed: low and high "
                "edge of each axis, then the content",
                path=read.path,
            )
        axes = list(zip(names[:-1:2], names[1:-1:2], strict=True))
        content = read.grid(names[-1], *axes)
        if (content < 0).any():
            line = int(read.lines[int(np.argmax(read[names[-1]] < 0))])
            raise DataError("a content is negative", path=read.path, line=line)
        return read, axes, content

    def _rebin_carried(self, table: Table, edges: tuple[Array, ...]) -> Array:
        read, axes, content = self._carried(table, len(edges))
        for axis, (pair, new) in enumerate(zip(axes, edges, strict=False)):
            old = read.edges(*pair)
            self._refuse_cuts(table, old, new)
            rebinned = partial(binning.rebin, old, new_edges=new)
            content = np.apply_along_axis(rebinned, axis, content)
        return np.asarray(content.sum(axis=tuple(range(len(edges), content.ndim))))

    def _refuse_cuts(self, table: Table, old: Array, new: Array) -> None:
        missing = np.abs(old[:, None] - new).min(axis=0) > 1e-9 * np.abs(old).max()
        if missing.any():
            bad = new[int(np.argmax(missing))]  # the first one
            shown = ", ".join(f"{e:g}" for e in old[:20]) + (", ..." if old.size > 20 else "")
            which, repair = "table", "give the table finer bins or choose the axes among these"
            if self._public and table.role is not None:
                which = "carried table"
                repair = "choose the axes among these or use the public release"
            raise InputError(
                f"the bin edge {bad:g} is not among those of the {which} {table.file} ({shown}); "
                f"{repair}"
            )


def _component_files(declaration: ExperimentFile, document: Document) -> list[InputFile]:
    """Curves and fluxes that the sections of a file read beside it, each once.

    Raises:
        InputError: if one is no file that can be read again.
    """
    sources = [declaration.source, *(e.source for e in declaration.components.values())]
    sections: list[tuple[str, Component | None]] = [("source", source) for source in sources]
    for detector in (view.detector for view in declaration.views.values()):
        sections += [
            ("quenching", detector.quenching),
            ("resolution", detector.resolution),
            ("response", detector.response),
            ("recoil-efficiency", detector.efficiency.recoil),
            ("energy-efficiency", detector.efficiency.energy),
            ("time-efficiency", detector.efficiency.time),
        ]
    out: list[InputFile] = []
    for role, component in sections:
        written = {} if component is None else component.fields
        for field, name in written.items():
            if isinstance(name, str) and (field in ("file", "path") or field.endswith("_file")):
                path = document.file(name)
                if path.exists() and not (path.is_file() or path.is_dir()):
                    raise InputError(
                        f"{role}: {path} is a pipe or a device, for which no digest can be stored "
                        "in a result; give a file"
                    )
                inside = sorted(path.glob("*.csv"))
                out += [InputFile(role, f"{name}/{f.name}", sha256(f)) for f in inside]
                if path.is_file():
                    out.append(InputFile(role, name, sha256(path)))
    return list(dict.fromkeys(out))
