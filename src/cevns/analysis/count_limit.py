"""Upper limits on CEvNS: in events, as a cross section, relative to the Standard Model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cevns.analysis.question import refuse_missing
from cevns.analysis.scanning.scan_task import NICKNAMES
from cevns.exceptions import FitError, InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.inference import Model, asimov
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.upper_limits import (
    gaussian_upper_limit,
    poisson_upper_limit,
    upper_limit,
)
from cevns.inference.model.data import Data
from cevns.records import Result
from cevns.registry import canonical

if TYPE_CHECKING:
    from cevns.inference.toys.toy_run import Progress

__all__ = ["CONSTRUCTIONS", "CevnsLimit", "Origin", "cevns_limit"]

Origin = Literal["data", "expected", "counted", "given"]
CONSTRUCTIONS: Mapping[str, str] = {
    "profile": "one-sided profile likelihood",
    "bounded": "upper end of the two-sided profile-likelihood interval, signal not negative",
    "gaussian": "estimate and one-sided Gaussian error, the signal may be negative",
    "fc": "upper end of the Feldman-Cousins interval",
}
"""Upper limits of counts by the name of the method. What publications call an upper limit is one
of these; for the same counts they differ by up to a third."""
_OF_ONE_COUNT = "CLs of one count"
_CITES: Mapping[str, tuple[str, ...]] = {
    CONSTRUCTIONS["profile"]: ("fit", "asymptotic"),
    CONSTRUCTIONS["bounded"]: ("fit", "asymptotic"),
    CONSTRUCTIONS["gaussian"]: ("fit",),
    CONSTRUCTIONS["fc"]: ("fit", "feldman-cousins"),
    _OF_ONE_COUNT: ("cls",),
}
"""Methods that a construction cites (`cevns.citations.methods`)."""
_POINTS = 25
"""Of a Feldman-Cousins interval, from no signal to beyond its end."""
_BEYOND = 1.5
"""The last of them, in units of the end of the interval by the profile."""


@dataclass(frozen=True)
class CevnsLimit(Result):
    """An upper limit on the CEvNS signal of one experiment.

    Args:
        experiment: its name.
        level: confidence level.
        origin: ``data`` (of the counts), ``expected`` (of the counts expected without signal),
            ``counted`` (a count over a known background) or ``given`` (a published limit in
            events); the last two with our prediction.
        construction: what kind of limit it is, in words.
        events: upper limit on the CEvNS events in the region.
        cross_section_cm2: upper limit on the flux-averaged cross section.
        predicted_events: of the Standard Model in the region.
        predicted_cm2: Standard-Model cross section.
        flux_cm2_s: upper limit on the flux of the source, all species together; None for one that
            comes in pulses.
    """

    experiment: str
    level: float
    origin: Origin
    construction: str
    events: float
    cross_section_cm2: float
    predicted_events: float
    predicted_cm2: float
    flux_cm2_s: float | None = None

    @property
    def ratio(self) -> float:
        """Limit on the cross section over the prediction."""
        return self.cross_section_cm2 / self.predicted_cm2

    @property
    def methods(self) -> tuple[str, ...]:
        """Of statistics, by the names of `cevns.citations.methods`."""
        return _CITES.get(self.construction, ())

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns limit``."""
        return {**vars(self), "ratio_to_prediction": self.ratio}


