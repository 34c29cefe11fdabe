"""Lines of nuclides that capture an electron inside a crystal, which sees all that is released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CAPTURES"]

CAPTURES: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "Ge71": ((10.367, 1.0), (1.299, 0.120), (0.160, 0.020)),
    "Ge68": ((10.367, 1.0), (1.299, 0.120), (0.160, 0.020)),
    "Ga68": ((9.659, 1.0), (1.196, 0.117), (0.140, 0.019)),
    "Zn65": ((8.979, 1.0), (1.097, 0.117), (0.122, 0.019)),
}
"""Energy in keV and intensity of the K, L and M line by the nuclide that decays, relative to K.

A line is at the binding energy of the daughter's shell (Ga, Zn, Cu; L and M are those of L1 and
M1). Half of the decays of Zn-65 have a gamma of 1.1 MeV beside, which moves them out of the line
where it is seen. The K energies are those that germanium analyses at the SNS cut
(arXiv:2406.13806); all other numbers were written down from memory, the ratios to some per cent.
"""
