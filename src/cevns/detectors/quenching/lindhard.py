"""Lindhard's theory of the energy a recoil gives to electrons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = ["MODEL", "Lindhard"]

CITE = ("lindhard-1963", "lewin-smith-1996")


@dataclass(frozen=True)
class Lindhard(Quenching):
    """QF = k g/(1 + k g) - q/eps, g = 3 eps^0.15 + 0.7 eps^0.6 + eps, eps = 11.5 Z^(-7/3) T/keVnr.

    Lindhard et al., Mat. Fys. Medd. Dan. Vid. Selsk. 33 (1963) 10, in the parametrisation of
    Lewin and Smith, Astropart. Phys. 6 (1996) 87. The last term, absent in the theory, is the
    modification of arXiv:2202.10622: every recoil loses the same energy, q Z^(7/3)/11.5 keVee,
    so that for q > 0 the curve is negative (and set to zero, with a warning) near T = 0.

    Args:
        z: atomic number of the recoiling nucleus and of the medium.
        a: mass number; used for the theoretical k only.
        k: electronic stopping; by default 0.133 Z^(2/3) A^(-1/2).
        q: the modification; without it the theory.
        variations: as `Quenching`; plus and minus are values of k, or pairs (k, q) with a q.
        valid_kev: as `Quenching`.

    Raises:
        InputError: if z, a or k is not positive.

    Examples:
        >>> germanium = Lindhard(z=32, a=72.63)
        >>> round(germanium.parameters[0], 3), float(germanium.quenching_factor(1.0).round(3))
        (0.157, 0.171)

        A loss of 32^(7/3)/11.5 keVee times q = 1e-4 a recoil:

        >>> modified = Lindhard(z=32, a=72.63, q=1e-4)
        >>> loss = germanium.electron_energy_kevee(1.0) - modified.electron_energy_kevee(1.0)
        >>> round(1e3 * float(loss), 2), round(32 ** (7 / 3) / 11.5 * 0.1, 2)
        (28.27, 28.27)
    """

    z: float
    a: float
    k: float | None = None
    q: float | None = None

    def __post_init__(self) -> None:
        if not (self.z > 0 and self.a > 0 and (self.k is None or self.k > 0)):
            raise InputError(
                f"Lindhard quenching needs positive z, a and k, not {self.z}, {self.a}, {self.k}"
            )
        super().__post_init__()

    @property
    def parameters(self) -> tuple[float, ...]:
        """(k,), or (k, q) of the modified form."""
        k = 0.133 * self.z ** (2 / 3) * self.a**-0.5 if self.k is None else self.k
        return (k,) if self.q is None else (k, self.q)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Source of the modification, where there is one."""
        return {} if self.q is None else {"quenching": ("arXiv:2202.10622",)}

    @property
    def atomic_number(self) -> float:
        """Z of the recoiling nucleus."""
        return self.z

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """QF T, keVee."""
        unit = 11.5 * self.z ** (-7 / 3)
        eps = unit * recoil_energy_kev
        kg = parameters[0] * (3.0 * eps**0.15 + 0.7 * eps**0.6 + eps)
        energy: Array = kg / (1.0 + kg) * recoil_energy_kev
        return energy - parameters[1] / unit if len(parameters) > 1 else energy


MODEL = Lindhard
