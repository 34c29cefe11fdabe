"""What draws the events of one component: recoils with their truth, backgrounds without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np

from cevns.analysis.events.arrival_draws import times_of
from cevns.analysis.events.event_columns import nuclear_code, particle_code
from cevns.analysis.events.recoil_cells import AliasTable, Recoils, RecoilSampler
from cevns.analysis.events.reconstruction import Reconstruction
from cevns.exceptions import InputError
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["BackgroundEvents", "EventPart", "RecoilEvents", "ShapeDraws"]

_PROBE: Final = 1 << 16
_SEED: Final = 20211
"""Of the random numbers with which the share of recorded recoils is found."""
_LEAST: Final = 1e-5
"""Share of the recoils that must be recorded for events to be drawn."""
_PLACES: Final = 257
"""Of a distribution within a bin."""
_QUANTILES: Final = 2048


class EventPart(Protocol):
    """What draws the events of a component."""

    @property
    def has_truth(self) -> bool:
        """Whether it knows the particles of its events."""

    def draw(self, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """Columns of so many events, in random order."""


class RecoilEvents:
    """Recoils of nuclei, alone or with what a detector makes of them.

    Args:
        view: the experiment with the source and process of the component.
        values: of the couplings.
        threshold_kev: recoil energy from which events are drawn.
        detector: what is seen of them; None for recoils alone.
        shape: draws of the pulse-shape variable in each energy bin; None without one.
        unit: of the reconstructed energy.
        every: whether recoils are kept that are not in the analysis region.

    Raises:
        InputError: if there are no such recoils, or hardly any is recorded.
    """

    has_truth = True

    def __init__(
        self,
        view: Apparatus,
        values: dict[str, float],
        *,
        threshold_kev: float = 0.0,
        detector: Reconstruction | None = None,
        shape: tuple[str, ShapeDraws] | None = None,
        unit: str = "",
        every: bool = False,
    ) -> None:
        self._detector, self._shape, self._every = detector, shape, every
        self._unit = unit.lower()
        low, high = threshold_kev, np.inf
        if detector is not None and not every:
            low, high = max(low, detector.window_kev[0]), detector.window_kev[1]
            low = low if low > 1e-3 else threshold_kev
        self.recoils = RecoilSampler(view, values, low, high)
        self.times = times_of(view, self.recoils.source)
        kinematics = self.recoils.process.kinematics
        beam = [particle_code(f, kinematics) for f in self.recoils.source.flavours]
        self._beam = np.array(beam, dtype=float)
        self._nuclei = np.array([nuclear_code(n) for n in self.recoils.nuclides], dtype=float)
        self._seen_share = 1.0
        self._seen_share = self._probed(view.name)

    def _probed(self, name: str) -> float:
        """Share of the recoils that are in the region."""
        if self._detector is None:
            return 1.0
        rng = np.random.default_rng(_SEED)
        recoils = self.recoils.draw(_PROBE, rng)
        time = self.times.draw(recoils.energy_mev, recoils.species, rng)
        share = float(self._detector.see(recoils.recoil_kev, time, rng).in_region.mean())
        if share < _LEAST:
            raise InputError(
                f"{name}: of {_PROBE} recoils {round(share * _PROBE)} are recorded in the analysis "
                "region, too few to draw events; draw only recoils with --truth"
            )
        return share

    @property
    def exceeded(self) -> float:
        """The largest ratio of the density to its bounds so far; up to 1 events follow it."""
        return self.recoils.exceeded

    @property
    def expected(self) -> float:
        """Recoils in the exposure from the threshold on, before any detector, to 0.1 per cent."""
        return self.recoils.expected

    def draw(self, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """See `EventPart`: so many in the region, with those around where all are kept."""
        parts, missing = [], number
        while missing > 0:
            wanted = int(missing / self._seen_share * 1.02) + 32
            columns = self._some(min(wanted, 4 * _PROBE), rng)
            inside = columns.pop("inside")
            found = np.flatnonzero(inside)
            if not self._every:
                chosen = found[:missing]
            else:  # up to the last that is asked for
                end = found[missing - 1] + 1 if len(found) >= missing else len(inside)
                chosen = np.arange(end)
            missing -= min(len(found), missing)
            parts.append(self._finished({n: c[chosen] for n, c in columns.items()}, rng))
        return {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}

    def _some(self, number: int, rng: np.random.Generator) -> dict[str, Any]:
        """Recoils with their times, and what is seen of them."""
        recoils: Recoils = self.recoils.draw(number, rng)
        time = self.times.draw(recoils.energy_mev, recoils.species, rng)
        out: dict[str, Any] = {
            "species": recoils.species,
            "nuclide": recoils.nuclide,
            "neutrino_energy_mev": recoils.energy_mev,
            "recoil_energy_kev": recoils.recoil_kev,
            "time_us": time,
        }
        if self._detector is None:
            return {**out, "inside": np.ones(number, dtype=bool)}
        seen = self._detector.see(recoils.recoil_kev, time, rng)
        return {
            **out,
            "electron_equivalent_kevee": seen.electron_equivalent_kevee,
            f"reconstructed_{self._unit}": seen.reconstructed,
            "in_region": seen.in_region,
            "inside": seen.in_region,
        }

    def _finished(self, columns: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
        """The columns of the file: codes, directions and momenta beside."""
        species, nuclide = (columns.pop(n).astype(np.int64) for n in ("species", "nuclide"))
        energy, t = columns["neutrino_energy_mev"], 1e-3 * columns["recoil_energy_kev"]
        mass, beam = self.recoils.masses_mev[nuclide], self.recoils.mass_mev
        momentum = np.sqrt((energy - beam) * (energy + beam)) if beam else energy
        recoil = np.sqrt(t * (t + 2.0 * mass))
        # at T = 0 the recoil is at right angles to the beam
        cosine = (energy + mass) * t / (momentum * np.where(recoil > 0.0, recoil, 1.0))
        cosine = np.minimum(cosine, 1.0)
        sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
        phi = (2.0 * np.pi) * rng.random(energy.size)
        x, y = sine * np.cos(phi), sine * np.sin(phi)
        out = {
            "neutrino_pdg": self._beam[species],
            "nucleus_pdg": self._nuclei[nuclide],
            **columns,
            "recoil_x": x,
            "recoil_y": y,
            "recoil_z": cosine,
            "outgoing_energy_mev": energy - t,
            "outgoing_px_mev": -recoil * x,
            "outgoing_py_mev": -recoil * y,
            "outgoing_pz_mev": momentum - recoil * cosine,
        }
        if self._detector is not None:
            out["in_region"] = columns["in_region"].astype(float)
        if self._shape is not None and self._detector is not None:
            name, draws = self._shape
            reconstructed = columns[f"reconstructed_{self._unit}"]
            out[name] = draws.along(self._detector.energy_bin(reconstructed), rng)
            out[name][~(columns["in_region"] > 0)] = np.nan
        return out


class ShapeDraws:
    """Draws a variable whose distribution is another one in each of several bins.

    Args:
        edges: of fine bins of the variable.
        contents: of these, ``(n_rows, n_fine)``; inside one all values are alike.
    """

    def __init__(self, edges: Array, contents: Array) -> None:
        ends = np.cumsum(contents, axis=1)
        at = np.linspace(0.0, 1.0, _QUANTILES + 1)
        rows = [np.interp(at, np.append(0.0, e / e[-1]), edges) for e in ends]
        self._table = np.stack(rows)

    def along(self, row: IntArray, rng: np.random.Generator) -> Array:
        """A value for each event, in the row of its bin; beyond the rows in the next one."""
        u = rng.random(row.size) * _QUANTILES
        step = u.astype(np.int64)
        which = np.clip(row, 0, len(self._table) - 1)
        low, high = self._table[which, step], self._table[which, step + 1]
        out: Array = low + (u - step) * (high - low)
        return out


class BackgroundEvents:
    """A background, of which its distribution over the bins of the analysis is known.

    Inside a bin values along each axis follow the cubic spline through the cumulative counts, which
    is the density of an unbinned fit; where that is negative there are none.

    Args:
        axes: name of the column and edges along each axis, in the order of the bins.
        content: of the bins.
        inside: bins that are in the analysis region; None for all.
    """

    has_truth = False

    def __init__(
        self,
        axes: Sequence[tuple[str, Array]],
        content: Array,
        inside: BoolArray | None = None,
    ) -> None:
        content = content.reshape([max(len(e) - 1, 1) for _, e in axes] or [1])
        if inside is not None:
            content = content * inside.reshape(content.shape)
        self._axes, self._shape = axes, content.shape
        self._bins = AliasTable(np.maximum(content, 0.0).ravel())
        self._within = [
            self._places(edges, content.sum(axis=tuple(j for j in range(content.ndim) if j != k)))
            for k, (_, edges) in enumerate(axes)
        ]

    @staticmethod
    def _places(edges: Array, content: Array) -> tuple[Array, Array] | None:
        """Bin number plus share within the bin, and where that is; None without ends of bins."""
        from scipy.interpolate import CubicSpline

        if not np.isfinite(edges).all():
            return None
        at = np.linspace(0.0, 1.0, _PLACES)
        place = edges[:-1, None] + np.diff(edges)[:, None] * at
        share = np.tile(at, (len(content), 1))
        if len(content) >= 3 and content.sum() > 0.0:
            spline = CubicSpline(edges, np.append(0.0, np.cumsum(content)))
            density = np.maximum(spline(place, 1), 0.0)
            steps = np.minimum(density[:, 1:], density[:, :-1])
            total = steps.sum(axis=1)
            some = (content > 0.0) & (total > 0.0)
            share[some, 1:] = np.cumsum(steps[some], axis=1) / total[some, None]
        return (np.arange(len(content))[:, None] + share).ravel(), place.ravel()

    def draw(self, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """See `EventPart`."""
        bins = np.unravel_index(self._bins.draw(number, rng), self._shape)
        out: dict[str, Array] = {"in_region": np.ones(number)}
        for (name, _), at, places in zip(self._axes, bins, self._within, strict=True):
            if places is not None:
                out[name] = np.interp(at + rng.random(number), *places)
        return out
