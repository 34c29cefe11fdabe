"""Questions to experiments as models, and as histograms."""

from __future__ import annotations

from cevns.analysis.alternatives import shapes_freed
from cevns.analysis.question import Request, ask
from cevns.inference import Model, observed
from cevns.likelihood_files.encoding import Encoded, Rules, encode
from cevns.study import Study


def model_of(study: Study, poi: str = "count", *, freed: bool = False) -> tuple[Model, str]:
    """The model of a question and its parameter of interest."""
    asked = ask(*study.experiments, request=Request(poi))
    return (shapes_freed(asked) if freed else asked.held), str(asked.interest)


def encoded(
    study: Study, poi: str = "count", *, freed: bool = False, rules: Rules | None = None
) -> Encoded:
    """The question as histograms."""
    model, interest = model_of(study, poi, freed=freed)
    return encode(model, observed(model), interest, rules)
