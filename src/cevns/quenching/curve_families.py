"""Families of quenching curves that can be fitted: the models of `cevns.detectors.quenching`
with free numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cevns.detectors.framework.variation import Variation
from cevns.detectors.quenching import Quenching
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.quenching.lindhard import Lindhard
from cevns.detectors.quenching.linear import Linear
from cevns.detectors.quenching.polynomial import Polynomial
from cevns.exceptions import InputError, UnknownNameError
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.registry import canonical
from cevns.typing import Array

__all__ = [
    "DEFAULT",
    "ELEMENTS",
    "FAMILIES",
    "Family",
    "constant",
    "family",
    "lindhard",
    "linear",
    "modified_lindhard",
    "polynomial",
    "pulls_of",
]

# atomic number and mean atomic mass of the elements with a default material
ELEMENTS: Final[Mapping[str, tuple[int, float]]] = {
    "ar": (18, 39.948),
    "ge": (32, 72.630),
    "si": (14, 28.085),
    "xe": (54, 131.293),
}
DEFAULT: Final[Mapping[str, str]] = {
    "csi": "polynomial",
    "ar": "linear",
    "ge": "lindhard",
    "si": "lindhard",
}


@dataclass(frozen=True, eq=False)
class Family:
    """Curves E_ee(T; p) of one form.

    Args:
        name: of the form.
        formula: E_ee or QF as text.
        template: a member of the family.
        parameters: its free numbers with starting values, in the order of the curve's.
        remake: a member from its numbers.
    """

    name: str
    formula: str
    template: Quenching
    parameters: Parameters
    remake: Callable[[tuple[float, ...]], Quenching]

    def energy(self, recoil_kev: Array, theta: Array) -> Array:
        """E_ee, keVee, not clamped: ``(nT,)`` and ``(..., n_par)`` give ``(..., nT)``."""
        numbers: Any = tuple(theta[..., k, None] for k in range(len(self.parameters)))
        return self.template.curve(recoil_kev, numbers)

    def gradient(self, recoil_kev: Array, theta: Array) -> Array:
        """Derivatives of E_ee by the numbers: ``(..., n_par)`` give ``(..., n_par, nT)``.

        Central differences: exact for numbers that enter linearly, with a relative error of
        1e-8 for the others.
        """
        step = 1e-4 * np.maximum(np.abs(theta), [p.scale for p in self.parameters])
        # one number moved in each row
        centre, moved = theta[..., None, :], step[..., None] * np.eye(len(self.parameters))
        rise = self.energy(recoil_kev, centre + moved) - self.energy(recoil_kev, centre - moved)
        return np.asarray(rise / (2.0 * step[..., None]))

    def slope(self, recoil_kev: Array, theta: Array) -> Array:
        """dE_ee/dT, ``(nT,)``, by central differences (relative error about 1e-8)."""
        step = 1e-4 * recoil_kev
        rise = self.energy(recoil_kev + step, theta) - self.energy(recoil_kev - step, theta)
        return np.asarray(rise / (2.0 * step))

    def model(
        self,
        numbers: Array,
        variations: Mapping[str, Variation] | None = None,
        valid_kev: tuple[float, float] = (0.0, np.inf),
    ) -> Quenching:
        """The member with these numbers, as a detector takes it."""
        member = self.remake(tuple(float(v) for v in numbers))
        return replace(member, variations=dict(variations or {}), valid_kev=valid_kev)


def polynomial(order: int = 4) -> Family:
    """E_ee = c_1 T + ... + c_n T^n, both in MeV, without constant term.

    Raises:
        InputError: if the order is not 1 to 8.
    """
    if not 1 <= order <= 8:
        raise InputError(f"the order of a polynomial is 1 to 8 here, not {order}")
    units = ["", *(f"MeV^-{k}" for k in range(1, order))]
    start = [0.08] + [0.0] * (order - 1)
    names = [
        Parameter(f"c{k + 1}", value, unit=unit, description=f"coefficient of T^{k + 1}")
        for k, (value, unit) in enumerate(zip(start, units, strict=True))
    ]
    return Family(
        "polynomial",
        "E_ee = " + " + ".join(f"c{k + 1} T^{k + 1}" if k else "c1 T" for k in range(order)),
        Polynomial(tuple(start)),
        Parameters(names),
        lambda c: Polynomial(c),
    )


def constant() -> Family:
    """QF = a."""
    return Family(
        "constant",
        "QF = a",
        Constant(0.1),
        Parameters([Parameter("a", 0.1, description="quenching factor")]),
        lambda c: Constant(c[0]),
    )


def linear() -> Family:
    """QF = a + b T, T in keVnr."""
    return Family(
        "linear",
        "QF = a + b T",
        Linear((0.25, 0.0)),
        Parameters(
            [
                Parameter("a", 0.25, description="quenching factor at T = 0"),
                Parameter("b", 1e-4, unit="/keVnr", description="its slope"),
            ]
        ),
        lambda c: Linear(c),
    )


def lindhard(element: str) -> Family:
    """QF = k g/(1 + k g), k free."""
    z, a = _element(element)
    k = Lindhard(z, a).parameters[0]
    return Family(
        "lindhard",
        "QF = k g/(1 + k g)",
        Lindhard(z, a, k),
        Parameters([Parameter("k", k, lower=1e-4, description="electronic stopping")]),
        lambda c: Lindhard(z, a, c[0]),
    )


def modified_lindhard(element: str) -> Family:
    """QF = k g/(1 + k g) - q/eps, k and q free."""
    z, a = _element(element)
    k = Lindhard(z, a).parameters[0]
    q = Parameter("q", 0.0, unit="", description="energy lost per recoil, in units of eps")
    return Family(
        "modified-lindhard",
        "QF = k g/(1 + k g) - q/eps",
        Lindhard(z, a, k, 0.0),
        Parameters([Parameter("k", k, lower=1e-4, description="electronic stopping"), q]),
        lambda c: Lindhard(z, a, c[0], c[1]),
    )


FAMILIES: Final = ("polynomial", "linear", "constant", "lindhard", "modified-lindhard")


def family(name: str, material: str, *, order: int = 4) -> Family:
    """A family by name.

    Args:
        name: one of `FAMILIES`.
        material: its element is needed for Lindhard's theory.
        order: of a polynomial.

    Raises:
        UnknownNameError: if there is no such family.
        InputError: if Lindhard's theory is asked for and the material is no known element.

    Examples:
        >>> family("modified_lindhard", "ge").parameters.names
        ('k', 'q')
    """
    makers: dict[str, Callable[[], Family]] = {
        "polynomial": lambda: polynomial(order),
        "linear": linear,
        "constant": constant,
        "lindhard": lambda: lindhard(material),
        "modified-lindhard": lambda: modified_lindhard(material),
    }
    if canonical(name) not in makers:
        raise UnknownNameError("family of quenching curves", name, FAMILIES)
    return makers[canonical(name)]()


def _element(material: str) -> tuple[int, float]:
    if material not in ELEMENTS:
        raise InputError(
            f"Lindhard's theory needs an element ({', '.join(ELEMENTS)}), not {material!r}: take "
            "a polynomial"
        )
    return ELEMENTS[material]


class _Given(Family):
    """A curve as it is, its variations the only freedom."""

    def energy(self, recoil_kev: Array, theta: Array) -> Array:
        import warnings

        from cevns.exceptions import CevnsWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CevnsWarning)  # who compares chooses the points
            return self.template.on(recoil_kev).electron_energy_kevee(theta)


def pulls_of(curve: Quenching) -> Family:
    """A given curve as a family whose numbers are its variations' pulls, each 0 +- 1."""
    pulls = [Parameter(n, 0.0, constraint=Gaussian(0.0, 1.0)) for n in curve.variation_names]
    return _Given("given", "as given", curve, Parameters(pulls), lambda _: curve)
