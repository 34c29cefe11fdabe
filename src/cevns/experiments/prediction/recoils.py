"""The recoil energies on which an experiment is folded: fine enough for source and detector."""

from __future__ import annotations

import math
import warnings
from itertools import product

import numpy as np

from cevns.detectors import Quenching, QuenchingCurve, Response, ResponseTable, smooth_cuts
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.quenching.constant import Constant
from cevns.exceptions import CevnsWarning, InputError
from cevns.nuclear.materials import Material
from cevns.processes import MASSLESS, Kinematics
from cevns.rates.electrons import electron_panels
from cevns.rates.fold import NODES_PER_PANEL, panel_nodes, recoil_panels
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["TOLERANCE", "UNSEEN", "electron_grid", "octaves", "recoil_grid", "with_electrons"]

TOLERANCE = 1e-5
"""Of the response on a panel at half the degree that its nodes integrate: bins are good to 1e-9."""
PULLS_TO = 5.0
"""Standard deviations of all quenching pulls together within which sums over recoils are exact."""
FINEST = 1.0 / 256.0
"""Share of the energies below which panels do not follow the steps of a response that has any."""
_OCTAVES = 40
"""Down to recoils of 1e-8 keV, below all that a mediator of a keV would prefer."""
UNSEEN = 1e-15
"""Share of the largest response below which an energy is not followed."""


def recoil_grid(
    source: Source,
    material: Material,
    quenching: Quenching,
    response: Response,
    *,
    efficiency: Efficiency | None = None,
    maximum_kev: float | None = None,
    steep: bool = False,
    kinematics: Kinematics = MASSLESS,
    seen_from_kevee: float = 0.0,
    steps_kev: tuple[float, ...] = (),
    panels: Array | None = None,
) -> tuple[Array, Array]:
    """Quadrature nodes and weights in recoil energy, keV.

    The recoil spectrum is smooth between its kinks, but the response may be much sharper: a
    germanium detector resolves a hundredth of the recoil range. Panels are halved until the
    response along them is a polynomial that their nodes integrate; at the steps of a perfect
    resolution they shrink to 1e-6 of the range.

    Args:
        source: of the neutrinos.
        material: the target.
        quenching: recoil energy to electron-equivalent energy.
        response: electron-equivalent energy to bins.
        efficiency: in recoil energy, where there is one.
        maximum_kev: recoils above it are not followed.
        steep: whether spectra may rise like 1/T^2 towards small recoils, as photons and light
            mediators make them: panels then shrink with T.
        kinematics: that of the process.
        seen_from_kevee: recoils whose nominal E_ee is below it are left out.
        steps_kev: deposits at which the spectrum jumps: binding energies of electrons.
        panels: in place of those between the kinks of the source, as `octaves`.

    Raises:
        InputError: if the source reaches no recoil energy at all, or none that is seen.
    """
    edges = panels
    if edges is None:
        edges = recoil_panels(source, material, maximum_kev=maximum_kev, kinematics=kinematics)
    if steep and panels is None:
        # on a panel from T to 4 T, twelve nodes integrate 1/T^2 to 1e-11
        small = edges[1] * 4.0 ** -np.arange(1, 12, dtype=float)
        edges = np.union1d(edges, small)
    kinks = np.array([] if efficiency is None else efficiency.kinks)
    kinks = np.concatenate([kinks, quenching.kinks_kev, steps_kev])
    if isinstance(quenching, Constant):  # then it is known which recoils are seen at a jump
        kinks = np.append(kinks, np.array(response.kinks_kevee) / quenching.value)
    edges = np.union1d(edges, kinks[(kinks > edges[0]) & (kinks < edges[-1])])
    # where the response is smooth, few nodes on panels that fit make the shortest sum; steps are
    # found by many
    order = 12 if isinstance(response, ResponseTable) else NODES_PER_PANEL

    def seen(recoil_energy_kev: Array) -> Array:
        energy = quenching.on(recoil_energy_kev).electron_energy_kevee()
        bins = response.evaluate(energy).T * (energy >= seen_from_kevee)
        return bins if efficiency is None else bins * efficiency(recoil_energy_kev)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)  # said once, for the nodes that are used
        cuts = smooth_cuts(seen, edges, (), order=order, tolerance=TOLERANCE)
        if quenching.variation_names:
            cuts = _cut_where_moved(cuts, quenching, response, order)
        nodes, weights = panel_nodes(cuts, order)
        if seen_from_kevee > 0.0:
            kept = quenching.on(nodes).electron_energy_kevee() >= seen_from_kevee
            if not kept.any():
                raise InputError(
                    f"no recoil is detected: all are below {seen_from_kevee:g} keVee, the lowest "
                    "energy with a resolution; check the resolution, the quenching and the source"
                )
            nodes, weights = nodes[kept], weights[kept]
        if steep:  # panels far below the threshold, which no quenching pull brings back
            energy = 2.0 * quenching.on(nodes).electron_energy_kevee()
            largest = np.maximum.accumulate(np.abs(response.evaluate(energy)).max(axis=-1))
            kept = largest > UNSEEN * largest[-1]
            nodes, weights = nodes[kept], weights[kept]
        if panels is not None:  # and far above the axis
            energy = 0.5 * quenching.on(nodes).electron_energy_kevee()
            size = np.abs(response.evaluate(energy)).max(axis=-1)
            kept = np.maximum.accumulate(size[::-1])[::-1] > UNSEEN * size.max()
            nodes, weights = nodes[kept], weights[kept]
    return nodes, weights


