"""What all quenching models share: their numbers, variations, validity range and morphing."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np

from cevns.detectors.framework.variation import (
    AnyVariation,
    Calibration,
    NumberErrors,
    Variation,
    as_tuple,
)
from cevns.exceptions import CevnsWarning, InputError
from cevns.morphing import even_part, even_part_derivative
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["Quenching", "QuenchingCurve", "Recoil"]

Recoil = Annotated[float, Unit("keVnr")]


@dataclass(frozen=True)
class QuenchingCurve:
    """A quenching model on fixed recoil energies: all that is left to do is to apply pulls.

    With pulls alpha_j (unit Gaussians) and the morphing d(alpha) of `cevns.morphing`,

        E_ee = max(0, nominal + sum_j [alpha_j odd_j + d(alpha_j) even_j]).

    Args:
        nominal: E_ee at zero pulls, keVee, shape ``(nT,)``.
        odd: half the difference of plus and minus variations, ``(n_var, nT)``.
        even: their mean minus nominal, ``(n_var, nT)``.
    """

    nominal: Array
    odd: Array
    even: Array

    def _moved(self, pulls: Array) -> Array:
        if pulls.ndim == 0 or pulls.shape[-1] != len(self.odd):
            raise InputError(
                f"quenching: {len(self.odd)} variations need pulls of shape "
                f"(..., {len(self.odd)}), not {pulls.shape}"
            )
        return self.nominal + pulls @ self.odd + even_part(pulls) @ self.even

    def electron_energy_kevee(self, pulls: ArrayLike = ()) -> Array:
        """E_ee, keVee: pulls ``(..., n_var)`` give ``(..., nT)``; no pulls, the nominal."""
        alpha = np.asarray(pulls, dtype=float)
        moved = self.nominal if alpha.shape == (0,) else self._moved(alpha)
        return np.maximum(moved, 0.0)

    def gradient(self, pulls: ArrayLike) -> Array:
        """Derivative dE_ee/d(alpha_j), keVee, ``(..., n_var, nT)``; zero where E_ee is clamped."""
        alpha = np.asarray(pulls, dtype=float)
        slope = self.odd + even_part_derivative(alpha)[..., None] * self.even
        return np.where(self._moved(alpha)[..., None, :] > 0.0, slope, 0.0)

    def largest_kevee(self, sigmas: float = 6.0) -> float:
        """An upper bound of E_ee for all |alpha_j| <= `sigmas`: how far a table must reach."""
        reach = sigmas * (np.abs(self.odd) + np.abs(self.even)).sum(axis=0)
        return float((self.nominal + reach).max())


@dataclass(frozen=True, kw_only=True)
class Quenching(ABC):
    """A quenching curve E_ee(T) with +-1 sigma variations.

    A model is one family of curves, `curve`, and the numbers of its nominal member,
    `parameters`. A variation is another member of the family, or another energy scale; in between
    the curve is morphed (C2 inside +-1 sigma, straight outside, equal to the variation at +-1).

    Args:
        variations: nuisance directions by name, in the order of the pulls.
        valid_kev: range of recoil energies the model was measured in, keVnr.
        above: what becomes of recoils above that range. They are ``not-followed``, or the
            quenching factor of each curve, its variations included, is held ``constant``: with
            T_v the end of the range, E_ee(T) = E_ee(T_v) T/T_v. That is an assumption and no
            measurement, for spectra that reach further than the range.

    Raises:
        InputError: if numbers are missing, not finite, the range is empty, or a factor is to be
            held above a range that has no end.
    """

    variations: Mapping[str, AnyVariation] = field(default_factory=dict)
    valid_kev: tuple[Recoil, Recoil] = (0.0, math.inf)
    above: Literal["not-followed", "constant"] = "not-followed"

    def __post_init__(self) -> None:
        n = len(self.parameters)
        sets = {"nominal": self.parameters}
        for name, variation in self._members.items():
            sets[f"variation {name!r}, plus"] = as_tuple(variation.plus)
            sets[f"variation {name!r}, minus"] = as_tuple(variation.minus)
        for which, numbers in sets.items():
            if not numbers or not all(math.isfinite(v) for v in numbers):
                raise InputError(f"quenching, {which}: needs finite numbers, not {numbers}")
            if len(numbers) != n:
                raise InputError(
                    f"quenching, {which}: {len(numbers)} numbers where the nominal curve has {n}"
                )
        for name, variation in self._members.items():
            ends = *as_tuple(variation.plus), *as_tuple(variation.minus)
            if n == 1 and not min(ends) <= self.parameters[0] <= max(ends):
                raise InputError(
                    f"quenching: {self.parameters[0]:g} lies outside its variation {name!r}, "
                    f"from {min(ends):g} to {max(ends):g}: change the variation as well, or "
                    "write it as an error of the number, 'error: "
                    f"{(max(ends) - min(ends)) / 2.0:.3g}'"
                )
        if not 0.0 <= self.valid_kev[0] < self.valid_kev[1]:
            raise InputError(
                f"quenching: the validity range {list(self.valid_kev)} keVnr is empty or negative"
            )
        if self.above == "constant" and not math.isfinite(self.valid_kev[1]):
            raise InputError(
                "quenching: 'above: constant' holds the quenching factor above the range of the "
                "curve, which has no end here; give one, 'valid: [0 keVnr, 60 keVnr]', or leave "
                "out 'above'"
            )

    @property
    @abstractmethod
    def parameters(self) -> tuple[float, ...]:
        """Numbers of the nominal curve."""

    @property
    def _members(self) -> dict[str, Variation]:
        """Variations that are members of the family: none of the energy scale."""
        found = {n: self._member(v) for n, v in self.variations.items()}
        return {n: v for n, v in found.items() if isinstance(v, Variation)}

    def _member(self, variation: AnyVariation) -> Variation | Calibration:
        """A variation with errors as numbers."""
        if isinstance(variation, NumberErrors):
            return variation.around(self.parameters)
        return variation

    def ends(self, variation: AnyVariation, t: Array, nominal: Array) -> tuple[Array, Array]:
        """The curve at +1 and at -1 sigma of a variation."""
        member = self._member(variation)
        if isinstance(member, Calibration):
            return member.moved(nominal, 1.0), member.moved(nominal, -1.0)
        plus, minus = as_tuple(member.plus), as_tuple(member.minus)
        return self.continued(t, plus), self.continued(t, minus)

    @property
    def followed_to_kev(self) -> float:
        """Largest recoil energy to follow, keVnr; infinite where there is none."""
        return math.inf if self.above == "constant" else self.valid_kev[1]

    @property
    def kinks_kev(self) -> tuple[float, ...]:
        """Recoil energies, keVnr, at which the slope of E_ee jumps."""
        return (self.valid_kev[1],) if self.above == "constant" else ()

    def continued(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """`curve`, and above its range what is declared there."""
        if self.above != "constant":
            return self.curve(recoil_energy_kev, parameters)
        within = np.minimum(recoil_energy_kev, self.valid_kev[1])
        beyond = np.maximum(recoil_energy_kev / self.valid_kev[1], 1.0)
        held: Array = self.curve(within, parameters) * beyond
        return held

    @property
    def atomic_number(self) -> float | None:
        """That of the nucleus whose theory this is; None for a curve that was measured."""
        return None

    @abstractmethod
    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """E_ee in keVee for one member of the family, not clamped, same shape as T."""

    @property
    def variation_names(self) -> tuple[str, ...]:
        """Names of the nuisance directions, in the order of the pulls."""
        return tuple(self.variations)

    def stands_for(self, name: str) -> str:
        """What a pull moves, in words: the numbers of the curve with their errors, or the scale.

        Two pulls are the same quantity where this is the same.

        Examples:
            >>> from cevns.detectors.quenching.lindhard import Lindhard
            >>> germanium = Lindhard(32, 72.63, 0.162, variations={"k": NumberErrors(0.004)})
            >>> germanium.stands_for("k")
            '0.162 +/- 0.004 of Lindhard'
        """
        member = self._member(self.variations[name])
        if isinstance(member, Calibration):
            return " and ".join(f"{k} {v}" for k, v in member.written().items())
        ends = zip(self.parameters, as_tuple(member.plus), as_tuple(member.minus), strict=True)
        numbers = []
        for nominal, plus, minus in ends:
            up, down = f"{plus - nominal:g}", f"{nominal - minus:g}"
            same = f" +/- {up}" if plus != nominal else ""
            numbers.append(f"{nominal:g}{same}" if up == down else f"{nominal:g} +{up} -{down}")
        return f"{', '.join(numbers)} of {type(self).__name__}"

    def on(self, recoil_energy_kev: ArrayLike) -> QuenchingCurve:
        """The model on fixed recoil energies (1-D, keVnr), for fast refolding.

        Warns:
            CevnsWarning: if T leaves the validity range (above it only where the factor is not
                held), or a curve is negative (it is clamped).

        Raises:
            InputError: if an energy is negative or not finite, or a curve is above the energy of
                the recoil within the validity range.
        """
        t = np.atleast_1d(np.asarray(recoil_energy_kev, dtype=float))
        self._check_energies(t)
        nominal = self.continued(t, self.parameters)
        ends = [self.ends(v, t, nominal) for v in self.variations.values()]
        plus, minus = [e[0] for e in ends], [e[1] for e in ends]
        members = zip(ends, self.variations, strict=True)
        checked = [curve for pair, name in members if name in self._members for curve in pair]
        self._check_curves(t, [nominal, *checked])
        none = np.zeros((0, *t.shape))
        odd = [(p - m) / 2.0 for p, m in zip(plus, minus, strict=True)]
        even = [(p + m) / 2.0 - nominal for p, m in zip(plus, minus, strict=True)]
        return QuenchingCurve(
            nominal, np.stack(odd) if odd else none, np.stack(even) if even else none
        )

    def electron_energy_kevee(self, recoil_energy_kev: ArrayLike, pulls: ArrayLike = ()) -> Array:
        """E_ee in keVee: T ``(nT,)`` and pulls ``(..., n_var)`` give ``(..., nT)``.

        Warns and raises as `on`, which is what to use when T stays and the pulls move.
        """
        energy = self.on(recoil_energy_kev).electron_energy_kevee(pulls)
        return energy[..., 0] if np.ndim(recoil_energy_kev) == 0 else energy

    def gradient(self, recoil_energy_kev: ArrayLike, pulls: ArrayLike) -> Array:
        """Derivative dE_ee/d(alpha_j), keVee, ``(..., n_var, nT)``."""
        slope = self.on(recoil_energy_kev).gradient(pulls)
        return slope[..., 0] if np.ndim(recoil_energy_kev) == 0 else slope

    def quenching_factor(self, recoil_energy_kev: ArrayLike, pulls: ArrayLike = ()) -> Array:
        """E_ee/T, same shape as `electron_energy_kevee`; at T = 0 its limit."""
        t = np.asarray(recoil_energy_kev, dtype=float)
        t = np.where(t == 0.0, 1e-30, t)
        result: Array = self.electron_energy_kevee(t, pulls) / t
        return result

    @property
    def _range(self) -> str:
        return f"its validity range is {self.valid_kev[0]:g} to {self.valid_kev[1]:g} keVnr"

    def _check_energies(self, t: Array) -> None:
        low, high = t.min(initial=math.inf), t.max(initial=0.0)
        if not (np.isfinite(t).all() and low >= 0.0):
            raise InputError("quenching: recoil energies must be finite and not negative, in keVnr")
        if low < self.valid_kev[0] or high > self.followed_to_kev:
            warnings.warn(
                f"{type(self).__name__} quenching is used from {low:g} to {high:g} keVnr; "
                + self._range,
                CevnsWarning,
                stacklevel=4,
            )

    def _check_curves(self, t: Array, curves: list[Array]) -> None:
        known = (t > 0.0) & (t >= self.valid_kev[0]) & (t <= self.valid_kev[1])
        above = (np.stack(curves) > (1.0 + 1e-9) * t).any(axis=0) & known
        if above.any():
            at = int(np.argmax(above))
            factor = max(float(c[at]) for c in curves) / t[at]
            raise InputError(
                f"quenching: a factor of {factor:.3g} at {t[at]:.3g} keVnr is above 1, more than "
                "the energy of the recoil; 8.78 % is written 0.0878, and a polynomial needs the "
                "range in which it was measured, 'valid'"
            )
        negative = np.any(np.stack(curves) < 0.0, axis=0)
        if negative.any():
            where = t[negative]
            warnings.warn(
                f"{type(self).__name__} quenching is negative from {where.min():g} to "
                f"{where.max():g} keVnr and set to zero there; " + self._range,
                CevnsWarning,
                stacklevel=4,
            )
