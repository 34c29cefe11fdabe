"""Pseudo-experiments of an experiment: are its errors what they say?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cevns.analysis.measurement import in_cm2
from cevns.exceptions import UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import AnyModel, Refold, fast_form
from cevns.inference import Model
from cevns.inference.model.joining import JointModel
from cevns.inference.toys.toy_fits import run_toys
from cevns.inference.toys.toy_result import ToyResult
from cevns.records import head

if TYPE_CHECKING:
    from cevns.experiments.joint import JointExperiment

__all__ = ["ToyStudy", "study_model", "study_toys"]


@dataclass(frozen=True, eq=False)
class ToyStudy:
    """Toys of an experiment.

    Args:
        experiment: what they belong to.
        question: of the model.
        toys: the toys and what they show.
        accuracy: the template model beside the exact one, in a sentence; empty where the toys
            were fitted with the exact model.
        accuracy_shift: largest shift of -2lnL between the two; None where it is exact.
    """

    experiment: Experiment | JointExperiment
    question: str
    toys: ToyResult
    accuracy: str
    accuracy_shift: float | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns toys``."""
        return {
            **head(),
            **self.experiment.provenance(),
            "question": self.question,
            **in_cm2(self.toys.to_dict()),
            "template": self.accuracy or None,
            "template_error": self.accuracy_shift,
        }


def study_toys(
    experiment: Experiment,
    n: int,
    *,
    seed: int,
    poi: str = "count",
    fix: Mapping[str, float | None] | None = None,
    refold: Refold = "none",
    out: Path | str | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ToyStudy:
    """Draw toys at the nominal point, auxiliary measurements included, and fit them.

    Args:
        experiment: from `cevns.load`.
        n: number of toys.
        seed: master seed; the same seed gives the same toys for any number of workers.
        poi: the question.
        fix: parameters to hold.
        refold: what is computed exactly at every step of every fit. ``none``: the tabulated
            model, fastest; ``form-factor``: couplings and nuclear radii, with the response
            tabulated; ``all``: the exact model.
        out: file to keep the toys in; the same call resumes an interrupted run.
        workers: processes; by default one a core where that pays.
        progress: called with (toys done, n).

    Raises:
        InputError: if an argument is out of range, or `out` belongs to another run.
        FitError: if more fits fail than tolerated, or the audit against iminuit disagrees.
    """
    model = experiment.model(poi)
    if fix:
        model = model.with_parameters(model.parameters.fix(fix))
    return study_model(
        experiment,
        model,
        model.question,
        n,
        seed=seed,
        refold=refold,
        out=out,
        workers=workers,
        progress=progress,
    )


def study_model(
    experiment: Experiment | JointExperiment,
    model: AnyModel | JointModel,
    question: str,
    n: int,
    *,
    seed: int,
    refold: Refold,
    out: Path | str | None,
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> ToyStudy:
    """Draw and fit toys of a model; see `study_toys`."""
    if refold not in get_args(Refold):
        raise UnknownNameError("thing to refold", refold, get_args(Refold))
    fitted: Model
    fitted, accuracy = (model, None) if refold == "all" else fast_form(model, refold)
    toys = run_toys(
        fitted,
        n,
        seed=seed,
        out=out,
        workers=workers,
        progress=progress,
    )
    return ToyStudy(
        experiment,
        question,
        toys,
        "" if accuracy is None else str(accuracy),
        None if accuracy is None else accuracy.shift_3sigma,
    )
