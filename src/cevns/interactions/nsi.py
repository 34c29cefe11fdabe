"""Non-standard neutrino interactions with up and down quarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.flavours import LEPTONS, lepton
from cevns.interactions._extension import Extension, bounded
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.typing import Namespace


@dataclass(frozen=True)
class NSI(Extension):
    """Vector couplings of neutrinos to up and down quarks, relative to G_F."""

    name: str = field(default="nsi", init=False)

    @property
    def parameters(self) -> Parameters:
        """``eps_{ee,...}_{u,d}``."""
        pairs = [a + b for i, a in enumerate(LEPTONS) for b in LEPTONS[i:]]
        return Parameters(
            bounded(f"eps_{ab}_{q}", f"{ab} {q}", reach=(-5.0, 5.0)) for ab in pairs for q in "ud"
        )

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any], xp: Namespace = np
    ) -> Mapping[str, Sequence[Any]]:
        """Coefficients."""
        _ = xp
        a = lepton(flavour)
        out = {}
        for b in LEPTONS:
            pair = a + b if LEPTONS.index(a) <= LEPTONS.index(b) else b + a
            u, d = (self.value(values, f"eps_{pair}_{q}") for q in "ud")
            out[b] = nuclide.z * (2.0 * u + d), nuclide.n * (u + 2.0 * d)
        return out


MODEL = NSI
