"""The systematics table: what each uncertainty does to the prediction and to the fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cevns.analysis.alternatives import freed, held_shapes
from cevns.analysis.measurement import inputs_record
from cevns.analysis.shifts import prediction_shifts
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.inputs.released import ReleasedModel
from cevns.inference import asimov, fit
from cevns.inference.fitting.impacts import impacts, statistical_error
from cevns.parameters import fold_name
from cevns.records import head

__all__ = ["SystematicRow", "Systematics", "systematics"]


@dataclass(frozen=True)
class SystematicRow:
    """One uncertainty; shifts are relative (0.1 is 10 per cent).

    Args:
        name: of the parameter.
        description: what it is.
        prediction: change of the predicted CEvNS count at +1 and -1 sigma of the prior; None for
            a background, which does not act on the signal.
        impact: change of the fitted value with the parameter one fitted error up and down; None
            where the fit does not depend on it.
        error_share: contribution to the error of the fitted value, in quadrature.
        pull: fitted value minus prior, in prior widths.
        constraint: fitted error in prior widths.
    """

    name: str
    description: str
    prediction: tuple[float, float] | None
    impact: tuple[float, float] | None
    error_share: float
    pull: float
    constraint: float


@dataclass(frozen=True, eq=False)
class Systematics:
    """The systematics table of an experiment.

    Args:
        experiment: what it belongs to.
        question: of the model.
        rows: the uncertainties, the largest effect first.
        prediction_error: of the predicted count, all in quadrature, relative.
        statistical: error of the fitted value with every nuisance held, relative.
        total: its full error, relative.
    """

    experiment: Experiment
    question: str
    rows: tuple[SystematicRow, ...]
    prediction_error: float
    statistical: float
    total: float

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

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns systematics``; effects relative to the count."""
        return {
            **head(),
            "experiment": self.experiment.name,
            "question": self.question,
            "physics": self.experiment.physics,
            "overrides": dict(self.experiment.overrides or {}),
            "inputs": inputs_record(self.experiment),
            "systematics": [
                {
                    "name": r.name,
                    "description": r.description,
                    "prediction_up": None if r.prediction is None else r.prediction[0],
                    "prediction_down": None if r.prediction is None else r.prediction[1],
                    "impact_up": None if r.impact is None else r.impact[0],
                    "impact_down": None if r.impact is None else r.impact[1],
                    "error_share": r.error_share,
                    "pull": r.pull,
                    "constraint": r.constraint,
                }
                for r in self.rows
            ],
            "prediction_error": self.prediction_error,
            "statistical": self.statistical,
            "total": self.total,
        }


def systematics(
    experiment: Experiment, poi: str = "count", *, use_asimov: bool = False
) -> Systematics:
    """Effect of every uncertainty on the predicted count and on the fit.

    Args:
        experiment: from `cevns.load`.
        poi: the question of the fit.
        use_asimov: take the expected counts as data.

    Raises:
        InputError: if there are no data and `use_asimov` is off.
        FitError: if a fit does not converge.
    """
    if not experiment.has_data and not use_asimov:
        raise InputError(f"{experiment.name} declares no data: take expected counts (--asimov)")
    model = experiment.model(poi)
    if isinstance(model, ReleasedModel):  # shapes that the quoted fit holds are uncertainties too
        model = freed(model, held_shapes(experiment.declaration), {})
    data = asimov(model) if use_asimov else None
    best = fit(model, data=data, minos="none")
    centre = best[model.poi].value
    if not centre > 0:
        raise InputError(
            f"{experiment.name}: the fitted {model.poi} is zero, so relative effects are undefined"
        )
    found = {i.name: i for i in impacts(model, data=data, best=best)}
    predicted = model.prediction
    shifts = prediction_shifts(experiment)
    rows = []
    for name in dict.fromkeys([*shifts, *found]):
        shift, impact = shifts.get(name), found.get(name)
        fitted = best[name] if name in best.fitted else None
        description = fitted.parameter.description if fitted else ""
        if not description:
            entry = experiment.declaration.parameters.get(name)
            description = entry.description if entry else ""
        rows.append(
            SystematicRow(
                name,
                description,
                None if shift is None else (shift[0] / predicted, shift[1] / predicted),
                None if impact is None else (impact.up / centre, impact.down / centre),
                0.0 if impact is None else impact.share / centre,
                0.0 if fitted is None or fitted.pull is None else fitted.pull,
                1.0 if fitted is None else fitted.constraint_ratio or 1.0,
            )
        )

    def size(row: SystematicRow) -> float:
        return max(abs(v) for v in (row.prediction or row.impact or (0.0,)))

    return Systematics(
        experiment,
        model.question,
        tuple(sorted(rows, key=size, reverse=True)),
        math.sqrt(sum(max(map(abs, s)) ** 2 for s in shifts.values())) / predicted,
        statistical_error(model, data=data, best=best) / centre,
        best[model.poi].error / centre,
    )
