"""Numbers of nature: CODATA 2018 and PDG 2022 values, in the units their names carry.

Internal units are MeV (neutrino energy, masses), keV (recoil energy), fm, cm2, us, m and kg.
A value marked [M] in `reference` lists was written down from memory and agrees with the public
codes that state it; the tests check the derived combinations (``hbar c`` squared, the muon
end point, the pion-decay line).
"""

from __future__ import annotations

import math
from typing import Final

__all__ = [
    "ALPHA",
    "ATOMIC_MASS_MEV",
    "AVOGADRO",
    "CEVNS_PREFACTOR_CM2",
    "DAY_S",
    "ELEMENTARY_CHARGE_J_PER_EV",
    "E_MICHEL_MAX_MEV",
    "E_PION_LINE_MEV",
    "G_FERMI_MEV",
    "HBARC2_MEV2_CM2",
    "HBARC_MEV_FM",
    "M_ELECTRON_MEV",
    "M_MUON_MEV",
    "M_NEUTRON_MEV",
    "M_PROTON_MEV",
    "M_TAU_MEV",
    "SIN2_THETA_W_0",
    "SIN2_THETA_W_MZ",
    "TAU_MUON_US",
    "TAU_PION_US",
]

HBARC_MEV_FM: Final = 197.3269804
"""Conversion constant hbar c (CODATA 2018, exact in the SI), MeV fm."""
HBARC2_MEV2_CM2: Final = HBARC_MEV_FM**2 * 1e-26
"""(hbar c)^2 = 3.893794e-22 MeV^2 cm^2."""
G_FERMI_MEV: Final = 1.1663787e-11
"""Fermi constant, MeV^-2 (CODATA 2018: 1.1663787(6)e-5 GeV^-2)."""
ALPHA: Final = 1.0 / 137.035999
"""Fine-structure constant at zero momentum transfer."""
M_ELECTRON_MEV: Final = 0.51099895
M_MUON_MEV: Final = 105.6583755
M_TAU_MEV: Final = 1776.86
M_PION_MEV: Final = 139.57039
M_PROTON_MEV: Final = 938.27209
M_NEUTRON_MEV: Final = 939.56542
ATOMIC_MASS_MEV: Final = 931.49410242
"""Atomic mass unit, MeV."""
AVOGADRO: Final = 6.02214076e23
ELEMENTARY_CHARGE_J_PER_EV: Final = 1.602176634e-19
SPEED_OF_LIGHT_M_PER_US: Final = 299.792458
TAU_PION_US: Final = 0.026033
"""Charged-pion mean life, us (PDG: 26.033(5) ns)."""
TAU_MUON_US: Final = 2.19698
"""Muon mean life, us (PDG: 2.1969811(22) us)."""
SIN2_THETA_W_0: Final = 0.23857
"""MS-bar weak mixing angle at zero momentum transfer (PDG 2020: 0.23857(5))."""
SIN2_THETA_W_MZ: Final = 0.23122
"""MS-bar weak mixing angle at the Z mass (PDG 2022: 0.23122(4))."""

E_PION_LINE_MEV: Final = (M_PION_MEV**2 - M_MUON_MEV**2) / (2.0 * M_PION_MEV)
"""Energy of the muon neutrino of pi+ -> mu+ nu_mu at rest, 29.79 MeV."""
E_MICHEL_MAX_MEV: Final = M_MUON_MEV / 2.0
"""End point used for the muon-decay spectra, 52.83 MeV (electron mass neglected)."""
CEVNS_PREFACTOR_CM2: Final = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 / (2.0 * math.pi)
"""G_F^2 (hbar c)^2 / (2 pi) = 8.431e-45 cm^2 MeV^-2: times a nuclear mass, d(sigma)/dT."""

DAY_S: Final = 86400.0
"""Seconds of a day."""
