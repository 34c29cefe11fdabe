"""The cross section of chi on a nucleus at one energy, whole or above a threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cevns.nuclear import nuclide
from cevns.processes import process
from cevns.processes.dark_matter.dark_scattering import DarkMatter
from cevns.rates.fold import panel_nodes

__all__ = ["compute"]

_LEAST_KEV = 1e-7
_PANELS = 40


def compute(
    model: str,
    at: Mapping[str, float],
    coupling: Mapping[str, float],
    target: str,
    energy_mev: float,
    threshold_kev: float = _LEAST_KEV,
    form_factor: str = "klein-nystrand",
    maximum_recoil: bool = False,
    scale: float = 1.0,
) -> float:
    """Integral of d(sigma)/dT from a threshold to the largest recoil, cm2, over `scale`.

    Args:
        model: process, such as ``dark-photon-dirac``.
        at: masses and ``alpha_d``.
        coupling: to ordinary matter.
        target: nuclide.
        energy_mev: total energy of chi.
        threshold_kev: in recoil energy.
        form_factor: model.
        maximum_recoil: the largest recoil energy in keV instead.
        scale: unit of the row.
    """
    found = process(model, form_factor=form_factor)
    assert isinstance(found, DarkMatter)
    chi, nucleus = found.with_structure(at), nuclide(target)
    last = float(chi.kinematics.maximum_recoil_kev(energy_mev, nucleus.mass_mev))
    if maximum_recoil:
        return last / scale
    nodes, weights = panel_nodes(np.geomspace(threshold_kev, last, _PANELS))
    return float(chi.differential(nodes, energy_mev, nucleus, coupling) @ weights) / scale
