"""Pseudo-experiments of an experiment: are its errors what they say?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cevns.analysis.measurement import in_cm2
from cevns.analysis.question import PLAIN, Request, Subject, ask
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import fast_form
from cevns.inference import Model
from cevns.inference.toys.toy_result import ToyResult
from cevns.inference.toys.toy_run import run_toys
from cevns.records import Explorable, Result, cited, head

__all__ = ["ToyStudy", "study_toys"]


@dataclass(frozen=True, eq=False)
class ToyStudy(Result, Explorable):
    """Toys of an experiment.

    Args:
        experiment: what they belong to.
        question: of the model.
        toys: the toys and what they show.
        accuracy: the template model beside the exact one, in a sentence; empty where the toys
            were fitted with the exact model.
        accuracy_shift: largest shift of -2lnL between the two; None where it is exact.
    """

    main_table: ClassVar[str] = "pulls"

    experiment: Subject
    question: str
    toys: ToyResult
    accuracy: str
    accuracy_shift: float | None

    def explored(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.experiment.experiments

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns toys``."""
        return cited(
            {
                **head(),
                **self.experiment.provenance(),
                "title": self.experiment.title,
                "question": self.question,
                **in_cm2(self.toys.to_dict()),
                "template": self.accuracy or None,
                "template_error": self.accuracy_shift,
            },
            "fit",
        )


def study_toys(
    *experiments: Experiment,
    n: int,
    seed: int,
    request: Request = PLAIN,
    exact: bool = False,
    out: Path | str | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ToyStudy:
    """Draw toys at the nominal point, auxiliary measurements included, and fit them.

    Args:
        experiments: from `cevns.experiments.load`; of several the toys are drawn and fitted
            together.
        n: number of toys.
        seed: master seed; the same seed gives the same toys for any number of workers.
        request: what is asked and held.
        exact: fit with the exact model instead of its tabulated form, which is fastest.
        out: file to keep the toys in; the same call resumes an interrupted run.
        workers: processes; by default one a core where that pays.
        progress: called with (toys done, n).

    Raises:
        InputError: if an argument is out of range, `out` belongs to another run, or each
            experiment has its own parameter of interest.
        FitError: if more fits fail than tolerated, or the audit against iminuit disagrees.
    """
    asked = ask(*experiments, request=request)
    poi = asked.one_interest("toys")
    model: Model = asked.held
    accuracy = None
    if not exact:
        model, accuracy = fast_form(asked.held)
    toys = run_toys(
        model,
        n,
        seed=seed,
        poi=poi,
        out=out,
        workers=workers,
        progress=progress,
    )
    return ToyStudy(
        asked.subject,
        asked.question.name,
        toys,
        "" if accuracy is None else str(accuracy),
        None if accuracy is None else accuracy.shift,
    )
