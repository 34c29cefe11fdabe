"""Another quenching curve in place of the declared one, and what it changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cevns.detectors.quenching import Quenching, section
from cevns.exceptions import InputError, SchemaError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.builder import Builder
from cevns.experiments.declaration.document import parse
from cevns.experiments.declaration.schema import Component
from cevns.experiments.experiment import Experiment

__all__ = ["CurveEffect", "curve_effects", "declared", "read_quenching", "split", "with_quenching"]

FIELD = "detector.quenching"


def with_quenching(experiment: Experiment, curve: Quenching, said: str = "") -> Experiment:
    """The experiment with another quenching curve, its variations as constrained parameters.

    The parameters that acted on the declared curve go; each variation of the new one becomes a
    parameter of its name, 0 +- 1, shared between experiments.

    Args:
        experiment: from `cevns.load`.
        curve: a model, for example of `cevns.quenching.QuenchingFit.quenching`.
        said: how the change is echoed in results; by default by its kind.

    Raises:
        SchemaError: if a variation has a name that is taken or none for a parameter.

    Examples:
        >>> import cevns
        >>> from cevns.detectors.quenching.constant import Constant
        >>> flat = with_quenching(cevns.load("coherent-csi-2021"), Constant(0.0878))
        >>> flat.quenching.parameters, [n for n in flat.declaration.parameters if "qf" in n]
        ((0.0878,), [])
    """
    values: dict[str, Any] = copy.deepcopy(dict(experiment.document.values))
    written = section(curve)
    values["detector"] = {**values["detector"], "quenching": written}
    new = {n: declared(n) for n in curve.variation_names}
    parameters: dict[str, Any] = {}
    for name, entry in (values.get("parameters") or {}).items():
        if entry.get("acts_on") == "quenching":
            parameters |= new  # in place of the old ones
        else:
            parameters[name] = entry
    values["parameters"] = parameters | new
    echo = said or f"{{kind: {written['kind']}, ...}}"
    document = replace(
        experiment.document,
        values=values,
        changes={**experiment.document.changes, FIELD: echo},
    )
    return Experiment(
        loader.validate(document),
        experiment.path,
        document,
        experiment.data,
        {**(experiment.overrides or {}), FIELD: echo},
    )


def declared(name: str) -> dict[str, Any]:
    """The declaration of a variation's parameter."""
    return {
        "constraint": "0 +/- 1",
        "acts_on": "quenching",
        "shared": True,
        "description": f"eigen-variation {name.rpartition('.')[2]} of the quenching curve",
    }


def read_quenching(path: Path | str) -> Quenching:
    """The model of a YAML file with a ``quenching:`` section, as ``cevns quenching`` writes it.

    Raises:
        SchemaError: if there is no such section, or it is not usable.
        InputError: if the file cannot be read.
    """
    document = parse(Path(path).expanduser())
    written = document.values.get("quenching")
    if not isinstance(written, dict) or "kind" not in written:
        raise SchemaError("needs a section 'quenching:' with a 'kind'", path=document.path)
    component = Component.model_validate(written)
    return cast(
        "Quenching", Builder(document).build("cevns.detectors.quenching", ("quenching",), component)
    )


def split(overrides: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Fields to change, apart from a curve in a file (``detector.quenching=@fit.yaml``).

    Raises:
        InputError: if no file is named behind the ``@``.
    """
    rest = dict(overrides)
    text = rest.get(FIELD, "")
    if not text.startswith("@"):
        return rest, None
    if len(text) == 1:
        raise InputError(f"--set {FIELD}=@: name a file, for example {FIELD}=@csi.yaml")
    return rest, rest.pop(FIELD)


@dataclass(frozen=True)
class CurveEffect:
    """What an experiment finds with a quenching curve.

    Args:
        name: of the curve.
        prediction: predicted CEvNS events.
        quenching_error: of the prediction, from the curve's variations alone (their one-sigma
            shifts, the larger side, in quadrature).
        count: fitted CEvNS events, None for a projection.
        count_error: HESSE.
        cross_section_cm2: fitted flux-averaged cross section, None for a projection.
        error_up: of the cross section, MINOS.
        error_down: likewise.
        chi2: of the count fit.
    """

    name: str
    prediction: float
    quenching_error: float
    count: float | None = None
    count_error: float | None = None
    cross_section_cm2: float | None = None
    error_up: float | None = None
    error_down: float | None = None
    chi2: float | None = None


def curve_effects(experiment: Experiment, curves: Mapping[str, Quenching]) -> list[CurveEffect]:
    """Prediction and fit of an experiment with its own curve and with others.

    Raises:
        FitError: if a fit does not converge.
    """
    out = [_effect("as declared", experiment)]
    return out + [_effect(name, with_quenching(experiment, c)) for name, c in curves.items()]


def _effect(name: str, experiment: Experiment) -> CurveEffect:
    from cevns.analysis.shifts import prediction_shifts

    shifts = prediction_shifts(experiment)
    error = sum(max(map(abs, shifts[n])) ** 2 for n in experiment.quenching.variation_names)
    out = CurveEffect(name, experiment.predict()["cevns"], error**0.5)
    if not experiment.has_data:
        return out
    fitted = experiment.fit("count", minos="none")
    section_ = experiment.fit("cross-section").poi()
    return replace(
        out,
        count=fitted.fit["cevns"].value,
        count_error=fitted.fit["cevns"].error,
        cross_section_cm2=section_["value"],
        error_up=section_["error_up"],
        error_down=section_["error_down"],
        chi2=fitted.fit.chi2,
    )
