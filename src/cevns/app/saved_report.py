"""The view of a state as a report: one HTML file that can be mailed."""

from __future__ import annotations

from cevns.app.answers import NO_COUPLINGS, refused_couplings
from cevns.app.bench import Bench
from cevns.app.equivalent import Said
from cevns.app.fields import THRESHOLD
from cevns.app.state import State, StateError
from cevns.report import document
from cevns.study import Study

__all__ = ["saved_report"]


def saved_report(bench: Bench, state: State) -> document.Page:
    """The report of the fit that a state shows, of the count where it shows none.

    Args:
        bench: of the experiment.
        state: what is shown.

    Raises:
        StateError: if the state has what no report can have.
        InputError: if the question does not fit the experiment.
        MissingExtraError: if jinja2, matplotlib or mplhep is not installed.
    """
    said = Said(bench, state)
    if state.value(THRESHOLD) is not None:
        raise StateError(THRESHOLD, "a report is of all bins; reset it, or change the axes")
    moved = [*said.others, *(n for n in said.couplings if n == said.fit)]
    if moved and said.asimov:
        names = " and ".join(moved)
        raise StateError(names, "a report expects the counts at nominal values; reset what moved")
    if said.couplings and not said.fit:
        fit = state.fit or NO_COUPLINGS[0]
        raise StateError("fit", refused_couplings(fit, said.couplings))
    study = Study((bench.changed(bench.overrides(state)),))
    if said.models and bench.experiment.process is None:
        study = study.with_models(said.models)
    if not said.fit or said.fit in NO_COUPLINGS:
        found = document.fitted(study, said.fit or None, asimov=said.asimov)
    else:
        found = document.fitted(study, free=(said.fit,), at=said.held, asimov=said.asimov)
    return document.compose(found, command=found.command("report"))
