"""Where a scan looks: axes, and the models behind them.

Most axes are parameters of a model: at a grid point they are held and the others profiled. An
axis may also be *structural*: a number that the model is built for, like the mass of a mediator;
then there is one model for each of its values, and the question at each is about the other axes
(a raster scan).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model, digest
from cevns.parameters import Parameter, Parameters
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["Axis", "Family", "Grid"]


class Family(Protocol):
    """The models of one question, one for each value of what is structural.

    A `Model` is a family of one. Families must be picklable for work in other processes.
    """

    @property
    def name(self) -> str:
        """What the family is called in results."""

    @property
    def parameters(self) -> Parameters:
        """Parameters of its models: names, order and constraints are the same in all."""

    @property
    def structure(self) -> Parameters:
        """What a model is built for; empty if there is only one."""

    def model(self, structure: Mapping[str, float]) -> Model:
        """The model at values of the structural parameters; nominal where left out."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a scan.

    Args:
        parameter: what is scanned.
        values: where, increasing.
        log: whether the values are equidistant in the logarithm.
        structural: whether each value has its own model.

    Raises:
        InputError: if there are too few values, or they do not increase, are not finite or leave
            the parameter's bounds.

    Examples:
        >>> from cevns.parameters import Parameter
        >>> axis = Axis.between(Parameter("g", 0.0, lower=0.0), 1e-4, 1e-2, 3, log=True)
        >>> axis.values.tolist()
        [0.0001, 0.001, 0.01]
    """

    parameter: Parameter
    values: Array = field(repr=False)
    log: bool = False
    structural: bool = False

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=float)
        object.__setattr__(self, "values", values)
        p = self.parameter
        if values.ndim != 1 or values.size < 1 or not np.all(np.isfinite(values)):
            raise InputError(f"the axis {p.name!r} needs at least one value, all of them finite")
        if np.any(np.diff(values) <= 0):
            raise InputError(f"the values of the axis {p.name!r} must increase")
        outside = values[(values < p.lower) | (values > p.upper)]
        if outside.size:
            unit = f" {p.unit}" if p.unit else ""
            raise InputError(
                f"the axis {p.name!r} reaches {outside[0]:g}{unit}, outside the physical range "
                f"[{p.lower:g}, {p.upper:g}]{unit}; scan inside it"
            )

    @classmethod
    def between(
        cls,
        parameter: Parameter,
        low: float,
        high: float,
        n: int,
        *,
        log: bool = False,
        structural: bool = False,
    ) -> Axis:
        """`n` values from `low` to `high`, equidistant or (`log`) so in the logarithm.

        Raises:
            InputError: if the range is empty, or a logarithmic one is not positive.
        """
        name = parameter.name
        if not (math.isfinite(low) and math.isfinite(high)) or n < 2 or not low < high:
            raise InputError(
                f"the axis {name!r}: {low:g}:{high:g}:{n} is not a range; give low < high and at "
                "least two points"
            )
        if log and low <= 0:
            raise InputError(f"the axis {name!r}: a logarithmic range starts above 0, not {low:g}")
        values = np.geomspace(low, high, n) if log else np.linspace(low, high, n)
        values[0], values[-1] = low, high
        return cls(parameter, values, log, structural)

    @classmethod
    def natural(cls, parameter: Parameter, n: int, *, structural: bool = False) -> Axis:
        """`n` values over the natural range of a parameter.

        Raises:
            InputError: if it has none.
        """
        if parameter.natural is None:
            raise InputError(
                f"the parameter {parameter.name!r} has no default range; give its limits and the "
                "number of points"
            )
        low, high = parameter.natural
        return cls.between(parameter, low, high, n, log=low > 0.0, structural=structural)

    @property
    def name(self) -> str:
        """Of the parameter."""
        return self.parameter.name

    def __len__(self) -> int:
        """Number of values."""
        return int(self.values.size)


@dataclass(frozen=True, eq=False)
class Grid:
    """Axes of a scan and what they span.

    Points are numbered with the last axis fastest.

    Args:
        family: the models.
        axes: one or two.

    Raises:
        InputError: if there is no axis, more than two, or one twice.
    """

    family: Family
    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.axes) <= 2:
            raise InputError(
                f"a scan has one or two parameters, not {len(self.axes)}; the others are profiled"
            )
        if len({a.name for a in self.axes}) < len(self.axes):
            raise InputError(f"the parameter {self.axes[0].name!r} is scanned twice")
        if all(a.structural for a in self.axes):
            raise InputError(
                f"a scan of {' and '.join(a.name for a in self.axes)} alone has no free "
                "parameter; scan a coupling too"
            )

    @classmethod
    def of(cls, family: Family, ranges: Mapping[str, Sequence[float] | Array]) -> Grid:
        """A grid over values by parameter name, structural or not.

        Raises:
            UnknownNameError: if a name is unknown.
        """
        axes = []
        for name, values in ranges.items():
            structural = family.structure.has(name)
            p = (family.structure if structural else family.parameters)[name]
            axes.append(Axis(p, np.asarray(values, dtype=float), structural=structural))
        return cls(family, tuple(axes))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(a) for a in self.axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @cached_property
    def points(self) -> Array:
        """Coordinates, ``(size, n_axes)``."""
        mesh = np.meshgrid(*(a.values for a in self.axes), indexing="ij")
        return np.stack([m.ravel() for m in mesh], axis=-1)

    @property
    def free(self) -> tuple[Axis, ...]:
        """The axes that are parameters of the models; they span a slice."""
        return tuple(a for a in self.axes if not a.structural)

    @property
    def scanned(self) -> tuple[str, ...]:
        """Names of the axes that are parameters of the models."""
        return tuple(a.name for a in self.free)

    @property
    def slice_shape(self) -> tuple[int, ...]:
        """Number of values along each axis of a slice."""
        return tuple(len(a) for a in self.free)

    @property
    def raster(self) -> tuple[str, ...]:
        """Names of the structural axes."""
        return tuple(a.name for a in self.axes if a.structural)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the statistic: the number of axes that are not structural."""
        return len(self.scanned)

    def slices(self) -> list[tuple[dict[str, float], IntArray]]:
        """Structural values and the numbers of the points that have them."""
        columns = [i for i, a in enumerate(self.axes) if a.structural]
        if not columns:
            return [({}, np.arange(self.size))]
        (column,) = columns
        axis = self.axes[column]
        at = self.points[:, column]
        return [({axis.name: float(v)}, np.flatnonzero(at == v)) for v in axis.values]

    def with_neighbours(self, points: BoolArray) -> BoolArray:
        """Some points, ``(size,)``, and those beside them in their slice, diagonals included."""
        from scipy.ndimage import binary_dilation

        out = points.copy()
        for _, of_slice in self.slices():
            inside = points[of_slice].reshape(self.slice_shape)
            out[of_slice] = binary_dilation(inside, np.ones((3,) * inside.ndim)).ravel()
        return out

    def datasets(self) -> dict[str, Array]:
        """The values of the axes, as files of scans hold them."""
        return {f"axis/{a.name}": a.values for a in self.axes}

    def digest(self) -> str:
        """SHA-256 of the models at the ends of the grid."""
        slices = self.slices()
        ends = [slices[0][0]] + ([slices[-1][0]] if len(slices) > 1 else [])
        return _sha256("".join(digest(self.family.model(values)) for values in ends))

    def data_digest(self, data: Data | None) -> str:
        """SHA-256 of data, by default those of the models."""
        data = observed(self.family.model(self.slices()[0][0])) if data is None else data
        numbers = np.concatenate([data.counts, data.auxiliary])
        return _sha256(" ".join(f"{v:.9e}" for v in numbers))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
