"""The systematics table: what each uncertainty does to the prediction and to the fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cevns.analysis.alternatives import shapes_freed
from cevns.analysis.question import PLAIN, Asked, Request, Subject, ask
from cevns.analysis.shifts import prediction_error, prediction_shifts
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import COUPLINGS
from cevns.inference import fit
from cevns.inference.fitting.impacts import impacts, statistical_error
from cevns.parameters import fold_name
from cevns.records import Explorable, Result, cited, head

__all__ = ["SystematicRow", "Systematics", "systematic_effects"]


@dataclass(frozen=True)
class SystematicRow:
    """One uncertainty; shifts are relative (0.1 is 10 per cent).

    Args:
        name: of the parameter.
        description: what it is.
        predictions: by experiment, change of its predicted CEvNS count at +1 and -1 sigma of the
            prior; none for a background, which does not act on the signal.
        impact: change of the fitted value with the parameter one fitted error up and down; None
            where the fit does not depend on it.
        error_share: contribution to the error of the fitted value, in quadrature.
        pull: fitted value minus prior, in prior widths.
        constraint: fitted error in prior widths.
        held: whether the fit holds it, because its error is in the data or stands elsewhere.
    """

    name: str
    description: str
    predictions: Mapping[str, tuple[float, float]]
    impact: tuple[float, float] | None
    error_share: float
    pull: float
    constraint: float
    held: bool = False

    @property
    def prediction(self) -> tuple[float, float] | None:
        """The change of the predicted count where there is one; None where there are several."""
        return next(iter(self.predictions.values())) if len(self.predictions) == 1 else None


@dataclass(frozen=True, eq=False)
class Systematics(Result, Explorable):
    """The systematics table of one or several experiments.

    Args:
        experiment: what it belongs to.
        question: of the model.
        rows: the uncertainties, the largest effect first.
        prediction_errors: of each predicted count, with the correlations, relative.
        statistical: error of the fitted value with every nuisance held, relative.
        total: its full error, relative.
        relative_to: what effects on the fit are divided by: the fitted ``value``, or of couplings
            that may be zero its ``error``.
    """

    main_table: ClassVar[str] = "systematics"

    experiment: Subject
    question: str
    rows: tuple[SystematicRow, ...]
    prediction_errors: Mapping[str, float]
    statistical: float
    total: float
    relative_to: str = "value"

    @property
    def prediction_error(self) -> float | None:
        """Error of the predicted count where there is one."""
        errors = tuple(self.prediction_errors.values())
        return errors[0] if len(errors) == 1 else None

    def effect(self, parameters: Sequence[str]) -> float:
        """Effects of some parameters on the CEvNS count in quadrature, relative.

        Of a parameter of the signal the change of the prediction, of a background the change of
        the fit, both at one sigma and averaged over up and down.

        Raises:
            UnknownNameError: if there is no such row.
        """
        known = {fold_name(r.name): r for r in self.rows}
        total = 0.0
        for name in parameters:
            if fold_name(name) not in known:
                raise UnknownNameError("uncertainty", name, [r.name for r in self.rows])
            row = known[fold_name(name)]
            up, down = row.prediction or row.impact or (0.0, 0.0)
            total += (0.5 * (abs(up) + abs(down))) ** 2
        return math.sqrt(total)

    def explored(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.experiment.experiments

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns systematics``; effects relative to the count."""
        return cited(
            {
                **head(),
                **self.experiment.provenance(),
                "question": self.question,
                "relative_to": self.relative_to,
                "systematics": [
                    {
                        "name": r.name,
                        "description": r.description,
                        "prediction_up": None if r.prediction is None else r.prediction[0],
                        "prediction_down": None if r.prediction is None else r.prediction[1],
                        "predictions": {e: list(pair) for e, pair in r.predictions.items()},
                        "impact_up": None if r.impact is None else r.impact[0],
                        "impact_down": None if r.impact is None else r.impact[1],
                        "error_share": r.error_share,
                        "pull": r.pull,
                        "constraint": r.constraint,
                        "held": r.held,
                    }
                    for r in self.rows
                ],
                "prediction_error": self.prediction_error,
                "prediction_errors": dict(self.prediction_errors),
                "statistical": self.statistical,
                "total": self.total,
            },
            "fit",
        )


def systematic_effects(
    *experiments: Experiment, request: Request = PLAIN, use_asimov: bool = False
) -> Systematics:
    """Effect of every uncertainty on the predicted counts and on the fit.

    Args:
        experiments: from `cevns.experiments.load`; several are fitted together.
        request: what is asked and held; of one common parameter.
        use_asimov: take the expected counts as data.

    Raises:
        InputError: if there are no data and `use_asimov` is off, or each experiment has its own
            parameter of interest.
        FitError: if a fit does not converge.
    """
    asked = ask(*experiments, request=request)
    poi, data = asked.one_interest("systematics"), asked.data(use_asimov)
    # shapes that the quoted fit of a file holds are uncertainties too
    model = shapes_freed(asked)
    best = fit(model, data=data, poi=poi, minos="none")
    relative = asked.question.name != COUPLINGS
    centre = best[poi].value if relative else best[poi].error
    if not centre > 0:
        raise InputError(
            f"{asked.subject.name}: the fitted {poi} is zero, so relative effects are undefined"
        )
    found = {i.name: i for i in impacts(model, poi, data=data, best=best)}
    shifts = _shifts(asked)
    fixed = {p.name for p in model.parameters if p.fixed}
    rows = []
    for name in dict.fromkeys([*(n for s in shifts.values() for n in s), *found]):
        impact = found.get(name)
        fitted = best[name] if name in best.fitted else None
        description = fitted.parameter.description if fitted else ""
        rows.append(
            SystematicRow(
                name,
                description or _described(asked, name),
                {e: s[name] for e, s in shifts.items() if name in s},
                None if impact is None else (impact.up / centre, impact.down / centre),
                0.0 if impact is None else impact.share / centre,
                0.0 if fitted is None or fitted.pull is None else fitted.pull,
                1.0 if fitted is None else fitted.constraint_ratio or 1.0,
                name in fixed,
            )
        )

    def size(row: SystematicRow) -> float:
        moved = [v for pair in row.predictions.values() for v in pair]
        return max(abs(v) for v in (moved or row.impact or (0.0,)))

    return Systematics(
        asked.subject,
        asked.question.name,
        tuple(sorted(rows, key=size, reverse=True)),
        {e.name: prediction_error(e) / e.prediction() for e in asked.experiments},
        statistical_error(model, poi, data=data, best=best) / centre,
        best[poi].error / centre,
        "value" if relative else "error",
    )


def _shifts(asked: Asked) -> dict[str, dict[str, tuple[float, float]]]:
    """Relative shifts of each predicted count, by the names of the model's parameters."""
    out = {}
    for e in asked.experiments:
        prediction = e.prediction()
        out[e.name] = {
            asked.model.joint_name(e.name, n): (up / prediction, down / prediction)
            for n, (up, down) in prediction_shifts(e).items()
        }
    return out


def _described(asked: Asked, name: str) -> str:
    """What a file says of a parameter that the model does not have or describe."""
    for e in asked.experiments:
        entry = e.declaration.parameters.get(name)
        if entry is not None and entry.description:
            return entry.description
    return ""
