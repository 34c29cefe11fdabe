"""Reader of the COHERENT CsI[Na] first observation (arXiv:1804.09459, Zenodo 1228631).

The release holds binned counts of four samples (coincident and anti-coincident with the beam
trigger, beam on and off) in 2 PE x 0.5 us, arrival-time shapes, the prompt-neutron spectrum in
1-PE bins per GWh, and a YAML file of parameters. Efficiency is applied to none of the shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.datasets.binning import rebin
from cevns.datasets.delimited_text import read_lines, read_rows
from cevns.detectors.efficiency.step_sigmoid import StepSigmoid
from cevns.exceptions import CevnsError, DataError, InputError
from cevns.typing import Array, ArrayLike, IntArray

__all__ = [
    "ANALYSIS_PE",
    "ANTICOINCIDENT",
    "COINCIDENT",
    "FINE_PE_EDGES",
    "NAME",
    "PARAMETERS",
    "PE_EDGES",
    "TIME_EDGES_US",
    "CsI2017",
    "Grid",
    "Published",
    "Shape",
    "load",
    "read_counts",
    "read_parameters",
    "read_shape",
    "read_times",
]

NAME: Final = "coherent-csi-2017"
COINCIDENT = "data_coincidence_beamOn.txt"
ANTICOINCIDENT = "data_anticoincidence_beamOn.txt"
COINCIDENT_OFF = "data_coincidence_beamOff.txt"
ANTICOINCIDENT_OFF = "data_anticoincidence_beamOff.txt"
PARAMETERS = "coherent_parameters.yaml"

PE_EDGES: Final = 2.0 * np.arange(26, dtype=np.float64)
TIME_EDGES_US: Final = 0.5 * np.arange(25, dtype=np.float64)
FINE_PE_EDGES: Final = np.arange(51.0)
ANALYSIS_PE: Final = (6.0, 30.0)
"""The region of the published likelihood in PE, in which steady-state times are taken."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Counts of one sample, shape (25 PE bins, 24 time bins)."""

    counts: Array

    def histogram(self, pe_edges: ArrayLike, time_edges_us: ArrayLike) -> Array:
        """Counts in coarser bins, shape (PE bins, time bins); beyond the grid there is nothing.

        Raises:
            InputError: if a bin would cut one of the released bins.
        """
        rows = _merge(self.counts, PE_EDGES, pe_edges, "PE")
        return _merge(rows.T, TIME_EDGES_US, time_edges_us, "us").T


def _merge(counts: Array, old: Array, new: ArrayLike, unit: str) -> Array:
    """Sums of rows of `counts` (bins `old` along the first axis) in the bins `new`."""
    edges = np.clip(np.asarray(new, dtype=float), old[0], old[-1])
    nearest = np.abs(old[:, None] - edges).argmin(axis=0)
    cut = np.abs(old[nearest] - edges) > 1e-9
    if cut.any():
        raise InputError(
            f"the bin edge {edges[np.argmax(cut)]:g} {unit} would divide a bin of {NAME}, whose "
            f"counts come in bins of {old[1] - old[0]:g} {unit} from {old[0]:g} to {old[-1]:g}"
        )
    cumulative = np.concatenate([np.zeros((1, counts.shape[1])), np.cumsum(counts, axis=0)])
    return np.diff(cumulative[nearest], axis=0)


@dataclass(frozen=True, eq=False)
class Shape:
    """A binned shape: edges, shape (n + 1,), and contents, shape (n,)."""

    edges: Array
    content: Array

    def rebin(self, edges: ArrayLike) -> Array:
        """Contents in other bins; see `cevns.datasets.binning.rebin`."""
        return rebin(self.edges, self.content, edges)


