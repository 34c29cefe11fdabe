"""Moments of drawn events: recoils of the neutrinos of stopped pions at one nuclide."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

from cevns.analysis.events.event_columns import particle_code
from cevns.analysis.events.event_sample import recoil_events
from cevns.experiments import load
from cevns.particles import check_flavour
from cevns.typing import Array

__all__ = ["compute"]

_EVENTS = 1_000_000


def compute(
    nuclide: str,
    of: Literal["share", "mean", "sd", "cosine"],
    flavour: str = "",
) -> float:
    """A share of the events, the mean or spread of recoils in keV, or the mean cosine.

    A million events, of the source of coherent-csi-2021 with the form factor of Klein and Nystrand
    and the vector part alone.

    Args:
        nuclide: that recoils.
        of: what is asked.
        flavour: of the neutrinos; all where left out.

    Raises:
        UnknownNameError: if there is no such nuclide or flavour.
    """
    events = _drawn(nuclide)
    mine = np.ones(_EVENTS, dtype=bool)
    if flavour:
        mine = events["neutrino_pdg"] == particle_code(check_flavour(flavour))
    recoil = events["recoil_energy_kev"][mine]
    if of == "share":
        return float(mine.mean())
    if of == "cosine":
        return float(events["recoil_z"][mine].mean())
    return float(recoil.mean() if of == "mean" else recoil.std())


@cache
def _drawn(nuclide: str) -> dict[str, Array]:
    """The events, drawn once for all rows."""
    changes = {"target.material": nuclide, "interaction.axial": "false"}
    recoils = recoil_events(load("coherent-csi-2021", overrides=changes))
    # a stream of its own for each nuclide: one for all would err in the same direction everywhere
    return recoils.draw(_EVENTS, np.random.default_rng(list(nuclide.encode())))
