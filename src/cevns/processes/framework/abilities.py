"""What a process may offer beside its cross section, and the functions that ask for it.

Each ability is a protocol. A process has it if it has the members, by whatever class it is made;
one without it stays as it is: it is the same at every source and with every form factor, its
nucleons are where the form-factor model says, its spectra are no steeper than those of a contact
interaction, and no parameter changes its shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.stated_radii import proton_default
from cevns.parameters import Parameters
from cevns.processes.framework.kernels import Process, is_kernel
from cevns.processes.framework.kinematics import MASSLESS
from cevns.processes.framework.terms import Interaction, nuclear_factors
from cevns.typing import Array

__all__ = [
    "Chosen",
    "ForFormFactor",
    "ForSource",
    "FromElsewhere",
    "KnownTotal",
    "NeutronRadii",
    "OfNuclides",
    "OneCoupling",
    "Proportional",
    "ProtonRadii",
    "ShapesNeutrons",
    "Steep",
    "Structured",
    "T",
    "ToLevel",
    "at_place",
    "check_species",
    "choices_of",
    "factors_at",
    "has_no_slope",
    "hit_by",
    "is_steep",
    "keeps_spectra",
    "only",
    "own_neutron_radius",
    "placed",
    "proton_radius",
    "shaped",
    "shapes_neutrons",
    "structure_of",
    "to_level",
    "turns_flavours",
]

T = TypeVar("T")
Atom = tuple[Nuclide, float]


@runtime_checkable
class ForSource(Protocol):
    """A process that depends on where its neutrinos come from."""

    def for_source(self, source: object) -> Self:
        """The same process at a source, whose distance may be a baseline that nobody gave."""
        ...


@runtime_checkable
class ForFormFactor(Protocol):
    """A process that depends on the form-factor model, whose radii may be nominal values."""

    def for_form_factor(self, model: FormFactor) -> Self:
        """The same process with a form-factor model."""
        ...


@runtime_checkable
class Proportional(Protocol):
    """A kernel whose parameters multiply a function that they do not change.

    A fold then evaluates the kernel once, where that factor is one.
    """

    @property
    def unit(self) -> Mapping[str, float]:
        """Parameters at which `scale` is one."""
        ...

    def scale(self, values: Mapping[str, Any]) -> Any:
        """What the parameters multiply the kernel with, numbers or arrays."""
        ...


@runtime_checkable
class ToLevel(Protocol):
    """A kernel whose deposit follows from the energy: y = E - Q, the largest of its kinematics.

    The kernel then is sigma(E), cm2, as that of a bare count, and a fold has the flux at the
    smallest energy that gives y in place of an integral.
    """

    @property
    def to_level(self) -> bool:
        """Whether it is so."""
        ...


@runtime_checkable
class KnownTotal(Protocol):
    """A kernel whose integral over the deposit is known: a table of cross sections, for example."""

    def total_cm2(
        self, energy_mev: Array, species: str, target: Nuclide, values: Mapping[str, Any]
    ) -> Array:
        """sigma(E), cm2, in the shape of the energies."""
        ...


@runtime_checkable
class OfNuclides(Protocol):
    """A process that happens at some nuclides alone."""

    @property
    def target(self) -> str:
        """The nuclide whose cross section it has; a target without it is refused."""
        ...

    def hits(self, nuclide: Nuclide) -> bool:
        """Whether it happens at this one."""
        ...


@runtime_checkable
class ProtonRadii(Protocol):
    """A process that says where the protons are."""

    def proton_rms_fm(self, nuclide: Nuclide) -> float | None:
        """Rms radius of the protons, fm; None where the form-factor model's own stays."""
        ...