@dataclass(frozen=True)
class Published:
    """The parameters file.

    Attributes:
        exposure_gwh: beam energy on target, GWh.
        distance_m: target to detector, m.
        quenching: flat quenching factor and its error.
        light_yield: PE per keVee and its error.
        neutrinos_per_proton: of each flavour, and its error.
        prompt_error: relative error of the prompt-neutron normalisation.
        acceptance: coefficients (k1, k2, x0).
        acceptance_up: their errors upwards.
        acceptance_down: their errors downwards.
    """

    exposure_gwh: float
    distance_m: float
    quenching: tuple[float, float]
    light_yield: tuple[float, float]
    neutrinos_per_proton: tuple[float, float]
    prompt_error: float
    acceptance: tuple[float, float, float]
    acceptance_up: tuple[float, float, float]
    acceptance_down: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class CsI2017:
    """The release as arrays.

    Attributes:
        coincident: beam on, in time with the beam.
        anticoincident: beam on, before the beam: the steady-state background.
        coincident_off: beam off.
        anticoincident_off: beam off.
        prompt: arrival times of the prompt neutrinos, 0.5-us bins to 12 us, sum 1.
        delayed: of the delayed neutrinos.
        neutrons: of the prompt neutrons.
        neutron_pe: prompt neutrons per GWh in 1-PE bins, acceptance *not* applied.
        published: the parameters.
    """

    coincident: Grid
    anticoincident: Grid
    coincident_off: Grid
    anticoincident_off: Grid
    prompt: Shape
    delayed: Shape
    neutrons: Shape
    neutron_pe: Shape
    published: Published

    @property
    def accepted_neutron_pe(self) -> Shape:
        """Prompt neutrons in the exposure after the acceptance, which the release takes at the
        centre of each 1-PE bin.
        """
        edges = self.neutron_pe.edges
        efficiency = StepSigmoid(self.published.acceptance)(0.5 * (edges[1:] + edges[:-1]))
        return Shape(edges, self.neutron_pe.content * efficiency * self.published.exposure_gwh)

    @property
    def anticoincident_time(self) -> Shape:
        """Times of the anti-coincident events in the PE region of the published likelihood."""
        return Shape(
            TIME_EDGES_US, self.anticoincident.histogram(ANALYSIS_PE, TIME_EDGES_US)[0].copy()
        )

    @property
    def samples(self) -> Mapping[str, Grid | Shape]:
        """Counts and shapes by the role that experiment files name them with."""
        return {
            "observed": self.coincident,
            "ac-energy": self.anticoincident,
            "ac-time": self.anticoincident_time,
            "brn-energy": self.accepted_neutron_pe,
            "brn-time": self.neutrons,
        }


