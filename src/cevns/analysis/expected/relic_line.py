"""The coupling at which chi is all dark matter: at a point, and along a line of masses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cevns.citations import Citations
from cevns.dark_sector.annihilation import Annihilation
from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import LARGEST_ALPHA, VectorPortal, epsilon_of, y_dm_of
from cevns.dark_sector.dark_models import DarkModel, dark_model
from cevns.dark_sector.freeze_out import OMEGA_DARK_MATTER, FreezeOut, relic_freeze_out
from cevns.dark_sector.thermal_average import ThermalAverage
from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.records import Result

__all__ = ["GivenCoupling", "Relic", "RelicPoint", "relic", "relic_point"]

CITE = ("arXiv:1505.07107", "arXiv:1505.00011", "arXiv:1404.4370", "arXiv:hep-ex/0308008")
"""Of couplings, widths and thermal averages (`cevns.dark_sector`)."""
_NEAR_RESONANCE: Final = 0.1
_TAIL: Final = 0.01
_SAME: Final = 1e-3


@dataclass(frozen=True)
class GivenCoupling:
    """What freeze-out leaves at a coupling that is given.

    Attributes:
        y_dm: the coupling, as Y.
        omega_h2: ``Omega h^2`` that is left.
        verdict: in words.
    """

    y_dm: float
    omega_h2: float
    verdict: str


@dataclass(frozen=True)
class RelicPoint(Result):
    """The relic density of chi at one pair of masses.

    Attributes:
        model: portal and kind of chi.
        pair: masses and alpha_d.
        coupling: of the portal that leaves 0.120, its name being that of the portal.
        y_dm: the same as Y; NaN for a portal without kinetic mixing.
        freeze_out_x: m_chi/T when chi left its equilibrium.
        given: at a coupling of the user.
        notes: on the validity of the model here.
    """

    model: DarkModel
    pair: Annihilation
    coupling: float
    y_dm: float
    freeze_out_x: float
    given: GivenCoupling | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with units in the names."""
        out: dict[str, Any] = {
            "model": self.model.name,
            "m_chi_mev": self.pair.m_chi_mev,
            "m_v_mev": self.pair.m_v_mev,
            "alpha_d": self.pair.alpha_d,
            self.model.portal.coupling: self.coupling,
            "y_dm": self.y_dm,
            "omega_h2": OMEGA_DARK_MATTER,
            "freeze_out_x": self.freeze_out_x,
            "notes": list(self.notes),
        }
        if self.given is not None:
            out["given"] = {
                "y_dm": self.given.y_dm,
                "omega_h2": self.given.omega_h2,
                "verdict": self.given.verdict,
            }
        return out


@dataclass(frozen=True)
class Relic(Result):
    """Points of one or several models, each along the same masses."""

    points: tuple[RelicPoint, ...]

    @property
    def lines(self) -> dict[str, tuple[RelicPoint, ...]]:
        """Points of each model."""
        names = dict.fromkeys(p.model.name for p in self.points)
        return {n: tuple(p for p in self.points if p.model.name == n) for n in names}

    @property
    def notes(self) -> tuple[str, ...]:
        """Of all points, each once, with the masses that it is of where there are several."""
        found: dict[str, list[float]] = {}
        for p in self.points:
            for note in p.notes:
                found.setdefault(note, []).append(p.pair.m_chi_mev)
        if len(self.points) == 1:
            return tuple(found)
        return tuple(f"{n} (m_chi {min(m):g} to {max(m):g} MeV)" for n, m in found.items())

    def to_dict(self) -> dict[str, Any]:
        """Plain values; those of a single point stand at the top."""
        physics = {
            "omega_h2": OMEGA_DARK_MATTER,
            "average": "thermal, no expansion in the velocity",
            "freedom": "ideal gases",
        }
        cite = {"citations": Citations.of(CITE, "relic density").records()}
        if len(self.points) == 1:
            return {**self.points[0].to_dict(), "physics": physics, **cite}
        lines = [{"model": n, "points": [p.to_dict() for p in ps]} for n, ps in self.lines.items()]
        return {"lines": lines, "notes": list(self.notes), "physics": physics, **cite}


