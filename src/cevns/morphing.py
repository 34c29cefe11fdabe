"""Interpolation between a nominal quantity and its +1 and -1 sigma variations.

With S = (plus - minus)/2 and D = (plus + minus)/2 - nominal,

    value(alpha) = nominal + alpha S + d(alpha) D,
    d = alpha^2 (15 - 10 alpha^2 + 3 alpha^4)/8 for |alpha| <= 1,   |alpha| outside.

d(+-1) = 1, and value, first and second derivative are continuous everywhere: at |alpha| = 1,
d = 1, d' = 1, d'' = 0 from both sides, and no kink at 0. Outside the curve goes on along the
straight line from the nominal through the variation. (This is HistFactory's interpolation
"code 4p".) A symmetric variation, D = 0, stays exactly linear.

Tables that are known at a grid of parameter values, and what lies between the values:

With shares s_p of the points p of the grid, which sum to one, a table follows its parameters as

    table(theta) = sum_p s_p(theta) table_p,      s_p = product_k w_k(theta_k)

where w_k are straight lines (``line``) or natural cubic splines (``spline``) that are one at one
value of parameter k and zero at the others. Between two values both are straight lines. Beyond the
ends of its values a parameter moves nothing.

The files of such tables are NumPy archives (``.npz``). A table has an axis for each parameter
first, and the bins last, which may be those of several observables. The names of the parameters are
in ``parameters`` and their values under these names, unless the reader is told; ``edges`` are those
of the bins, where there are any. A table with a further axis, of energies, may be divided by
numbers of its own along it, ``NAME_scale``, so that half precision is enough. So that it takes less
room, ``NAME_steps`` may hold the same numbers as differences: the 16 bits of each are taken as an
integer, of which the one before it is subtracted modulo 2^16, along the first parameter and then
along the energies; a difference d is written as 2 d, or as -2 d - 1 where it is negative; and the
high and the low bytes stand apart. `steps` and `halves` go from one to the other without loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import DataError, InputError
from cevns.typing import Array, ArrayLike, frozen

__all__ = [
    "Between",
    "GridTable",
    "ParameterGrid",
    "even_part",
    "even_part_derivative",
    "halves",
    "read_grid_table",
    "steps",
]

Between = Literal["spline", "line"]
"""What lies between the values of a grid."""
_KEPT: Final[dict[tuple[object, ...], Array]] = {}
"""The last shares that were asked for."""
_READ: Final[dict[tuple[object, ...], GridTable]] = {}
"""The last tables that were read, by the content of their files."""
_MOST_READ: Final = 16
_MOST_KEPT: Final = 4
_STEPPED: Final = (0, -2)
"""Axes along which neighbours are alike: the first parameter, and the energies."""
_LARGEST_KEPT: Final = 10_000
"""Numbers in one of them: those of single points, which minimisers ask for."""


@dataclass(frozen=True, eq=False)
class ParameterGrid:
    """Values of parameters at which a table is known; see the module.

    Args:
        values: by parameter, increasing.
        between: natural cubic splines, or straight lines.

    Examples:
        >>> grid = ParameterGrid({"yield": np.array([-1.0, 0.0, 1.0])}, "line")
        >>> grid.shares([0.25]).tolist(), grid.shares([0.25], slope_of=0).tolist()
        ([0.0, 0.75, 0.25], [0.0, -1.0, 1.0])
    """

    values: Mapping[str, Array] = field(default_factory=dict)
    between: Between = "spline"

    @property
    def ends(self) -> dict[str, tuple[float, float]]:
        """The parameters, each within its ends."""
        return {name: (float(v[0]), float(v[-1])) for name, v in self.values.items()}

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each parameter."""
        return tuple(len(v) for v in self.values.values())

    def shares(self, at: ArrayLike | None = None, *, slope_of: int | None = None) -> Array:
        """What each point of the grid has in the mixture, ``(..., n_points)``.

        Args:
            at: values of the parameters, ``(..., n_parameters)``; the middle of their ranges where
                left out.
            slope_of: number of the parameter by which the derivative is asked for.
        """
        if at is None:
            place: Array = np.array([0.5 * (low + high) for low, high in self.ends.values()])
        else:
            place = np.asarray(at, dtype=float)
        found = self.rows(place, () if slope_of is None else (slope_of,))
        return found[-1] if found.size else np.ones(1)

    def rows(self, at: Array, slopes_of: tuple[int, ...] = ()) -> Array:
        """Shares, and behind them their slopes by some parameters, ``(1 + n, ..., n_points)``.

        Channels and components of one experiment ask for the same again and again: the last answers
        are kept.
        """
        key = self._name, slopes_of, np.shape(at), at.tobytes()
        known = _KEPT.get(key)
        if known is None:
            known = frozen(self._rows(at, slopes_of))
            while len(_KEPT) >= _MOST_KEPT:
                _KEPT.pop(next(iter(_KEPT)), None)
            if known.size <= _LARGEST_KEPT:
                _KEPT[key] = known
        return known

    def _rows(self, at: Array, slopes_of: tuple[int, ...]) -> Array:
        places = [
            np.minimum(np.maximum(at[..., k], points[0]), points[-1])
            for k, points in enumerate(self.values.values())
        ]
        along = [curve(x, False) for curve, x in zip(self._curves, places, strict=True)]
        every = [along] + [
            [*along[:k], self._curves[k](places[k], True), *along[k + 1 :]] for k in slopes_of
        ]
        out = []
        for factors in every:
            total = np.ones((*np.shape(at)[:-1], 1))
            for factor in factors:
                total = (total[..., :, None] * factor[..., None, :]).reshape(*factor.shape[:-1], -1)
            out.append(total)
        return np.array(out)

    @cached_property
    def _name(self) -> tuple[object, ...]:
        """What tells grids apart whose shares are not the same."""
        return (self.between, *(v.tobytes() for v in self.values.values()))

    @cached_property
    def _curves(self) -> tuple[Callable[[Array, bool], Array], ...]:
        """Along each parameter the curves that are one at one value and zero at the others."""
        make = _splines if self.between == "spline" else _lines
        return tuple(make(points) for points in self.values.values())


