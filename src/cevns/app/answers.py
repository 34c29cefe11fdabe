"""What takes a fit: the significance to expect, and the answer to a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from cevns.analysis.measurement import in_cm2, short
from cevns.analysis.measuring import against_nothing
from cevns.app.bench import Bench, Placed
from cevns.app.fields import THRESHOLD
from cevns.app.state import State, on_the_page
from cevns.app.view import finite
from cevns.exceptions import CevnsError
from cevns.experiments.questions import SIGNAL
from cevns.inference import Data, Model, fit
from cevns.inference.fitting.upper_limits import upper_limit

__all__ = ["NO_COUPLINGS", "expected_significance", "fit_record", "moved_couplings", "questions"]

NO_COUPLINGS = ("count", "cross-section")
"""Questions that leave couplings where they are declared."""
_BY_NAME = (*NO_COUPLINGS, "sin2-theta-w")


def questions(bench: Bench) -> tuple[str, ...]:
    """What may be fitted: counts, the cross section, and each coupling that has a slider."""
    couplings = [n for n in bench.questions if n != "cross_section"]
    known = [q for q in _BY_NAME if q != "sin2-theta-w" or "sin2_theta_w" in couplings]
    return (*known, *(n for n in couplings if n != "sin2_theta_w"))


def expected_significance(bench: Bench, state: State, placed: Placed) -> dict[str, Any]:
    """Against no signal at all, of the counts that the state expects; nuisances are profiled.

    The counts are fitted as in the question ``count``: a number of events with the declared shape.
    """
    said = (
        "median expected, nuisance parameters profiled; of the counts that this state expects, "
        "against the background-only hypothesis"
    )
    try:
        asked = bench.asked(_only_file(bench, state), "count")
        model = asked.held
        model, data = _cut(bench, state, model, _asimov(placed, model))
        best = fit(model, data=data, poi=asked.interest, minos="none")
        found = against_nothing(model, SIGNAL, best)
    except CevnsError as error:
        return {"z": None, "said": on_the_page(str(error)), "includes": ""}
    if found is None:
        said = "undefined: without a signal nothing would be counted where this state expects some"
    z = None if found is None or found.z is None else finite(found.z)
    return {"z": z, "said": said, "includes": "" if z is None else _included(bench, model)}


def _included(bench: Bench, model: Model) -> str:
    """Which uncertainties a significance has, and which it has not."""
    profiled = [p for p in model.parameters if not p.fixed and p.name != SIGNAL]
    said = {p.name: (p.description or p.name).partition(";")[0] for p in profiled}
    known = [said[p.name] for p in profiled if p.constraint is not None]
    free = [said[p.name] for p in profiled if p.constraint is None]
    parts = ["the fluctuations of the counts"]
    if known:
        parts.append(f"within their constraints {'; '.join(known)}")
    if free:
        parts.append(f"without a constraint {'; '.join(free)}")
    text = f"The expected significance includes {', and '.join(parts)}."
    if not bench.experiment.declaration.backgrounds:
        return text
    return (
        f"{text} Whatever else the backgrounds have, their shapes above all, is held as declared: "
        "where an experiment has uncertainties that its file has not, the significance that it "
        "publishes is smaller."
    )


def fit_record(
    bench: Bench, state: State, placed: Placed
) -> tuple[dict[str, Any] | None, Model | None]:
    """The fit that a state asks for: its record, and the model at the best fit.

    Without data of this very experiment the counts that the state expects are fitted.
    """
    held = moved_couplings(bench, state)
    if state.fit in NO_COUPLINGS and held:
        return {"question": state.fit, "error": refused_couplings(state.fit, held)}, None
    free = "sin2_theta_w" if state.fit == "sin2-theta-w" else state.fit
    held.pop(free, None)
    try:
        if state.fit in NO_COUPLINGS or (state.fit in _BY_NAME and not held):
            asked = bench.asked(state, state.fit)
        else:
            asked = bench.asked(state, None, (free,), held)
        whole = asked.held
        seen = bench.compared(state)
        data = None if seen else _asimov(placed, whole)
        model, data = _cut(bench, state, whole, data)
        best = fit(model, data=data, poi=asked.interest, minos="none")
        poi = best[best.poi or ""]
        z = None
        if asked.question.rejects_nothing:
            found_z = against_nothing(model, poi.name, best)
            z = None if found_z is None else found_z.z
        limit = None
        if poi.at_lower_bound:
            found = upper_limit(model, poi.name, data=best.data)
            if not found.upper_is_bound:
                limit = in_cm2({"level": found.level, "value": found.upper, "unit": poi.unit})
    except CevnsError as error:
        return {"question": state.fit, "error": on_the_page(str(error))}, None
    plain = best.to_dict()
    record = {
        "question": state.fit,
        "error": None,
        "of": "data" if seen else "expected counts (Asimov)",
        "poi": short(poi),
        "limit": limit,
        "significance": None if z is None else finite(z),
        "chi2": plain["chi2"],
        "ndof": plain["ndof"],
        "parameters": [
            {"name": n, "value": p["value"], "error": p["error"], "unit": p["unit"]}
            | {"pull": _pull(model, n, p["value"])}
            for n, p in ((n, in_cm2(p)) for n, p in plain["parameters"].items())
        ],
    }
    at = dict(zip(model.parameters.names, best.theta.tolist(), strict=True))
    return record, whole.with_parameters(whole.parameters.at(at))


def refused_couplings(fit: str, held: Iterable[str]) -> str:
    """Why a question is not put where couplings were moved."""
    return (
        f"a fit of {fit} has the couplings as declared: reset {', '.join(held)}, or fit a coupling"
    )


def _pull(model: Model, name: str, value: float) -> float | None:
    """How far a parameter went from the mean of its constraint, in widths."""
    constraint = model.parameters[name].constraint
    return None if constraint is None else (value - constraint.mean) / constraint.sigma


def _only_file(bench: Bench, state: State) -> State:
    """A state without its couplings and shapes: what the question ``count`` knows."""
    kept = tuple(s for s in state.settings if bench.fields[s.field].kind in ("file", "bins"))
    return State(state.experiment, kept, state.models)


def moved_couplings(bench: Bench, state: State) -> dict[str, float]:
    """Couplings that are not where they are declared, which a fit holds."""
    couplings = {
        f.at: s.value
        for s in state.settings
        if (f := bench.fields[s.field]).kind == "parameter" and f.group == "couplings"
    }
    couplings.pop("cross_section", None)
    return couplings


def _asimov(placed: Placed, model: Model) -> Data:
    """The counts that a state expects, and its parameters as auxiliary measurements.

    Args:
        placed: where the sliders stand.
        model: that is fitted to them.
    """
    true: Mapping[str, float] = dict(
        zip(placed.model.parameters.names, placed.theta.tolist(), strict=True)
    )
    point = np.array([true.get(p.name, p.value) for p in model.parameters])
    point = np.clip(point, [p.lower for p in model.parameters], [p.upper for p in model.parameters])
    expected = placed.model.expected(placed.theta)
    own = model.expected(point)
    counts = []
    for channel in model.channels:
        known = placed.model.bins.get(channel.name)
        mu = own[model.bins[channel.name]] if known is None else expected[known]
        counts.append(channel.statistic.asimov(mu))
    return Data(np.concatenate(counts), point)


def _cut(bench: Bench, state: State, model: Model, data: Data | None) -> tuple[Model, Data | None]:
    """Model and data without bins below the threshold."""
    left, kept = bench.above(model, state.value(THRESHOLD))
    if kept is None or data is None:
        return left, data
    counts = []
    for channel in model.channels:
        own = data.counts[model.bins[channel.name]]
        counts.append(own[kept[channel.name]] if channel.name in kept else own)
    return left, Data(np.concatenate(counts), data.auxiliary)
