"""The least-squares model of quenching points: one curve, common errors as nuisances.

Point i of set s is measured at E_i and expected at

    mu_i = f(T_i) (1 + r_s eta_scale,s + tau eta_norm,s)
           + o_s eta_offset,s + e_i eta_electron,s + f'(T_i) t_i eta_recoil,s

with f the curve, r the relative error of the energy scale, o that of its zero, e and t the common
errors of E_ee and T, and every eta constrained to 0 +- 1. Its independent variance is

    s_i^2 = sigma_E,i^2 + (f'(T_i) sigma_T,i)^2

("effective variance", Orear, Am. J. Phys. 50 (1982) 912): in E_ee against T the error of T enters
once, while E_ee/T against T would have it in both coordinates. f' is that of the previous fit,
so that a steep curve is not preferred for its larger errors. The scale errors multiply the
curve and not the points, which leaves no bias of first order of normalised data (D'Agostini,
NIM A 346 (1994) 306).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.expectation import Model
from cevns.inference.model.shapes import FunctionShape, Shape, fixed
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.quenching.curve_families import Family
from cevns.quenching.points import DataSet
from cevns.typing import Array

__all__ = ["PointsModel"]


@dataclass(frozen=True, eq=False)
class PointsModel:
    """A family of curves against data sets; `as_model` is what is fitted.

    Args:
        name: of the fit.
        family: the curves.
        sets: what is fitted.
        keep: which points are used, ``(n_all,)``, in the order of the sets.
        slope: f'(T) for the projection of recoil errors, ``(n_all,)``.
        tau: relative normalisation error that every set is given besides its own.
        start: starting values of the curve's numbers.
    """

    name: str
    family: Family
    sets: tuple[DataSet, ...]
    keep: NDArray[np.bool_]
    slope: Array
    tau: float = 0.0
    start: Array | None = None

    @classmethod
    def of(cls, family: Family, sets: Sequence[DataSet]) -> PointsModel:
        """The model with all points, the slopes those of the family's starting curve."""
        sets = tuple(sets)
        recoil = np.concatenate([s.recoil_kev for s in sets])
        slope = family.slope(recoil, family.parameters.values)
        keep = np.ones(recoil.size, dtype=bool)
        return cls(f"{sets[0].material} quenching", family, sets, keep, slope)

    # -- points --------------------------------------------------------------------------------

    def column(self, name: str) -> Array:
        """A field of the data sets at all points, kept or not, ``(n_all,)``."""
        return np.concatenate([np.broadcast_to(getattr(s, name), len(s)) for s in self.sets])

    @cached_property
    def owner(self) -> Array:
        """Index of the set of every point, ``(n_all,)``."""
        return np.repeat(np.arange(len(self.sets)), [len(s) for s in self.sets])

    @cached_property
    def recoil_kev(self) -> Array:
        """Recoil energies of the points that are used."""
        return np.asarray(self.column("recoil_kev")[self.keep])

    @property
    def observed(self) -> Array:
        """Measured electron-equivalent energies, keVee."""
        return np.asarray(self.column("electron_kevee")[self.keep])

    @cached_property
    def sigma(self) -> Array:
        """Independent errors of all points, keVee, ``(n_all,)``."""
        projected = [
            s.recoil_error_kev if s.recoil_errors == "independent" else np.zeros(len(s))
            for s in self.sets
        ]
        return np.hypot(self.column("electron_error_kevee"), self.slope * np.concatenate(projected))

    # -- nuisances -----------------------------------------------------------------------------

    @cached_property
    def _shifts(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Common errors by name: relative ones and additive ones, each ``(n,)``, never zero."""
        relative: dict[str, Array] = {}
        additive: dict[str, Array] = {}
        for k, s in enumerate(self.sets):
            mine = (self.owner == k).astype(float)
            at = np.flatnonzero(mine)
            recoil = s.recoil_common_kev
            if s.recoil_errors == "common":
                recoil = np.hypot(recoil, s.recoil_error_kev)
            relative[f"{s.name}.scale"] = s.scale_error * mine
            relative[f"{s.name}.norm"] = self.tau * mine
            additive[f"{s.name}.offset"] = s.offset_error_kevee * mine
            for word, values in (("electron", s.electron_common_kevee), ("recoil", recoil)):
                shift = np.zeros(self.owner.size)
                shift[at] = values * (self.slope[at] if word == "recoil" else 1.0)
                additive[f"{s.name}.{word}"] = shift
        return _used(relative, self.keep), _used(additive, self.keep)

    @cached_property
    def parameters(self) -> Parameters:
        """Numbers of the curve, then the nuisances."""
        curve = list(self.family.parameters)
        if self.start is not None:
            curve = [p.at(float(v)) for p, v in zip(curve, self.start, strict=True)]
        words = {
            "scale": "error of the energy scale of {}, in its sigma",
            "norm": "normalisation of {} against the others, in units of tau",
            "offset": "error of the zero of {}, in its sigma",
            "electron": "common error of E_ee of {}, in its sigma",
            "recoil": "common error of the recoil energies of {}, in its sigma",
        }
        return Parameters(
            [
                *curve,
                *(
                    Parameter(
                        name,
                        0.0,
                        constraint=Gaussian(0.0, 1.0),
                        description=words[name.rpartition(".")[2]].format(name.rpartition(".")[0]),
                    )
                    for part in self._shifts
                    for name in part
                ),
            ]
        )

    # -- expectation ---------------------------------------------------------------------------

    @cached_property
    def as_model(self) -> Model:
        """One channel: the curve with its scale errors, and what each other nuisance adds."""
        relative, additive = self._shifts
        shifts = (Component(name, fixed(by), (name,)) for name, by in additive.items())
        points = Channel(
            "points",
            self.observed,
            (Component("curve", self._scaled_curve(relative)), *shifts),
            GaussianValues(up=self.sigma[self.keep]),
        )
        return Model(self.name, self.parameters, (points,))

    def _scaled_curve(self, relative: Mapping[str, Array]) -> Shape:
        """The curve at the points times 1 + the relative errors that nuisances are units of."""
        t, family = self.recoil_kev, self.family
        n, by = len(family.parameters), np.reshape(list(relative.values()), (len(relative), t.size))
        names = (*family.parameters.names, *relative)
        if not names:
            return fixed(family.energy(t, np.zeros(0)))

        def energy(at: Array) -> Array:
            out: Array = family.energy(t, at[:, :n]) * (1.0 + at[:, n:] @ by)
            return out

        def slopes(at: Array) -> Array:
            numbers, scale = at[:, :n], 1.0 + at[:, n:] @ by
            own = family.gradient(t, numbers) * scale[:, None]
            return np.concatenate([own, family.energy(t, numbers)[:, None] * by], axis=1)

        return FunctionShape(names, t.size, energy, slopes)

    def residuals(self, theta: Array) -> Array:
        """(E_ee - expected)/sigma of the points that are used, ``(n,)``."""
        away: Array = (self.observed - self.as_model.expected(theta)) / self.sigma[self.keep]
        return away

    # -- copies --------------------------------------------------------------------------------

    def at(self, numbers: Array) -> PointsModel:
        """The model that starts at `numbers` and takes its slopes from that curve."""
        slope = self.family.slope(self.column("recoil_kev"), numbers)
        return replace(self, start=np.array(numbers), slope=slope)


def _used(shifts: Mapping[str, Array], keep: NDArray[np.bool_]) -> dict[str, Array]:
    return {name: s[keep] for name, s in shifts.items() if np.any(s[keep])}
