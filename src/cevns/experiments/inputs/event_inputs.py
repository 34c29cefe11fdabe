"""What a fit reads: observed counts and background shapes, from a release or from the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cevns.datasets import binning
from cevns.detectors import time_bins
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.declaration.backgrounds import STEADY_STATE_ROLE, Background
from cevns.experiments.declaration.sections import Data
from cevns.experiments.forms.energy_forms import GridEnergy, Lines
from cevns.experiments.forms.integrals import exponential_bins
from cevns.experiments.forms.section import Table
from cevns.experiments.forms.time_forms import (
    Exponential,
    ExponentialFit,
    Gaussian,
    PowerLaw,
    Pulse,
)
from cevns.experiments.inputs.cells import Cells, cells_of_table
from cevns.experiments.inputs.energy_shapes import lines, on_grid
from cevns.experiments.inputs.measured_values import Measured, read_counts, read_values
from cevns.experiments.inputs.released import released_shape, templates
from cevns.experiments.inputs.slope import fit_exponential
from cevns.experiments.inputs.table_reader import InputFile, TableReader
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.parts import Parts
from cevns.inference.model.shapes import Morph
from cevns.sources import PulsedSource
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.beams.source import ShapedPulse
from cevns.typing import Array, frozen

__all__ = ["Inputs", "background_shape", "load_inputs", "measured_in"]

_SEARCHED = 4001
"""Times at which the densest flavour is looked for."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a model takes from data.

    Attributes:
        channels: data by channel; that which needs no name is called ``""``.
        anticoincident: number of events anti-coincident with the beam, where known.
        shapes: component to released template with its alternatives, where the file declares any.
        origin: ``--data``, ``CEVNS_DATA``, ``cache``, ``carried`` or ``none``.
        files: what was read, with digests.
        warnings: what the user should know about the data.
    """

    channels: Mapping[str, Measured]
    anticoincident: int | None
    shapes: Mapping[str, Morph]
    origin: str
    files: tuple[InputFile, ...]
    warnings: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Where the data came from, with digests and warnings."""
        return {
            "origin": self.origin,
            "files": [{"role": f.role, "name": f.name, "sha256": f.sha256} for f in self.files],
            "warnings": list(self.warnings),
        }

    @property
    def observed(self) -> dict[str, Array]:
        """Data by channel, of those that have any; nothing for a projection."""
        every = {name: measured.observed for name, measured in self.channels.items()}
        return {name: data for name, data in every.items() if data is not None}


def load_inputs(experiment: Apparatus, data: Path | None = None) -> Inputs:
    """Read observed counts, background shapes and templates of a declared experiment.

    Raises:
        DataError: if a file is missing, truncated or malformed.
        InputError: if the declared bins cannot be made from the tables, a shape is empty, or
            released templates are nowhere.
    """
    reader = TableReader(experiment, data)
    shapes: dict[str, Morph] = {}
    anticoincident: int | None = None
    if experiment.declaration.signal is not None:
        channels, shapes = _released(experiment, reader)
    else:
        channels = {}
        known: dict[tuple[Parts, str], Array] = {}
        for name, view in experiment.views.items():
            tables, backgrounds = reader.of(view), {}
            for of in experiment.declaration.backgrounds_in(name):
                if (view, of) not in known:
                    background = view.declaration.backgrounds[of]
                    energies, shape = background_shape(view, tables, of)
                    known[view, of] = frozen(shape / shape.sum())
                    table = background.energy
                    if isinstance(table, Table) and table.role == STEADY_STATE_ROLE:
                        anticoincident = (anticoincident or 0) + round(float(energies.sum()))
                backgrounds[of] = known[view, of]
            data_of = experiment.declaration.entries[name].data
            channels[name] = _measured(view, tables, data_of, backgrounds)
    return Inputs(
        channels,
        anticoincident,
        shapes,
        reader.origin,
        tuple(reader.files),
        reader.warnings,
    )


def background_shape(view: Parts, tables: TableReader, name: str) -> tuple[Array, Array]:
    """A background in energy, any normalisation, and in the cells of energy and time.

    Raises:
        DataError: if a file is missing or malformed.
        InputError: if the declared bins cannot be made from its tables, or it is empty.
    """
    background = view.declaration.backgrounds[name]
    energies = _energies(view, tables, background)
    shape = np.outer(energies, _times(view, tables, background))
    if not shape.sum() > 0:
        raise InputError(
            f"background {name!r} has no content inside the analysis region; check its tables and "
            "the axes"
        )
    return energies, shape


def measured_in(view: Parts, tables: TableReader, name: str) -> Measured:
    """The data of a channel, without its backgrounds.

    Raises:
        DataError: if a file is missing or malformed.
        InputError: if the declared bins cannot be made from it.
    """
    return _measured(view, tables, view.declaration.entries[name].data, {})


