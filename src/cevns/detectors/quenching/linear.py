"""A quenching factor that rises linearly with energy."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = ["MODEL", "Linear"]

CITE = "file: the coefficients are those of the experiment"


@dataclass(frozen=True)
class Linear(Quenching):
    """QF = a + b T, E_ee = (a + b T) T with T in keVnr.

    Args:
        coefficients: (a, b), b in 1/keVnr.
        variations: as `Quenching`; plus and minus are pairs (a, b).
        valid_kev: as `Quenching`.

    Raises:
        InputError: if there are not two coefficients.

    Examples:
        Liquid argon, a = 0.246 +- 0.006, b = 0.00078 +- 0.00009 /keVnr (arXiv:2006.12659):

        >>> argon = Linear((0.246, 0.00078), valid_kev=(0.0, 125.0))
        >>> float(argon.electron_energy_kevee(20.0).round(3))
        5.232
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.coefficients) != 2:
            raise InputError("linear quenching needs two coefficients, [a, b] of QF = a + b T")

    @property
    def parameters(self) -> tuple[float, ...]:
        """(a, b)."""
        return self.coefficients

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """(a + b T) T, keVee."""
        a, b = parameters
        return (a + b * recoil_energy_kev) * recoil_energy_kev


MODEL = Linear