def octaves(highest_kev: float) -> Array:
    """Edges of panels that serve every mass of a particle, keV: 0, and halves of the last one.

    The kinks of a source lie anywhere on them. Those of dark matter in bands of the delay move no
    bin of CsI by more than 1e-5 of the largest, from 1 to 60 MeV, against panels that end there.
    """
    found: Array = np.append(0.0, highest_kev * 2.0 ** -np.arange(float(_OCTAVES), -0.5, -1.0))
    return found


def _cut_where_moved(cuts: Array, quenching: Quenching, response: Response, order: int) -> Array:
    """Halve panels until the response is smooth on them wherever quenching pulls move it.

    The edges of the bins pass over the recoils as a pull moves. So a panel may be no wider, in
    electron-equivalent energy, than twice the narrowest one on which the response is smooth among
    those that pulls up to `PULLS_TO` sigma, alone or several together, bring there: then sums are
    good to 1e-6 of a bin.
    """
    n = len(quenching.variation_names)
    along = np.concatenate([np.zeros((1, n)), np.eye(n), -np.eye(n)])
    # together as far as chi2 allows, in every direction of up to four pulls
    signs = np.array(list(product((-1.0, 1.0), repeat=min(n, 4))))
    corners = np.pad(signs, ((0, 0), (0, n - signs.shape[1]))) / math.sqrt(max(signs.shape[1], 1))
    pulls = PULLS_TO * np.concatenate([along, corners])
    ends = quenching.on(cuts).electron_energy_kevee(pulls)
    top = min(float(ends.max()), response.energy_max_kevee)
    smooth = smooth_cuts(
        lambda energy: response.evaluate(energy).T,
        np.array([0.0, top]),
        response.kinks_kevee,
        order=order,
        tolerance=TOLERANCE,
    )
    widths = np.diff(smooth)
    if not isinstance(response, ResponseTable):  # it has steps, on which no width is enough
        widths = np.maximum(widths, FINEST * top)
    while True:
        ends = quenching.on(cuts).electron_energy_kevee(pulls)
        lowest, highest = ends[:, :-1].min(axis=0), ends[:, 1:].max(axis=0)
        first = np.clip(np.searchsorted(smooth, lowest, side="right") - 1, 0, widths.size - 1)
        last = np.clip(np.searchsorted(smooth, highest), first + 1, widths.size)
        allowed = np.array([widths[a:b].min() for a, b in zip(first, last, strict=True)])
        wide = (np.diff(ends, axis=1).max(axis=0) > 2.0 * allowed) & (lowest < top)
        if not wide.any():
            return cuts
        cuts = np.union1d(cuts, 0.5 * (cuts[:-1] + cuts[1:])[wide])


def electron_grid(
    source: Source, material: Material, response: Response, kinematics: Kinematics = MASSLESS
) -> tuple[Array, Array]:
    """Quadrature nodes and weights in the recoil energy of electrons, keV, where E_ee = T.

    Panels end at binding energies and are halved as in `recoil_grid`, for the response and for
    the response over T and T^2: photon exchange makes spectra that steep. Nodes that no bin can
    see are left out.

    Raises:
        InputError: if no electron is freed within the axis.
        UnknownNameError: if the binding energies of an element are not known.
    """
    order, kinks = NODES_PER_PANEL, response.kinks_kevee
    if isinstance(response, ResponseTable):
        order = 12
    edges = electron_panels(source, material, response.energy_max_kevee, kinematics)

    def steep(t: Array) -> Array:
        seen = response.evaluate(t).T
        return np.stack([seen, seen / t, seen / t**2])

    scale = np.abs(steep(np.geomspace(edges[0], edges[-1], 2000))).max(axis=(1, 2))

    def relative(t: Array) -> Array:
        result: Array = steep(t) / scale[:, None, None]
        return result

    nodes, weights = panel_nodes(
        smooth_cuts(relative, edges, kinks, order=order, tolerance=TOLERANCE), order
    )
    seen = np.abs(relative(nodes)).max(axis=(0, 1)) > UNSEEN
    return nodes[seen], weights[seen]


def with_electrons(curve: QuenchingCurve, nodes_kev: Array) -> QuenchingCurve:
    """A quenching curve continued by nodes of recoil electrons: E_ee = T, whatever the pulls."""
    still = np.zeros((len(curve.odd), nodes_kev.size))
    return QuenchingCurve(
        np.concatenate([curve.nominal, nodes_kev]),
        np.concatenate([curve.odd, still], axis=-1),
        np.concatenate([curve.even, still], axis=-1),
    )
