"""New physics as an extension of the Standard Model: amplitudes that add to it, and more.

A vector-type process changes the amplitude of a neutrino of flavour a that leaves as b,

    G_V(a -> b) = sum_s c_s(theta; a, b) phi_s(T) F_s(q),        F_s = F_p or F_n,

by *shapes* phi_s (1 for a contact interaction, a propagator for a light mediator) and
*coefficients* c_s. Amplitudes to the same final state add before they are squared, those to
different ones after: `combine` makes the products, so interference is exact between any set of
extensions. What does not interfere (a magnetic moment, a scalar) brings terms of its own.

One's own model is a class of about ten lines in a file of one's own: see `Extension`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, cast

import numpy as np

from cevns.nuclear.couplings import Couplings
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.terms import FluxFactor, Term
from cevns.typing import Array

__all__ = [
    "CONTACT",
    "ELECTRON_CONTACT",
    "Extension",
    "RecoilFactor",
    "Shape",
    "bounded",
    "interfere",
]

RecoilFactor = Callable[[Array, Any], Array]
"""phi(T keV, what recoils): a nuclide, or an electron; either has a ``mass_mev``."""


@dataclass(frozen=True)
class Shape:
    """One shape of the vector amplitude.

    Args:
        name: equal names are the same shape, in whatever extension they stand.
        nucleon: whose form factor it carries, ``p`` or ``n``; ``e`` for an electron, which has
            none; empty for none at a nucleus either.
        of_recoil: phi(T keV, nuclide), ``(nT,)``; None for a constant 1.
        rises: whether it may rise towards small recoils without end, as the exchange of photons and
            light mediators has it.
    """

    name: str
    nucleon: Literal["p", "n", "e", ""]
    of_recoil: RecoilFactor | None = None
    rises: bool = True

    @property
    def steep(self) -> bool:
        """Whether recoil spectra may rise towards small recoils as no contact interaction's do."""
        return self.of_recoil is not None and self.rises

    @property
    def key(self) -> tuple[str, str]:
        """What makes two shapes one."""
        return self.name, self.nucleon


CONTACT = (Shape("1", "p"), Shape("1", "n"))
"""The shapes of the Standard Model and of any contact interaction: protons, neutrons."""

ELECTRON_CONTACT = (Shape("1", "e"),)
"""The shape of the Standard Model and of any contact interaction with an electron."""


