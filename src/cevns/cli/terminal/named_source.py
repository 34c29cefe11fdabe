"""``--source NAME``: a source by its name, or that of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from cevns.sources import Source

__all__ = ["named_facility", "named_source"]


def named_source(name: str) -> Source:
    """A source by name, or the source of an experiment.

    Stopped pions (``sns``) are those of 1e23 protons at 20 m; what is asked does not depend on it.
    A facility (``ess``) is a year of its beam at 20 m, and ``stopped-pion`` that of the SNS.

    Raises:
        InputError: if the source needs settings of its own.
        UnknownNameError: if there is no such source or experiment.
    """
    from cevns import registry
    from cevns.experiments import catalogue, load
    from cevns.sources import SNS
    from cevns.sources.facilities.pion_facility import facilities
    from cevns.sources.stopped_pion import StoppedPion

    facility = named_facility(name)
    if facility is not None:
        # of one that was never built no hours are known: an hour, on which no average depends
        hours = facilities()[facility].hours or 1.0
        return StoppedPion(distance_m=20.0, facility=facility, hours=hours)
    known = registry.names("cevns.sources")
    if registry.canonical(name) == "sns":
        # a flux average does not depend on distance and protons
        return SNS(distance_m=20.0, protons=1e23)
    if registry.canonical(name) in known:
        raise InputError(
            f"the source {name!r} needs its own settings: declare them in an experiment file and "
            "give its path to --source"
        )
    if registry.canonical(name) in catalogue() or name.endswith((".yaml", ".yml")):
        return load(name).source
    raise UnknownNameError("source", name, [*facilities(), *known, *catalogue()])


def named_facility(name: str) -> str | None:
    """The facility that a name is of, ``stopped-pion`` that of the SNS; None if it is of none."""
    from cevns.registry import canonical
    from cevns.sources.facilities.pion_facility import facilities

    if canonical(name) == "stopped-pion":
        return "sns-2013-23"
    return canonical(name) if canonical(name) in facilities() else None
