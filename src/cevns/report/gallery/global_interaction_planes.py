"""Off-diagonal couplings, any mix of quarks, and scalars beside vectors, by set and together."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.processes import nsi_quark_mix as mix
from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.typing import Array

__all__ = ["CONTACT", "OFF_DIAGONAL", "figure", "of_mix", "table"]

CARRIED = tables.FITS_FROM

OFF_DIAGONAL: Final = ("global-nsi-off-diagonal", ("eps_ee_u", "eps_emu_u"))
CONTACT: Final = ("global-contact", ("c_vector", "c_scalar"))
QUARKS: Final = ("global-nsi-quarks", ("eps_ee_u", "eps_ee_d"))
_STEPS: Final = 60


def of_mix(points: Array, edges: tuple[tuple[float, float], tuple[float, float]]) -> Array:
    """Angle eta, degrees, and coefficient of the mix along a ring of the plane of both quarks.

    A ring is drawn where it is a border of the region: its parts along the edge of the plane, and
    jumps from 90 to -90 degrees, are not a number.

    Args:
        points: ``(n, 2)``, couplings to u and d.
        edges: of the plane.

    Returns:
        ``(m, 2)``.
    """
    weight = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[:, None]
    line = np.concatenate([a + weight * (b - a) for a, b in pairwise(points)])
    out = []
    for u, d in line:
        eta, scale = mix.angle_from_quarks(math.degrees(math.atan2(d, u)))
        out.append((eta, scale * math.hypot(u, d)))
    found = np.array(out)
    ends = np.array(edges)
    near = 1e-6 * np.ptp(ends, axis=1)
    found[np.any((line <= ends[:, 0] + near) | (line >= ends[:, 1] - near), axis=1)] = np.nan
    found[1:][np.abs(np.diff(found[:, 0])) > 90.0] = np.nan
    return found


def table() -> Table:
    """Extents of the regions of both fitted planes, and the minima of all sets together."""
    notes = (
        (
            "Off-diagonal: the rate of nu_e is (Q_W + (2 Z + N) eps_ee)^2 + ((2 Z + N) eps_emu)^2, "
            "so a reactor gives a ring; for stopped pions, eps_emu also affects nu_mu. Solar "
            "neutrinos are described by a density matrix: eps_emu enters linearly, and its sign "
            "matters."
        ),
        (
            "Mix: eps_ee times xi^u and xi^d of the angle eta, zero of all others. It is the plane "
            "of both quarks of the entry global-nsi-planes in other coordinates; lines end at the "
            "grey area, which that plane does not reach."
        ),
        (
            "Scalars and vectors: C in units of G_F/sqrt2, equal for u and d and all flavours, "
            "with the convention of the model generalised-interactions; papers differ by factors "
            "of 2 to 4. Tensors act on the spin of a nucleus and are not tested by these rates."
        ),
    )
    return tables.extents_of(dict((OFF_DIAGONAL, CONTACT)), notes)


@style.styled
def figure() -> Figure:
    """Left, nu_e to nu_mu; middle, along the mix of quarks; right, contact interactions."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.2, 1, 3)
    left, middle, right = grid[0]
    tables.draw_plane(left, *OFF_DIAGONAL, ("", ""))
    _mix(middle)
    tables.draw_plane(right, *CONTACT, ("", ""))
    for axes in (left, right):
        axes.plot(0.0, 0.0, "+", color="0.2", markersize=6.0, zorder=4, clip_on=False)
    right.set_ylim(bottom=0.0)
    names = ("csi", "lar", "ge-2024", "conus-plus", "xenon", "all")
    figure.legend(
        handles=tables.legend(names), loc="outside lower center", ncols=6, columnspacing=1.2,
        fontsize=7.5,
    )  # fmt: skip
    style.caption(left, "Into muon neutrinos", tables.NOTE)
    style.caption(middle, "Along the mix of quarks", "dotted: protons, u, d, neutrons")
    style.caption(right, "Scalar and vector", "xenon: XENONnT alone; no Ge 2024")
    return figure


def _reach(
    eta: Array, edges: tuple[tuple[float, float], tuple[float, float]]
) -> tuple[Array, Array]:
    """Smallest and largest coefficient of each angle inside the plane of both quarks."""
    with np.errstate(divide="ignore"):
        ends = [np.sort(np.array(e)[:, None] / xi, axis=0) for e, xi in
                zip(edges, mix.quark_couplings(eta), strict=True)]  # fmt: skip
    return np.maximum(ends[0][0], ends[1][0]), np.minimum(ends[0][1], ends[1][1])


def _mix(axes: Axes) -> None:
    name, columns = QUARKS
    edges = tables.ends(name, columns)
    for label, rings in tables.rings(name, columns).items():
        look = tables.LOOKS[label]
        for ring in rings:
            eta, eps = of_mix(ring, edges).T
            axes.plot(eta, eps, color=look.color, linestyle=look.dash, linewidth=1.1)
    eta = np.linspace(-90.0, 90.0, 721)
    reach = _reach(eta, edges)
    for low, high in ((reach[1], 1.0), (-1.0, reach[0])):
        axes.fill_between(eta, low, high, color="0.88", linewidth=0.0, zorder=0)
    for angle in (0.0, mix.UP_DEG, mix.DOWN_DEG):
        axes.axvline(angle, color="0.6", linewidth=0.8, linestyle=(0, (1, 1)), zorder=0)
    axes.set_xlim(-90.0, 90.0)
    axes.set_ylim(-0.8, 0.8)
    axes.set_xticks([-90.0, -45.0, 0.0, 45.0, 90.0])
    axes.set_xlabel(parameter_label("eta", "deg"))
    axes.set_ylabel(parameter_label("eps_ee", ""))
