"""When beam particles arrive: one model a file, each with a time unit and parameters of its own."""

from __future__ import annotations

from typing import Any, cast

from cevns import registry
from cevns.sources.beams.arrival import Arrival

__all__ = ["Arrival", "arrival", "arrivals"]


def arrivals() -> tuple[str, ...]:
    """Names of the arrivals.

    Examples:
        >>> arrivals()
        ('burst', 'history', 'orbit', 'periodic', 'pulsed', 'steady', 'train')
    """
    return registry.names(__name__)


def arrival(name: str, **options: Any) -> Arrival:
    """The arrival called `name`, built with its options.

    Raises:
        UnknownNameError: if there is no such arrival.

    Examples:
        >>> arrival("burst", decay_s=3.0).unit
        's'
    """
    return cast("Arrival", registry.load(__name__, "arrival", name).MODEL(**options))
