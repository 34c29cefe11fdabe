"""What a parameter is: name, value, unit, bounds, constraint, role and a sentence.

Parameters are immutable and passed as arguments; a fit returns new values, it never changes a
model. A `Parameters` collection is ordered: the order is that of the parameter vector.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.records import Shown
from cevns.records.record_tables import page
from cevns.typing import Array

__all__ = ["Gaussian", "Parameter", "Parameters", "fold_name"]

Role = Literal["poi", "normalisation", "nuisance"]


@dataclass(frozen=True)
class Gaussian:
    """Gaussian auxiliary measurement: adds ``((theta - mean)/sigma)^2`` to -2 ln L."""

    mean: float
    sigma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sigma) and self.sigma > 0):
            raise InputError(
                f"a constraint needs a finite mean and a positive width, not "
                f"{self.mean} +/- {self.sigma}"
            )


@dataclass(frozen=True)
class Parameter:
    """One named parameter of a model.

    Args:
        name: dotted, unique within a model, for example ``"sns.flux"``.
        value: starting and nominal value, in `unit`.
        unit: empty for a dimensionless one.
        lower: lower bound.
        upper: upper bound.
        constraint: auxiliary measurement, or None for a free parameter.
        fixed: held at `value` in fits.
        role: parameter of interest, normalisation of a component, or nuisance.
        shared: the same quantity in every experiment that names it.
        description: one sentence on what it is.
        typical: a typical step of a free parameter; by default a tenth of the value.
        natural: from where to where it is scanned if nothing else is said, in `unit`; None where
            no range suggests itself. One above 0 is divided in the logarithm.

    Raises:
        InputError: if the value is not finite or lies outside its bounds.

    Examples:
        >>> Parameter("t0", 0.474, unit="us", constraint=Gaussian(0.474, 0.025)).scale
        0.025
    """

    name: str
    value: float
    unit: str = ""
    lower: float = -math.inf
    upper: float = math.inf
    constraint: Gaussian | None = None
    fixed: bool = False
    role: Role = "nuisance"
    shared: bool = False
    description: str = ""
    typical: float | None = None
    natural: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InputError(f"parameter {self.name!r}: the value {self.value} is not finite")
        if not self.lower <= self.value <= self.upper:
            raise InputError(
                f"parameter {self.name!r}: the value {self.value:g} lies outside its bounds "
                f"[{self.lower:g}, {self.upper:g}]"
            )

    @property
    def scale(self) -> float:
        """A typical step: the constraint's width, else as told, else 10 % of the value or 0.1."""
        if self.constraint is not None:
            return self.constraint.sigma
        if self.typical is not None:
            return self.typical
        return 0.1 * abs(self.value) if self.value else 0.1

    def at(self, value: float, *, fixed: bool | None = None) -> Parameter:
        """The same parameter at another value, fixed or not as before unless said."""
        return replace(self, value=value, fixed=self.fixed if fixed is None else fixed)


def fold_name(name: str) -> str:
    """Fold a parameter name so that ``-`` and ``_`` are equal.

    Examples:
        >>> fold_name("sin2-theta-w")
        'sin2_theta_w'
    """
    return name.strip().replace("-", "_").casefold()


class Parameters(Shown, Sequence[Parameter]):
    """An ordered, immutable collection of parameters with look-up by name.

    Raises:
        InputError: if two parameters have the same name, or something is no `Parameter`.

    Examples:
        >>> p = Parameters([Parameter("a", 1.0), Parameter("b_c", 2.0)])
        >>> p["b-c"].value, p.index("a"), p.names
        (2.0, 0, ('a', 'b_c'))
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._items = tuple(parameters)
        self._index: dict[str, int] = {}
        found: tuple[object, ...] = self._items
        for p in found:
            if not isinstance(p, Parameter):
                raise InputError(
                    f"each of the parameters must be a Parameter, not the {type(p).__name__} {p!r}"
                )
        for i, p in enumerate(self._items):
            if fold_name(p.name) in self._index:
                raise InputError(f"two parameters are called {p.name!r}")
            self._index[fold_name(p.name)] = i

    @overload
    def __getitem__(self, key: int | str) -> Parameter: ...
    @overload
    def __getitem__(self, key: slice) -> Parameters: ...
    def __getitem__(self, key: int | str | slice) -> Parameter | Parameters:
        """By position, by name (``-`` and ``_`` equal) or by slice."""
        if isinstance(key, str):
            return self._items[self.position(key)]
        if isinstance(key, slice):
            return Parameters(self._items[key])
        return self._items[key]

    def __len__(self) -> int:
        """Number of parameters, fixed ones included."""
        return len(self._items)

    def __iter__(self) -> Iterator[Parameter]:
        """In vector order."""
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        """By name or by value."""
        return fold_name(key) in self._index if isinstance(key, str) else key in self._items

    def has(self, name: str) -> bool:
        """Whether there is a parameter of this name (``-`` and ``_`` equal)."""
        return fold_name(name) in self._index

    def _shown(self) -> Mapping[str, Any]:
        """A table of them for a notebook."""
        return {
            "parameters": {
                p.name: {
                    "value": p.value,
                    "unit": p.unit,
                    "lower": p.lower,
                    "upper": p.upper,
                    "constraint": ""
                    if p.constraint is None
                    else f"{p.constraint.mean:g} ± {p.constraint.sigma:g}",
                    "fixed": p.fixed,
                    "role": p.role,
                    "description": p.description,
                }
                for p in self
            }
        }

    def _repr_html_(self) -> str:
        """Under their number: what `repr` lists stands in the table."""
        return page(f"{len(self)} parameters", self.record_tables())

    def __repr__(self) -> str:
        """Names and values."""
        return "Parameters(" + ", ".join(f"{p.name}={p.value:g}" for p in self) + ")"

    def position(self, name: str) -> int:
        """Index of `name` in the parameter vector.

        Raises:
            UnknownNameError: if there is no such parameter.
        """
        try:
            return self._index[fold_name(name)]
        except KeyError:
            raise UnknownNameError("parameter", name, self.names) from None

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """Position of a parameter given by name (or the parameter itself)."""
        if isinstance(value, str):
            return self.position(value)
        return self._items.index(value, start, len(self) if stop is None else stop)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in vector order."""
        return tuple(p.name for p in self)

    @property
    def values(self) -> Array:
        """Starting values, shape ``(len(self),)``."""
        return np.array([p.value for p in self])

    @property
    def free(self) -> tuple[int, ...]:
        """Positions of the parameters that are not fixed."""
        return tuple(i for i, p in enumerate(self) if not p.fixed)

    def fix(self, values: Mapping[str, float | None]) -> Parameters:
        """A copy with the named parameters fixed, at the given value or (None) where they are.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if a value lies outside the bounds.
        """
        new = list(self)
        for name, value in values.items():
            i = self.position(name)
            new[i] = new[i].at(new[i].value if value is None else value, fixed=True)
        return Parameters(new)

    def at(self, values: Mapping[str, float]) -> Parameters:
        """A copy with the named parameters at other values."""
        new = list(self)
        for name, value in values.items():
            i = self.position(name)
            new[i] = new[i].at(value)
        return Parameters(new)
