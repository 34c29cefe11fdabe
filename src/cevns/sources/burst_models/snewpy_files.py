"""Supernova models of the package snewpy, as tables in time: its own, and files that it reads.

A snapshot of such a model has the spectra of nu_e, nu_x, nubar_e and nubar_x, each of one species:
rows of x count twice here, since they stand for the flavours mu and tau. Between snapshots spectra
are taken as linear in time, and what arrives between two is joined to one spectrum with the first
two moments of the sum.
"""

from __future__ import annotations

import glob
import importlib
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.exceptions import DataError, InputError, MissingExtraError, UnknownNameError
from cevns.sources.burst_models.burst_table import TimeBins
from cevns.typing import Array, IntArray
from cevns.units import quantity

__all__ = ["Value", "read_snewpy", "snewpy_model"]

Value = str | float
"""Of a parameter of a model: a word, a number in its unit, or a quantity as text (``100 ms``)."""

_LOADERS: Final = ("models.ccsn", "models.ccsn_loaders")  # the later have the plain readers
_ROWS: Final = {
    "NU_E": ("nu_e",),
    "NU_X": ("nu_mu", "nu_tau"),
    "NU_E_BAR": ("nubar_e",),
    "NU_X_BAR": ("nubar_mu", "nubar_tau"),
    "NU_MU": ("nu_mu",),
    "NU_TAU": ("nu_tau",),
    "NU_MU_BAR": ("nubar_mu",),
    "NU_TAU_BAR": ("nubar_tau",),
}
"""Species that a row stands for; releases with three flavours have a row for each."""
_MOST_BINS: Final = 240
_ENERGY_MEV: Final = np.linspace(0.0, 240.0, 1201)
_MEV_PER_ERG: Final = quantity("1 erg", "MeV")


def read_snewpy(path: Path, loader: str) -> Mapping[str, TimeBins]:
    """A model file by flavour.

    Args:
        path: of the file, as the loader wants it.
        loader: class of snewpy that reads it, such as ``Nakazato_2013`` or ``Analytic3Species``.

    Raises:
        MissingExtraError: if snewpy is not installed.
        UnknownNameError: if it has no such class.
        DataError: if it cannot read the file, or finds no burst in it.
    """
    with _quiet():
        return _in_time(_opened(path, loader), str(path))


def snewpy_model(name: str, parameters: Mapping[str, Value]) -> Mapping[str, TimeBins]:
    """A model of snewpy by flavour; snewpy downloads its data when they are asked for first.

    Args:
        name: of the model, such as ``Nakazato_2013``.
        parameters: by the names of snewpy. One that has a single value may be left out.

    Raises:
        MissingExtraError: if snewpy is not installed.
        InputError: if the parameters are not those of a model, or its data cannot be had.
        UnknownNameError: if snewpy has no such model or parameter.
        DataError: if there is no burst in it.
    """
    with _quiet():
        ccsn, registry = _modules(
            f"the supernova model {name}", "models.ccsn", "models.registry_model"
        )
        known: dict[str, Any] = {
            n: kind
            for n, kind in vars(ccsn).items()
            if isinstance(kind, type) and registry.all_models.intersection(kind.__mro__)
        }
        if name not in known:
            raise UnknownNameError("model of snewpy", name, known)
        own = known[name].parameters
        for given in parameters:
            if given not in own.params:
                raise UnknownNameError(f"parameter of {name}", given, own.params)
        chosen = {n: _chosen(name, n, p, parameters.get(n)) for n, p in own.items()}
        if chosen not in own.valid_combinations_dict:
            said = ", ".join(f"{n}: {v}" for n, v in chosen.items())
            raise InputError(f"snewpy has no {name} with {said}; {_combinations(own)}")
        free = {n: v for n, v in chosen.items() if not own[n].fixed}
        try:
            model = known[name](**free)
        except Exception as error:  # of the network, or of its reader
            raise InputError(
                f"snewpy cannot get or read the data of {name} ({_shortly(error)}); it downloads "
                "them once: connect, or have them in its folder of models"
            ) from None
        return _in_time(model, name)


