"""Processes at a target, one file for each process.

The Standard Model of CEvNS and its extensions are sums of terms, d(sigma)/dT = sum_k w_k(theta)
a_k(T, 1/E) F F. Any other process is separate: a sum of terms, or a kernel d(sigma)/d(deposit).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

from cevns import registry
from cevns.exceptions import CevnsError, InputError
from cevns.processes.framework import kinematics
from cevns.processes.framework import user_models as _user
from cevns.processes.framework.abilities import (
    ForFormFactor,
    ForSource,
    FromElsewhere,
    NeutronRadii,
    OfNuclides,
    Proportional,
    ProtonRadii,
    Steep,
    Structured,
    ToLevel,
    at_place,
    check_species,
    factors_at,
    is_steep,
    keeps_spectra,
    own_neutron_radius,
    proton_radius,
    structure_of,
)
from cevns.processes.framework.combined import Combined
from cevns.processes.framework.differential import differential_cross_section, total_cross_section
from cevns.processes.framework.electron_scattering import (
    ELECTRON,
    ElectronScattering,
    electron_scattering,
    matters_at_electrons,
)
from cevns.processes.framework.extension import CONTACT, ELECTRON_CONTACT, Extension, Shape, bounded
from cevns.processes.framework.kernels import (
    KernelProcess,
    Process,
    Quantity,
    is_kernel,
    quantity_of,
    signal_title,
)
from cevns.processes.framework.kinematics import (
    MASSLESS,
    DarkKinematics,
    Kinematics,
    Massive,
    Massless,
    Several,
    Threshold,
    Upscattering,
    recoil_ends_kev,
)
from cevns.processes.framework.terms import (
    Factor,
    FluxFactor,
    Interaction,
    Term,
    nuclear_factors,
    term_kinematics,
)
from cevns.processes.framework.trial import tried, tried_alone
from cevns.processes.ingredients import degeneracy, lma_dark
from cevns.processes.standard_model import StandardModel

__all__ = [
    "CONTACT",
    "ELECTRON",
    "ELECTRON_CONTACT",
    "MASSLESS",
    "Combined",
    "DarkKinematics",
    "ElectronScattering",
    "Extension",
    "Factor",
    "FluxFactor",
    "ForFormFactor",
    "ForSource",
    "FromElsewhere",
    "Interaction",
    "KernelProcess",
    "Kinematics",
    "Massive",
    "Massless",
    "NeutronRadii",
    "OfNuclides",
    "Process",
    "Proportional",
    "ProtonRadii",
    "Quantity",
    "Several",
    "Shape",
    "StandardModel",
    "Steep",
    "Structured",
    "Term",
    "Threshold",
    "ToLevel",
    "Upscattering",
    "at_place",
    "bounded",
    "check_species",
    "degeneracy",
    "differential_cross_section",
    "electron_scattering",
    "factors_at",
    "interaction",
    "interactions",
    "is_kernel",
    "is_steep",
    "keeps_spectra",
    "kinematics",
    "lma_dark",
    "matters_at_electrons",
    "nuclear_factors",
    "own_neutron_radius",
    "process",
    "proton_radius",
    "quantity_of",
    "recoil_ends_kev",
    "signal_title",
    "structure_of",
    "term_kinematics",
    "total_cross_section",
]


def interactions() -> tuple[str, ...]:
    """Names of the interactions: those of this package and of installed packages that declare some.

    Examples:
        >>> "standard-model" in interactions()
        True
    """
    return registry.names(__name__)


def interaction(name: str, **options: Any) -> Interaction:
    """The interaction called `name`, or several extensions of the Standard Model together.

    A process that is not an `Extension` is separate: the Standard Model is not added to it, and it
    may be a `KernelProcess` (which the type of `process` includes).

    Args:
        name: registry name, or a Python file with an `Extension` or a process of its own
            (``my_model.py``, ``my_model.py:ClassName``); ``nsi+magnetic-moment`` is both at once.
            A name may be followed by its options, ``light-vector:charges=B-L,loop=constant``;
            several words are separated by blanks, ``neutron-radius:elements=Ar Ge,theory=0.02``.
        options: ``couplings``, ``axial`` and ``charge_radius`` (``constant``, or ``running``: with
            the extension ``charge-radius-running``) of the Standard Model, and options of the
            extensions, each of which receives those that belong to it.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if a user's file cannot be used, an option is unknown, two extensions have a
            parameter of the same name, or a separate process is joined with ``+``.

    Examples:
        >>> interaction("standard-model", couplings="tree-lowE").name
        'standard-model'
    """
    return cast("Interaction", process(name, **options))


def process(name: str, **options: Any) -> Process:
    """As `interaction`, for a name that may also be that of a `KernelProcess`.

    Examples:
        >>> process("nsi+magnetic-moment").name
        'nsi+magnetic-moment'
    """
    left = dict(options)
    base = {k: left.pop(k) for k in _OF_STANDARD if k in left}
    written = [_user.with_options(part) for part in _user.parts(name) if not _standard(part)]
    parts = [part for part, _ in written]
    found = [_model(part) for part in parts]
    own = [_options(m, *one) for m, one in zip(found, written, strict=True)]
    for part, model, behind in zip(parts, found, own, strict=True):
        if not _user.alone(model):
            continue
        if len(_user.parts(name)) > 1:
            raise InputError(
                f"{part!r} is a separate process and not an extension of the Standard Model: it "
                "cannot be joined with '+'"
            )
        standard = {k: v for k, v in base.items() if v != _OF_STANDARD[k] or _takes(model, k)}
        left |= standard
        built = _built(part, model, left, behind)
        _all_taken(name, left)
        return built if _own(part) else tried_alone(built, part)
    running = base.pop("charge_radius", _CONSTANT) != _CONSTANT
    extensions = tuple(
        e if _own(part) else tried(e, part)
        for part, e in (
            (p, _built(p, m, left, behind)) for p, m, behind in zip(parts, found, own, strict=True)
        )
    )
    _all_taken(name, left)
    if running and all(e.name != _RUNNING for e in extensions):
        extensions = (*extensions, _built(_RUNNING, _model(_RUNNING), {}, {}))
    return Combined(StandardModel(**base), extensions) if extensions else StandardModel(**base)


_CONSTANT, _RUNNING = "constant", "charge-radius-running"
_OF_STANDARD: Mapping[str, Any] = {
    "couplings": StandardModel.couplings,
    "axial": StandardModel.axial,
    "charge_radius": _CONSTANT,
}
"""Options of the Standard Model, which every experiment file has, and their default values."""


def _all_taken(name: str, left: Mapping[str, Any]) -> None:
    if left:
        raise InputError(f"{name!r} has no option {', '.join(map(repr, left))}")


def _own(name: str) -> bool:
    return registry.canonical(name) in registry.shipped(__name__)


def _takes(model: Any, option: str) -> bool:
    return isinstance(model, type) and option in inspect.signature(model).parameters


def _standard(name: str) -> bool:
    return registry.canonical(name) == StandardModel.name


def _model(name: str) -> Any:
    """The class or object that a name stands for."""
    if _own(name):
        module = registry.load(__name__, "interaction", name)
        return module.MODEL if hasattr(module, "MODEL") else module.PROCESS
    if _user.is_path(name):
        return _user.from_file(name)
    return _user.from_plugin(name)


def _options(model: Any, name: str, written: Mapping[str, str]) -> dict[str, Any]:
    """The options that are written behind a name.

    Raises:
        InputError: if the model has no such option, or the value is none.
    """
    takes = inspect.signature(model).parameters if isinstance(model, type) else {}
    for option in written:
        if option not in takes:
            known = ", ".join(takes) or "none"
            raise InputError(f"{name!r} has no option {option!r}; it has {known}")
    return {n: _as_taken(n, takes[n].default, text) for n, text in written.items()}


def _as_taken(name: str, default: Any, text: str) -> Any:
    """A value as the option takes it, told by its default.

    Numbers, true or false, several words with blanks between, and text. An option that is nothing
    by default is a number.
    """
    if isinstance(default, str) or default is inspect.Parameter.empty:
        return text
    if isinstance(default, tuple):
        return tuple(text.split())
    if isinstance(default, bool):
        if text.casefold() not in ("true", "false"):
            raise InputError(f"{name}={text}: write true or false")
        return text.casefold() == "true"
    if default is not None and not isinstance(default, int | float):
        raise InputError(f"{name}={text}: this option is a Python object; give it in Python")
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{name}={text}: this is not a number") from None
    return int(number) if isinstance(default, int) and number.is_integer() else number


def _built(name: str, model: Any, options: dict[str, Any], own: Mapping[str, Any]) -> Any:
    """The object, with those of the options that are its own, which are taken out."""
    if isinstance(model, type):
        takes = inspect.signature(model).parameters
        given = {k: options.pop(k) for k in tuple(options) if k in takes} | dict(own)
        try:
            model = model(**given)
        except CevnsError:
            raise
        except Exception as error:
            if _own(name):
                raise
            raise InputError(f"{name}: it cannot be built, {_user.say(error)}") from error
    return model
