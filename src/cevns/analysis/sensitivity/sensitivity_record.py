"""Expected errors and limits of a topic: the record of `cevns.Study.sensitivity`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from cevns import records
from cevns.analysis.sensitivity.topic import Quantity
from cevns.records import Result

__all__ = ["JOINT", "Dependence", "Expected", "Sensitivity"]

JOINT = "joint"
"""Name of what several experiments give together."""

Dependence = Literal["linear", "quadratic", "curved"]
"""How expected counts go with a parameter over an interval: near enough to a straight line that
the interval is as wide as the error says, exactly as a polynomial of degree two, or otherwise."""


@dataclass(frozen=True)
class Expected(Result):
    """One expected error or limit.

    Args:
        of: name of the experiment, or `JOINT`.
        quantity: which.
        years: of running, or None where the exposure is that of the file times `exposure_factor`.
        exposure_factor: on the whole exposure, beside the years.
        flux_error: relative error of the flux, or None for that of the files.
        value: of the parameter, at which the counts are.
        error: one standard deviation, of the quantity; None where counts do not move with the
            parameter to first order. Of a ``limit`` it says nothing about bounds.
        interval: of 90 %, of the parameter around its value; None for a limit.
        upper_limit: at 90 %; None for an error.
        significance: against zero, where that means that there is no signal.
        signal: expected events of the signal.
        background: of all else.
        dependence: how the expected counts go with the parameter over the interval.
    """

    of: str
    quantity: Quantity
    years: float | None
    exposure_factor: float
    flux_error: float | None
    value: float
    error: float | None
    interval: tuple[float, float] | None
    upper_limit: float | None
    significance: float | None
    signal: float
    background: float
    dependence: Dependence = "linear"

    @property
    def note(self) -> str:
        """Why the interval is not as wide as the error says; empty where it is."""
        if self.dependence == "linear":
            return ""
        name = self.quantity.free or self.quantity.title
        bent = {"quadratic": "quadratic", "curved": "not linear"}[self.dependence]
        return (
            "The error is that of a straight line: it follows from the slope of the expected "
            f"counts at {self.value:.4g} (Fisher information). The counts are {bent} in {name} and "
            "are far from this line over the interval. The interval is that of the likelihood "
            "itself and is therefore not 1.64 times the error."
        )

    @property
    def number(self) -> float | None:
        """The error or, of a limit, the limit."""
        return self.upper_limit if self.quantity.kind == "limit" else self.error

    @property
    def written(self) -> str:
        """`number` with two digits and its unit per cent."""
        return self.quantity.written(self.number)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, the quantity by its name."""
        own = dict(vars(self))
        return {**own, "quantity": self.quantity.name}


@dataclass(frozen=True, eq=False)
class Sensitivity(Result):
    """What experiments would measure of a topic.

    Args:
        topic: its name.
        title: of it.
        expected: single experiments and, of several, all together.
        assumptions: behind the numbers, by experiment and subject, in words.
        provenance: physics choices, changed fields and inputs.
    """

    main_table: ClassVar[str] = "expected"

    topic: str
    title: str
    expected: tuple[Expected, ...]
    assumptions: Mapping[str, Mapping[str, str]]
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Experiments, and `JOINT` where there are several."""
        return tuple(dict.fromkeys(x.of for x in self.expected))

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What was asked, the first one in front."""
        return tuple({x.quantity.name: x.quantity for x in self.expected}.values())

    @property
    def headline(self) -> Expected:
        """The first quantity, of all experiments together where there are several."""
        return next(x for x in self.expected if x.of == self.names[-1])

    def at(
        self,
        quantity: str | None = None,
        *,
        of: str | None = None,
        years: float | None = None,
        flux_error: float | None = None,
    ) -> Expected:
        """The first expected number with what is named.

        Raises:
            KeyError: if there is none.
        """
        wanted = {"of": of, "years": years, "flux_error": flux_error}
        for x in self.expected:
            if quantity in (None, x.quantity.name) and all(
                value is None or value == getattr(x, name) for name, value in wanted.items()
            ):
                return x
        raise KeyError(f"{quantity or 'number'} with {wanted}")

    def independent(self, quantity: str, years: float | None, flux_error: float | None) -> float:
        """Error of the mean of single experiments, as if they had nothing in common.

        The inverse root of the sum of 1/error^2, that of a fit that would take the common flux for
        one of each experiment; NaN where an error is missing.
        """
        errors = [
            x.error
            for x in self.expected
            if (x.quantity.name, x.years, x.flux_error) == (quantity, years, flux_error)
            and x.of != JOINT
        ]
        if None in errors or not errors:
            return math.nan
        return 1.0 / math.sqrt(sum(1.0 / e**2 for e in errors if e is not None))

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns sensitivity``."""
        first = self.headline
        cells = []
        for x in self.expected:
            cell = x.to_dict()
            if x.of == JOINT:
                found = self.independent(x.quantity.name, x.years, x.flux_error)
                cell["error_if_independent"] = found
            cells.append(cell)
        return records.cited(
            {
                **records.head(),
                **self.provenance,
                "topic": self.topic,
                "title": self.title,
                "quantity": first.quantity.name,
                "error": first.error,
                "interval_90": first.interval,
                "upper_limit_90": first.upper_limit,
                "significance": first.significance,
                "assumptions": {n: dict(words) for n, words in self.assumptions.items()},
                "quantities": {
                    q.name: {"title": q.title, "kind": q.kind, "unit": q.unit}
                    for q in self.quantities
                },
                "method": (
                    "errors: Fisher information of expected counts, which is HESSE on them; "
                    "intervals and limits: profile likelihood, rise of -2 ln L by 2.71"
                ),
                "expected": cells,
            },
            "fit",
            "asymptotic",
        )
