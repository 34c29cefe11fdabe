"""Neutrino sources: energy, time and flavour, one file for each source."""

from __future__ import annotations

from typing import Any, cast

from cevns import registry
from cevns.sources.beams.proton_beam import protons_on_target
from cevns.sources.beams.source import PulsedSource, Source, SteadySource
from cevns.sources.sns import SNS

__all__ = [
    "SNS",
    "PulsedSource",
    "Source",
    "SteadySource",
    "protons_on_target",
    "source",
    "sources",
]


def sources() -> tuple[str, ...]:
    """Names of the sources.

    Examples:
        >>> "sns" in sources()
        True
    """
    return registry.names(__name__)


def source(name: str, **options: Any) -> Source:
    """The source called `name`, built with its options.

    Raises:
        UnknownNameError: if there is no such source.

    Examples:
        >>> source("sns", distance_m=19.3, protons=3.198e23).flavours
        ('nu_mu', 'nu_e', 'nubar_mu')
    """
    return cast("Source", registry.load(__name__, "source", name).MODEL(**options))