@runtime_checkable
class NeutronRadii(Protocol):
    """A process that says where the neutrons are, by its parameters."""

    def neutron_rms_fm(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any | None:
        """Rms radius of the neutrons, fm, of shape ``(...)``.

        None where the form-factor model's own stays.

        Args:
            nuclide: the target.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.
        """
        ...


@runtime_checkable
class ShapesNeutrons(Protocol):
    """A process with parameters of which the form factor of the neutrons may be made."""

    def shapes_neutrons(self, nuclide: Nuclide, name: str) -> bool:
        """Whether a parameter changes that of a nuclide."""
        ...


@runtime_checkable
class Steep(Protocol):
    """A process whose spectra may rise towards small recoils as no contact interaction's do."""

    @property
    def steep(self) -> bool:
        """Whether they do: up to 1/T^2, as the exchange of photons and light mediators has it."""
        ...


@runtime_checkable
class InMatter(Protocol):
    """A process that neutrinos would feel on their way through matter, too."""

    @property
    def changes_matter(self) -> bool:
        """Whether its couplings change the potential of matter."""
        ...


@runtime_checkable
class TurnsFlavours(Protocol):
    """A process in which flavours that arrive together may interfere."""

    @property
    def turns_flavours(self) -> bool:
        """Whether they do."""
        ...


@runtime_checkable
class OneCoupling(Protocol):
    """A process with one coupling by several names, of which one is asked for."""

    @property
    def one_of(self) -> tuple[str, ...]:
        """The names."""
        ...


@runtime_checkable
class FromElsewhere(Protocol):
    """A process of particles that come from elsewhere than neutrinos do.

    As new physics it lies over the CEvNS of an experiment (`cevns.load`), in whose place it would
    stand otherwise.
    """

    @property
    def usual_source(self) -> Mapping[str, str]:
        """A section ``source`` of an experiment file, its ``kind`` first."""
        ...

    @property
    def of_the_beam(self) -> tuple[str, ...]:
        """Fields that this section takes from the source of the experiment, which may have them."""
        ...

    @property
    def component(self) -> str:
        """What its events are called beside those of the experiment."""
        ...


@runtime_checkable
class Chosen(Protocol):
    """A process with named choices that every result repeats."""

    @property
    def choices(self) -> Mapping[str, str]:
        """What was chosen, by what it is of: ``{"nucleon": "neutron"}``."""
        ...


@runtime_checkable
class Structured(Protocol):
    """A process with parameters that change its shapes: one model for each of their values."""

    @property
    def structure(self) -> Parameters:
        """The structural parameters, a mediator mass for example, at their present values."""
        ...

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same process at other values of them.

        Args:
            values: numbers by name; what is left out stays.

        Raises:
            UnknownNameError: if a name is not in `structure`.
        """
        ...


def at_place(process: T, *, source: object = None, form_factor: FormFactor | None = None) -> T:
    """The process at a source and with a form-factor model, if it asks for them.

    Args:
        process: an interaction; one that is neither `ForSource` nor `ForFormFactor`, like the
            Standard Model, comes back as it is.
        source: the neutrinos.
        form_factor: the model.
    """
    if source is not None and isinstance(process, ForSource):
        process = process.for_source(source)
    if form_factor is not None and isinstance(process, ForFormFactor):
        process = process.for_form_factor(form_factor)
    return process


def is_steep(process: Process) -> bool:
    """Whether spectra may rise towards small recoils as no contact interaction's do.

    Examples:
        >>> from cevns.processes import interaction
        >>> is_steep(interaction("standard-model")), is_steep(interaction("magnetic-moment"))
        (False, True)
    """
    return isinstance(process, Steep) and process.steep


def to_level(process: Process) -> bool:
    """Whether the deposit follows from the energy of the beam particle.

    Examples:
        >>> from cevns.processes import process
        >>> to_level(process("nue-ar40-cc")), to_level(process("nue-d-cc"))
        (True, False)
    """
    return isinstance(process, ToLevel) and process.to_level


def has_no_slope(process: Process) -> bool:
    """Whether the kernel of a process is sigma(E) and no d(sigma)/d(deposit).

    Examples:
        >>> from cevns.processes import process
        >>> [has_no_slope(process(n)) for n in ("nue-ar40-cc", "nu-d-nc", "nue-d-cc", "nsi")]
        [True, True, False, False]
    """
    return is_kernel(process) and (process.quantity == "count" or to_level(process))


def hit_by(process: Process, atoms: Iterable[tuple[Nuclide, float]]) -> tuple[Atom, ...]:
    """The nuclides, with their numbers of atoms, at which a process happens.

    Args:
        process: one that is not `OfNuclides` happens at all.
        atoms: of a material.

    Raises:
        InputError: if the nuclide whose cross section it has is not there: an isotope of it is
            taken as that one beside it, and not in its place.

    Examples:
        >>> from cevns.nuclear import material
        >>> from cevns.processes import process
        >>> [n.name for n, _ in hit_by(process("nue-o16-cc"), material("D2O").atoms)]
        ['O16', 'O17', 'O18']
    """
    every = tuple(atoms)
    if not isinstance(process, OfNuclides):
        return every
    found = tuple(atom for atom in every if process.hits(atom[0]))
    if not any(nuclide.name == process.target for nuclide, _ in found):
        there = ", ".join(dict.fromkeys(n.name for n, _ in every))
        raise InputError(
            f"{process.name!r} is a reaction of {process.target}, and the target has none "
            f"({there}): give a material with it"
        )
    return found


def changes_matter(process: Process) -> bool:
    """Whether couplings of a process change what becomes of neutrinos in matter.

    Examples:
        >>> from cevns.processes import interaction
        >>> changes_matter(interaction("standard-model")), changes_matter(interaction("nsi"))
        (False, True)
    """
    return isinstance(process, InMatter) and process.changes_matter


def turns_flavours(process: object) -> bool:
    """Whether flavours that arrive together interfere, for one is turned into another.

    Examples:
        >>> from cevns.processes import interaction
        >>> [turns_flavours(interaction(n)) for n in ("standard-model", "magnetic-moment", "nsi")]
        [False, False, True]
    """
    return isinstance(process, TurnsFlavours) and process.turns_flavours


def shapes_neutrons(process: Process, nuclide: Nuclide, name: str) -> bool:
    """Whether a parameter of a process is one of the neutrons' form factor in a nuclide."""
    return isinstance(process, ShapesNeutrons) and process.shapes_neutrons(nuclide, name)


def structure_of(process: Process) -> Parameters:
    """Parameters of a process that change its shapes (a mediator mass); empty without any.

    Examples:
        >>> from cevns.processes import interaction
        >>> [structure_of(interaction(n)).names for n in ("nsi", "light-scalar")]
        [(), ('m_scalar',)]
    """
    return process.structure if isinstance(process, Structured) else Parameters([])


def choices_of(process: Process) -> Mapping[str, str]:
    """Named choices of a process that every result repeats; few have any.

    Examples:
        >>> from cevns.processes import process
        >>> choices_of(process("wimp-sd")), choices_of(process("wimp-si"))
        ({'nucleon': 'neutron'}, {})
    """
    return process.choices if isinstance(process, Chosen) else {}


def keeps_spectra(process: Process) -> bool:
    """Whether recoil spectra have the shape of the Standard Model's, whatever the couplings are.

    Contact interactions of neutrinos that interfere with it do, but for the difference of form
    factors of protons and neutrons.

    Examples:
        >>> from cevns.processes import interaction
        >>> [keeps_spectra(interaction(n)) for n in ("nsi", "light-scalar", "magnetic-moment")]
        [True, False, False]
    """
    if is_kernel(process) or is_steep(process):
        return False
    return process.kinematics == MASSLESS and not structure_of(process).names


def shaped(process: Interaction, shapes: Mapping[str, float]) -> Interaction:
    """A process with other shapes.

    Raises:
        UnknownNameError: if it has no such shapes.
    """
    if not isinstance(process, Structured):
        raise UnknownNameError("structural parameter", next(iter(shapes)), ())
    return process.with_structure(shapes)


def placed(process: Interaction, shapes: Mapping[str, float]) -> Interaction:
    """A process at those structural values that it knows; itself if there are none."""
    known = {n: v for n, v in shapes.items() if structure_of(process).has(n)}
    return shaped(process, known) if known else process


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
    """Rms radius of the protons, fm: the process's, or the default of the form-factor model."""
    radius = process.proton_rms_fm(nuclide) if isinstance(process, ProtonRadii) else None
    return proton_default(model, nuclide) if radius is None else float(radius)


def own_neutron_radius(
    process: Interaction, nuclide: Nuclide, values: Mapping[str, Any]
) -> Any | None:
    """Rms radius of the neutrons that the process itself says, fm, of shape ``(...)``.

    Args:
        process: an interaction.
        nuclide: the target.
        values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.

    Returns:
        None where it is left to the form-factor model.
    """
    return process.neutron_rms_fm(nuclide, values) if isinstance(process, NeutronRadii) else None


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
    if neutron_rms_fm is None:
        neutron_rms_fm = own_neutron_radius(process, nuclide, values)
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
        raise InputError(f"two extensions define the radius of the {what}: use one of them")
    return said[0] if said else None