def _in_time(model: Any, where: str) -> Mapping[str, TimeBins]:
    """Snapshots joined to time bins."""
    time = np.asarray(model.time.to_value("s"), dtype=float)
    if time.size < 2 or not np.all(np.diff(time) > 0.0):
        raise DataError("its times do not increase; a burst needs two or more", path=where)
    found: dict[str, TimeBins] = {}
    for name, (numbers, energies, squares) in _moments(model, time).items():
        # rates at the snapshots to what arrives between them, then groups of snapshots
        width = np.diff(time)
        joined = _groups(width.size)
        number, energy, square = (
            np.add.reduceat(0.5 * width * (rate[1:] + rate[:-1]), joined)
            for rate in (numbers, energies, squares)
        )
        some = number > 1e-12 * number.sum()
        if not some.any():
            raise DataError(f"snewpy finds no {name} in it", path=where)
        begin, end = time[joined], np.append(time[joined[1:]], time[-1])
        bins = TimeBins(
            begin[some],
            end[some],
            energy[some] / _MEV_PER_ERG,
            energy[some] / number[some],
            square[some] / number[some],
        )
        found |= dict.fromkeys(_ROWS[name], bins)
    return found


def _chosen(model: str, name: str, parameter: Any, given: Value | None) -> Any:
    """The allowed value of a parameter that is meant.

    Raises:
        InputError: if none is.
    """
    allowed = list(parameter)
    if given is None and parameter.fixed:
        return allowed[0]
    for value in allowed:
        if given is not None and _same(value, given):
            return value
    values = ", ".join(str(v) for v in allowed)
    said = "is not given" if given is None else f"is {given}"
    raise InputError(f"parameter {name!r} of {model} {said}; snewpy has {values}")


def _same(value: Any, given: Value) -> bool:
    """Whether a word, number or quantity is the value of snewpy."""
    units = importlib.import_module("astropy.units")
    if isinstance(value, units.Quantity):
        try:
            meant = units.Quantity(given)  # a number, or text with a unit
            if meant.unit == units.dimensionless_unscaled:
                meant = meant.value * value.unit
            return math.isclose(meant.to_value(value.unit), value.value, rel_tol=1e-9)
        except (TypeError, ValueError):  # of units that do not convert too
            return False
    if isinstance(value, str):
        return str(given).casefold() == value.casefold()
    try:
        return math.isclose(float(given), float(value), rel_tol=1e-9)
    except ValueError:
        return False


def _combinations(own: Any) -> str:
    """Some that there are, for a message."""
    some = own.valid_combinations_dict
    shown = "; ".join(", ".join(f"{n}: {v}" for n, v in one.items()) for one in some[:3])
    return f"it has {len(some)}, such as {shown}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what snewpy and its dependencies say of each other to their developers."""
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        yield


def _shortly(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _groups(n: int) -> IntArray:
    """First of each group of intervals, at most `_MOST_BINS` groups."""
    groups: IntArray = np.unique(
        np.linspace(0.0, n, min(n, _MOST_BINS), endpoint=False).astype(int)
    )
    return groups


def _modules(what: str, *names: str) -> tuple[Any, ...]:
    """Modules of snewpy.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return tuple(importlib.import_module(f"snewpy.{name}") for name in names)
    except ImportError:
        raise MissingExtraError("snewpy", "snewpy", what) from None


def _opened(path: Path, loader: str) -> Any:
    what = f"reading the supernova model {path.name}"
    base, *modules = _modules(what, "models.base", *_LOADERS)
    known = {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, base.SupernovaModel)
        and kind not in (base.SupernovaModel, base.PinchedModel)
    }
    if loader not in known:
        raise UnknownNameError("loader of snewpy", loader, known)
    if not any(path.parent.glob(f"{glob.escape(path.name)}*")):  # some want the begin of a name
        raise DataError("no such file", path=path)
    try:
        return known[loader](filename=str(path))
    except Exception as error:  # each loader has its own
        said = f"snewpy's {loader} cannot read it ({_shortly(error)})"
        raise DataError(said, path=path) from None


def _moments(model: Any, time: Array) -> dict[str, tuple[Array, Array, Array]]:
    """Number, energy (MeV) and squared energy per second at each snapshot, by row of snewpy."""
    from scipy.integrate import simpson

    units = importlib.import_module("astropy.units")  # snewpy brings it
    flavours = importlib.import_module("snewpy.neutrino").Flavor
    rows = [flavour for flavour in flavours if flavour.name in _ROWS]
    spectra = model.get_initial_spectra(time * units.s, _ENERGY_MEV * units.MeV, rows)
    out = {}
    for flavour in rows:
        density = np.asarray(spectra[flavour].to_value(1 / (units.MeV * units.s)), dtype=float)
        density = np.nan_to_num(density.reshape(time.size, _ENERGY_MEV.size))
        number, energy, square = (
            simpson(density * _ENERGY_MEV**k, x=_ENERGY_MEV, axis=1) for k in range(3)
        )
        out[flavour.name] = number, energy, square
    return out
