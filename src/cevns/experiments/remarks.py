"""What is to be said of results, because the physics behind them is good for so much only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from cevns.experiments.declaration.loader import with_variant
from cevns.processes import Interaction, Proportional
from cevns.processes.framework.abilities import changes_matter
from cevns.rates.electrons import VALIDITY
from cevns.rates.fold import as_it_sees
from cevns.sources import Source
from cevns.sources.beams.source import ThroughMatter

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment
    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = ["changed_by_user", "propagation", "radius_remarks", "remarks", "uncoupled"]

_STANDARD: Final = "standard-model"
_APART: Final = "flavours apart"
_HELD: Final = {
    True: "the survival probabilities of solar neutrinos are held at those of the Standard Model, "
    "whatever these couplings are ('matter_nsi' of the source holds others); ",
    False: "the survival probabilities of solar neutrinos are held at the coefficients in "
    "'matter_nsi' of the source, whatever these couplings are; ",
}
_ARRIVE: Final = {
    True: "flavours are added without interference between them, so that "
    "coefficients that change flavour (eps_emu, eps_etau, eps_mutau) are not to be trusted",
    False: "they arrive as mass states, so that coefficients that change flavour (eps_emu, "
    "eps_etau, eps_mutau) interfere with the others",
}
_SPIN: Final = {
    "neutron": (
        "WIMPs see the spin of the neutron alone, and the cross section is that on a neutron; "
        "'wimp-sd-proton' is on the proton"
    ),
    "proton": (
        "WIMPs see the spin of the proton alone, and the cross section is that on a proton; "
        "'wimp-sd' is on the neutron"
    ),
}


def propagation(process: Interaction, sources: Iterable[Source]) -> dict[str, str]:
    """How neutrinos go through the Sun, of a process that would change it; else empty.

    Args:
        process: at the detector.
        sources: of the signal and of further components.
    """
    if not changes_matter(process):
        return {}
    found = [s for s in sources if isinstance(s, ThroughMatter) and s.matter]
    if not found:
        return {}
    first = found[0]
    together = as_it_sees(process, first) is not first
    return {"propagation": first.matter if together else f"{first.matter}, {_APART}"}


def remarks(physics: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences for people, by the named choices of a result.

    Examples:
        >>> len(remarks({"electrons": "free-above-binding"})), remarks({"source": "sns"})
        (1, ())
    """
    spins = {v for k, v in physics.items() if k.partition(".")[0] == "nucleon"}
    out = [_SPIN[nucleon] for nucleon in sorted(spins)]
    out += [VALIDITY] if "electrons" in physics else []
    if "propagation" in physics:
        potential, _, apart = physics["propagation"].partition(", ")
        out.append(_HELD[potential == _STANDARD] + _ARRIVE[apart == _APART])
    return tuple(out)


def changed_by_user(experiment: Experiment) -> dict[str, str]:
    """Fields that were set from outside: a variant by its name, without what the file writes in it.

    Args:
        experiment: with its changed fields.
    """
    given = dict(experiment.overrides or {})
    variant = {"variant": given.get("variant", "")}
    if not variant["variant"]:
        return given
    own = with_variant(experiment.document, variant)
    return {k: v for k, v in given.items() if k == "variant" or own.get(k) != v}


def radius_remarks(experiments: Iterable[Apparatus], named: Collection[str]) -> tuple[str, ...]:
    """Sentences on pulls of the form factor for which a radius is fitted.

    Args:
        experiments: with their processes.
        named: parameters of these that are free.
    """
    out = []
    for e in experiments:
        pulls = e.radius_pulls(e.interaction, named)
        if pulls:
            out.append(
                f"{' and '.join(pulls)} of {e.name} "
                f"{'is' if len(pulls) == 1 else 'are'} held: the neutrons' radius that is fitted "
                "is the form factor, and would count it twice"
            )
    return tuple(out)


def uncoupled(processes: Mapping[str, Interaction], values: Mapping[str, float]) -> list[str]:
    """Sentences on components that have no events, for all of their couplings are zero.

    Args:
        processes: of components, by their names.
        values: of couplings; what is left out has its nominal value.
    """
    out = []
    for name, process in processes.items():
        couplings = {p.name: float(values.get(p.name, p.value)) for p in process.parameters}
        if isinstance(process, Proportional) and float(process.scale(couplings)) == 0.0:
            out.append(
                f"{name} has no events, for {' and '.join(couplings)} "
                f"{'is' if len(couplings) == 1 else 'are'} 0; give a value with --at"
            )
    return out