def _splines(points: Array) -> Callable[[Array, bool], Array]:
    """Natural cubic splines, or their slopes, at values."""
    from scipy.interpolate import CubicSpline

    return partial(_on_splines, CubicSpline(points, np.eye(len(points)), bc_type="natural"))


def _on_splines(spline: Callable[..., Array], value: Array, slope: bool) -> Array:
    return np.asarray(spline(value, int(slope)))


def _lines(points: Array) -> Callable[[Array, bool], Array]:
    """Straight lines, or their slopes, at values."""
    unit = np.eye(len(points))
    return partial(_on_lines, points, unit, np.diff(unit, axis=0) / np.diff(points)[:, None])


def _on_lines(points: Array, unit: Array, slopes: Array, value: Array, slope: bool) -> Array:
    left = np.clip(points.searchsorted(value, side="right") - 1, 0, len(slopes) - 1)
    if slope:
        found: Array = slopes[left]
        return found
    return np.asarray(unit[left] + (value - points[left])[..., None] * slopes[left])


@dataclass(frozen=True, eq=False)
class GridTable:
    """A table of a file.

    Args:
        path: where it is.
        values: of the parameters.
        edges: of the bins; None where the file has none.
        content: ``(n_1, ..., n_k, n_bins)``, or with one more axis before the bins.
        along: values along that axis; None where there is none.
    """

    path: Path
    values: Mapping[str, Array]
    edges: Array | None
    content: Array
    along: Array | None = None

    def check_bins(self, edges: Array) -> None:
        """Compare with the edges of an axis.

        Raises:
            InputError: if the bins are not those of the file.
        """
        n_bins = self.content.shape[-1]
        if n_bins != len(edges) - 1:
            raise InputError(
                f"the tables of {self.path.name} have {n_bins} bins and the axis {len(edges) - 1}; "
                "declare the axis with the bins of the file"
            )
        if self.edges is not None and np.abs(self.edges - edges).max() > 1e-9 * edges[-1]:
            raise InputError(
                f"the bins of {self.path.name} go from {self.edges[0]:g} to {self.edges[-1]:g} and "
                f"the axis from {edges[0]:g} to {edges[-1]:g}, or its edges differ in between; "
                "declare the axis with the edges of the file"
            )


def _check_names(path: Path, known: list[str], *wanted: str | None) -> None:
    """Raise `DataError` if an archive lacks an array."""
    for name in wanted:
        if name is not None and name not in known:
            raise DataError(f"holds no {name!r}; it has {', '.join(known[:12])}", path=path)


def read_grid_table(
    path: Path | str,
    name: str,
    *,
    parameters: Mapping[str, Sequence[float]] | None = None,
    along: str | None = None,
) -> GridTable:
    """Read one table of a file; see the module.

    Args:
        path: the archive.
        name: of the table.
        parameters: their values, in the order of the axes, where the file does not say.
        along: name of the array with the values along a further axis before the bins.

    Raises:
        DataError: if the file or the table is missing, is no archive of plain arrays, has other
            axes, values that do not increase, or a number that is negative or not finite.
    """
    path = Path(path)
    asked = tuple((n, tuple(map(float, v))) for n, v in (parameters or {}).items())
    try:
        stored = path.read_bytes()
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise DataError(f"cannot be read ({said}); check the path", path=path) from error
    key = str(path), sha256(stored).digest(), name, parameters is None, asked, along
    known = _READ.get(key)
    if known is None:
        known = _read(path, stored, name, parameters, along)
        while len(_READ) >= _MOST_READ:
            _READ.pop(next(iter(_READ)), None)
        _READ[key] = known
    return known


