r"""LMA-Dark in the data: how far scattering is from the dark solution of oscillations.

Oscillation data have a second solution with eps_ee - eps_mumu near -2 in units of the matter
potential (`cevns.processes.lma_dark`). They fix the difference only, so the statistic leaves
the other coefficient and the nuisances nu free::

    Delta = min_{D in region; eps_mumu, nu} chi2(eps_mumu + D, eps_mumu, nu)
          - min_{eps_ee, eps_mumu, nu} chi2(eps_ee, eps_mumu, nu),       chi2 = -2 ln L,

at one mix of quarks, angle eta of the interaction ``nsi-quark-mix``. A region is an interval of D:

``"interval"``
    every D of the region is as good as any other, none outside it counts;
``"gaussian"``
    the region is 2 sigma wide either side of a measurement of D, whose pull is part of the first
    chi2.

The minimum over an interval is at one of its ends or a minimum of the whole plane that lies inside:
three sets of fits, no grid. For u or d alone the region is a declared one; for an angle it
is what the exact degeneracy gives for a composition Y_n of matter between the edge and the centre
of the Sun. Both leave out the Earth: oscillation data alone disfavour some angles.

One number, D, separates both hypotheses, so Delta is taken as a chi2 of one degree of freedom
and sqrt(Delta) as its significance. That is Wilks's theorem, a large-sample statement, and
conservative for an interval. ``delta_sm``, the same minimum less that of the Standard Model, is a
difference of two points: it has no degrees of freedom, and is negative where data prefer the dark
solution. Flavour-changing coefficients and eps_tautau are zero: free ones could only lower Delta.

Sources: Coloma et al., arXiv:1708.02899; Chaves & Schwetz, arXiv:2102.11981; Giunti,
arXiv:1909.00466 (the idea; statistic as above).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from cevns.analysis.coupling_families import Subject
from cevns.analysis.studies.dark_minima import LARGEST, DarkPlane, Minima
from cevns.exceptions import InputError
from cevns.processes import lma_dark as dark
from cevns.processes.nsi_quark_mix import DOWN_DEG, UP_DEG
from cevns.records import VERSION, Result
from cevns.typing import Array, ArrayLike

__all__ = [
    "LmaDarkCurve",
    "LmaDarkTest",
    "Width",
    "dark_interval",
    "lma_dark_curve",
    "lma_dark_test",
]

Width = Literal["interval", "gaussian"]

DEGREES_OF_FREEDOM: Final = 1
_ANGLES: Final = {"u": UP_DEG, "d": DOWN_DEG}


@dataclass(frozen=True)
class LmaDarkTest(Result):
    """Test of the dark solution at one mix of quarks.

    Args:
        experiment: what was fitted.
        eta_deg: angle of the mix, degrees.
        lower: end of the region of eps_ee - eps_mumu.
        upper: end of the region.
        source: where the region is from.
        width: what the region means, see the module.
        delta: -2 ln L of the dark solution above the minimum of the fit.
        delta_sm: the same above the Standard Model.
        eps_ee: best point of the dark solution.
        eps_mumu: best point of the dark solution.
        free_eps_ee: best fit.
        free_eps_mumu: best fit; mirror points are as good within a few tenths of `delta`.
        asimov: whether expected counts stood in for the data.
    """

    experiment: str
    eta_deg: float
    lower: float
    upper: float
    source: str
    width: Width
    delta: float
    delta_sm: float
    eps_ee: float
    eps_mumu: float
    free_eps_ee: float
    free_eps_mumu: float
    asimov: bool = False

    @property
    def sigma(self) -> float:
        """Significance of `delta` with one degree of freedom."""
        return math.sqrt(self.delta)

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            **vars(self),
            "sigma": self.sigma,
            "degrees_of_freedom": DEGREES_OF_FREEDOM,
            "version": VERSION,
        }


@dataclass(frozen=True, eq=False)
class LmaDarkCurve:
    """The test along the angle; every array ``(n,)``.

    NaN where there is no dark solution: matter potential of the mix zero somewhere between the
    edge and the centre of the Sun, or coefficients beyond the bounds of the interaction.

    Args:
        experiment: what was fitted.
        title: of it.
        eta_deg: angles, degrees.
        delta: -2 ln L of the dark solution above the minimum at the same angle.
        delta_sm: the same above the Standard Model.
        lower: end of the interval of eps_ee - eps_mumu.
        upper: end of the interval.
        eps_ee: best point of the dark solution.
        eps_mumu: best point of the dark solution.
        asimov: whether expected counts stood in for the data.
    """

    experiment: str
    title: str
    eta_deg: Array
    delta: Array
    delta_sm: Array
    lower: Array
    upper: Array
    eps_ee: Array
    eps_mumu: Array
    asimov: bool = False


def lma_dark_test(
    subject: Subject,
    quark: str | float,
    *,
    width: Width = "interval",
    y_n: tuple[float, float] = dark.Y_N_SUN,
    fix: Mapping[str, float | None] | None = None,
    asimov: bool = False,
    path: Path | str = dark.FILE,
) -> LmaDarkTest:
    """Test the dark solution for one kind of quark, or for an angle.

    Args:
        subject: an experiment, or several.
        quark: ``u`` or ``d`` (declared region), or the angle eta in degrees.
        width: ``interval`` or, for a declared region, ``gaussian``.
        y_n: neutrons per electron; only for an angle.
        fix: nuisance parameters to hold, at a value or (None) where they are.
        asimov: expected counts of the Standard Model in place of data.
        path: table of regions, ours unless given.

    Raises:
        InputError: if there are no data, an angle has no dark solution, or the width is unknown
            or has no meaning for an angle.
        UnknownNameError: if the quark or a parameter is unknown.
        DataError: if the table of regions is broken.
        FitError: if no fit converges.

    Examples:
        >>> from cevns.experiments import load
        >>> test = lma_dark_test(load("coherent-csi-2021"), "u")
        >>> test.sigma > 5.0, round(test.eps_ee - test.eps_mumu, 3)
        (True, -0.802)
    """
    if width not in get_args(Width):
        raise InputError(f"the width of a region is {' or '.join(get_args(Width))}, not {width!r}")
    if isinstance(quark, str):
        found = dark.region(quark, path=path)
        eta, lower, upper, source = _ANGLES[quark], found.lower, found.upper, found.source
    else:
        if width == "gaussian":
            raise InputError(
                "the dark solution of an angle is an interval of compositions, not a measurement: "
                "width='gaussian' needs a declared region, of u or d"
            )
        eta, source = float(quark), f"exact degeneracy, Y_n {y_n[0]:g} to {y_n[1]:g}"
        low, high = dark_interval(np.array([eta]), y_n)
        lower, upper = float(low[0]), float(high[0])
        if not math.isfinite(lower):
            raise InputError(
                f"eta = {eta:g} degrees has no dark solution with coefficients below "
                f"{LARGEST:g}: they have almost no effect in matter of this composition"
            )
    plane = DarkPlane(subject, fix=fix, use_asimov=asimov)
    angle = np.array([eta])
    on_region, free = _minima(plane, angle, np.array([lower]), np.array([upper]))
    best, free_point = free.best(1)
    if width == "gaussian":
        on_region = plane.pulled(eta, 0.5 * (lower + upper), 0.25 * (upper - lower))
    value, point = on_region.best(1)
    at, free_at = plane.coordinates(point), plane.coordinates(free_point)
    return LmaDarkTest(
        subject.name, eta, lower, upper, source, width,
        delta=max(float(value[0] - best[0]), 0.0), delta_sm=float(value[0]) - plane.standard,
        eps_ee=float(at[0][0]), eps_mumu=float(at[1][0]),
        free_eps_ee=float(free_at[0][0]), free_eps_mumu=float(free_at[1][0]), asimov=asimov,
    )  # fmt: skip


def lma_dark_curve(
    subject: Subject,
    angles: ArrayLike,
    *,
    y_n: tuple[float, float] = dark.Y_N_SUN,
    fix: Mapping[str, float | None] | None = None,
    asimov: bool = False,
) -> LmaDarkCurve:
    """The test at many angles, all in a few batches of fits.

    Args:
        subject: an experiment, or several.
        angles: eta, degrees, ``(n,)``.
        y_n: neutrons per electron.
        fix: nuisance parameters to hold.
        asimov: expected counts of the Standard Model in place of data.

    Raises:
        InputError: if there are no data or no angles.
        UnknownNameError: if a parameter is unknown.
        FitError: if no fit of an angle converges.

    Examples:
        >>> from cevns.experiments import load
        >>> curve = lma_dark_curve(load("coherent-csi-2021"), [-35.0, 45.0, -70.0])
        >>> [bool(x) for x in (curve.delta > 9.0)], bool(np.isnan(curve.delta[2]))
        ([False, True, False], True)
    """
    eta = np.atleast_1d(np.asarray(angles, dtype=float))
    if eta.ndim != 1 or not eta.size or not np.isfinite(eta).all():
        raise InputError(
            "a curve of the dark solution needs at least one angle, all of them finite"
        )
    lower, upper = dark_interval(eta, y_n)
    there = np.flatnonzero(np.isfinite(lower))
    plane = DarkPlane(subject, fix=fix, use_asimov=asimov, quick=True)
    delta, delta_sm, ee, mumu = (np.full(eta.shape, np.nan) for _ in range(4))
    if there.size:
        on_region, free = _minima(plane, eta[there], lower[there], upper[there])
        value, point = on_region.best(there.size)
        delta[there] = np.maximum(value - free.best(there.size)[0], 0.0)
        delta_sm[there] = value - plane.standard
        ee[there], mumu[there] = plane.coordinates(point)
    return LmaDarkCurve(
        subject.name, subject.title, eta, delta, delta_sm, lower, upper, ee, mumu, asimov
    )


def dark_interval(eta_deg: Array, y_n: tuple[float, float] = dark.Y_N_SUN) -> tuple[Array, Array]:
    """Ends of the interval of eps_ee - eps_mumu on the dark solution, each ``(n,)``.

    The difference -2/(xi^p + Y_n xi^n) is monotonic in Y_n, so its ends are those of Y_n; NaN
    where the denominator changes its sign between them, or an end is larger than the bounds of
    the coefficients.

    Args:
        eta_deg: angles, degrees, ``(n,)``.
        y_n: neutrons per electron at the ends.

    Examples:
        >>> [e.round(3).tolist() for e in dark_interval(np.array([UP_DEG, -70.0]))]
        [[-0.923, nan], [-0.8, nan]]
    """
    ends = np.stack([dark.dark_difference(eta_deg=eta_deg, y_n=y) for y in y_n])
    factors = np.stack([dark.matter_factor(eta_deg, y) for y in y_n])
    there = (np.prod(np.sign(factors), axis=0) > 0) & (np.abs(ends).max(axis=0) <= LARGEST)
    lower: Array = np.where(there, ends.min(axis=0), np.nan)
    upper: Array = np.where(there, ends.max(axis=0), np.nan)
    return lower, upper


def _minima(plane: DarkPlane, angles: Array, lower: Array, upper: Array) -> tuple[Minima, Minima]:
    """Minima on the intervals, and in the whole plane."""
    ends = plane.along(angles, lower).joined(plane.along(angles, upper))
    free = plane.everywhere(angles, ends)
    difference = plane.difference(free.theta)
    inside = (difference >= lower[free.group]) & (difference <= upper[free.group])
    return ends.joined(free.only(np.flatnonzero(inside))), free
