r"""The weak charge of a nucleus, as parity violation in atoms measures it.

    Q_W = -2 [Z (g_AV^ep + 0.00005) + N (g_AV^en + 0.00006)] (1 - alpha/2 pi),

    g_AV^ep = -0.0357 + 2 (sin2_theta_w - 0.23857),    g_AV^en = 0.4950

(Particle Data Group, review of the electroweak model; the three numbers are from memory and give
-73.22 for 133Cs, official -73.23(1)). It is a coupling of quarks to electrons at 2.4 MeV: new
interactions of neutrinos do not move it. Electrons see less of a nucleus whose neutrons reach
farther than its protons,

    delta = (3/7) (alpha Z)^2 (R_n - R_p)/R_p,

and a measured value holds the correction for a neutron skin that its authors assumed, so the
prediction for another R_n is Q_W (1 - delta)/(1 - delta of that skin).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.constants import ALPHA, SIN2_THETA_W_0
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.nuclides import nuclide as nuclide_of
from cevns.nuclear.radii import proton_distribution_radius
from cevns.processes import Interaction, own_neutron_radius
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "WeakCharge"]

CITE = "none: from the Particle Data Group's review, written down from memory"

_MIXING = "sin2_theta_w"


@dataclass(frozen=True)
class WeakCharge:
    """Q_W of a nuclide; see the module.

    Args:
        nuclide: ``Cs133``.
        skin_fm: the neutron skin that the measured value was corrected for.

    Raises:
        UnknownNameError: if there is no such nuclide.

    Examples:
        >>> from cevns.processes import interaction
        >>> float(WeakCharge("Cs133").value(interaction("standard-model"), {}).round(2))
        -73.22
    """

    nuclide: str
    skin_fm: Annotated[float, Unit("fm")] = 0.13

    def __post_init__(self) -> None:
        _ = self._nuclide

    @property
    def _nuclide(self) -> Nuclide:
        return nuclide_of(self.nuclide)

    def parameters(self, process: Interaction) -> tuple[str, ...]:
        """The weak mixing angle, and the radius of its neutrons where the process has one."""
        nominal = {p.name: np.asarray(p.value) for p in process.parameters}
        here = own_neutron_radius(process, self._nuclide, nominal)
        moved = []
        for p in process.parameters:
            other = {**nominal, p.name: np.asarray(p.value + 0.1 * p.scale)}
            there = own_neutron_radius(process, self._nuclide, other)
            if p.name == _MIXING or (here is not None and there is not None and here != there):
                moved.append(p.name)
        return tuple(moved)

    def value(self, process: Interaction, values: Mapping[str, Array]) -> Array:
        """Q_W, ``(B,)``."""
        nuclide = self._nuclide
        mixing = values.get(_MIXING, np.asarray(SIN2_THETA_W_0))
        proton = -0.0357 + 2.0 * (mixing - 0.23857) + 5e-5
        neutron = 0.4950 + 6e-5
        charge = -2.0 * (nuclide.z * proton + nuclide.n * neutron) * (1 - ALPHA / (2 * math.pi))
        radius = own_neutron_radius(process, nuclide, values)
        if radius is None:
            return np.asarray(charge)
        protons = proton_distribution_radius(nuclide)
        share = 3.0 / 7.0 * (ALPHA * nuclide.z) ** 2 / protons
        seen = (1.0 - share * (radius - protons)) / (1.0 - share * self.skin_fm)
        return np.asarray(charge * seen)


MODEL = WeakCharge