def _read(
    path: Path,
    archived: bytes,
    name: str,
    parameters: Mapping[str, Sequence[float]] | None,
    along: str | None,
) -> GridTable:
    """One table of the content of a file."""
    try:
        with np.load(BytesIO(archived), allow_pickle=False) as archive:
            known = list(archive.files)
            stored = f"{name}_steps" if f"{name}_steps" in known else name
            _check_names(path, known, stored, along, "parameters" if parameters is None else None)
            if parameters is None:
                names = [str(n) for n in np.atleast_1d(archive["parameters"])]
                values = {n: np.asarray(archive[n], dtype=float) for n in names}
            else:
                values = {n: np.asarray(v, dtype=float) for n, v in parameters.items()}
            edges = np.asarray(archive["edges"], dtype=float) if "edges" in known else None
            line = None if along is None else np.asarray(archive[along], dtype=float)
            content = np.asarray(archive[stored])
            content = (content if stored == name else halves(content)).astype(float)
            scale = None
            if along is not None and f"{name}_scale" in known:
                scale = np.asarray(archive[f"{name}_scale"], dtype=float)
    except DataError:
        raise
    except OSError as error:
        said = error.strerror or "no archive"
        raise DataError(f"cannot be read ({said}); check the path", path=path) from error
    except (ValueError, KeyError, BadZipFile, AttributeError, EOFError) as error:
        raise DataError("is not a NumPy archive (.npz) of plain arrays", path=path) from error
    lines = {**values, **({} if line is None else {str(along): line})}
    for label, found in {**lines, **({} if edges is None else {"edges": edges})}.items():
        if found.ndim != 1 or len(found) < 2 or not (np.diff(found) > 0.0).all():
            raise DataError(f"the values of {label!r} must be two or more and increase", path=path)
    first = tuple(len(v) for v in lines.values())
    if content.shape[: len(first)] != first or content.ndim == len(first):
        raise DataError(
            f"the table {name!r} has the shape {content.shape}; it needs axes of "
            f"{', '.join(f'{n} {label}' for n, label in zip(first, lines, strict=True)) or 'bins'} "
            "and the bins behind them",
            path=path,
        )
    content = content.reshape(*first, -1)
    if scale is not None:
        if line is None or scale.shape != line.shape:
            raise DataError(f"'{name}_scale' is not one number for each {along!r}", path=path)
        content = content * scale[:, None]
    if not (np.isfinite(content).all() and (content >= 0.0).all()):
        raise DataError(
            f"the table {name!r} holds a number that is negative or not finite", path=path
        )
    for array in (*values.values(), edges, content, line):
        if array is not None:
            array.setflags(write=False)  # of all who ask for it
    return GridTable(path, values, edges, content, line)


def steps(table: ArrayLike) -> NDArray[np.uint8]:
    """Numbers of half precision as differences, which take less room in an archive.

    Args:
        table: along parameters, energies and bins, in this order.

    Returns:
        High and low bytes, ``(2, ...)``; see the module.

    Examples:
        >>> table = np.array([[[0.5, 0.25]], [[0.5, 0.75]]])
        >>> bool((halves(steps(table)) == table).all())
        True
    """
    words = np.asarray(table).astype(np.float16).view(np.uint16)
    for axis in _STEPPED:
        words = np.diff(words, axis=axis, prepend=np.uint16(0))
    signed = words.view(np.int16)
    folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
    return np.stack([folded >> 8, folded & 255]).astype(np.uint8)


def halves(written: NDArray[np.uint8]) -> NDArray[np.float16]:
    """The numbers that `steps` has written."""
    high, low = written.astype(np.uint16)
    folded = high << 8 | low
    words = (folded >> 1) ^ -(folded & 1)
    for axis in _STEPPED[::-1]:
        words = np.cumsum(words, axis=axis, dtype=np.uint16)
    found: NDArray[np.float16] = words.view(np.float16)
    return found


def even_part(alpha: ArrayLike) -> Array:
    """The function d(alpha) above, same shape as `alpha`.

    Examples:
        >>> even_part([-2.0, -1.0, 0.0, 0.5, 1.0]).round(4).tolist()
        [2.0, 1.0, 0.0, 0.3965, 1.0]
    """
    x: Array = np.asarray(alpha)
    square = x * x
    inside = square * (15.0 + square * (-10.0 + 3.0 * square)) * 0.125
    return np.where(square <= 1.0, inside, np.abs(x))


def even_part_derivative(alpha: ArrayLike) -> Array:
    """The derivative of `even_part`.

    Examples:
        >>> even_part_derivative([-2.0, 0.0, 1.0]).tolist()
        [-1.0, 0.0, 1.0]
    """
    x: Array = np.asarray(alpha)
    square = x * x
    inside = x * (30.0 + square * (-40.0 + 18.0 * square)) * 0.125
    return np.where(square <= 1.0, inside, np.sign(x))
