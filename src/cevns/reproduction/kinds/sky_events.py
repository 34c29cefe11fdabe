"""Events of neutrinos from sky or earth between two recoil energies, per tonne and year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cevns.nuclear import material
from cevns.nuclear.electron_shells import electron_shells
from cevns.processes import electron_scattering, interaction
from cevns.rates import recoil_spectrum
from cevns.rates.electrons import ElectronFold
from cevns.rates.fold import panel_nodes, recoil_panels
from cevns.sources import source as find_source

__all__ = ["compute"]

_YEAR_D = 365.25


def compute(
    source: Mapping[str, Any],
    target: str,
    between_kev: Sequence[float],
    relative_to_kev: Sequence[float] | None = None,
    couplings: str = "scholberg2021",
    electrons: bool = False,
    scale: float = 1.0,
) -> float:
    """Counts per tonne and year, or their share in those of a wider range, times `scale`.

    At nuclei the vector part alone with Helm's form factor; at electrons those that are bound by
    less than the recoil energy.

    Args:
        source: its ``kind`` and fields.
        target: material.
        between_kev: recoil energies.
        relative_to_kev: recoil energies of the range that the share is of.
        couplings: scheme of the Standard Model.
        electrons: whether electrons recoil, and not nuclei.
        scale: factor on the result.
    """
    fields = {"live_time_d": _YEAR_D, **source}
    made = find_source(fields.pop("kind"), **fields)
    found = material(target)

    def counts(low: float, high: float) -> float:
        process = interaction("standard-model", couplings=couplings, axial=False)
        if electrons:
            steps = {1e-3 * s.binding_ev for n in found.nuclides for s in electron_shells(n.symbol)}
        else:
            steps = set(recoil_panels(made, found).tolist())
        inside = [e for e in steps if low < e < high]
        edges = np.unique([*inside, *np.geomspace(low, high, 30)])
        energy, weight = panel_nodes(edges)
        if electrons:
            fold = ElectronFold(made, electron_scattering(process), found, 1000.0, energy)
            return float((fold.spectrum() @ weight).sum())
        rows = recoil_spectrum(made, found, 1000.0, energy, interaction=process, form_factor="helm")
        return float(sum(row @ weight for row in rows.values()))

    size = counts(*between_kev)
    return scale * (size if relative_to_kev is None else size / counts(*relative_to_kev))
