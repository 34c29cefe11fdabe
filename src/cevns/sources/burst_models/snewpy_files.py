"""Files of supernova models that the package snewpy reads, as tables in time.

A snapshot of such a model has the spectra of nu_e, nu_x, nubar_e and nubar_x, each of one species:
rows of x count twice here, since they stand for the flavours mu and tau. Between snapshots spectra
are taken as linear in time, and what arrives between two is joined to one spectrum with the first
two moments of the sum.
"""

from __future__ import annotations

import glob
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.sources.burst_models.burst_table import TimeBins
from cevns.typing import Array, IntArray
from cevns.units import quantity

__all__ = ["read_snewpy"]

_MODULES: Final = ("models.base", "neutrino", "models.ccsn", "models.ccsn_loaders")
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
        InputError: if snewpy is not installed.
        UnknownNameError: if it has no such class.
        DataError: if it cannot read the file, or finds no burst in it.
    """
    model = _opened(path, loader)
    time = np.asarray(model.time.to_value("s"), dtype=float)
    if time.size < 2 or not np.all(np.diff(time) > 0.0):
        raise DataError("its times do not increase; a burst needs two or more", path=path)
    found: dict[str, TimeBins] = {}
    for name, (numbers, energies, squares) in _moments(model, time, path).items():
        # rates at the snapshots to what arrives between them, then groups of snapshots
        width = np.diff(time)
        joined = _groups(width.size)
        number, energy, square = (
            np.add.reduceat(0.5 * width * (rate[1:] + rate[:-1]), joined)
            for rate in (numbers, energies, squares)
        )
        some = number > 1e-12 * number.sum()
        if not some.any():
            raise DataError(f"snewpy finds no {name} in it", path=path)
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


def _groups(n: int) -> IntArray:
    """First of each group of intervals, at most `_MOST_BINS` groups."""
    groups: IntArray = np.unique(
        np.linspace(0.0, n, min(n, _MOST_BINS), endpoint=False).astype(int)
    )
    return groups


def _package(path: Path) -> tuple[Any, ...]:
    """The modules of snewpy that are needed."""
    try:
        return tuple(importlib.import_module(f"snewpy.{name}") for name in _MODULES)
    except ImportError:
        raise InputError(
            f"reading the supernova model {path.name} needs snewpy, which is not installed: pip "
            "install snewpy"
        ) from None


def _opened(path: Path, loader: str) -> Any:
    base, _, *modules = _package(path)
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
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"snewpy's {loader} cannot read it ({text[:200]})", path=path) from None


def _moments(model: Any, time: Array, path: Path) -> dict[str, tuple[Array, Array, Array]]:
    """Number, energy (MeV) and squared energy per second at each snapshot, by row of snewpy."""
    from scipy.integrate import simpson

    units = importlib.import_module("astropy.units")  # snewpy brings it
    rows = [flavour for flavour in _package(path)[1].Flavor if flavour.name in _ROWS]
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
