"""The fit of a quenching curve to data sets, with what is done about sets that disagree.

Two choices are named and echoed in the result. `TENSION`, for sets that scatter by more than
their errors:

``inflate``
    the covariance is multiplied by S^2 = chi2/ndof where that exceeds one (the scale factor of
    the Particle Data Group). It treats every point as equally guilty.
``per-set``
    every set gets the same additional relative normalisation error tau, as large as makes the
    scatter between the sets what is expected, chi2(tau) - chi2(infinity) = sets - 1 (a
    random-effects model; after Paule and Mandel, J. Res. NBS 87 (1982) 377). It is the right one
    where sets are smooth in themselves and differ by a factor. Scatter inside the sets is left
    to S.
``none``
    the errors as they are.

`OUTLIERS`: ``keep`` all points, or ``clip`` those further than three standard deviations from
the fit, the furthest first, at most a fifth of the points; what was left out is in the result.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np

from cevns.citations import Citations, identifiers_in, of_methods
from cevns.detectors.quenching import Quenching
from cevns.exceptions import CevnsWarning, FitError, InputError, UnknownNameError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.quoted_fit import MinosChoice
from cevns.inference.fitting.quoted_fit import fit as fit_model
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import Data, observed
from cevns.quenching.curve_families import DEFAULT, Family, family, pulls_of
from cevns.quenching.curve_model import PointsModel
from cevns.quenching.point_files import load_points, reference_title
from cevns.quenching.points import DataSet, check_recoil_errors
from cevns.quenching.variations import eigenvectors, variations
from cevns.records import Result
from cevns.typing import Array, ArrayLike

__all__ = [
    "LARGEST_TAU",
    "OUTLIERS",
    "SUSPICIOUS_TAU",
    "TENSION",
    "QuenchingFit",
    "chi2_of",
    "fit",
    "minimum",
    "select",
    "settled",
]

TENSION: Final = ("inflate", "per-set", "none")
OUTLIERS: Final = ("keep", "clip")
CLIP_AT: Final = 3.0
SUSPICIOUS_TAU: Final = 0.3
"""Beyond it a fit warns: no calibration is that wrong."""
LARGEST_TAU: Final = 3.0
"""Relative normalisation error that leaves the sets free: chi2 is within 0.1 of its limit."""


@dataclass(frozen=True, eq=False)
class QuenchingFit(Result):
    """A fitted quenching curve.

    Args:
        material: what was measured.
        model: points, curve and nuisances, as in the last iteration.
        result: record of the minimiser; errors are those before `inflation`.
        tension: treatment of disagreement, `TENSION`.
        outliers: treatment of outliers, `OUTLIERS`.
        clipped: points left out, as (set, recoil energy in keVnr, distance in sigma).
        origin: where the points came from.
    """

    main_table: ClassVar[str] = "parameters"

    material: str
    model: PointsModel
    result: FitResult
    tension: str
    outliers: str
    clipped: tuple[tuple[str, float, float], ...] = ()
    origin: str = "carried"

    @property
    def family(self) -> Family:
        """The curves that were fitted."""
        return self.model.family

    @property
    def numbers(self) -> Array:
        """Fitted numbers of the curve, ``(n_par,)``."""
        return self.result.theta[: len(self.family.parameters)]

    @property
    def inflation(self) -> float:
        """S: factor on all errors, one where the sets agree or nothing is done about it."""
        ndof = self.result.ndof or 0
        if self.tension == "none" or ndof < 1:
            return 1.0
        return float(np.sqrt(max(1.0, self.result.chi2 / ndof)))

    @cached_property
    def covariance(self) -> Array:
        """Covariance of the numbers, S^2 included, ``(n_par, n_par)``."""
        n = len(self.family.parameters)
        return np.asarray(self.result.covariance[:n, :n] * self.inflation**2)

    @property
    def errors(self) -> Array:
        """Standard deviations of the numbers, S included."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def valid_kev(self) -> tuple[float, float]:
        """Recoil energies the curve may be used at, keVnr.

        From zero, where every family but the modified Lindhard one passes through the origin by
        construction, to the highest point.
        """
        return 0.0, float(np.floor(10.0 * self.model.recoil_kev.max()) / 10.0)

    @property
    def p_value(self) -> float:
        """Probability of a chi2 as large or larger, of the fit before S."""
        from scipy.special import chdtrc

        return float(chdtrc(max(self.result.ndof or 0, 1), self.result.chi2))

    def energy(self, recoil_kev: ArrayLike) -> tuple[Array, Array]:
        """E_ee and its standard deviation, keVee."""
        t = np.atleast_1d(np.asarray(recoil_kev, dtype=float))
        gradient = self.family.gradient(t, self.numbers)
        variance = np.einsum("it,ij,jt->t", gradient, self.covariance, gradient)
        return self.family.energy(t, self.numbers), np.sqrt(variance)

    def quenching_factor(self, recoil_kev: ArrayLike) -> tuple[Array, Array]:
        """E_ee/T and its standard deviation."""
        t = np.atleast_1d(np.asarray(recoil_kev, dtype=float))
        value, error = self.energy(t)
        return value / t, error / t

    def eigenvectors(self) -> tuple[Array, Array]:
        """All eigen-variations and their shares of the variance; see `eigenvectors`."""
        return eigenvectors(self.family, self.numbers, self.covariance, self.model.recoil_kev)

    def quenching(self, components: int | None = None) -> Quenching:
        """The curve with its eigen-variations, in place of a shipped one.

        Args:
            components: how many; by default as many as hold 99 % of the variance.

        Raises:
            InputError: if `components` is not between 1 and the number of parameters.
        """
        found = variations(self.material, self.numbers, *self.eigenvectors(), components)
        return self.family.model(self.numbers, found, self.valid_kev)

    @cached_property
    def residuals(self) -> Array:
        """(E_ee - expected)/sigma of the points that were used, nuisances at their fit."""
        return self.model.residuals(self.result.theta)

    def set_chi2(self) -> dict[str, tuple[float, int]]:
        """Share of the points of each set in chi2 (without pulls), and their number."""
        owner = self.model.owner[self.model.keep]
        return {
            s.name: (float((self.residuals[owner == k] ** 2).sum()), int((owner == k).sum()))
            for k, s in enumerate(self.model.sets)
        }

    def to_yaml(self, components: int | None = None) -> str:
        """The ``quenching:`` section of an experiment file, with the parameters it needs.

        Args:
            components: as in `quenching`.
        """
        from cevns.quenching.export import yaml_text

        return yaml_text(self.quenching(components), self.label)

    @property
    def label(self) -> str:
        """What this result is, in one sentence."""
        names = ", ".join(s.title for s in self.model.sets)
        return reference_title(self.material, self.origin).format(sets=names)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = self.result.to_dict()
        vectors, shares = self.eigenvectors()
        sets = ((identifiers_in(s.cite) or (s.cite,), s.name) for s in self.model.sets)
        cite = Citations.joined(Citations.of(c, f"quenching data {name}") for c, name in sets)
        return {
            "citations": (cite + of_methods("fit")).records(),
            "material": self.material,
            "label": self.label,
            "origin": self.origin,
            "family": self.family.name,
            "formula": self.family.formula,
            "sets": {
                s.name: {
                    "title": s.title,
                    "cite": s.cite,
                    "points": int((self.model.owner[self.model.keep] == k).sum()),
                    "chi2": self.set_chi2()[s.name][0],
                    "correction": s.correction,
                    "recoil_errors": s.recoil_errors,
                    "note": s.note,
                }
                for k, s in enumerate(self.model.sets)
            },
            "tension": self.tension,
            "tau": self.model.tau,
            "inflation": self.inflation,
            "outliers": self.outliers,
            "clipped": [list(c) for c in self.clipped],
            "chi2": plain["chi2"],
            "chi2_points": plain["deviance"],
            "ndof": plain["ndof"],
            "p_value": self.p_value,
            "parameters": {
                name: {**p, "error_inflated": self.inflation * p["error"]}
                for name, p in plain["parameters"].items()
            },
            "covariance": self.covariance.tolist(),
            "eigenvectors": vectors.tolist(),
            "variance_shares": shares.tolist(),
            "valid_kevnr": list(self.valid_kev),
        }


