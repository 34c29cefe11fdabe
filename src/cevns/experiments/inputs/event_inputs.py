"""What a fit reads: observed counts and background shapes, from a release or from the package.

Precedence: the folder the user names, ``CEVNS_DATA``, the cache of downloaded releases, the
tables beside the experiment file. The result says which was used, with digests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cevns.datasets import Table as CarriedTable
from cevns.datasets import binning, find, locate, read_table
from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.experiments.declaration.assembly import declared_parameters
from cevns.experiments.declaration.backgrounds import (
    Background,
    Exponential,
    ExponentialFit,
    Table,
)
from cevns.experiments.declaration.loader import digest
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import Data
from cevns.experiments.inputs.cells import Cells, cells_of_table
from cevns.experiments.inputs.measured_values import column_in_cells, read_values
from cevns.experiments.inputs.released import released_shape, templates
from cevns.experiments.inputs.slope import exponential_bins, fit_exponential
from cevns.inference.model.shapes import Morph
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array

__all__ = ["STEADY_STATE_ROLE", "InputFile", "Inputs", "load_inputs", "load_released"]

STEADY_STATE_ROLE = "ac-energy"


@dataclass(frozen=True)
class InputFile:
    """A file a result depends on."""

    role: str
    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a model takes from data.

    Attributes:
        observed: counts ``(energy, time)`` by channel; that which needs no name is called ``""``.
            Empty for a projection.
        anticoincident: number of events anti-coincident with the beam, where known.
        backgrounds: component to shape ``(energy, time)``, normalised to one in the region.
        shapes: component to released template with its alternatives, where the file declares any.
        statistics: how data of a channel are compared, where they are no numbers of events.
        cells: which sums of the bins the data of a channel are.
        origin: ``--data``, ``CEVNS_DATA``, ``cache``, ``carried`` or ``none``.
        files: what was read, with digests.
        warnings: what the user should know about the data.
    """

    observed: Mapping[str, Array]
    anticoincident: int | None
    backgrounds: Mapping[str, Array]
    origin: str
    files: tuple[InputFile, ...]
    warnings: tuple[str, ...] = ()
    shapes: Mapping[str, Morph] = field(default_factory=dict)
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    cells: Mapping[str, Cells] = field(default_factory=dict)


_ALL_TIMES = (-1e9, 1e9)
"""Where there is no time axis, an event counts whenever it comes (us)."""
_ALL_ENERGIES = (0.0, math.inf)
"""Where there is no energy axis, it counts whatever its energy is."""


class _Reader:
    """Histograms by role from a located release, else from the tables beside the file."""

    def __init__(self, declaration: ExperimentFile, path: Path, data: Path | None) -> None:
        self._folder = path.parent
        self._in_time = declaration.axes.time is not None
        axes = declaration.axes
        self._axes = (
            np.asarray(axes.energy.edges if axes.energy else _ALL_ENERGIES, dtype=float),
            np.asarray(axes.time.edges if axes.time else _ALL_TIMES),
        )
        self.files = [
            InputFile("experiment", path.name, digest(path)),
            *_component_files(declaration, path.parent),
        ]
        self.warnings: tuple[str, ...] = ()
        self.origin = "none" if None in declaration.every_data else "carried"
        self._released: Mapping[str, Any] = {}
        names = {d.release for d in declaration.every_data if d and d.release}
        if len(names) > 1:
            raise InputError(
                f"{declaration.name}: the channels name {' and '.join(sorted(names))}; one file "
                "reads one release"
            )
        name = next(iter(names), None)
        self._public = name is not None
        if name is None:
            if data is not None:
                raise InputError(
                    f"{declaration.name} names no public release, so --data has no meaning for it"
                )
            return
        located = find(name, data)
        if located is not None:
            self.warnings = located.warnings
            self.origin = located.origin
            self._released = located.load().samples
            self.files += [InputFile("release", n, d) for n, d in located.digests.items()]

    def _sample(self, table: Table) -> Any:
        """What the release has for a table; None where there is no release."""
        if not self._released or table.role is None:
            return None
        if table.role not in self._released:
            raise UnknownNameError(f"role for {table.file}", table.role, self._released)
        return self._released[table.role]

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
            counts = sample.histogram(*(edges if len(edges) == 2 else self._axes))
            return np.asarray(counts if len(edges) == 2 else counts.sum(axis=1))
        return np.asarray(sample.rebin(*edges))

    def fine(self, table: Table) -> tuple[Array, Array]:
        """Edges and contents of a one-dimensional table, as they are."""
        sample = self._sample(table)
        if sample is not None:
            return sample.edges, sample.content
        read, axes, content = self._carried(table)
        return read.edges(*axes[0]), content

    def _carried(
        self, table: Table, dimensions: int = 1
    ) -> tuple[CarriedTable, list[tuple[str, str]], Array]:
        path = self._folder / table.file
        read = read_table(path)
        self.files.append(InputFile(table.role or "table", table.file, digest(path)))
        names = list(read.columns)
        # where there is no time axis, a table in energy and time is summed over time
        if len(names) != 2 * dimensions + 1 and (self._in_time or len(names) != 5):
            raise DataError(
                f"has {len(names)} columns where {2 * dimensions + 1} are needed: low and high "
                "edge of each axis, then the content",
                path=path,
            )
        axes = list(zip(names[:-1:2], names[1:-1:2], strict=True))
        content = read.grid(names[-1], *axes)
        if (content < 0).any():
            line = int(read.lines[int(np.argmax(read[names[-1]] < 0))])
            raise DataError("a content is negative", path=path, line=line)
        return read, axes, content

    def _rebin_carried(self, table: Table, edges: tuple[Array, ...]) -> Array:
        read, axes, content = self._carried(table, len(edges))
        for axis, (pair, new) in enumerate(zip(axes, edges, strict=False)):
            old = read.edges(*pair)
            _refuse_cuts(table, old, new, public=self._public and table.role is not None)
            rows = np.moveaxis(content, axis, -1)
            flat = [binning.rebin(old, row, new) for row in rows.reshape(-1, rows.shape[-1])]
            content = np.moveaxis(np.reshape(flat, (*rows.shape[:-1], -1)), -1, axis)
        return np.asarray(content.sum(axis=tuple(range(len(edges), content.ndim))))