def relic_point(
    model: str, m_chi_mev: float, m_v_mev: float, alpha_d: float, *, y_dm: float | None = None
) -> RelicPoint:
    """The coupling that leaves ``Omega h^2 = 0.120``, and what a given one leaves.

    Args:
        model: name, see `cevns.dark_sector.dark_models.dark_models`.
        m_chi_mev: mass of chi, MeV.
        m_v_mev: mass of the mediator, MeV.
        alpha_d: ``g_D^2/(4 pi)`` of chi.
        y_dm: a coupling of the vector portal, as Y.

    Raises:
        UnknownNameError: if there is no such model.
        InputError: where the model is not defined, see `Annihilation`; if `y_dm` is not positive,
            stands for a mixing above one, or the portal has none.

    Examples:
        >>> found = relic_point("dark-photon", 10.0, 30.0, 0.5, y_dm=1e-11)
        >>> f"{found.y_dm:.3e}", found.given.verdict
        ('1.336e-11', 'over-abundant: below the thermal target')
    """
    made = dark_model(model)
    pair = Annihilation(made.kind, made.portal, m_chi_mev, m_v_mev, alpha_d)
    left = relic_freeze_out(pair)
    alpha = left.alpha_visible
    coupling = made.portal.coupling_of(alpha)
    kinetic = isinstance(made.portal, VectorPortal)
    thermal = float(y_dm_of(coupling, alpha_d, m_chi_mev, m_v_mev)) if kinetic else math.nan
    given = None
    if y_dm is not None:
        if not kinetic:
            raise InputError(
                f"y_dm = {y_dm:g}: Y is defined for kinetic mixing, which the "
                f"{made.portal.name} portal does not have; its coupling is "
                f"{made.portal.coupling}"
            )
        given = _given(pair, positive("y_dm", y_dm))
    x = left.freeze_out_x
    notes = tuple(_notes(pair, alpha, x))
    return RelicPoint(made, pair, coupling, thermal, x, given, notes)


def _given(pair: Annihilation, y_dm: float) -> GivenCoupling:
    epsilon = float(epsilon_of(y_dm, pair.alpha_d, pair.m_chi_mev, pair.m_v_mev))
    if epsilon > LARGEST_ALPHA:
        raise InputError(
            f"y_dm = {y_dm:g} corresponds to a kinetic mixing of {epsilon:.3g}, which "
            "is above one; use a smaller value"
        )
    left = FreezeOut(pair, pair.portal.alpha_visible(epsilon)).omega_h2
    if abs(left / OMEGA_DARK_MATTER - 1.0) < _SAME:
        verdict = "all of dark matter: on the thermal target"
    elif left > OMEGA_DARK_MATTER:
        verdict = "over-abundant: below the thermal target"
    else:
        share = left / OMEGA_DARK_MATTER
        verdict = f"under-abundant: {share:.3g} of dark matter, above the thermal target"
    return GivenCoupling(y_dm, left, verdict)


def _notes(pair: Annihilation, alpha_visible: float, x: float) -> Iterable[str]:
    """What the model leaves out and may matter at a point."""
    tail = pair.two_mediators_mev2(x) / float(ThermalAverage(pair, alpha_visible)(x))
    if tail > _TAIL:
        yield (
            "chi chi -> V V in the thermal tail, which is not computed, is of the order of "
            "annihilation through one mediator or above it; a smaller coupling is then sufficient"
        )
    if abs(pair.m_v_mev / (2.0 * pair.m_chi_mev) - 1.0) < _NEAR_RESONANCE:
        yield (
            "m_v is within 10 % of 2 m_chi: the result supposes that chi keeps the temperature of "
            "the photons while it annihilates on the resonance"
        )
    if pair.kind is ChiKind.DIRAC:
        yield (
            "Dirac chi annihilates at rest too: symmetric relics of this kind are excluded by the "
            "cosmic microwave background below some GeV"
        )


def relic(
    models: Sequence[str],
    m_chi_mev: Iterable[float],
    *,
    alpha_d: float,
    m_v_mev: float | None = None,
    ratio: float | None = None,
    y_dm: float | None = None,
) -> Relic:
    """Points of models along masses, with one mass of the mediator or one ratio of both.

    Args:
        models: names.
        m_chi_mev: masses of chi, MeV.
        alpha_d: ``g_D^2/(4 pi)`` of chi.
        m_v_mev: mass of the mediator, MeV.
        ratio: ``m_V/m_chi``, instead.
        y_dm: a coupling at which the density is wanted too.

    Raises:
        InputError: if neither or both of `m_v_mev` and `ratio` are given; and as `relic_point`.

    Examples:
        >>> found = relic(["dark-photon"], [10.0, 20.0], alpha_d=0.5, ratio=3.0)
        >>> [f"{p.y_dm:.2e}" for p in found.points]
        ['1.34e-11', '5.91e-11']
    """
    if (m_v_mev is None) == (ratio is None):
        raise InputError(
            "the mass of the mediator has no default: give m_v, or the ratio m_v/m_chi, "
            "and not both"
        )
    if ratio is not None:
        positive("ratio m_v/m_chi", ratio)
    masses = [float(m) for m in np.atleast_1d(np.asarray(list(m_chi_mev), dtype=float))]
    mediators = [float(m_v_mev or 0.0) if ratio is None else ratio * m for m in masses]
    points = [
        relic_point(name, m, m_v, alpha_d, y_dm=y_dm)
        for name in models
        for m, m_v in zip(masses, mediators, strict=True)
    ]
    return Relic(tuple(points))