def fit(
    material: str,
    *,
    data: str | None = None,
    sets: Sequence[DataSet] | None = None,
    include: Sequence[str] = (),
    without: Sequence[str] = (),
    curve: str | Family | None = None,
    order: int = 4,
    tension: str = "inflate",
    outliers: str = "keep",
    recoil_errors: str | None = None,
    minos: MinosChoice = "none",
) -> QuenchingFit:
    """Fit the quenching of a material.

    Args:
        material: ``csi``, ``ar``, ``ge``, ``si``, or what a user's sets are of.
        data: folder of data sets in place of the carried ones.
        sets: data sets themselves, in place of those looked for.
        include: names of sets to fit; by default those meant for it, ``all`` for every one.
        without: names of sets to leave out.
        curve: a name of `cevns.quenching.curve_families.FAMILIES`, or a family.
        order: of a polynomial.
        tension: `TENSION`.
        outliers: `OUTLIERS`.
        recoil_errors: a meaning of the recoil errors for all sets in place of their own.
        minos: parameters that get MINOS errors, as in `cevns.inference.fitting.quoted_fit.fit`.

    Raises:
        UnknownNameError: if a material, set, family or choice is unknown.
        InputError: if there are fewer points than parameters.
        FitError: if the fit does not converge.

    Examples:
        >>> argon = fit("ar")
        >>> argon.result["a"].value.__round__(2)
        0.25
    """
    _check("tension", tension, TENSION)
    _check("outliers", outliers, OUTLIERS)
    origin = "given"
    if sets is None:
        sets, origin = load_points(material, data)
    chosen = select(sets, include, without)
    if recoil_errors is not None:
        meaning = check_recoil_errors(recoil_errors)
        chosen = tuple(replace(s, recoil_errors=meaning) for s in chosen)
    if not isinstance(curve, Family):
        curve = family(curve or DEFAULT.get(material, "polynomial"), material, order=order)
    model = PointsModel.of(curve, chosen)
    clipped: list[tuple[str, float, float]] = []
    model = settled(model, tension)
    while outliers == "clip" and (worst := _furthest(model)) is not None:
        if 5 * (len(clipped) + 1) > model.keep.size:
            raise InputError(
                f"{material}: more than a fifth of the points lie beyond {CLIP_AT:g} sigma; "
                "clipping would hide a wrong curve or wrong errors"
            )
        position, distance = worst
        name = model.sets[model.owner[position]].name
        clipped.append((name, float(model.column("recoil_kev")[position]), distance))
        keep = model.keep.copy()
        keep[position] = False
        model = settled(replace(model, keep=keep), tension)
    if model.tau > SUSPICIOUS_TAU:
        warnings.warn(
            f"{material}: the sets would need normalisation errors of {100 * model.tau:.0f} %; "
            "they, or they and the curve, differ in shape and not by a factor: do not use this "
            "curve",
            CevnsWarning,
            stacklevel=2,
        )
    result = fit_model(model.as_model, start=minimum(model)[1], minos=minos)
    return QuenchingFit(material, model, result, tension, outliers, tuple(clipped), origin)


