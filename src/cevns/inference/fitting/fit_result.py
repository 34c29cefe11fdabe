"""What a fit returns: an immutable record that prints as a table and turns into JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.parameters import Parameter, fold_name
from cevns.records import Result
from cevns.typing import Array

__all__ = ["FitResult", "FittedParameter", "fitted_parameters"]


@dataclass(frozen=True)
class FittedParameter(Result):
    """One parameter after a fit.

    Args:
        parameter: its declaration (unit, bounds, role, description).
        value: fitted value.
        error: HESSE error; zero for a fixed parameter.
        error_up: MINOS upper error, positive; None where it was not asked for or does not exist.
        error_down: MINOS lower error, positive; None likewise.
        prior: mean and width of the auxiliary measurement; None for a free parameter.
        fixed: held in this fit.
        at_bound: the fitted value lies on a bound.
    """

    parameter: Parameter
    value: float
    error: float
    error_up: float | None = None
    error_down: float | None = None
    prior: tuple[float, float] | None = None
    fixed: bool = False
    at_bound: bool = False

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

    @property
    def unit(self) -> str:
        """The parameter's unit."""
        return self.parameter.unit

    @property
    def quoted(self) -> float:
        """The value; at a bound the bound, from which a minimiser stops at its tolerance.

        Examples:
            >>> FittedParameter(Parameter("flux", 1e6, lower=0.0), 32.2, 1e7, at_bound=True).quoted
            0.0
        """
        if not self.at_bound:
            return self.value
        low, high = self.parameter.lower, self.parameter.upper
        return low if self.value - low < high - self.value else high

    @property
    def at_lower_bound(self) -> bool:
        """Whether the fitted value lies on its lower bound."""
        return self.at_bound and self.quoted == self.parameter.lower

    @property
    def pull(self) -> float | None:
        """(value - prior mean) / prior width; None for a free parameter."""
        return None if self.prior is None else (self.value - self.prior[0]) / self.prior[1]

    @property
    def constraint_ratio(self) -> float | None:
        """Fitted error over prior width: below one where the counts add information."""
        return None if self.prior is None else self.error / self.prior[1]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, None where there is none."""
        return {
            "name": self.name,
            "description": self.parameter.description,
            "value": self.quoted,
            "error": self.error,
            "error_up": self.error_up,
            "error_down": self.error_down,
            "unit": self.unit,
            "role": self.parameter.role,
            "prior": None
            if self.prior is None
            else {"mean": self.prior[0], "sigma": self.prior[1]},
            "pull": self.pull,
            "fixed": self.fixed,
            "at_bound": self.at_bound,
        }


@dataclass(frozen=True, eq=False)
class FitResult(Result):
    """Result of a maximum-likelihood fit.

    Args:
        model: name of the model.
        poi: name of the parameter of interest, if there is one.
        fitted: name -> fitted parameter, in vector order.
        covariance: HESSE covariance, ``(n_par, n_par)``; zero for fixed parameters.
        twice_nll: minimum of -2 ln L (saturated form, pulls included).
        deviance: `twice_nll` without pulls.
        pearson: Pearson chi2 at the minimum; of measured values their share of `deviance`.
        ndof: bins minus unconstrained free parameters (a constrained parameter brings its own
            measurement); None where events are points, which have no goodness of fit.
        edm: estimated distance to the minimum, in units of -2 ln L.
        calls: likelihood evaluations of the minimiser.
        valid: minimum and covariance are good.
        diagnosis: what went wrong, in words; empty if nothing did.
        components: component -> expected counts at the minimum, each ``(n_bins,)``.
        data: what was fitted.
        engine: minimiser.
    """

    main_table: ClassVar[str] = "parameters"

    model: str
    poi: str | None
    fitted: Mapping[str, FittedParameter]
    covariance: Array
    twice_nll: float
    deviance: float
    pearson: float
    ndof: int | None
    edm: float
    calls: int
    valid: bool
    diagnosis: str
    components: Mapping[str, Array] = field(repr=False)
    data: Data = field(repr=False)
    engine: str = "iminuit"

    def __getitem__(self, name: str) -> FittedParameter:
        """A fitted parameter by name (``-`` and ``_`` equal)."""
        for known, p in self.fitted.items():
            if fold_name(known) == fold_name(name):
                return p
        raise UnknownNameError("parameter", name, self.fitted)

    def __iter__(self) -> Iterator[FittedParameter]:
        """Fitted parameters in vector order."""
        return iter(self.fitted.values())

    def __len__(self) -> int:
        """Number of parameters, fixed ones included."""
        return len(self.fitted)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in vector order."""
        return tuple(self.fitted)

    @property
    def theta(self) -> Array:
        """Fitted parameter vector, ``(n_par,)``."""
        import numpy as np

        return np.array([p.value for p in self])

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the parameters that were fitted."""
        return tuple(p.name for p in self if not p.fixed)

    @property
    def correlation(self) -> Array:
        """Correlation matrix, ``(n_par, n_par)``; unit diagonal, zero for fixed parameters."""
        import numpy as np

        sd = np.sqrt(np.diag(self.covariance))
        sd = np.where(sd > 0, sd, np.inf)
        result: Array = self.covariance / np.outer(sd, sd)
        np.fill_diagonal(result, 1.0)
        return result

    @property
    def chi2(self) -> float:
        """-2 ln L at the minimum: deviance plus squared pulls, to compare with `ndof`."""
        return math.nan if self.ndof is None else self.twice_nll

    @property
    def goodness(self) -> str:
        """How good the fit is, in one line."""
        if self.ndof is None:
            return f"-2lnL {self.twice_nll:z.1f}; an unbinned likelihood has no goodness of fit"
        return (
            f"chi2 {self.chi2:z.1f} / {self.ndof} (deviance {self.deviance:z.1f} + pulls "
            f"{self.chi2 - self.deviance:z.1f}), Pearson {self.pearson:z.1f}"
        )

    def counts(self, component: str) -> float:
        """Fitted count of one component, summed over the bins.

        Raises:
            UnknownNameError: if there is no such component.
        """
        if component not in self.components:
            raise UnknownNameError("component", component, self.components)
        return float(self.components[component].sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings, ready for JSON; None where a number is undefined."""
        plain = {
            "model": self.model,
            "poi": None if self.poi is None else self[self.poi].to_dict(),
            "parameters": {p.name: p.to_dict() for p in self},
            "correlation": {"names": list(self.free), "matrix": self._free_correlation()},
            "components": {k: float(v.sum()) for k, v in self.components.items()},
            "twice_nll": self.twice_nll,
            "chi2": self.chi2,
            "deviance": self.deviance,
            "pearson_chi2": self.pearson,
            "ndof": self.ndof,
            "edm": self.edm,
            "calls": self.calls,
            "valid": self.valid,
            "diagnosis": self.diagnosis,
            "engine": self.engine,
        }
        return dict(_plain(plain))

    def _free_correlation(self) -> list[list[float]]:
        keep = [i for i, p in enumerate(self) if not p.fixed]
        return [[float(v) for v in row[keep]] for row in self.correlation[keep]]

    def __str__(self) -> str:
        """A table: parameter, value, errors, prior, pull; below it the quality of the fit."""
        rows = [("parameter", "value", "error", "+", "-", "prior", "pull", "unit")]
        for p in self:
            star = "*" if p.name == self.poi else " "
            prior = "" if p.prior is None else f"{p.prior[0]:.5g} +- {p.prior[1]:.3g}"
            error = "fixed" if p.fixed else f"{p.error:.4g}"
            up, down = (_number(e, ".4g") for e in (p.error_up, p.error_down))
            note = p.unit + (" (at its bound)" if p.at_bound else "")
            rows.append(
                (
                    star + p.name,
                    f"{p.quoted:.6g}",
                    error,
                    up,
                    down,
                    prior,
                    _number(p.pull, "+.2f"),
                    note,
                )
            )
        width = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
        lines = [f"fit of {self.model} ({self.engine})"]
        for r in rows:
            cells = [
                c.ljust(w) if i in (0, 7) else c.rjust(w)
                for i, (c, w) in enumerate(zip(r, width, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        binned = "" if self.ndof is None else f" / {self.ndof} dof; Pearson {self.pearson:z.3f}"
        lines.append(
            f"-2lnL {self.twice_nll:z.3f} (deviance {self.deviance:z.3f} + pulls "
            f"{self.twice_nll - self.deviance:z.3f}){binned}; edm {self.edm:.1e}"
        )
        if self.diagnosis:
            lines.append(("NOT VALID: " if not self.valid else "note: ") + self.diagnosis)
        return "\n".join(lines)


def _number(value: float | None, spec: str) -> str:
    return "" if value is None else format(value, spec)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def fitted_parameters(
    model: Model, values: Array, errors: Array, fixed: tuple[bool, ...], data: Data
) -> dict[str, FittedParameter]:
    """Fitted parameters from vectors of values and errors; priors come from `data`."""
    out = {}
    for i, p in enumerate(model.parameters):
        value = float(values[i])
        # within a thousandth of a typical step of a bound the minimum is on the bound; or within
        # half a per cent of its error, where -2 ln L is flat and minimisers stop before it
        step = p.scale if p.scale > 0 else 1.0
        close = max(1e-3 * step, min(5e-3 * float(errors[i]), 0.1 * step))
        at_bound = not fixed[i] and bool(min(value - p.lower, p.upper - value) < close)
        prior = (float(data.auxiliary[i]), p.constraint.sigma) if p.constraint else None
        out[p.name] = FittedParameter(
            p,
            value,
            0.0 if fixed[i] else float(errors[i]),
            prior=prior,
            fixed=fixed[i],
            at_bound=at_bound,
        )
    if not out:
        raise InputError(f"model {model.name!r} has no parameters")
    return out
