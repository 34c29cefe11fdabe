"""The fit that is quoted: minimum, covariance, and the asymmetric errors of MINOS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.fit_result import FitResult, FittedParameter
from cevns.inference.fitting.intervals import interval
from cevns.inference.fitting.minuit import minimise, minimum, poi_name, sizes
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Fix, Model
from cevns.parameters import Parameters
from cevns.typing import Array

if TYPE_CHECKING:
    from iminuit import Minuit  # type: ignore[import-untyped]

__all__ = ["MinosChoice", "fit", "minos_names", "with_minos"]

MinosChoice = Literal["poi", "all", "none"] | Iterable[str]


def fit(
    model: Model,
    *,
    data: Data | None = None,
    fix: Fix | None = None,
    start: Mapping[str, float] | Array | None = None,
    poi: str | None = None,
    minos: MinosChoice = "poi",
    hesse: bool = True,
    raise_on_failure: bool = True,
) -> FitResult:
    """Fit a model to data.

    Args:
        model: what to fit.
        data: counts and auxiliary measurements; the model's own by default.
        fix: parameters held fixed, at a value or (None) where they are; beside those the model
            declares fixed.
        start: starting point (values by name or a whole vector); nominal values by default.
        poi: parameter of interest of the result; by default the only one of that role.
        minos: parameters that get MINOS errors: ``"poi"``, ``"all"``, ``"none"``, or names.
        hesse: compute the covariance matrix (conditional fits in scans do without).
        raise_on_failure: raise if the minimum is not valid; otherwise return it with its
            diagnosis.

    Returns:
        The record of the fit.

    Raises:
        UnknownNameError: if a named parameter does not exist.
        InputError: if the counts are impossible at the starting point.
        FitError: if the fit does not converge.
    """
    parameters = model.parameters.fix(fix or {})
    wanted = minos_names(parameters, poi_name(parameters, poi), minos)
    result = minimum(
        model,
        data=data,
        fix=fix,
        start=start,
        poi=poi,
        hesse=hesse,
        raise_on_failure=raise_on_failure,
    )
    if not (wanted and result.valid):
        return result
    likelihood = Likelihood.of(model, data)
    minuit = minimise(likelihood, parameters, result.theta, 1, second=False)
    return with_minos(minuit, result, wanted, likelihood)


def with_minos(
    minuit: Minuit, result: FitResult, names: tuple[str, ...], likelihood: Likelihood
) -> FitResult:
    """Add MINOS errors; one that does not exist (a bound is met first) stays None."""
    import warnings

    fitted: dict[str, FittedParameter] = dict(result.fitted)
    notes = []
    free = likelihood.model.parameters.fix({p.name: p.value for p in result if p.fixed})
    units = dict(zip([free[i].name for i in free.free], sizes(free).tolist(), strict=True))
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                minuit.minos(name)
        except RuntimeError:
            notes.append(f"MINOS failed for {name}")
            continue
        m: Any = minuit.merrors[name]
        size = units[name]
        up = float(m.upper) * size if m.upper_valid and not m.at_upper_limit else None
        down = -float(m.lower) * size if m.lower_valid and not m.at_lower_limit else None
        found = (m.upper_valid or m.at_upper_limit) and (m.lower_valid or m.at_lower_limit)
        p, here = likelihood.model.parameters[name], result[name]
        # beside a bound MINOS steps by an error that is no measure of the curve
        if not found or min(here.value - p.lower, p.upper - here.value) < 0.1 * here.error:
            up, down = _by_conditional_fits(likelihood, result, name)
        if up is None or down is None:
            side = " and ".join(s for s, e in (("upper", up), ("lower", down)) if e is None)
            notes.append(f"{name} has no {side} MINOS error (a bound or another minimum is met)")
        fitted[name] = replace(fitted[name], error_up=up, error_down=down)
    return replace(result, fitted=fitted, diagnosis="; ".join(notes))


def _by_conditional_fits(
    likelihood: Likelihood, result: FitResult, name: str
) -> tuple[float | None, float | None]:
    """The errors that MINOS means, where it loses its way: on an exact minimum, for one."""
    fixed: Fix = {p.name: p.value for p in result if p.fixed}
    try:
        found = interval(likelihood.model, name, data=likelihood.data, fix=fixed, best=result)
    except FitError:
        return None, None
    return (
        None if found.upper_is_bound else found.upper - found.best,
        None if found.lower_is_bound else found.best - found.lower,
    )


def minos_names(parameters: Parameters, poi: str | None, choice: MinosChoice) -> tuple[str, ...]:
    """The free parameters that get MINOS errors.

    Raises:
        InputError: if the choice is none.
        UnknownNameError: if a named parameter does not exist.
    """
    free = tuple(p.name for p in parameters if not p.fixed)
    if isinstance(choice, str):
        if choice not in ("poi", "all", "none"):
            raise InputError(
                f"minos={choice!r}: use 'poi', 'all', 'none', or a list of parameter names"
            )
        wanted = {"poi": (poi,) if poi else (), "all": free, "none": ()}[choice]
    else:
        wanted = tuple(parameters[name].name for name in choice)
    return tuple(n for n in wanted if n in free)