def select(
    sets: Sequence[DataSet], include: Sequence[str] = (), without: Sequence[str] = ()
) -> tuple[DataSet, ...]:
    """Sets by name; by default those meant for the fit.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if none is left.
    """
    names = [s.name for s in sets]
    for name in (*include, *without):
        if name not in (*names, "all"):
            raise UnknownNameError("data set", name, names)
    wanted = names if "all" in include else include
    chosen = tuple(
        s for s in sets if (s.name in wanted if wanted else s.default) and s.name not in without
    )
    if not chosen:
        raise InputError("no data set is left to fit; name one of " + ", ".join(names))
    return chosen


def settled(model: PointsModel, tension: str = "none") -> PointsModel:
    """The model with slopes and tau that belong to its own minimum.

    Raises:
        InputError: if there are fewer points than numbers of the curve.
        FitError: if the slopes do not settle.
    """
    n = len(model.family.parameters)
    if model.keep.sum() < n:
        raise InputError(
            f"{model.name}: {int(model.keep.sum())} points cannot determine the {n} "
            f"numbers of a {model.family.name} curve; use a simpler curve"
        )
    for _ in range(30):
        _, theta, covariance = minimum(model)
        width = np.sqrt(np.diag(covariance))[:n]
        at = np.full(n, np.inf) if model.start is None else model.start
        tau = _tau(model) if tension == "per-set" else 0.0
        still = np.all(np.abs(theta[:n] - at) <= 1e-4 * width) and abs(tau - model.tau) < 1e-5
        model = replace(model.at(theta[:n]), tau=tau)
        if still:
            return model
    raise FitError(f"{model.name}: slopes and errors do not converge; use a simpler curve")