class Extension:
    """What new physics adds; override what applies, the rest is nothing.

    Attributes:
        name: registry name.
        parameters: what coefficients and weights depend on, with nominal values (those of the
            Standard Model).
        structure: what the shapes themselves depend on (the mass of a mediator): numbers, no
            parameters of a fit. A frozen dataclass has a field of the same name for each.
        shapes: of the vector amplitude.
        terms: of what adds without interference.
        neutron_shapes: of a form factor of the neutrons that is not the model's.
        flux_factors: of flavours that change on the way from the source.
        electron_shapes: of the vector amplitude at an electron.
        electron_terms: of what adds at an electron without interference.

    Examples:
        One's own model, to be fitted to any experiment: a contact interaction of muon neutrinos
        with neutrons. As a file ``my_model.py`` it is ``interaction("my_model.py")``.

        >>> from cevns.processes import Extension, bounded
        >>> from cevns.parameters import Parameters
        >>>
        >>> class Contact(Extension):
        ...     name = "contact"
        ...     parameters = Parameters([bounded("eps", "coupling to neutrons", reach=(-1, 1))])
        ...
        ...     def amplitudes(self, flavour, nuclide, values):
        ...         new = nuclide.n * self.value(values, "eps")
        ...         return {"mu": (0.0, new)} if flavour in ("nu_mu", "nubar_mu") else {}

        It changes the cross section by (1 + eps/g_V^n)^2 where protons hardly count:

        >>> from cevns.processes import Combined, StandardModel, total_cross_section
        >>> model = Combined(StandardModel(), (Contact(),))
        >>> sm, new = (
        ...     total_cross_section("Cs133", 30.0, "nu_mu", interaction=model, values={"eps": eps})
        ...     for eps in (0.0, -0.05)
        ... )
        >>> round(float(new / sm), 2)
        1.21
    """

    name: str = ""

    @property
    def parameters(self) -> Parameters:
        """Continuous parameters with nominal values, bounds and a sentence each."""
        return Parameters([])

    @property
    def structure(self) -> Parameters:
        """Parameters that change the shapes: one model for each of their values."""
        return Parameters([])

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the vector amplitude, in the order of the coefficients."""
        return CONTACT

    @property
    def terms(self) -> tuple[Term, ...]:
        """Terms that add without interference, in the order of `weights`."""
        return ()

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Coefficients of the shapes by final state.

        Args:
            flavour: of the incoming neutrino.
            nuclide: the target.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.

        Returns:
            Final state to one coefficient a shape. The final state named like the lepton family
            of `flavour` interferes with the Standard Model. Imaginary parts are final states of
            their own (``"mu:im"``): |a + ib|^2 = a^2 + b^2.
        """
        _ = flavour, nuclide, values
        return {}

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Weights of `terms`."""
        _ = flavour, nuclide, values
        return ()

    # -- flavours that arrive together -----------------------------------------------------------

    @property
    def turns_flavours(self) -> bool:
        """Whether amplitudes lead from one flavour to another, so that flavours interfere."""
        return False

    def superposed_weights(
        self, parts: Mapping[str, complex], nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Weights of `terms` for what arrives as a superposition of flavours.

        Args:
            parts: amplitude of each flavour; one alone has 1.
            nuclide: the target.
            values: parameters by name.
        """
        return _mixed([(a, self.weights(f, nuclide, values)) for f, a in parts.items()])

    def superposed_electron_weights(
        self, parts: Mapping[str, complex], values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Weights of `electron_terms`, as `superposed_weights`."""
        return _mixed([(a, self.electron_weights(f, values)) for f, a in parts.items()])

    # -- scattering on electrons, where it matters -----------------------------------------------

    @property
    def electron_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the vector amplitude at an electron; none where nothing happens there."""
        return ()

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """Terms at an electron that add without interference, in the order of their weights."""
        return ()

    @property
    def at_electrons(self) -> bool:
        """Whether scattering on electrons is changed."""
        return bool(self.electron_shapes or self.electron_terms)

    def electron_amplitudes(
        self, flavour: str, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Coefficients of `electron_shapes` by final state: shifts of g_V of the electron."""
        _ = flavour, values
        return {}

    def electron_weights(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Weights of `electron_terms`."""
        _ = flavour, values
        return ()

    def electron_rate_factor(self, flavour: str, values: Mapping[str, Any]) -> Any:
        """Factor on the whole cross section of a flavour at electrons; 1 for none."""
        _ = flavour, values
        return 1.0

    # -- the whole cross section -----------------------------------------------------------------

    def rate_factor(self, flavour: str, values: Mapping[str, Any]) -> Any:
        """Factor on the whole cross section of a flavour; 1 for none."""
        _ = flavour, values
        return 1.0

    def axial_factor(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any:
        """Factor on the axial charge G_A of the Standard Model; 1 for none."""
        _ = nuclide, values
        return 1.0

    def neutron_rms_fm(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any | None:
        """Rms radius of the neutrons, fm; None where the form-factor model's own stays."""
        _ = nuclide, values
        return None

    # -- where the nucleons are ------------------------------------------------------------------

    def proton_rms_fm(self, nuclide: Nuclide) -> float | None:
        """Rms radius of the protons, fm; None where the form-factor model's own stays."""
        _ = nuclide
        return None

    @property
    def neutron_shapes(self) -> tuple[Shape, ...]:
        """Shapes whose sum F_n is; none where it is the form-factor model's.

        ``Shape("1", "n")`` is the model's own; a function of q alone has an empty nucleon.
        """
        return ()

    def neutron_coefficients(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Coefficients of `neutron_shapes`."""
        _ = nuclide, values
        return ()

    def for_form_factor(self, model: FormFactor) -> Self:
        """The same extension with a form-factor model, whose radii may be nominal values."""
        _ = model
        return self

    def beside(self, scheme: Couplings) -> Self:
        """The same extension beside a coupling scheme of the Standard Model, if it asks for it."""
        _ = scheme
        return self

    # -- on the way from the source --------------------------------------------------------------

    @property
    def flux_factors(self) -> tuple[FluxFactor, ...]:
        """Functions h_i of neutrino energy (MeV) by which flavours change on the way."""
        return ()

    def transitions(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """What becomes of a flavour on the way.

        It arrives as flavour b with probability ``P_b = delta + sum_i h_i(E) c_i[b]``.

        Args:
            flavour: as emitted.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.

        Returns:
            One mapping a flux factor: flavour b to c_i[b].
        """
        _ = flavour, values
        return ()

    def for_source(self, source: object) -> Self:
        """The same extension at a source: a baseline that nobody gave is that of the source."""
        _ = source
        return self

    # -- values ----------------------------------------------------------------------------------

    def value(self, values: Mapping[str, Any], name: str) -> Any:
        """A parameter from `values`, nominal if it is left out."""
        return values[name] if name in values else self._nominal[name]

    @cached_property
    def _nominal(self) -> dict[str, float]:
        return {p.name: p.value for p in self.parameters}

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same extension with other shapes, for example at another mediator mass.

        Raises:
            UnknownNameError: if a name is not in `structure`.
            InputError: if a value lies outside its bounds.
        """
        if not values:
            return self
        checked = self.structure.at(values)
        given = {checked[n].name: checked[n].value for n in values}
        return cast("Self", dataclasses.replace(cast("Any", self), **given))


def interfere(extensions: Sequence[Extension]) -> bool:
    """Whether flavours that arrive together interfere where extensions scatter them.

    Not where one changes them on the way, or has a factor of its own for each: then they are added
    as a mixture.
    """
    apart = any(_keeps_apart(type(e)) for e in extensions)
    return not apart and any(e.turns_flavours for e in extensions)


def _keeps_apart(kind: type[Extension]) -> bool:
    own = ("flux_factors", "rate_factor", "electron_rate_factor")
    return any(getattr(kind, name) is not getattr(Extension, name) for name in own)


def _mixed(found: Sequence[tuple[complex, Sequence[Any]]]) -> Sequence[Any]:
    """Weights of flavours that do not interfere."""
    if len(found) == 1:
        return found[0][1]
    sizes = [abs(amplitude) ** 2 for amplitude, _ in found]
    rows = zip(*(weights for _, weights in found), strict=True)
    return [sum(s * w for s, w in zip(sizes, row, strict=True)) for row in rows]


def bounded(
    name: str,
    description: str,
    *,
    value: float = 0.0,
    unit: str = "",
    reach: tuple[float, float] = (-np.inf, np.inf),
    typical: float = 0.1,
    natural: tuple[float, float] | None = None,
) -> Parameter:
    """A free, shared parameter of interest of new physics.

    Args:
        name: of the parameter.
        description: one sentence.
        value: nominal, that of the Standard Model.
        unit: of the value.
        reach: bounds.
        typical: a typical size; steps of minimisers and derivatives follow from it.
        natural: from where to where it is scanned if nothing else is said.
    """
    return Parameter(
        name,
        value,
        unit=unit,
        lower=reach[0],
        upper=reach[1],
        role="poi",
        shared=True,
        typical=typical,
        description=description,
        natural=natural,
    )