def _component_files(declaration: ExperimentFile, folder: Path) -> list[InputFile]:
    """Curves and fluxes that the sections of a file read beside it."""
    detector = declaration.detector
    sections = {
        "source": declaration.source,
        "quenching": detector.quenching,
        "resolution": detector.resolution,
        "response": detector.response,
        "energy-efficiency": detector.efficiency.energy,
        "time-efficiency": detector.efficiency.time,
    }
    out = []
    for role, component in sections.items():
        if component is None:
            continue
        for name in (component.fields.get("file"), component.fields.get("path")):
            if not isinstance(name, str):
                continue
            path = folder / Path(name).expanduser()
            inside = sorted(path.glob("*.csv")) if path.is_dir() else []
            out += [InputFile(role, f"{name}/{f.name}", digest(f)) for f in inside]
            if path.is_file():
                out.append(InputFile(role, name, digest(path)))
    return out


def _refuse_cuts(table: Table, old: Array, new: Array, *, public: bool) -> None:
    missing = np.abs(old[:, None] - new).min(axis=0) > 1e-9 * np.abs(old).max()
    if missing.any():
        bad = new[int(np.argmax(missing))]  # the first one
        shown = ", ".join(f"{e:g}" for e in old[:20]) + (", ..." if old.size > 20 else "")
        which, repair = (
            ("carried table", "choose the axes among these or use the public release")
            if public
            else ("table", "give the table finer bins or choose the axes among these")
        )
        raise InputError(
            f"the bin edge {bad:g} is not among those of the {which} {table.file} ({shown}); "
            f"{repair}"
        )


def load_inputs(
    declaration: ExperimentFile,
    path: Path,
    *,
    data: Path | None = None,
    time_efficiency: Callable[[Array], Array],
) -> Inputs:
    """Read observed counts and background shapes for a declared experiment.

    Raises:
        DataError: if a file is missing, truncated or malformed.
        InputError: if the declared bins cannot be made from the tables, or a shape is empty.
    """
    reader = _Reader(declaration, path, data)
    axis = declaration.axes.energy
    energy = np.asarray(_ALL_ENERGIES if axis is None else axis.edges, dtype=float)
    time = None if declaration.axes.time is None else np.asarray(declaration.axes.time.edges)
    shapes: dict[str, Array] = {}
    anticoincident = None
    for name, background in declaration.backgrounds.items():
        if background.template is not None:
            raise InputError(
                f"background {name!r} is a template: the file needs a 'signal' section"
            )
        if axis is None or background.energy is None:
            along_energy = np.ones(1)
        elif not isinstance(background.energy, Table):
            along_energy = background.energy.bins(energy, axis.unit)
        else:
            along_energy = reader.rebin(background.energy, energy)
        if isinstance(background.energy, Table) and background.energy.role == STEADY_STATE_ROLE:
            anticoincident = round(float(along_energy.sum()))
        shape = np.outer(along_energy, _along_time(reader, name, background, time, time_efficiency))
        if not shape.sum() > 0:
            raise InputError(
                f"background {name!r} has no content inside the analysis region; check its tables "
                "and the axes"
            )
        shapes[name] = shape / shape.sum()
    edges = (energy,) if time is None else (energy, time)
    observed, statistics, cells = {}, {}, {}
    present = edges if axis is not None else edges[1:]
    declared = Cells()
    if declaration.axes.cells is not None:
        table = path.parent / declaration.axes.cells
        declared = cells_of_table(read_table(table), present)
        reader.files.append(InputFile("cells", table.name, digest(table)))
    every = {name: channel.data for name, channel in declaration.channels.items()}
    for name, measured in (every or {"": declaration.data}).items():
        cells[name] = declared
        if measured is None:
            continue
        if measured.values is not None:
            values = read_values(path.parent, measured, present, declared)
            observed[name], statistics[name] = values.observed, values.statistic
            cells[name] = values.cells
            reader.files += [InputFile("observed", f.name, digest(f)) for f in values.files]
        elif declared.onto is not None:
            observed[name] = _in_cells(reader, path.parent, measured, present, declared)
        else:
            observed[name] = _observed(reader, declaration.name, measured, edges)
    return Inputs(
        observed,
        anticoincident,
        shapes,
        reader.origin,
        tuple(reader.files),
        reader.warnings,
        statistics=statistics,
        cells=cells,
    )


