"""``--source NAME``: a source by its name, or that of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from cevns.sources import Source

__all__ = ["named_source"]


def named_source(name: str) -> Source:
    """A source by name, or the source of an experiment.

    Stopped pions (``sns``) are those of 1e23 protons at 20 m; what is asked does not depend on it.

    Raises:
        InputError: if the source needs settings of its own.
        UnknownNameError: if there is no such source or experiment.
    """
    from cevns import registry
    from cevns.experiments import catalogue, load
    from cevns.sources import SNS

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
    raise UnknownNameError("source", name, [*known, *catalogue()])
