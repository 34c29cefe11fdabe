"""What a topic asks of experiments: quantities, each one question to a fit of expected counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cevns import registry
from cevns.analysis.coupling_families import Physics
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment

__all__ = ["Kind", "Quantity", "Topic", "emitted", "topic", "topics"]

Kind = Literal["absolute", "relative", "limit"]
Of = Literal["cevns", "either", "any"]
"""Of which files a topic asks: of CEvNS; of reactions (`Experiment.is_beside`) where there is none
of CEvNS; or of all."""
_PACKAGE: Final = "cevns.analysis.topics"


@dataclass(frozen=True)
class Quantity:
    """A number that a fit of expected counts gives.

    Args:
        name: of the number, in tables and records.
        title: what it is.
        models: new physics in which its parameter is; None for the Standard Model.
        poi: the question by name.
        free: or the parameter that is free.
        kind: an ``absolute`` error, one ``relative`` to the nominal value, or an upper ``limit``.
        unit: of it.
        per: by how much the parameter's relative error is divided: d ln(parameter)/d ln(quantity).
        at: values of other parameters of the interaction.
        fields: fields of the files that are changed for it.
        needs_zero: whether the significance against zero is quoted too.
        acts_on: of a parameter of files that multiplies what they expect beside or in place of
            CEvNS, what it acts on there. Of several files it is free in those that have it.
    """

    name: str
    title: str
    models: Physics | None = None
    poi: str | None = None
    free: str | None = None
    kind: Kind = "absolute"
    unit: str = ""
    per: float = 1.0
    at: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    needs_zero: bool = False
    acts_on: str = ""

    def written(self, number: float | None) -> str:
        """An error or limit for tables: two digits, relative ones in per cent.

        Examples:
            >>> Quantity("xs", "cross section", kind="relative").written(0.0587)
            '5.9 %'
            >>> Quantity("mu", "magnetic moment", kind="limit").written(7.77)
            '< 7.8'
        """
        if number is None:
            return "-"
        shown = 100.0 * number if self.kind == "relative" else number
        text = f"{shown:.0f}" if 10.0 <= shown < 1e5 else f"{shown:#.2g}"
        ahead, behind = (
            "< " if self.kind == "limit" else "",
            " %" if self.kind == "relative" else "",
        )
        return f"{ahead}{text}{behind}"


Asking = Callable[[tuple[Experiment, ...], Mapping[str, float]], tuple[Quantity, ...]]


@dataclass(frozen=True)
class Topic:
    """A topic: a module of the registry has one as `TOPIC`.

    Args:
        title: one line.
        short: a head for tables, seven letters at most.
        quantities: what it asks of experiments, at values that the user holds; the first is the one
            of the matrix. It raises `InputError` for experiments that cannot answer.
        held: values that are taken where the user says nothing.
        of: which files it is asked of. Others that are named beside those constrain what they
            share with them, as heavy water does the flux.
    """

    title: str
    short: str
    quantities: Asking
    held: Mapping[str, float] = field(default_factory=dict)
    of: Of = "cevns"

    def asked(self, experiments: tuple[Experiment, ...]) -> tuple[Experiment, ...]:
        """Those of some experiments of which it is asked."""
        cevns = tuple(e for e in experiments if not e.is_beside)
        if self.of == "any" or (self.of == "either" and not cevns):
            return experiments
        return cevns

    def asks(
        self, experiments: tuple[Experiment, ...], at: Mapping[str, float]
    ) -> tuple[Quantity, ...]:
        """The quantities of some experiments.

        Raises:
            InputError: if the topic does not hold what is given, or the experiments cannot answer.
        """
        unknown = [name for name in at if name not in self.held]
        if unknown:
            known = ", ".join(self.held) or "nothing"
            raise InputError(
                f"{', '.join(unknown)} is not a fixed parameter of this topic, whose "
                f"fixed parameters are {known}"
            )
        asked = self.asked(experiments)
        if not asked:
            raise InputError(
                f"{' and '.join(e.name for e in experiments)}: this topic ({self.title}) "
                f"applies to CEvNS, but {experiments[0].interaction.name!r} is counted; "
                "also name an experiment of CEvNS, which then shares its flux"
            )
        return self.quantities(asked, {**self.held, **at})


def emitted(experiments: tuple[Experiment, ...], among: tuple[str, ...]) -> tuple[str, ...]:
    """Flavours among some that the source of one of the experiments emits, as they stand there.

    Args:
        experiments: at least one.
        among: ``("mu", "e")``.

    Raises:
        InputError: if there is none.
    """
    flavours = [f for e in experiments for f in e.source.flavours]
    found = tuple(a for a in among if any(f in (f"nu_{a}", f"nubar_{a}") for f in flavours))
    if not found:
        raise InputError(
            f"{' and '.join(e.name for e in experiments)}: the source emits none of "
            f"the flavours {', '.join(among)} that this topic needs"
        )
    return found


def topics() -> tuple[str, ...]:
    """Names of the topics.

    Examples:
        >>> "sin2-theta-w" in topics()
        True
    """
    return registry.names(_PACKAGE)


def topic(name: str) -> Topic:
    """The topic of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> topic("cross-section").title
        'cross section of CEvNS, or of the reaction of the file'
    """
    found: Any = registry.load(_PACKAGE, "topic", name).TOPIC
    assert isinstance(found, Topic)
    return found
