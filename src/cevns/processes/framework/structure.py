"""The form factors of a nucleus as a process has them, and a process as it is at its place.

A process may say where the protons and where the neutrons are. What it leaves open is the
form-factor model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cevns.exceptions import InputError, SpeciesError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.processes.framework.terms import Interaction, nuclear_factors
from cevns.typing import Array

__all__ = ["T", "at_place", "check_species", "factors_at", "only", "proton_radius"]

T = TypeVar("T")


def at_place(process: T, *, source: object = None, form_factor: FormFactor | None = None) -> T:
    """The process at a source and with a form-factor model, if it asks for them.

    Args:
        process: an interaction; one without the hooks `for_source` and `for_form_factor`, like
            the Standard Model, comes back as it is.
        source: the neutrinos.
        form_factor: the model.
    """
    for hook, given in (("for_source", source), ("for_form_factor", form_factor)):
        if given is not None and hasattr(process, hook):
            process = getattr(process, hook)(given)
    return process


def check_species(name: str, species: Iterable[str], scatter: Callable[[str], object]) -> None:
    """Refuse a source whose particles a process does not scatter, before anything is folded.

    Args:
        name: of the process.
        species: what the source emits.
        scatter: evaluates the process for a species.

    Raises:
        SpeciesError: if it refuses one of them.
    """
    for one in species:
        try:
            scatter(one)
        except SpeciesError as error:
            raise SpeciesError(f"the process {name!r} does not scatter {one!r}: {error}") from None


def proton_radius(process: Interaction, model: FormFactor, nuclide: Nuclide) -> float:
    """Rms radius of the protons, fm."""
    hook = getattr(process, "proton_rms_fm", None)
    radius = None if hook is None else hook(nuclide)
    return model.default_rms_radius(nuclide) if radius is None else float(radius)


def factors_at(
    process: Interaction,
    model: FormFactor,
    nuclide: Nuclide,
    q_inv_fm: Array,
    values: Mapping[str, Any],
    *,
    proton_rms_fm: float | None = None,
    neutron_rms_fm: float | None = None,
) -> dict[str, Array]:
    """F_p, F_n and F_A of a process by the names terms use; a radius that is given wins.

    As `nuclear_factors`, for one point in the parameters.
    """
    if proton_rms_fm is None:
        proton_rms_fm = proton_radius(process, model, nuclide)
    hook = getattr(process, "neutron_rms_fm", None)
    if neutron_rms_fm is None and hook is not None:
        neutron_rms_fm = hook(nuclide, values)
    return nuclear_factors(
        model, nuclide, q_inv_fm, proton_rms_fm=proton_rms_fm, neutron_rms_fm=neutron_rms_fm
    )


def only(what: str, found: Iterable[Any | None]) -> Any | None:
    """The one that is not None, or None.

    Raises:
        InputError: if there are two.
    """
    said = [x for x in found if x is not None]
    if len(said) > 1:
        raise InputError(f"two extensions say where the {what} are: take one of them")
    return said[0] if said else None
