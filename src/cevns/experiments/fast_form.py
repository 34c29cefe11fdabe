"""The fast form of an experiment's model, for toys and scans, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cevns.experiments.inputs.released import ReleasedModel
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.questions import ExperimentModel
from cevns.experiments.tables.features import ResponseFeatures
from cevns.experiments.tables.refolded import RefoldedSignal
from cevns.experiments.tables.refolded import refold as refolded
from cevns.experiments.tables.tabulated import TabulatedSignal, tabulate
from cevns.inference import Likelihood, Model, asimov
from cevns.inference.model.joining import JointModel
from cevns.inference.model.low_rank import TemplateModel
from cevns.typing import Array

__all__ = [
    "AnyModel",
    "Refold",
    "TabulationError",
    "fast_form",
    "tabulated_model",
    "template_model",
]


@dataclass(frozen=True)
class TabulationError:
    """Largest difference of -2 ln L between the tabulated and the exact model.

    On nominal Asimov data, at random points inside a box of so many fitted errors around the
    truth in all nuisances at once, so that every cross term is in it.

    Args:
        shift_1sigma: within one fitted error.
        shift_3sigma: within three.
    """

    shift_1sigma: float
    shift_3sigma: float

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"tabulated against exact model: -2lnL differs by at most {self.shift_1sigma:.1g} "
            f"within 1 and {self.shift_3sigma:.1g} within 3 fitted errors of all nuisances"
        )


AnyModel = ExperimentModel | ReleasedModel
Refold = Literal["none", "form-factor", "all"]


def template_model(
    model: AnyModel,
    refold: Refold = "none",
    *,
    features: ResponseFeatures | None = None,
) -> tuple[AnyModel | TemplateModel, TabulationError | None]:
    """The same model with its signal tabulated, and the error of the tabulation.

    Args:
        model: the exact model. Released templates are a table already, without error.
        refold: ``none`` tabulates all of it; ``form-factor`` keeps the recoil spectrum exact.
        features: of the experiment's response, if they are there already.

    Examples:
        >>> from cevns.experiments import load
        >>> fast, error = template_model(load("coherent-csi-2021").model())
        >>> error.shift_1sigma < 0.01
        True
    """
    if isinstance(model, ReleasedModel) and model.exact is None:
        return model.templates, None
    fast = tabulated_model(model, refold, features)
    return fast, TabulationError(_shift(model, fast, 1.0), _shift(model, fast, 3.0))


def tabulated_model(
    model: AnyModel, refold: Refold = "none", features: ResponseFeatures | None = None
) -> AnyModel:
    """`template_model` for an exact signal, without the check of its error."""
    nominal = {p.name: p.value for p in model.parameters}
    scale = {p.name: p.scale for p in model.parameters}

    def make(signal: Signal) -> TabulatedSignal | RefoldedSignal:
        if refold == "form-factor":
            return refolded(signal, nominal, scale)
        return tabulate(signal, nominal, scale, features)

    if isinstance(model, ReleasedModel):
        assert model.exact is not None
        assert isinstance(model.exact.signal, Signal)
        return replace(model, exact=replace(model.exact, signal=make(model.exact.signal)))
    return replace(model, signal=make(model.exact_signal))


def fast_form(
    model: AnyModel | JointModel, refold: Refold = "none"
) -> tuple[Model, TabulationError | None]:
    """The fast form of one experiment or of several, and its error.

    The parts of a joint model are independent, so their shifts of -2 ln L add up. A part that is
    no exact experiment stays as it is.
    """
    if not isinstance(model, JointModel):
        return template_model(model, refold)
    fast: dict[str, Model] = {}
    errors = []
    for part in model.parts:
        if isinstance(part.model, ExperimentModel | ReleasedModel):
            fast[part.label], error = template_model(part.model, refold)
            if error is not None:
                errors.append(error)
    total = TabulationError(
        sum(e.shift_1sigma for e in errors), sum(e.shift_3sigma for e in errors)
    )
    return model.with_models(fast), total if errors else None


def _shift(exact: AnyModel, fast: AnyModel, radius: float, n: int = 200) -> float:
    data = asimov(exact)
    fitted = _fitted_errors(exact)
    rng = np.random.default_rng(2021)
    points = np.tile(exact.parameters.values, (n, 1))
    for i, p in enumerate(exact.parameters):
        if p.role == "nuisance" and not p.fixed and p.constraint is not None:
            away = points[:, i] + rng.uniform(-radius, radius, n) * fitted[i]
            points[:, i] = np.clip(away, p.lower, p.upper)
    values = [Likelihood.of(m, data).twice_nll(points) for m in (exact, fast)]
    return float(np.abs(values[0] - values[1]).max())


def _fitted_errors(model: AnyModel) -> Array:
    """Errors a fit to nominal data would have, from the Fisher information."""
    free = np.array(model.parameters.free, dtype=np.int64)
    information = Likelihood.of(model, asimov(model)).fisher(model.parameters.values)
    out = np.zeros(len(model.parameters))
    inverse = np.linalg.pinv(information[np.ix_(free, free)])
    out[free] = np.sqrt(np.maximum(np.diag(inverse), 0.0))
    return out
