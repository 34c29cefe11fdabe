"""Questions to an experiment: the parameters of interest and the scaling of its signal.

``count``
    N is free and the signal shape is normalised to one at every point: N is the number of CEvNS
    events in the region. Nuisance parameters that only scale the signal (flux, form-factor
    normalisation) then have no effect and are omitted.
``cross-section``
    the flux-averaged cross section sigma is free: signal = S(theta) sigma/sigma_SM x flux x form
    factor, with all nuisance parameters.
``flux``
    the flux of the source is free, in particles of all species per cm2 and second: signal =
    S(theta) flux/flux_declared. This applies to sources that emit continuously and whose flux is
    measured, such as solar 8B. Parameters that act on the flux are fixed. Several experiments that
    declare the same source have one flux.
``sin2-theta-w``
    the weak mixing angle in the couplings is free, with all nuisance parameters.
``couplings``
    any parameters of the interaction are free, given by their names. Strengths of further
    components and parameters of their separate processes are given in the same way.
``cross-section-scale``
    for several experiments: every predicted cross section is multiplied by one common factor.

A question is data: it names the strengths of the signal and the parameters that belong to it.
The meaning of the names is defined only in this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.model.factors import Strength
from cevns.parameters import Parameter, Parameters
from cevns.processes import Interaction, signal_title
from cevns.registry import canonical

__all__ = [
    "BESIDE",
    "COUPLINGS",
    "FLUX",
    "POI_PARAMETER",
    "SCALE",
    "SCALE_QUESTION",
    "SIGNAL",
    "Poi",
    "Question",
    "ask",
]

SIGNAL = "cevns"
"""Name of the signal among the components."""
COUPLINGS = "couplings"
SCALE = "cross_section_scale"
"""One factor on the predicted cross section of every experiment."""
SCALE_QUESTION = "cross-section-scale"
FLUX = "flux"
"""Question and parameter of interest: particles per cm2 and second."""
BESIDE = "beside"
"""Of an experiment in a joint fit that is not asked of it: its signal is as predicted."""
POI_PARAMETER: Mapping[str, str] = {
    "count": SIGNAL,
    "cross-section": "cross_section",
    "flux": FLUX,
    "sin2-theta-w": "sin2_theta_w",
}
"""Questions by name, and the parameter each leaves free."""

Poi = str | Sequence[str]
"""A question by name, or names of parameters of the interaction and of further components."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Args:
        name: ``count``, ``cross-section``, ``flux``, ``sin2-theta-w``, ``couplings``,
            ``cross-section-scale``, or ``beside`` for no question.
        couplings: parameters of the interaction that are free.
        strengths: strengths and parameters of further components that are free.
        beside: fixed parameters of the separate processes of further components.
        one_flux: whether several experiments have the flux of the question in common.
        held: those of the named parameters that are fixed at a value.
    """

    name: str
    couplings: tuple[str, ...] = ()
    strengths: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    one_flux: bool = False
    held: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[str, ...]:
        """Parameters of the interaction that are free."""
        return tuple(n for n in self.couplings if n not in self.held)

    @property
    def named(self) -> tuple[str, ...]:
        """Parameters that are given by their names."""
        return (*self.couplings, *self.strengths)

    @property
    def parameter(self) -> str:
        """The parameter of interest of one experiment; the first of several."""
        return self.named[0] if self.named else POI_PARAMETER[self.of_each]

    @property
    def of_each(self) -> str:
        """The question for each of several experiments."""
        return "cross-section" if self.name == SCALE_QUESTION else self.name

    @property
    def scale(self) -> tuple[str, str] | None:
        """The common factor of several experiments and the parameter that it represents."""
        return (SCALE, POI_PARAMETER["cross-section"]) if self.name == SCALE_QUESTION else None

    @property
    def common(self) -> str | None:
        """The common parameter of interest of several experiments, if there is one."""
        if self.name == SCALE_QUESTION:
            return SCALE
        if self.one_flux:
            return FLUX
        return self.named[0] if self.named else None

    @property
    def rejects_nothing(self) -> bool:
        """Whether a value of zero means that there is no CEvNS."""
        return not self.named

    @property
    def counts_events(self) -> bool:
        """Whether the parameter of interest is a number of events."""
        return self.name == "count"

    @property
    def frees_the_flux(self) -> bool:
        """Whether it is the flux of the source, which no other parameter may then change."""
        return self.name == FLUX

    def scaled(self, scale: Sequence[Strength], reference: float) -> tuple[Strength, ...]:
        """Factors on a prediction of CEvNS, for a question on the cross section or flux.

        Args:
            scale: further factor on it.
            reference: predicted value of the cross section, or of the flux.
        """
        if self.counts_events or self.named or self.name == BESIDE:
            return tuple(scale)
        return (*scale, POI_PARAMETER[self.of_each], 1.0 / reference)

    def parameters(
        self,
        interaction: Interaction,
        further: Parameters,
        *,
        prediction: float,
        cross_section_cm2: float,
        flux_cm2_s: float | None = None,
        unit: str = "events",
    ) -> list[Parameter]:
        """Parameters of interest at their predicted values, and the fixed parameters.

        Args:
            interaction: the process at the nucleus.
            further: other parameters that may be given by name.
            prediction: predicted number of events.
            cross_section_cm2: predicted cross section.
            flux_cm2_s: flux of the source; None if it has none.
            unit: of what was observed: ``events``, or the unit of published values.

        Raises:
            InputError: if the question is the flux and the source has none.
        """
        beside = [replace(further[n], fixed=True, shared=True) for n in self.beside]
        if self.name == BESIDE:
            return beside
        if self.named:
            asked = [interaction.parameters[n] for n in self.couplings]
            asked += [further[n] for n in self.strengths]
            return [*(replace(p, fixed=False, role="poi") for p in asked), *beside]
        if self.counts_events:
            title, counted = signal_title(interaction), unit == "events"
            return [
                Parameter(
                    SIGNAL,
                    prediction,
                    unit="" if counted else unit,
                    lower=0.0,
                    role="poi",
                    description=f"{title} events in the analysis region"
                    if counted
                    else f"{title}; a published value in {unit}",
                ),
                *beside,
            ]
        if self.frees_the_flux:
            if flux_cm2_s is None:
                raise InputError(
                    "the flux can be a parameter of interest only for sources that emit at all "
                    "times and have one flux; this one is pulsed, or sums several fluxes: declare "
                    "one "
                    "of them (source.branches) and the others as components, or ask for "
                    "cross-section"
                )
            return [
                Parameter(
                    FLUX,
                    flux_cm2_s,
                    unit="cm-2 s-1",
                    lower=0.0,
                    role="poi",
                    description="flux of the source, all species together",
                ),
                *beside,
            ]
        return [
            Parameter(
                POI_PARAMETER["cross-section"],
                cross_section_cm2 * 1e40,
                unit="e-40 cm2",
                lower=0.0,
                role="poi",
                description=f"flux-averaged {signal_title(interaction)} cross section, mean over "
                "flavours and nuclei",
            ),
            *beside,
        ]


def ask(
    poi: Poi,
    interaction: Interaction,
    strengths: Iterable[Parameter] = (),
    *,
    several: bool = False,
) -> Question:
    """A question by name (``-`` and ``_`` equal) or by parameters.

    Args:
        poi: the question.
        interaction: the interaction whose parameters may be named.
        strengths: strengths and parameters of further components, which may also be named.
        several: whether the question applies to several experiments together.

    Raises:
        UnknownNameError: if a name is neither.
        InputError: if a parameter is given twice, or none is given.
    """
    if isinstance(poi, str):
        known = dict(POI_PARAMETER) | ({SCALE_QUESTION: SCALE} if several else {})
        name = canonical(poi)
        if name not in known:
            raise UnknownNameError("parameter of interest", poi, known)
        named: tuple[str, ...] = (POI_PARAMETER[name],) if name == "sin2-theta-w" else ()
    else:
        name, named = COUPLINGS, tuple(poi)
        if not named:
            raise InputError("no parameter is named; name at least one to leave free")
    if not named:
        return Question(name)
    own = interaction.parameters
    askable = Parameters([*own, *(p for p in strengths if not own.has(p.name))])
    found = [askable[n].name for n in named]
    if len(set(found)) < len(found):
        raise InputError(f"a parameter is named twice: {', '.join(found)}")
    couplings = tuple(n for n in found if interaction.parameters.has(n))
    return Question(name, couplings, tuple(n for n in found if n not in couplings))