def load(folder: Path | str) -> CsI2017:
    """Read the release from a folder that holds its files.

    Raises:
        DataError: if a file is missing, truncated, altered in structure or in the wrong columns.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError("is not a folder; name the folder of the release", path=folder)
    return CsI2017(
        coincident=read_counts(folder / COINCIDENT),
        anticoincident=read_counts(folder / ANTICOINCIDENT),
        coincident_off=read_counts(folder / COINCIDENT_OFF),
        anticoincident_off=read_counts(folder / ANTICOINCIDENT_OFF),
        prompt=read_times(folder / "arrivalTimePDF_promptNeutrinos.txt"),
        delayed=read_times(folder / "arrivalTimePDF_delayedNeutrinos.txt"),
        neutrons=read_times(folder / "arrivalTimePDF_promptNeutrons.txt"),
        neutron_pe=read_shape(folder / "promptPDF.txt", FINE_PE_EDGES),
        published=read_parameters(folder / PARAMETERS),
    )


def read_counts(path: Path) -> Grid:
    """Read counts of one sample: rows of PE centre, time centre (us), count; time runs fastest.

    Raises:
        DataError: if the centres are not those of the release (columns swapped, rows missing),
            or a count is no whole number.
    """
    rows, lines = _rows(path, 3)
    pe, time = (0.5 * (e[1:] + e[:-1]) for e in (PE_EDGES, TIME_EDGES_US))
    centres = np.stack([np.repeat(pe, len(time)), np.tile(time, len(pe))], axis=1)
    _check_centres(path, rows[:, :2], centres, lines, "PE, time in us and count")
    counts = rows[:, 2]
    bad = (counts < 0) | (counts != np.round(counts))
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(
            f"{counts[first]:g} is not a number of events", path=path, line=int(lines[first])
        )
    return Grid(counts.reshape(len(pe), len(time)))


def read_times(path: Path) -> Shape:
    """Read an arrival-time shape, which must sum to 1.

    Raises:
        DataError: as `read_shape`, or if it is not normalised.
    """
    shape = read_shape(path, TIME_EDGES_US)
    total = float(shape.content.sum())
    if abs(total - 1.0) > 1e-6:  # sixteen printed digits; anything else is another file
        raise DataError(f"sums to {total:g} instead of 1; the file was altered", path=path)
    return shape


def read_shape(path: Path, edges: Array) -> Shape:
    """Read a shape: rows of bin centre and content, one for each bin of `edges`.

    Raises:
        DataError: if the centres are not those of `edges`, a content is negative, or all are zero.
    """
    rows, lines = _rows(path, 2)
    centres = 0.5 * (edges[1:] + edges[:-1])
    _check_centres(path, rows[:, :1], centres[:, None], lines, "bin centre and content")
    content = rows[:, 1].copy()
    if (negative := content < 0.0).any():
        raise DataError("a content is negative", path=path, line=int(lines[np.argmax(negative)]))
    if not content.any():
        raise DataError("all contents are zero; get the file again", path=path)
    return Shape(edges, content)


def read_parameters(path: Path) -> Published:
    """Read the parameters file.

    Raises:
        DataError: if it is no YAML, an entry is missing, or a value is no positive number.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    text = "\n".join(read_lines(path))
    try:
        tree = YAML(typ="safe").load(text)
    except YAMLError:
        raise DataError("is not a usable YAML file; get it again", path=path) from None

    def number(entry: str, name: str = "value", node: Any = tree) -> float:
        try:
            value = node[entry][name]
        except (KeyError, TypeError, IndexError):
            raise DataError(f"lacks '{entry}: {name}'; get it again", path=path) from None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise DataError(
                f"'{entry}: {name}' is {value!r}, which is not a positive number", path=path
            )
        return float(value)

    def pair(entry: str) -> tuple[float, float]:
        return number(entry), number(entry, "uncertainty")

    try:
        last = tree["acceptanceEfficiency"]
        listed = {p["name"]: p for p in last["parameters"]}
        _ = last["comment"]  # the last field of the file: with it, no number before is cut short
    except (KeyError, TypeError):
        raise DataError("stops before its end, it is truncated; get it again", path=path) from None

    def triple(name: str) -> tuple[float, float, float]:
        k1, k2, x0 = (number(n, name, listed) for n in ("a", "k", "x_0"))
        return k1, k2, x0

    published = Published(
        exposure_gwh=number("beamExposure"),
        distance_m=number("distanceToTarget"),
        quenching=pair("csiQF"),
        light_yield=pair("csiLightYield"),
        neutrinos_per_proton=pair("neutrinosPerProton"),
        prompt_error=number("promptNeutronNormalization", "uncertainty"),
        acceptance=triple("value"),
        acceptance_up=triple("error_hi"),
        acceptance_down=triple("error_lo"),
    )
    try:
        StepSigmoid(published.acceptance)
    except CevnsError as error:
        raise DataError(f"'acceptanceEfficiency': {error}", path=path) from None
    return published


def _check_centres(path: Path, found: Array, centres: Array, lines: IntArray, columns: str) -> None:
    n = min(len(found), len(centres))
    wrong = (np.abs(found[:n] - centres[:n]) > 1e-6).any(axis=1)
    if wrong.any():
        first = int(np.argmax(wrong))
        shown = [", ".join(f"{v:g}" for v in row) for row in (found[first], centres[first])]
        raise DataError(
            f"the bin centre is {shown[0]} where {shown[1]} belongs; the columns must be {columns}",
            path=path,
            line=int(lines[first]),
        )
    if len(found) != len(centres):
        raise DataError(
            f"has {len(found)} rows where {len(centres)} belong; the file is truncated or altered",
            path=path,
        )


def _rows(path: Path, width: int) -> tuple[Array, IntArray]:
    lines = enumerate(read_lines(path, finished=True), start=1)
    return read_rows(path, lines, width, separator=",")
