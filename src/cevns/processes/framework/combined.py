"""The Standard Model with any set of extensions: amplitudes added, squared, and turned to terms.

With the basis of all shapes s (equal ones once) and the coefficients c_s(b) of each final state b,

    d(sigma)/dT = G_F^2 M/(2 pi) sum_{s <= s'} [sum_b (2 - delta_ss') c_s(b) c_s'(b)]
                  phi_s(T) phi_s'(T) F_s F_s' [2 - 2 T/E + T^2/E^2 - M T/E^2]  +  ...

so every pair of shapes is a term, folded once, and all couplings are weights. The axial current
of the Standard Model interferes with the final state of the same flavour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, cast

from cevns.exceptions import InputError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters, fold_name
from cevns.particles import lepton
from cevns.processes.framework.abilities import Chosen, InMatter, only
from cevns.processes.framework.amplitudes import Amplitudes, all_shapes, amplitude_terms, stack
from cevns.processes.framework.extension import CONTACT, Extension, Shape, interfere
from cevns.processes.framework.flux_factors import arriving_weights, with_flux_factors
from cevns.processes.framework.kernels import Process
from cevns.processes.framework.kinematics import Kinematics
from cevns.processes.framework.terms import Term, joint_kinematics
from cevns.processes.framework.user_models import alone
from cevns.processes.ingredients.neutron_form_factor import Neutrons
from cevns.processes.standard_model import StandardModel
from cevns.propagation.lepton_mixing import LeptonMixing, OfMassStates
from cevns.signatures import refuse_xp
from cevns.typing import Array

_METHODS = tuple(name for name in vars(Extension) if not name.startswith("_"))

__all__ = ["Combined", "standing"]


@dataclass(frozen=True)
class Combined:
    """An interaction: the Standard Model and extensions of it.

    Args:
        base: the Standard Model, with its coupling scheme.
        extensions: what adds to it; each once.
        mixing: of the mass states that arrive, where they do; those of a source that has them.

    Raises:
        InputError: if two extensions have a parameter of the same name, or the methods of one
            still take ``xp``.

    Examples:
        >>> from cevns.processes.nsi import NSI
        >>> both = Combined(StandardModel(axial=False), (NSI(),))
        >>> both.name, [t.name for t in both.terms]
        ('nsi', ['p*p', 'p*n', 'n*n'])
    """

    base: StandardModel
    extensions: tuple[Extension, ...]
    mixing: LeptonMixing | None = None

    def __post_init__(self) -> None:
        own = tuple(e.beside(self.base.scheme) for e in self.extensions)
        object.__setattr__(self, "extensions", own)
        names = [e.name for e in self.extensions]
        if len(set(names)) < len(names):
            raise InputError(f"an extension is given twice: {', '.join(names)}; name each once")
        owners: dict[str, str] = {fold_name(p.name): self.base.name for p in self.base.parameters}
        for extension in self.extensions:
            refuse_xp(type(extension), _METHODS)
            for parameter in (*extension.parameters, *extension.structure):
                other = owners.setdefault(fold_name(parameter.name), extension.name)
                if other != extension.name:
                    raise InputError(
                        f"the parameter {parameter.name!r} is in both {other!r} and "
                        f"{extension.name!r}: rename it in one of them"
                    )

    def __getstate__(self) -> dict[str, Any]:
        """What makes it, without what was derived and is cheap to derive again."""
        return {"base": self.base, "extensions": self.extensions, "mixing": self.mixing}

    @property
    def name(self) -> str:
        """The extensions, joined with ``+``."""
        return "+".join(str(e.name) for e in self.extensions) or self.base.name

    @property
    def choices(self) -> dict[str, str]:
        """Named choices of the extensions."""
        chosen = [e.choices for e in self.extensions if isinstance(e, Chosen)]
        return {what: name for each in chosen for what, name in each.items()}

    @cached_property
    def kinematics(self) -> Kinematics:
        """That of the Standard Model, and those of extensions that make another particle."""
        return joint_kinematics(self.base.kinematics, (t for e in self.extensions for t in e.terms))

    @cached_property
    def parameters(self) -> Parameters:
        """The weak mixing angle and the parameters of the extensions."""
        return Parameters(
            [*self.base.parameters, *(p for e in self.extensions for p in e.parameters)]
        )

    @cached_property
    def structure(self) -> Parameters:
        """Parameters of the extensions that change the shapes."""
        return Parameters([p for e in self.extensions for p in e.structure])

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same interaction with other shapes (a mediator mass).

        Raises:
            UnknownNameError: if a name is not in `structure`.
        """
        checked = {self.structure[name].name: value for name, value in values.items()}
        changed = tuple(
            e.with_structure({n: v for n, v in checked.items() if n in e.structure.names})
            for e in self.extensions
        )
        return type(self)(self.base, changed, self.mixing)

    @cached_property
    def basis(self) -> tuple[Shape, ...]:
        """All shapes, those of the Standard Model first, each once."""
        shapes = (CONTACT, *(e.shapes for e in self.extensions))
        return all_shapes(*(self._neutrons.shapes(s) for s in shapes))

    @cached_property
    def _neutrons(self) -> Neutrons:
        return Neutrons.of(self.extensions)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Pairs of shapes, axial terms, the extensions' own; copies of all for flux factors."""
        return with_flux_factors(self._scattering_terms, self.extensions)

    @cached_property
    def _scattering_terms(self) -> tuple[Term, ...]:
        out = amplitude_terms(self.basis, "a" if self.base.axial else None)
        for extension in self.extensions:
            out += extension.terms
        return tuple(out)

    @property
    def steep(self) -> bool:
        """Whether spectra may rise towards small recoils: photons, light mediators."""
        shapes = (s for e in self.extensions for s in e.shapes)
        return any(s.steep for s in shapes) or any(e.terms for e in self.extensions)

    @property
    def changes_matter(self) -> bool:
        """Whether an extension does."""
        return any(isinstance(e, InMatter) and e.changes_matter for e in self.extensions)

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Array:
        """Weights of the terms, shape ``(n_terms, ...)``; see `cevns.processes.Interaction`."""

        def scattering(arriving: str) -> Array:
            return self._scattering_weights(arriving, nuclide, values)

        return arriving_weights(self.extensions, flavour, values, scattering)

    def _scattering_weights(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Array:
        amplitudes, neutrons = Amplitudes(self.basis), self._neutrons
        parts = {flavour: 1.0 + 0.0j} if self.mixing is None else self.mixing.flavours_in(flavour)

        def add(shapes: Sequence[Shape], by_state: Mapping[str, Sequence[Any]]) -> None:
            shared = neutrons.coefficients(shapes, by_state, nuclide, values)
            amplitudes.add(neutrons.shapes(shapes), shared, amplitude)

        for one, amplitude in parts.items():
            add(CONTACT, {lepton(one): self.base.vector(one, nuclide, values)})
            for extension in self.extensions:
                add(extension.shapes, extension.amplitudes(one, nuclide, values))
            if self.base.axial:
                charge: Any = self.base.axial_charge(one, nuclide)
                for extension in self.extensions:
                    charge = charge * extension.axial_factor(nuclide, values)
                amplitudes.add_axial(lepton(one), charge, amplitude)
        rows = amplitudes.weights()
        for extension in self.extensions:
            rows += extension.superposed_weights(parts, nuclide, values)
        scale: Any = 1.0
        for extension in self.extensions:
            scale = scale * extension.rate_factor(next(iter(parts)), values)
        return stack(rows, scale, values)

    @property
    def turns_flavours(self) -> bool:
        """Whether flavours that arrive together interfere."""
        return interfere(self.extensions)

    def neutron_rms_fm(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any | None:
        """Rms radius of the neutrons, fm; None where the form-factor model's own stays."""
        radii = (e.neutron_rms_fm(nuclide, values) for e in self.extensions)
        return only(f"neutrons of {nuclide.name}", radii)

    def shapes_neutrons(self, nuclide: Nuclide, name: str) -> bool:
        """Whether a parameter changes the neutrons' radius or form factor in a nuclide.

        Examples:
            >>> from cevns.nuclear import nuclide
            >>> from cevns.processes import interaction
            >>> radii = interaction("neutron-radius")
            >>> [radii.shapes_neutrons(nuclide("Ar40"), n) for n in ("r_n_ar", "r_n_cs")]
            [True, False]
        """
        p, form = self.parameters[name], self._neutrons.extension
        low, high = ({p.name: max(p.lower, min(p.upper, p.value + s * p.scale))} for s in (-1, 1))
        if self.neutron_rms_fm(nuclide, low) != self.neutron_rms_fm(nuclide, high):
            return True
        if form is None:
            return False
        found = [tuple(form.neutron_coefficients(nuclide, at)) for at in (low, high)]
        return found[0] != found[1]

    def proton_rms_fm(self, nuclide: Nuclide) -> float | None:
        """Rms radius of the protons, fm; None where the form-factor model's own stays."""
        radii = (e.proton_rms_fm(nuclide) for e in self.extensions)
        return only(f"protons of {nuclide.name}", radii)

    def for_source(self, source: object) -> Self:
        """The same interaction at a source; see `Extension.for_source`."""
        placed = self._with(tuple(e.for_source(source) for e in self.extensions))
        if not isinstance(source, OfMassStates) or source.arriving_mixing == self.mixing:
            return placed
        return replace(placed, mixing=source.arriving_mixing)

    def for_form_factor(self, model: FormFactor) -> Self:
        """The same interaction with a form-factor model; see `Extension.for_form_factor`."""
        return self._with(tuple(e.for_form_factor(model) for e in self.extensions))

    def _with(self, extensions: tuple[Extension, ...]) -> Self:
        """Itself where nothing changed, so that what it has derived is kept."""
        same = all(a is b for a, b in zip(extensions, self.extensions, strict=True))
        return self if same else type(self)(self.base, extensions, self.mixing)


def standing(given: object, base: StandardModel | Combined | None = None) -> Process:
    """A process from what a user gives as an object.

    Args:
        given: a process, which is taken as it is; an extension or several, which are added to the
            Standard Model; None for the Standard Model alone.
        base: the Standard Model, by default with its default couplings; with what stands beside.

    Raises:
        InputError: if it is nothing of these.

    Examples:
        >>> from cevns.processes.nsi import NSI
        >>> standing(NSI()).name, standing(Combined(StandardModel(), (NSI(),))).name
        ('nsi', 'nsi')
    """
    if given is None:
        return base or StandardModel()
    if not isinstance(given, type) and alone(given):
        return cast("Process", given)
    several = tuple(given) if isinstance(given, list | tuple) else (given,)
    if several and all(isinstance(e, Extension) for e in several):
        added = cast("tuple[Extension, ...]", several)
        if isinstance(base, Combined):
            named = {e.name for e in added}
            added = (*added, *(e for e in base.extensions if e.name not in named))
            base = base.base
        return Combined(base or StandardModel(), added)
    raise InputError(
        f"{given!r} is not an interaction: give an object, such as "
        "cevns.processes.interaction('nsi'), or an extension of the Standard Model"
    )
