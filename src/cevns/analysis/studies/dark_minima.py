"""Minima of -2 ln L in the plane of eps_ee - eps_mumu and eps_mumu, for many angles at once.

Oscillations know the difference of the two coefficients, scattering knows both. So the plane is
turned: `DarkCoordinates` is ``nsi-quark-mix`` with the difference as a parameter. At given
angle and difference, -2 ln L has several minima along eps_mumu, because a rate is unchanged where
an amplitude changes its sign; each is looked for on a coarse line and then fitted, with the
nuisances free.

Where data prefer that an amplitude vanishes, -2 ln L has no slope and no Fisher curvature along the
coefficient, and the distance of a fit to its minimum cannot be estimated. Such fits are left to
iminuit, at half a second each. For a curve of many angles the value that was reached is taken
instead, unless it is no lower than that of the starting point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

import numpy as np

from cevns.analysis.coupling_families import CouplingFamily, Subject
from cevns.analysis.question import require_data
from cevns.exceptions import FitError
from cevns.inference import Data, Model, asimov, observed
from cevns.inference.minimum.batch import FAILED, BatchFitter
from cevns.inference.minimum.minima import basins, improvements
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Gaussian, Parameters
from cevns.processes import Extension, bounded, degeneracy
from cevns.processes.nsi_quark_mix import NSIQuarkMix, quark_couplings
from cevns.typing import Array, IntArray

__all__ = ["DIFFERENCE", "ETA", "LARGEST", "MUMU", "DarkCoordinates", "DarkPlane", "Minima"]

DIFFERENCE: Final = "eps_ee_minus_eps_mumu"
MUMU: Final = "eps_mumu"
ETA: Final = "eta"
LARGEST: Final = 30.0
"""Largest coefficient: near a blind angle a rate is the usual one at large values only."""
_LINE: Final = 81  # points of a coarse line; a minimum is as wide as some five of them
_KEPT: Final = 3  # minima of a coarse line that are fitted


@cache
def _parameters() -> Parameters:
    reach = (-LARGEST, LARGEST)
    sentence = "eps_ee - eps_mumu: what oscillations in matter know of the two"
    mix = NSIQuarkMix().parameters
    mumu = bounded(MUMU, mix[MUMU].description, reach=reach)
    return Parameters([bounded(DIFFERENCE, sentence, reach=reach), mumu, mix[ETA]])


@dataclass(frozen=True)
class DarkCoordinates(Extension):
    """``nsi-quark-mix`` with eps_ee - eps_mumu and eps_mumu in place of eps_ee and eps_mumu."""

    name: str = field(default="lma-dark", init=False)

    @property
    def parameters(self) -> Parameters:
        """The difference, eps_mumu and the angle of the mix."""
        return _parameters()

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Those of ``nsi-quark-mix``."""
        mumu = self.value(values, MUMU)
        ee = mumu + self.value(values, DIFFERENCE)
        turned = {"eps_ee": ee, MUMU: mumu, ETA: self.value(values, ETA)}
        return NSIQuarkMix().amplitudes(flavour, nuclide, turned)


_STRENGTHS = (0.35, 0.65)
"""Other strengths of the signal from which fits begin."""


@dataclass(frozen=True, eq=False)
class Minima:
    """Fits, each with the angle that it belongs to; failed ones are left out.

    Args:
        group: position of the angle, ``(n,)``.
        twice_nll: -2 ln L, ``(n,)``.
        theta: parameters, ``(n, n_par)``.
    """

    group: IntArray
    twice_nll: Array
    theta: Array

    def only(self, keep: IntArray) -> Minima:
        """Those at the given positions."""
        return Minima(self.group[keep], self.twice_nll[keep], self.theta[keep])

    def joined(self, other: Minima) -> Minima:
        """Both."""
        return Minima(
            np.concatenate([self.group, other.group]),
            np.concatenate([self.twice_nll, other.twice_nll]),
            np.concatenate([self.theta, other.theta]),
        )

    def best(self, groups: int) -> tuple[Array, Array]:
        """Lowest -2 ln L of each angle ``(groups,)`` and its parameters ``(groups, n_par)``.

        Raises:
            FitError: if no fit of an angle has converged.
        """
        nothing = np.full(groups, np.inf)
        found, lowest = improvements(nothing, self.group, self.twice_nll)
        if len(found) < groups:
            raise FitError(
                "no fit along the dark solution converged; fix a nuisance parameter with fix"
            )
        return self.twice_nll[lowest], self.theta[lowest]


