"""What an interaction is: a sum of terms with weights.

    d(sigma)/dT = sum_k w_k(theta; flavour, nucleus) [sum_m a_km(T) E^-m] prod F(q),   m = 0, 1, 2

A *term* is what a parameter does not change: the polynomial in 1/E and the form factors that
multiply it. A *weight* is what couplings make of it. Amplitudes add before they are squared: the
terms are the products of amplitudes, so interference is exact. With one weight and one term of
their own a user adds a process; nothing else in the package changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.stated_radii import TwoRadii, proton_default
from cevns.parameters import Parameters
from cevns.processes.framework.kinematics import Kinematics, Several
from cevns.typing import Array, ArrayLike

__all__ = [
    "Factor",
    "FluxFactor",
    "Interaction",
    "Term",
    "joint_kinematics",
    "nuclear_factors",
    "term_kinematics",
]

Factor = Literal["p", "n", "a"]
"""Form factor of the protons, of the neutrons, of the axial current."""

FluxFactor = Callable[[Array], Array]
"""Weight on the flux as a function of neutrino energy, MeV; equal ones compare equal."""

_LARGEST_RADIUS_FM = 20.0


@dataclass(frozen=True)
class Term:
    """One kinematic shape and the form factors that multiply it.

    Args:
        name: short and unique within its interaction.
        form_factors: factors of the product, ``()`` for none, ``("p", "n")`` for F_p F_n.
        coefficients: function of recoil energy (keV, shape ``(nT,)``) and of what recoils (a
            nuclide; an electron has a ``mass_mev`` too), giving the polynomial in 1/E: shape
            ``(3, nT)``, row m in cm2/keV MeV^m. Terms that share a shape share the function, so
            that a folder can evaluate it once.
        flux_factor: weight on the flux that meets the term, a function of neutrino energies (MeV);
            None for one. What happens on the way from the source is written so.
        kinematics: which recoils a neutrino can give by this term, where another particle comes
            out; None for that of its interaction.
    """

    name: str
    form_factors: tuple[Factor, ...]
    coefficients: Callable[[Array, Any], Array]
    flux_factor: FluxFactor | None = None
    kinematics: Kinematics | None = None


class Interaction(Protocol):
    """A process at a nucleus."""

    @property
    def name(self) -> str:
        """Registry name."""
        ...

    @property
    def kinematics(self) -> Kinematics:
        """Which recoils a beam particle can give; that of neutrinos is ``MASSLESS``.

        With terms that have their own it holds `Several`, the first of which is that of the rest.
        """
        ...

    @property
    def parameters(self) -> Parameters:
        """The parameters that `weights` reads, with nominal values."""
        ...

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, in the order of the first axis of `weights`."""
        ...

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Array:
        """Weights of the terms, shape ``(n_terms, ...)``.

        Args:
            flavour: of the incoming neutrino.
            nuclide: the target.
            values: parameters by name, numbers or arrays of shape ``(...)``; one that is left
                out has its nominal value.
        """
        ...


def joint_kinematics(base: Kinematics, terms: Iterable[Term]) -> Kinematics:
    """The kinematics of an interaction, from that of most terms and those that terms have.

    Args:
        base: of terms that do not say theirs.
        terms: of the interaction.
    """
    own = dict.fromkeys(t.kinematics for t in terms if t.kinematics is not None)
    own.pop(base, None)
    return Several((base, *own)) if own else base


def term_kinematics(term: Term, whole: Kinematics) -> Kinematics:
    """The kinematics of one term.

    Args:
        term: of an interaction.
        whole: the kinematics of that interaction.
    """
    if term.kinematics is not None:
        return term.kinematics
    return whole.members[0] if isinstance(whole, Several) else whole


def nuclear_factors(
    model: FormFactor,
    nuclide: Nuclide,
    q_inv_fm: ArrayLike,
    *,
    proton_rms_fm: ArrayLike | None = None,
    neutron_rms_fm: ArrayLike | None = None,
) -> dict[str, Array]:
    """The form factors F_p, F_n and F_A of a nuclide, by the names terms use.

    Both radii are the model's default unless given. The axial form factor is taken equal to
    that of the neutrons: the axial part is below 1e-3 of the cross section for Cs and I and about
    2 % for Na, so its form factor hardly matters; a shell-model response would replace it.

    Args:
        model: form-factor model.
        nuclide: the nucleus.
        q_inv_fm: momentum transfer, 1/fm.
        proton_rms_fm: rms radius of the protons, fm.
        neutron_rms_fm: rms radius of the neutrons, fm.

    Raises:
        InputError: if a radius is larger than that of any nucleus.
    """
    for what, radius in (("protons", proton_rms_fm), ("neutrons", neutron_rms_fm)):
        if radius is not None and np.max(radius) > _LARGEST_RADIUS_FM:
            raise InputError(
                f"the rms radius of the {what} is {np.max(radius):g} fm; those of nuclei are "
                f"below {_LARGEST_RADIUS_FM:g} fm"
            )

    def default() -> float:
        return model.default_rms_radius(nuclide)

    protons = proton_default(model, nuclide) if proton_rms_fm is None else proton_rms_fm
    proton = model.evaluate(q_inv_fm, protons)
    neutron = proton
    if proton_rms_fm is not None or neutron_rms_fm is not None or isinstance(model, TwoRadii):
        neutron = model.evaluate(q_inv_fm, default() if neutron_rms_fm is None else neutron_rms_fm)
    return {"p": proton, "n": neutron, "a": neutron}