def _released(
    experiment: Parts, reader: TableReader
) -> tuple[dict[str, Measured], dict[str, Morph]]:
    """Counts and templates of an experiment whose components are released templates.

    Raises:
        InputError: if the file does not say which release, or the declared bins are not its bins.
    """
    declared, axes = experiment.declaration, experiment.declaration.axes
    source = declared.data
    if source is None or source.release is None or source.role is None:
        raise InputError(
            f"{declared.name}: a released signal needs data with the release and the role of "
            "the counts in it"
        )
    edges = [a.edges for a in (axes.energy, axes.pulse_shape, axes.time) if a is not None]

    def content(role: str) -> Array:
        sample = reader.released(role, f"in {source.release}")
        return np.asarray(sample.rebin(*edges), dtype=float)

    shapes = {
        n: released_shape(t, content, experiment.declared) for n, t in templates(declared).items()
    }
    return {"": Measured(content(source.role))}, shapes


def _measured(
    view: Parts, reader: TableReader, data: Data | None, backgrounds: Mapping[str, Array]
) -> Measured:
    """The data of a channel, in the bins of its axes or in sums of them."""
    cells, declared = Cells(), view.declaration.axes.cells
    if declared is not None:
        cells = cells_of_table(reader.table("cells", declared), view.edges)
    if data is None:
        return Measured(cells=cells, backgrounds=backgrounds)
    if data.has_values:
        return replace(read_values(view, reader, data, cells), backgrounds=backgrounds)
    return Measured(read_counts(view, reader, data, cells), cells=cells, backgrounds=backgrounds)


def _energies(experiment: Parts, reader: TableReader, background: Background) -> Array:
    """Shape of a background along energy, any normalisation."""
    shape, axis, edges = (
        background.energy,
        experiment.declaration.axes.energy,
        experiment.energy_edges,
    )
    if axis is None or shape is None:
        return np.ones(1)
    if isinstance(shape, Table):
        return reader.rebin(shape, edges)
    if isinstance(shape, Lines):
        return lines(experiment, shape)
    if isinstance(shape, GridEnergy):
        reader.used("background", shape.file)
        found = on_grid(experiment, shape, np.ones(1))
        nominal = [experiment.declared[name].value for name in found.parameters]
        return np.asarray(found.grid.shares(nominal) @ found.matrix)
    return shape.bins(edges, axis.unit)


def _times(experiment: Parts, reader: TableReader, background: Background) -> Array:
    """Shape of a background in time, any normalisation."""
    shape, bins = background.time, experiment.time_edges
    if bins is None or shape is None:
        return np.ones(1)
    if isinstance(shape, Exponential):
        return exponential_bins(shape.rate, bins)
    if isinstance(shape, ExponentialFit):
        edges, counts = reader.fine(shape)
        return exponential_bins(fit_exponential(edges, counts, shape.start, shape.end).rate, bins)
    if isinstance(shape, PowerLaw):
        return shape.bins(bins)
    if isinstance(shape, Gaussian):
        return np.diff(Pulsed(shape.sigma).cdf(bins, shape.mean))
    if isinstance(shape, Pulse):
        return _flavour_times(experiment, shape, bins)
    if not shape.efficiency:
        return reader.rebin(shape, bins)
    edges, content = reader.fine(shape)
    # the efficiency inside each fine bin: its mean over four Gauss-Legendre nodes
    x, w = np.polynomial.legendre.leggauss(4)
    nodes = edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (x + 1.0)
    # a density: an analysis edge may cut its bins, which then share by width
    return binning.rebin(edges, content * (experiment.time_efficiency(nodes) @ w) / 2.0, bins)


def _flavour_times(experiment: Parts, shape: Pulse, bins: Array) -> Array:
    """Arrival times of a flavour, by default the prompt one, the densest at its time."""
    source, pulse = experiment.source, experiment.one_acting_on("pulse-time")
    if not isinstance(source, PulsedSource) or pulse is None:
        raise InputError(
            "a background with 'time: {kind: pulse}' needs a source with a beam pulse and a "
            "parameter that acts on pulse-time; without them write "
            "'time: {kind: gaussian, mean: 500 ns, sigma: 150 ns}'"
        )
    t0 = pulse.value
    if shape.of is not None and shape.of not in source.flavours:
        raise UnknownNameError("flavour of the source", shape.of, source.flavours)
    # the prompt one at its densest time, which for a train of bunches is not t0
    grid = np.linspace(bins[0], bins[-1], _SEARCHED)
    of = shape.of or max(source.flavours, key=lambda f: float(source.time_pdf(f, grid, t0).max()))
    if isinstance(source, ShapedPulse) and source.sharp_ends:
        return np.diff(source.time_cdf(of, bins, t0))
    shares: Array = time_bins(lambda t, at: source.time_pdf(of, t, at), bins, [t0])[0]
    return shares
