"""What happens at a nucleus: d(sigma)/dT as a sum of terms, one file a process."""

from __future__ import annotations

from typing import Any

from cevns import registry
from cevns.interactions import _kinematics as kinematics
from cevns.interactions._base import Factor, Interaction, Term, nuclear_factors
from cevns.interactions._combined import Combined
from cevns.interactions._cross_section import differential_cross_section, total_cross_section
from cevns.interactions._electrons import (
    ELECTRON,
    ElectronScattering,
    electron_scattering,
    matters_at_electrons,
)
from cevns.interactions._extension import CONTACT, ELECTRON_CONTACT, Extension, Shape, bounded
from cevns.interactions.standard_model import StandardModel

__all__ = [
    "CONTACT",
    "ELECTRON",
    "ELECTRON_CONTACT",
    "Combined",
    "ElectronScattering",
    "Extension",
    "Factor",
    "Interaction",
    "Shape",
    "StandardModel",
    "Term",
    "bounded",
    "differential_cross_section",
    "electron_scattering",
    "interaction",
    "interactions",
    "kinematics",
    "matters_at_electrons",
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
    """The interaction called `name`, or several extensions of the Standard Model together.

    Args:
        name: registry name; ``nsi+magnetic-moment`` is both at once.
        options: ``couplings`` and ``axial`` of the Standard Model, and options of the extension.

    Raises:
        UnknownNameError: if there is no such interaction.

    Examples:
        >>> interaction("standard-model", couplings="tree-lowE").name
        'standard-model'
    """
    base = {k: options.pop(k) for k in ("couplings", "axial") if k in options}
    models = [registry.load(__name__, "interaction", part).MODEL for part in name.split("+")]
    if models == [StandardModel]:
        return StandardModel(**base, **options)
    extensions = tuple(m(**options) for m in models if m is not StandardModel)
    return Combined(StandardModel(**base), extensions)
