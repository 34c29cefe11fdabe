"""What happens at a nucleus: d(sigma)/dT as a sum of terms, one file a process."""

from __future__ import annotations

from typing import Any, cast

from cevns import registry
from cevns.interactions import _kinematics as kinematics
from cevns.interactions._base import Factor, Interaction, Term, nuclear_factors
from cevns.interactions._cross_section import differential_cross_section, total_cross_section
from cevns.interactions.standard_model import StandardModel

__all__ = [
    "Factor",
    "Interaction",
    "StandardModel",
    "Term",
    "differential_cross_section",
    "interaction",
    "interactions",
    "kinematics",
    "nuclear_factors",
    "total_cross_section",
]


def interactions() -> tuple[str, ...]:
    """Names of the interactions.

    Examples:
        >>> "standard-model" in interactions()
        True
    """
    return registry.names(__name__)


def interaction(name: str, **options: Any) -> Interaction:
    """The interaction called `name`, built with its options.

    Raises:
        UnknownNameError: if there is no such interaction.

    Examples:
        >>> interaction("standard-model", couplings="tree-lowE").name
        'standard-model'
    """
    return cast("Interaction", registry.load(__name__, "interaction", name).MODEL(**options))