class DarkPlane:
    """Fits of an experiment, or of several, in the turned plane.

    Args:
        subject: the experiment or several.
        fix: nuisance parameters that are held.
        use_asimov: expected counts of the Standard Model in place of the data.
        quick: for curves of many angles; the module says what is left out.

    Raises:
        InputError: if there are no data.
        UnknownNameError: if a name is unknown.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        fix: Mapping[str, float | None] | None = None,
        use_asimov: bool = False,
        quick: bool = False,
    ) -> None:
        self._quick = quick
        free = (DIFFERENCE, MUMU, ETA)
        self.family = CouplingFamily(subject, (DarkCoordinates(),), free, fix=fix or {})
        if not use_asimov:
            require_data(subject)
        self.model: Model = self.family.model({})
        self.data = asimov(self.model) if use_asimov else observed(self.model)
        self._at = {n: self.model.parameters.position(n) for n in free}
        standard = self._fit(free, np.zeros(1, dtype=int), self.model.parameters.values[:, None])
        value, theta = standard.best(1)
        self.standard = float(value[0])
        """-2 ln L of the Standard Model."""
        self._start = theta[0]

    def coordinates(self, theta: Array) -> tuple[Array, Array]:
        """eps_ee and eps_mumu of parameter vectors ``(n, n_par)``."""
        mumu = theta[:, self._at[MUMU]]
        return theta[:, self._at[DIFFERENCE]] + mumu, mumu

    def difference(self, theta: Array) -> Array:
        """eps_ee - eps_mumu of parameter vectors ``(n, n_par)``."""
        return theta[:, self._at[DIFFERENCE]]

    def along(self, angles: Array, differences: Array) -> Minima:
        """Minima over eps_mumu at one difference an angle, both ``(n,)``."""
        lines = [self._line(*pair) for pair in zip(angles, differences, strict=True)]
        groups = np.repeat(np.arange(len(lines)), _LINE)
        points = self._points(angles[groups], differences[groups], np.concatenate(lines))
        values = self._values(points).reshape(-1, _LINE)
        chosen = basins(values, (_LINE,), _KEPT, ridge=0.0, margin=np.inf)
        group, number = np.nonzero(chosen >= 0)
        return self._fit((DIFFERENCE, ETA), group, points[:, group * _LINE + chosen[group, number]])

    def everywhere(self, angles: Array, known: Minima) -> Minima:
        """Minima over both coefficients, one angle ``(n,)`` each.

        Fits start where each flavour has the rate of the Standard Model, and at the lowest of the
        minima that are known: so none of these is lower than the lowest that is found.
        """
        starts = []
        for g, eta in enumerate(angles):
            standard = [0.0, *self._degenerate(eta)]
            starts += [(g, eta, ee - mumu, mumu) for ee in standard for mumu in standard]
        group, eta, difference, mumu = np.array(starts).T
        points = np.concatenate(
            [self._points(eta, difference, mumu), known.best(len(angles))[1].T], axis=1
        )
        groups = np.concatenate([group.astype(int), np.arange(len(angles))])
        return self._fit((ETA,), groups, points)

    def pulled(self, eta: float, mean: float, sigma: float) -> Minima:
        """Minima with the difference free, but measured to be ``mean +- sigma``."""
        model = self.model.with_parameters(
            Parameters(
                replace(p, constraint=Gaussian(mean, sigma)) if p.name == DIFFERENCE else p
                for p in self.model.parameters
            )
        )
        auxiliary = self.data.auxiliary.copy()
        auxiliary[self._at[DIFFERENCE]] = mean
        starts = [
            self.along(np.array([eta]), np.array([mean + k * sigma])) for k in (-2.0, 0.0, 2.0)
        ]
        start = np.concatenate([s.theta.T for s in starts], axis=1)
        group = np.zeros(start.shape[1], dtype=int)
        return self._fit((ETA,), group, start, model, Data(self.data.counts, auxiliary))

    def _with_weaker_signal(self, start: Array) -> Array:
        """Starts, then copies of them with the strength of the signal at other values.

        Couplings far from the Standard Model make many events, which a flux many widths low
        compensates: another minimum than the one near the declared flux.
        """
        scales = [
            i
            for i, p in enumerate(self.model.parameters)
            if p.constraint is not None and p.constraint.mean == 1.0 and not p.fixed
        ][:1]
        copies = [start]
        for strength in _STRENGTHS:
            moved = start.copy()
            moved[scales] = strength
            copies.append(moved)
        return np.concatenate(copies, axis=1)

    def _fit(
        self,
        fixed: Sequence[str],
        group: IntArray,
        start: Array,
        model: Model | None = None,
        data: Data | None = None,
    ) -> Minima:
        """Fits from each start; those that fail again from the nuisances of one that has not."""
        fitter, data = BatchFitter(model or self.model, fix=fixed), data or self.data
        if not self._quick:
            start = self._with_weaker_signal(start)
            group = np.tile(group, 1 + len(_STRENGTHS))
        value, theta = np.full(start.shape[1], np.inf), start.T.copy()
        valid = np.zeros(start.shape[1], dtype=bool)
        for rescue in (False, False, True):
            left = np.flatnonzero(~valid)
            if rescue and self._quick and DIFFERENCE not in fixed:
                left = left[~(value[left] < self._values(start[:, left]))]
            if not left.size:
                continue
            begin = self._with_nuisances(start, theta, np.flatnonzero(valid), left)
            again = fitter.fit(data, begin, rescue=rescue)
            valid[left] = again.status < FAILED
            better = valid[left] | (again.twice_nll < value[left])
            value[left[better]] = again.twice_nll[better]
            theta[left[better]] = again.theta[better]
        finite = np.isfinite(value)
        return Minima(group[finite], value[finite], theta[finite])

    def _with_nuisances(self, start: Array, theta: Array, valid: IntArray, left: IntArray) -> Array:
        """Starts of fits that have failed, with the nuisances of the next one that has not."""
        out = start[:, left].copy()
        if valid.size:
            nearest = valid[np.abs(left[:, None] - valid).argmin(axis=1)]
            nuisances = [i for i in range(len(out)) if i not in self._at.values()]
            out[nuisances] = theta[nearest][:, nuisances].T
        return out

    def _values(self, points: Array) -> Array:
        """-2 ln L of parameter vectors ``(n_par, n)``."""
        fitter = BatchFitter(self.model, fix=self.model.parameters.names)
        return fitter.fit(self.data, points).twice_nll

    def _points(self, eta: Array, difference: Any, mumu: Array) -> Array:
        """Parameter vectors ``(n_par, n)`` with the nuisances of the Standard Model."""
        theta = np.repeat(self._start[:, None], mumu.size, axis=1)
        theta[self._at[ETA]], theta[self._at[DIFFERENCE]] = eta, difference
        theta[self._at[MUMU]] = mumu
        return theta

    def _degenerate(self, eta: float) -> list[float]:
        """Coefficients with the rate of the Standard Model on one of the targets."""
        u, d = (float(c) for c in quark_couplings(eta))
        found = [
            degeneracy.degenerate_value(m, {"u": u, "d": d})
            for m in dict.fromkeys(e.declaration.target.material for e in self.family.experiments)
        ]
        return [float(np.clip(x, -LARGEST, LARGEST)) for x in found]

    def _line(self, eta: float, difference: float) -> Array:
        """Values of eps_mumu around those with which one of the flavours has its usual rate."""
        ends = np.array([0.0, *self._degenerate(eta)])
        ends = np.concatenate([ends, ends - difference])
        margin = 0.3 * np.ptp(ends)
        low = max(ends.min() - margin, -LARGEST)
        return np.linspace(low, min(ends.max() + margin, LARGEST), _LINE)
