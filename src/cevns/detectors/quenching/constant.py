"""The quenching factor does not depend on energy: E_ee = QF T."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.typing import Array

__all__ = ["MODEL", "Constant"]

CITE = "file: the quenching factor is that of the experiment"


@dataclass(frozen=True)
class Constant(Quenching):
    """E_ee = QF T.

    Args:
        value: the quenching factor QF.
        variations: as `Quenching`; plus and minus are quenching factors.
        valid_kev: as `Quenching`.

    Examples:
        The first CsI[Na] analysis (arXiv:1708.01294), QF = 8.78 +- 1.66 %:

        >>> from cevns.detectors.framework.variation import Variation
        >>> csi = Constant(0.0878, variations={"qf.csi": Variation(0.1044, 0.0712)})
        >>> csi.electron_energy_kevee([10.0, 20.0], [1.0]).round(3).tolist()
        [1.044, 2.088]
    """

    value: float

    @property
    def parameters(self) -> tuple[float, ...]:
        """(QF,)."""
        return (self.value,)

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """QF T, keVee."""
        return parameters[0] * recoil_energy_kev


MODEL = Constant
