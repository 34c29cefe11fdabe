"""Upper limits on CEvNS: in events, as a cross section, relative to the Standard Model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference import asimov
from cevns.inference.limits import check_level, upper_limit

Origin = Literal["data", "expected", "given"]


@dataclass(frozen=True)
class CevnsLimit:
    """An upper limit on the CEvNS signal of one experiment.

    Args:
        experiment: its name.
        level: confidence level.
        origin: ``data`` (profile likelihood of the counts), ``expected`` (of the counts expected
            without signal), or ``given`` (a published number of events, with our prediction).
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
    expected: bool = False,
) -> CevnsLimit:
    """Upper limit on CEvNS.

    From counts by the one-sided profile likelihood, the cross section with all pulls of the file
    (flux, efficiency, ...). From a number of events that somebody published, where the counts
    are not public, ``sigma < events / predicted events x sigma_SM``: this takes the published
    limit as it is and our prediction as exact.

    Args:
        experiment: from `cevns.load`.
        level: confidence level; with `events` that of the published limit, for the record.
        events: published upper limit on the CEvNS events.
        expected: limit expected without CEvNS (median, from the Asimov data).

    Raises:
        InputError: if the experiment declares no data and neither `events` nor `expected` is
            given, both are given, the level is impossible, or `events` is not positive.
        FitError: if a fit does not converge.

    Examples:
        >>> import cevns
        >>> limit = cevns_limit(cevns.load("coherent-lar-engineering"), events=7.4)
        >>> f"{limit.predicted_events:.2f} {limit.cross_section_cm2:.2g}"
        '2.25 6e-39'
    """
    check_level(level)
    model = experiment.model("count")
    sm_events, sm_cm2 = model.prediction, experiment.cross_section_cm2

    def record(origin: Origin, count: float, cross_section_cm2: float) -> CevnsLimit:
        return CevnsLimit(
            experiment.name, level, origin, count, cross_section_cm2, sm_events, sm_cm2
        )

    if events is not None:
        if expected:
            raise InputError("a given number of events and an expected limit exclude each other")
        if not (math.isfinite(events) and events > 0):
            raise InputError(f"a limit in events must be a positive number, not {events}")
        return record("given", events, events / sm_events * sm_cm2)
    if not experiment.has_data and not expected:
        raise InputError(
            f"{experiment.name} declares no data: give a published limit with --events, ask for "
            "the expected one with --asimov, or declare data in its file"
        )
    upper = []
    for question in ("count", "cross-section"):
        asked = experiment.model(question)
        at = asked.parameters.values.copy()
        at[asked.parameters.position(asked.poi)] = 0.0
        data = asimov(asked, at) if expected else None
        upper.append(upper_limit(asked, asked.poi, level=level, data=data).upper)
    return record("expected" if expected else "data", upper[0], upper[1] * 1e-40)