def _in_cells(
    reader: _Reader, folder: Path, data: Data, edges: tuple[Array, ...], cells: Cells
) -> Array:
    """Counts in the declared cells, a row each."""
    if not isinstance(data.counts, Table) or data.counts.role is not None:
        raise InputError("data in 'axes.cells' need 'counts' with a file of the same cells")
    path = folder / data.counts.file
    table = read_table(path)
    reader.files.append(InputFile("observed", path.name, digest(path)))
    names = list(table.columns)[2 * len(edges) :]
    if len(names) != 1:
        raise DataError("needs one column of counts behind the edges of the cells", path=path)
    return _whole(column_in_cells(table, names[0], edges, cells), path.name)


def _observed(reader: _Reader, name: str, data: Data, edges: tuple[Array, ...]) -> Array:
    """Counts in the bins of the analysis, ``(energy, time)``."""
    if data.counts is None:
        raise InputError(f"{name}: data needs 'counts', with a file or a role")
    if isinstance(data.counts, float):
        return _whole(np.array([[data.counts]]), "counts")
    observed = reader.rebin(data.counts, *edges).reshape(len(edges[0]) - 1, -1)
    return _whole(observed, data.counts.file)


def _whole(observed: Array, file: str) -> Array:
    if (observed != np.round(observed)).any():
        raise InputError(
            f"{file} holds contents that are not whole numbers; observed counts are numbers of "
            "events"
        )
    return observed


def _along_time(
    reader: _Reader,
    name: str,
    background: Background,
    time: Array | None,
    efficiency: Callable[[Array], Array],
) -> Array:
    if time is None:
        return np.ones(1)
    if background.time is None:
        raise InputError(f"background {name!r} has no shape in time, but there is a time axis")
    if isinstance(background.time, Exponential):
        return exponential_bins(background.time.rate, time)
    if isinstance(background.time, ExponentialFit):
        edges, counts = reader.fine(background.time)
        start, end = background.time.start, background.time.end
        return exponential_bins(fit_exponential(edges, counts, start, end).rate, time)
    if not background.time.efficiency:
        return reader.rebin(background.time, time)
    edges, content = reader.fine(background.time)
    # the efficiency inside each fine bin: its mean over four Gauss-Legendre nodes
    x, w = np.polynomial.legendre.leggauss(4)
    nodes = edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (x + 1.0)
    # a density: an analysis edge may cut its bins, which then share by width
    return binning.rebin(edges, content * (efficiency(nodes) @ w) / 2.0, time)


def load_released(declaration: ExperimentFile, path: Path, *, data: Path | None = None) -> Inputs:
    """Read counts and templates of an experiment whose components are released templates.

    Raises:
        DataError: if a file of the release is missing or malformed.
        InputError: if the release is nowhere, the declared bins are not its bins, or the file
            mixes templates with other backgrounds.
    """
    for name, background in declaration.backgrounds.items():
        if background.template is None:
            raise InputError(f"background {name!r} needs a 'template' beside a released signal")
    axes = declaration.axes
    source = declaration.data
    if source is None or source.release is None or source.role is None:
        raise InputError(
            f"{declaration.name}: a released signal needs data with the release and the role of "
            "the counts in it"
        )
    edges = [a.edges for a in (axes.energy, axes.pulse_shape, axes.time) if a is not None]
    located = locate(source.release, data)
    samples = located.load().samples

    def content(role: str) -> Array:
        if role not in samples:
            raise UnknownNameError(f"role in {located.name}", role, samples)
        return np.asarray(samples[role].rebin(*edges), dtype=float)

    declared = declared_parameters(declaration)
    shapes = {n: released_shape(t, content, declared) for n, t in templates(declaration).items()}
    files = [InputFile("experiment", path.name, digest(path))]
    files += [InputFile("release", n, d) for n, d in located.digests.items()]
    return Inputs(
        {"": content(source.role)},
        None,
        {},
        located.origin,
        tuple(files),
        located.warnings,
        shapes,
    )