def cevns_limit(
    experiment: Experiment,
    *,
    level: float = 0.9,
    events: float | None = None,
    observed: int | None = None,
    background: float = 0.0,
    expected: bool = False,
    method: str = "profile",
    toys: int = 1000,
    seed: int = 1,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> CevnsLimit:
    """Upper limit on CEvNS.

    From counts by one of `CONSTRUCTIONS`, the cross section with all pulls of the file (flux,
    efficiency, ...). From one count over a known background by CLs
    (`poisson_upper_limit`), or from a limit in events that somebody published where the counts
    are not public, ``sigma < events / predicted events x sigma_SM``: both take our prediction as
    exact.

    Args:
        experiment: from `cevns.experiments.load`.
        level: confidence level; with `events` that of the published limit, for the record.
        events: published upper limit on the CEvNS events.
        observed: events counted in the region, in place of the data of the file.
        background: expected beside CEvNS in that count.
        expected: limit expected without CEvNS (median, from the Asimov data).
        method: ``profile``, ``bounded``, ``gaussian`` or ``fc``, for counts with a model.
        toys: at each point at most (``fc``).
        seed: of the toys.
        workers: processes for the toys.
        progress: told how the toys go.

    Raises:
        UnknownNameError: if there is no such method.
        InputError: if the experiment declares no data and none of `events`, `observed` and
            `expected` is given, if two of them are, or if a number is impossible.
        FitError: if a fit does not converge.

    Examples:
        >>> from cevns.experiments import load
        >>> limit = cevns_limit(load("coherent-lar-engineering"), events=7.4)
        >>> f"{limit.predicted_events:.2f} {limit.cross_section_cm2:.2g}"
        '2.25 6e-39'
    """
    check_level(level)
    refuse_missing(experiment)
    if (events is not None) + (observed is not None) + expected > 1:
        raise InputError("choose one limit: from given events, from an observed count, or expected")
    if observed is None and background:
        raise InputError("a background belongs to an observed count; give both")
    if method not in CONSTRUCTIONS:
        meant = [NICKNAMES[n] for n in NICKNAMES if n == canonical(method)]
        known = [n for n in meant if n in CONSTRUCTIONS]
        raise UnknownNameError("kind of limit on CEvNS itself", method, CONSTRUCTIONS, known)
    if method != "profile" and not (events is None and observed is None):
        raise InputError(
            f"the method {method} needs counts with a model; limits from given events "
            "or from one count over a known background have separate constructions"
        )
    if experiment.has_electrons(experiment.interaction):
        raise InputError(
            f"electron recoils are part of the signal of {experiment.name}, so a limit on the "
            "signal is not a limit on CEvNS; limit a parameter, or exclude them: "
            "interaction.electrons=false"
        )
    sm_events, sm_cm2 = experiment.prediction(), experiment.cross_section_cm2
    sm_flux = experiment.flux_cm2_s

    def record(
        origin: Origin, how: str, count: float, cross_section_cm2: float, flux: float | None = None
    ) -> CevnsLimit:
        if flux is None and sm_flux is not None:  # of our prediction, which is exact there
            flux = count / sm_events * sm_flux
        return CevnsLimit(
            experiment.name, level, origin, how, count, cross_section_cm2, sm_events, sm_cm2, flux
        )

    if events is not None:
        if not (math.isfinite(events) and events > 0):
            raise InputError(f"a limit in events must be a positive number, not {events}")
        return record("given", "as published", events, events / sm_events * sm_cm2)
    if observed is not None:
        count = poisson_upper_limit(observed, background, level=level)
        return record("counted", _OF_ONE_COUNT, count, count / sm_events * sm_cm2)
    if not experiment.has_data and not expected:
        raise InputError(
            f"{experiment.name} declares no data: take expected counts with --asimov "
            "(asimov=True), give a published limit with --events (events=...) or a count with "
            "--observed and --background (observed=..., background=...), or declare data in its "
            "file"
        )
    upper = []
    for name in ("count", "cross-section", *(() if sm_flux is None else ("flux",))):
        asked, poi = experiment.model(name), experiment.ask(name).parameter
        at = asked.parameters.at({poi: 0.0}).values
        if expected and not experiment.declaration.backgrounds:
            raise InputError(
                f"{experiment.name} declares no background, which an expected limit needs: add "
                "'backgrounds' to its file, or give a count and its expected background with "
                "--observed and --background (observed=..., background=...)"
            )
        data = asimov(asked, at) if expected else None
        if method == "fc":
            limit = _feldman_cousins(
                asked, poi, level, data, toys, seed, workers=workers, progress=progress
            )
        elif method == "gaussian":
            limit = gaussian_upper_limit(asked, poi, level=level, data=data)
        else:
            limit = upper_limit(asked, poi, level=level, data=data, rise=method).upper
        upper.append(limit)
    origin: Origin = "expected" if expected else "data"
    return record(origin, CONSTRUCTIONS[method], upper[0], upper[1] * 1e-40, *upper[2:])


def _feldman_cousins(
    model: Model,
    parameter: str,
    level: float,
    data: Data | None,
    toys: int,
    seed: int,
    **running: Any,
) -> float:
    """Upper end of the Feldman-Cousins interval.

    Raises:
        FitError: if fits fail, or the interval has no end.
    """
    from cevns.experiments.fast_form import fast_form
    from cevns.inference.model.grid import Axis, Grid
    from cevns.inference.scan.feldman_cousins import feldman_cousins
    from cevns.inference.scan.regions import confidence_set

    model, _ = fast_form(model)
    p = model.parameters[parameter]
    end = upper_limit(model, parameter, level=level, data=data, rise="bounded").upper
    for _ in range(4):  # few counts may reach farther than the profile
        end *= _BEYOND
        grid = Grid(model, (Axis(p, np.linspace(0.0, end, _POINTS)),))
        found = feldman_cousins(grid, toys, seed=seed, cl=level, data=data, **running)
        last = confidence_set(grid.axes[0].values, found.q_data, found.critical).pieces[-1]
        if not last.upper_open:
            return last.upper
    raise FitError(f"the Feldman-Cousins interval of {parameter!r} has no end below {end:.3g}")
