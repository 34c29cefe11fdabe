"""What a detector makes of recoils, event by event: the same model as in the fit, drawn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.detectors.efficiency import Efficiency, Morphed
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.resolution_density import Counted
from cevns.detectors.responses.folded_template import FoldedResponse
from cevns.detectors.responses.matrix import MatrixResponse
from cevns.exceptions import CevnsWarning, InputError
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.parts import UNQUENCHED
from cevns.processes import quantity_of
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["Reconstruction", "Seen"]

_NODES: Final = 8193
"""Of the quenching curve, equally far in the root of the recoil energy."""
_NEVER: Final = 1e-9
"""Probability to be recorded below which a recoil is not followed, relative to the largest."""
_QUANTILES: Final = 4096
_AT_ONCE: Final = 8192


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen of recoils.

    Args:
        electron_equivalent_kevee: after quenching.
        reconstructed: value on the energy axis; not a number where nothing is recorded.
        in_region: whether the event is recorded and inside the analysis region.
    """

    electron_equivalent_kevee: Array
    reconstructed: Array
    in_region: BoolArray


class Reconstruction:
    """Quenching, resolution, efficiencies and the analysis region of an experiment.

    The parameters of the file are at their values. The quenching curve is a table with straight
    lines between 8193 nodes, good to 1e-6 of the largest energy. A response that is a released
    table of probabilities gives a bin, inside which all values are alike.

    Args:
        view: the experiment, with the process of a component.
        inside: bins in energy and time that are in the analysis region, ``(n_energy, n_time)``;
            None for all.

    Raises:
        InputError: if nothing is known of single recoils, or a fit would count more than them.
    """

    def __init__(self, view: Apparatus, inside: BoolArray | None = None) -> None:
        view.require_detector()
        if isinstance(view.response, FoldedResponse):
            raise InputError(
                f"{view.name}: its released template is folded with one recoil spectrum, and "
                "single events cannot be drawn from it; draw only recoils with --truth"
            )
        if view.sees_electrons(view.interaction):
            raise InputError(
                f"{view.name}: this signal includes recoils of electrons, whose events "
                "cannot be drawn; exclude them with --set interaction.electrons=false, "
                "or draw --truth"
            )
        self._view, self._inside = view, inside
        self._edges, self._times = view.energy_edges, view.time_edges
        self._resolution = view.resolution
        self._sharp = view.declaration.detector.response.kind == "identity"
        response = view.response
        self._matrix = response if isinstance(response, MatrixResponse) else None
        self._pulls = view.nominal_pulls
        self._efficiency = self._energy_efficiency()
        self._at_counts = 0.0
        if isinstance(self._resolution, Counted):
            self._at_counts = self._resolution.efficiency_offset
        _, _, _ = view.stages(view.interaction)  # which says what the process and axis lack
        largest = view.largest_recoil_kev
        self._roots = np.linspace(0.0, np.sqrt(largest), _NODES)
        nodes = self._roots**2
        self._quenched = quantity_of(view.interaction) == "nuclear-recoil"
        quenching = view.quenching if self._quenched else UNQUENCHED
        curve = quenching.on(np.minimum(nodes, largest))
        names = view.matched("quenching", quenching.variation_names)
        values = [view.declared[n].value for n in names]
        self._seen = curve.electron_energy_kevee(values) if values else curve.nominal
        self._seen = np.maximum(self._seen, 0.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CevnsWarning)
            kept = view.kept(nodes[1:]) if self._quenched else self._kept_as_it_is(nodes[1:])
        some = np.flatnonzero(kept > _NEVER * kept.max())
        if not kept.max() > 0.0:
            raise InputError(f"{view.name}: no recoil of this component reaches the energy axis")
        self.window_kev = float(nodes[some[0]]), float(nodes[min(some[-1] + 2, _NODES - 1)])
        """Recoil energies outside of which nothing is recorded."""

    def _kept_as_it_is(self, deposit_kev: Array) -> Array:
        """Probability that energy which is seen as it is is found in the energy axis."""
        out: Array = self._view.response.evaluate(deposit_kev, self._pulls).sum(axis=-1)
        return out

    def _energy_efficiency(self) -> Efficiency:
        """That of the file, at the pulls of the file."""
        nominal = self._view.energy_efficiency
        moved = {}
        for name, pair in nominal.varied.items():
            pull = self._view.declared[name].value
            if pull != 0.0:
                moved[name] = (*pair, pull)
        if len(moved) > 1:
            raise InputError(
                f"{self._view.name}: {' and '.join(moved)} change the efficiency together, but "
                "events can be drawn with at most one of them at another value than its nominal one"
            )
        return next((Morphed(nominal, *m) for m in moved.values()), nominal)

    def see(self, recoil_kev: Array, time_us: Array, rng: np.random.Generator) -> Seen:
        """What is seen of recoils.

        Args:
            recoil_kev: their energies.
            time_us: their times.
            rng: random numbers.
        """
        root = np.sqrt(recoil_kev)
        u = root * ((_NODES - 1) / self._roots[-1])
        at = np.minimum(u.astype(np.int64), _NODES - 2)
        u -= at
        low = self._seen[at]
        energy = low + u * (self._seen[at + 1] - low) if self._quenched else recoil_kev
        chance, view = rng.random(recoil_kev.size), self._view
        if self._matrix is not None:
            found = self._in_bins(energy, rng)
            passed = np.isfinite(found)
        else:
            found = energy.copy() if self._sharp else self._resolution.draw(energy, rng)
            counted = isinstance(self._resolution, Counted)
            at_value = np.floor(found) + self._at_counts if counted else found
            passed = chance < self._passing(self._efficiency(at_value), recoil_kev, time_us)
        if self._matrix is not None:
            passed &= chance < self._passing(np.ones(energy.size), recoil_kev, time_us)
        passed &= energy >= view.resolution.seen_from_kevee
        passed &= root <= self._roots[-1]  # recoils beyond the quenching curve are not followed
        found[~passed] = np.nan
        return Seen(energy, found, passed & self._in_region(found, time_us))

    def _passing(self, share: Array, recoil_kev: Array, time_us: Array) -> Array:
        """Probability to be recorded, of the share that the reconstructed value leaves."""
        view = self._view
        if self._quenched and not isinstance(view.recoil_efficiency, Unity):
            share = share * view.recoil_efficiency(recoil_kev)
        if self._times is not None and not isinstance(view.time_efficiency, Unity):
            share = share * view.time_efficiency(np.nan_to_num(time_us, nan=-1e9))
        return share

    def _in_bins(self, energy: Array, rng: np.random.Generator) -> Array:
        """Values in the bins of a released response; not a number where there is none.

        The response is a mixture of the rows of a table: first a row, then a bin of it.
        """
        assert self._matrix is not None
        rows, width = self._matrix.mixed(self._pulls), np.diff(self._edges)
        ends = np.minimum(np.cumsum(rows, axis=1), 1.0) + np.arange(len(rows))[:, None]
        out, flat = np.full(energy.size, np.nan), ends.ravel()
        for begin in range(0, energy.size, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            shares = np.cumsum(self._matrix.places(energy[part]), axis=1)
            row = (shares <= rng.random(len(shares))[:, None]).sum(axis=1)
            there = row < len(rows)
            row[~there] = 0
            bins = np.searchsorted(flat, row + rng.random(row.size), side="right")
            bins -= row * len(width)
            there &= bins < len(width)
            bins[~there] = 0
            found = self._edges[bins] + width[bins] * rng.random(row.size)
            out[part] = np.where(there, found, np.nan)
        return out

    def energy_bin(self, reconstructed: Array) -> IntArray:
        """The bin of the energy axis; -1 or n_bins outside."""
        found: IntArray = np.searchsorted(self._edges, reconstructed, side="right") - 1
        return found

    def _in_region(self, reconstructed: Array, time_us: Array) -> BoolArray:
        inside: BoolArray = (reconstructed >= self._edges[0]) & (reconstructed < self._edges[-1])
        if self._times is not None:
            inside &= (time_us >= self._times[0]) & (time_us < self._times[-1])
        if self._inside is not None:
            n_energy, n_time = self._inside.shape
            row = np.clip(self.energy_bin(reconstructed), 0, n_energy - 1)
            column = np.zeros_like(row)
            if self._times is not None:
                column = np.searchsorted(self._times, time_us, side="right") - 1
            inside &= self._inside[row, np.clip(column, 0, n_time - 1)]
        return inside
