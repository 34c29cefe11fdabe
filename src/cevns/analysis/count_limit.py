"""Upper limits on CEvNS: in events, as a cross section, relative to the Standard Model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference import asimov
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.upper_limits import poisson_upper_limit, upper_limit

__all__ = ["CevnsLimit", "Origin", "cevns_limit"]

Origin = Literal["data", "expected", "counted", "given"]


@dataclass(frozen=True)
class CevnsLimit:
    """An upper limit on the CEvNS signal of one experiment.

    Args:
        experiment: its name.
        level: confidence level.
        origin: ``data`` (profile likelihood of the counts), ``expected`` (of the counts expected
            without signal), ``counted`` (a count over a known background) or ``given`` (a published
            limit in events); the last two with our prediction.
        events: upper limit on the CEvNS events in the region.
        cross_section_cm2: upper limit on the flux-averaged cross section.
        predicted_events: of the Standard Model in the region.
        predicted_cm2: Standard-Model cross section.
    """

    experiment: str
    level: float
    origin: Origin
    events: float
    cross_section_cm2: float
    predicted_events: float
    predicted_cm2: float

    @property
    def ratio(self) -> float:
        """Limit on the cross section over the prediction."""
        return self.cross_section_cm2 / self.predicted_cm2

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
) -> CevnsLimit:
    """Upper limit on CEvNS.

    From counts by the one-sided profile likelihood, the cross section with all pulls of the file
    (flux, efficiency, ...). From one count over a known background by CLs
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

    Raises:
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
    if (events is not None) + (observed is not None) + expected > 1:
        raise InputError("ask for one limit: of given events, of an observed count, or expected")
    if observed is None and background:
        raise InputError("a background belongs to an observed count; give both")
    sm_events, sm_cm2 = experiment.prediction(), experiment.cross_section_cm2

    def record(origin: Origin, count: float, cross_section_cm2: float) -> CevnsLimit:
        return CevnsLimit(
            experiment.name, level, origin, count, cross_section_cm2, sm_events, sm_cm2
        )

    if events is not None:
        if not (math.isfinite(events) and events > 0):
            raise InputError(f"a limit in events must be a positive number, not {events}")
        return record("given", events, events / sm_events * sm_cm2)
    if observed is not None:
        count = poisson_upper_limit(observed, background, level=level)
        return record("counted", count, count / sm_events * sm_cm2)
    if not experiment.has_data and not expected:
        raise InputError(
            f"{experiment.name} declares no data: give a published limit with --events, a count "
            "with --observed and --background, or declare data in its file"
        )
    upper = []
    for name in ("count", "cross-section"):
        asked, poi = experiment.model(name), experiment.ask(name).parameter
        at = asked.parameters.at({poi: 0.0}).values
        if expected and not experiment.declaration.backgrounds:
            raise InputError(
                f"{experiment.name} declares no background, so nothing is expected without CEvNS; "
                "ask for the limit of no event with --observed 0"
            )
        data = asimov(asked, at) if expected else None
        upper.append(upper_limit(asked, poi, level=level, data=data).upper)
    return record("expected" if expected else "data", upper[0], upper[1] * 1e-40)
