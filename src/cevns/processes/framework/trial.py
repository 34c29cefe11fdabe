"""A trial of a user's extension, so that mistakes are named before anything is built on it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from cevns.exceptions import CevnsError, InputError
from cevns.nuclear.nuclides import nuclide
from cevns.parameters import Parameters
from cevns.processes.framework.combined import Combined
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.kernels import QUANTITIES, Process, is_kernel
from cevns.processes.framework.user_models import line_in, say
from cevns.processes.standard_model import StandardModel

__all__ = ["tried", "tried_alone"]

_FLAVOURS: Final = ("nu_e", "nu_mu", "nubar_mu")
_NUCLIDE: Final = "Cs133"
_POINTS: Final = 3


def tried(extension: Extension, where: str) -> Extension:
    """The extension, if it keeps to what `Extension` promises.

    Its parameters are looked at, and its weights and shapes evaluated on Cs133: with everything
    nominal and with arrays, as a fit does.

    Args:
        extension: a user's.
        where: its file or entry point, for the message.

    Raises:
        InputError: if something is not as it must be; the message says what and, for an error
            of the user's code, in which line.
    """
    label = f"{where}: {extension.name or type(extension).__name__!r}"

    def call(what: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except CevnsError:
            raise
        except Exception as error:
            hint = ""
            if isinstance(error, KeyError):
                hint = "; read parameters with self.value(values, name), they may be left out"
            raise InputError(
                f"{label}{_line(extension, error)}: {what} cannot be evaluated, {say(error)}{hint}"
            ) from error

    for kind in ("parameters", "structure"):
        found = call(kind, partial(getattr, extension, kind))
        if not isinstance(found, Parameters):
            raise InputError(
                f"{label}: its {kind} must be Parameters([Parameter(...), ...]) of "
                f"cevns.parameters, not {type(found).__name__}"
            )
    combined = call("it", lambda: Combined(StandardModel(), (extension,)))
    target = nuclide(_NUCLIDE)
    energies = np.array([1.0, 10.0])
    terms = call("its shapes and terms", lambda: combined.terms)
    for term in terms:
        what = f"the term {term.name}"
        rows = call(what, partial(term.coefficients, energies, target))
        _good(label, what, rows, ((3, energies.size),))
    arrays = {p.name: np.full(_POINTS, p.value) for p in extension.parameters}
    cases: dict[str, Mapping[str, Any]] = {
        "with parameters left out": {},
        "with arrays of parameters": arrays,
    }
    for how, values in cases.items():
        for flavour in _FLAVOURS:
            what = f"the cross section of {flavour} {how}"
            weights = call(what, partial(combined.weights, flavour, target, values))
            _good(label, what, weights, ((len(terms),), (len(terms), _POINTS)))
    return extension


def tried_alone(process: Process, where: str) -> Process:
    """A process of its own, if it has what `Interaction` or `KernelProcess` promise.

    Nothing is evaluated: its species are those of a source that is not here.

    Args:
        process: a user's.
        where: its file or entry point, for the message.

    Raises:
        InputError: if something is missing or of the wrong kind; the message says what.
    """
    label = f"{where}: {getattr(process, 'name', '') or type(process).__name__!r}"
    needed = ["name", "parameters", "kinematics", "quantity" if is_kernel(process) else "terms"]
    for name in needed:
        if not hasattr(process, name):
            raise InputError(f"{label}: it has no {name}, which every process has")
    if not isinstance(process.parameters, Parameters):
        raise InputError(
            f"{label}: its parameters must be Parameters([Parameter(...), ...]) of "
            f"cevns.parameters, not {type(process.parameters).__name__}"
        )
    for name in ("minimum_energy_mev", "maximum_recoil_kev"):
        if not callable(getattr(process.kinematics, name, None)):
            raise InputError(
                f"{label}: its kinematics have no {name}; take Massless(), Massive(mass_mev=...) "
                "or Threshold(threshold_mev=...) of cevns.processes"
            )
    if is_kernel(process) and process.quantity not in QUANTITIES:
        raise InputError(
            f"{label}: its quantity is {process.quantity!r}; choose {', '.join(QUANTITIES)}"
        )
    return process


def _good(label: str, what: str, found: Any, shapes: tuple[tuple[int, ...], ...]) -> None:
    if np.shape(found) not in shapes:
        raise InputError(
            f"{label}: {what} has the shape {np.shape(found)}, not "
            + " or ".join(str(s) for s in shapes)
        )
    if not np.isfinite(found).all():
        raise InputError(f"{label}: {what} is not finite")


def _line(extension: Extension, error: BaseException) -> str:
    """The line of the user's file in which an error arose, as text."""
    path = getattr(sys.modules.get(type(extension).__module__), "__file__", None)
    line = None if path is None else line_in(error, path)
    return f", line {line}" if line else ""
