"""The recoil energies on which an experiment is folded: fine enough for source and detector."""

from __future__ import annotations

import warnings

from cevns.detectors import Quenching, ResponseTable, SharpResponse, smooth_cuts
from cevns.exceptions import CevnsWarning
from cevns.nuclear.materials import Material
from cevns.rates.fold import NODES_PER_PANEL, panel_nodes, recoil_panels
from cevns.sources import Source
from cevns.typing import Array

TOLERANCE = 1e-5
"""Of the response on a panel at half the degree that its nodes integrate: bins are good to 1e-9."""


def recoil_grid(
    source: Source,
    material: Material,
    quenching: Quenching,
    response: ResponseTable | SharpResponse,
    *,
    maximum_kev: float | None = None,
) -> tuple[Array, Array]:
    """Quadrature nodes and weights in recoil energy, keV.

    The recoil spectrum is smooth between its kinks, but the response may be much sharper: a
    germanium detector resolves a hundredth of the recoil range. Panels are halved until the
    response along them is a polynomial that their nodes integrate; at the steps of a perfect
    resolution they shrink to 1e-6 of the range.

    Raises:
        InputError: if the source reaches no recoil energy at all.
    """
    edges = recoil_panels(source, material, maximum_kev=maximum_kev)
    # where the response is smooth, few nodes on panels that fit make the shortest sum; steps are
    # found by many
    order = 12 if isinstance(response, ResponseTable) else NODES_PER_PANEL

    def seen(recoil_energy_kev: Array) -> Array:
        energy = quenching.on(recoil_energy_kev).electron_energy_kevee()
        return response.evaluate(energy).T

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)  # said once, for the nodes that are used
        cuts = smooth_cuts(seen, edges, (), order=order, tolerance=TOLERANCE)
    return panel_nodes(cuts, order)
