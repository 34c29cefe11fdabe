"""What happens at a nucleus: d(sigma)/dT as a sum of terms, one file a process."""

from __future__ import annotations

import inspect
from typing import Any

from cevns import registry
from cevns.exceptions import CevnsError, InputError, UnknownNameError
from cevns.processes.framework import kinematics
from cevns.processes.framework import user_models as _user
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
)
from cevns.processes.framework.kinematics import (
    MASSLESS,
    Kinematics,
    Massive,
    Massless,
    Threshold,
)
from cevns.processes.framework.structure import at_place, check_species, factors_at, proton_radius
from cevns.processes.framework.terms import Factor, FluxFactor, Interaction, Term, nuclear_factors
from cevns.processes.framework.trial import tried
from cevns.processes.ingredients import degeneracy, lma_dark
from cevns.processes.standard_model import StandardModel

__all__ = [
    "CONTACT",
    "ELECTRON",
    "ELECTRON_CONTACT",
    "MASSLESS",
    "Combined",
    "ElectronScattering",
    "Extension",
    "Factor",
    "FluxFactor",
    "Interaction",
    "KernelProcess",
    "Kinematics",
    "Massive",
    "Massless",
    "Process",
    "Quantity",
    "Shape",
    "StandardModel",
    "Term",
    "Threshold",
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
    "kinematics",
    "lma_dark",
    "matters_at_electrons",
    "nuclear_factors",
    "proton_radius",
    "quantity_of",
    "total_cross_section",
]


def interactions() -> tuple[str, ...]:
    """Names of the interactions: those of this package and those that installed ones declare.

    Examples:
        >>> "standard-model" in interactions()
        True
    """
    return tuple(sorted({*registry.names(__name__), *_user.plugins()}))


def interaction(name: str, **options: Any) -> Interaction:
    """The interaction called `name`, or several extensions of the Standard Model together.

    Args:
        name: registry name, or a Python file with an `Extension` (``my_model.py``,
            ``my_model.py:ClassName``); ``nsi+magnetic-moment`` is both at once.
        options: ``couplings`` and ``axial`` of the Standard Model, and options of the extensions,
            each of which gets its own.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if a user's file cannot be used, an option is unknown, or two extensions have
            a parameter of the same name.

    Examples:
        >>> interaction("standard-model", couplings="tree-lowE").name
        'standard-model'
    """
    left = dict(options)
    base = {k: left.pop(k) for k in ("couplings", "axial") if k in left}
    extensions = tuple(_extension(part, left) for part in _user.parts(name) if not _standard(part))
    if left:
        raise InputError(f"{name!r} has no option {', '.join(map(repr, left))}")
    standard = StandardModel(**base)
    return Combined(standard, extensions) if extensions else standard


def _standard(name: str) -> bool:
    return registry.canonical(name) == StandardModel.name


def _extension(name: str, options: dict[str, Any]) -> Extension:
    """One extension, with those of the options that are its own, which are taken out."""
    own = registry.canonical(name) in registry.names(__name__)
    if own:
        model = registry.load(__name__, "interaction", name).MODEL
    elif _user.is_path(name):
        model = _user.from_file(name)
    elif registry.canonical(name) in _user.plugins():
        model = _user.from_plugin(name)
    else:
        raise UnknownNameError("interaction", name, interactions())
    if isinstance(model, type):
        takes = inspect.signature(model).parameters
        given = {k: options.pop(k) for k in tuple(options) if k in takes}
        try:
            model = model(**given)
        except CevnsError:
            raise
        except Exception as error:
            if own:
                raise
            raise InputError(f"{name}: it cannot be built, {_user.say(error)}") from error
    built: Extension = model if own else tried(model, name)
    return built