def minimum(points: PointsModel, data: Data | None = None) -> tuple[float, Array, Array]:
    """chi2 with pulls at its minimum, where that is, and the covariance.

    By Gauss-Newton steps, exact in one for a curve and errors that are linear. Bounds are not
    kept: the fit that is quoted is that of `cevns.inference`.

    Raises:
        FitError: if the steps do not settle, or the parameters are degenerate.
    """
    model = points.as_model
    data, target = data or observed(model), Objective(model)
    theta, free = model.parameters.values, np.array(model.parameters.free, dtype=int)
    covariance = np.zeros((theta.size, theta.size))
    for _ in range(50):
        column = Data(data.counts[:, None], data.auxiliary[:, None])
        value, gradient, curvature = (a[..., 0] for a in target.evaluate(theta[:, None], column))
        inner = curvature[np.ix_(free, free)]
        # parameters of different units: scaled to a unit diagonal before the inversion
        size = np.sqrt(np.maximum(np.diag(inner), 1e-300))
        scale = np.outer(size, size)
        try:
            covariance[np.ix_(free, free)] = 2.0 * np.linalg.inv(inner / scale) / scale
        except np.linalg.LinAlgError:
            break
        step = -0.5 * covariance @ gradient
        theta, gain = theta + step, -0.5 * float(gradient @ step)
        # 1e-5 of a standard deviation is left
        if abs(gain) < 0.5e-10 * max(1.0, float(value)):
            return float(value) - gain, theta, covariance
    raise FitError(
        f"{points.name}: chi2 has no minimum; the points do not determine all numbers of the "
        "curve, use fewer of them"
    )


def _tau(model: PointsModel) -> float:
    """Tau with chi2(tau) - chi2(infinity) = sets - 1; 0 where the sets agree without."""
    goal = len(model.sets) - 1
    inside = minimum(replace(model, tau=LARGEST_TAU))[0]

    def excess(tau: float) -> float:
        return minimum(replace(model, tau=tau))[0] - inside - goal

    low, high = 0.0, LARGEST_TAU
    if goal < 1 or excess(low) <= 0.0:
        return 0.0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def _furthest(model: PointsModel) -> tuple[int, float] | None:
    """Position of the point furthest from the curve, if beyond `CLIP_AT`, and its distance."""
    away = np.abs(model.residuals(minimum(model)[1]))
    worst = int(np.argmax(away))
    if away[worst] <= CLIP_AT:
        return None
    return int(np.flatnonzero(model.keep)[worst]), float(away[worst])


def _check(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise UnknownNameError(f"treatment of {what}", name, known)


def chi2_of(curve: Quenching, sets: Sequence[DataSet]) -> tuple[float, int]:
    """chi2 of a given curve against the points inside its validity, and their number.

    The curve's variations float with unit Gaussian constraints, as do the common errors of the
    sets: a curve that differs from the points by less than both is not punished.
    """
    model = PointsModel.of(pulls_of(curve), sets)
    recoil = model.column("recoil_kev")
    low, high = curve.valid_kev
    inside = (recoil >= low) & (recoil <= high)
    if not inside.any():
        return 0.0, 0
    model = settled(replace(model, keep=inside))
    return minimum(model)[0], int(inside.sum())
