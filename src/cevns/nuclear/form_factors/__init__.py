"""Nuclear form factors: one file a model, called by its file name.

``helm`` (Lewin-Smith radius), ``helm-rms``, ``klein-nystrand`` (COHERENT's), ``klein-nystrand-
adapted``, ``symmetrised-fermi``, ``fermi`` and ``unity``. A form factor multiplies the
amplitude, not the cross section.
"""

from __future__ import annotations

from typing import cast

from cevns import registry
from cevns.nuclear.spherical_forms import FormFactor

__all__ = ["FormFactor", "form_factor", "form_factors"]


def form_factors() -> tuple[str, ...]:
    """Names of the models.

    Examples:
        >>> "klein-nystrand" in form_factors()
        True
    """
    return registry.names(__name__)


def form_factor(model: str | FormFactor) -> FormFactor:
    """The form-factor model called `model`; a model object is returned as it is.

    Raises:
        UnknownNameError: if there is no such model.

    Examples:
        >>> form_factor("Klein_Nystrand")
        KleinNystrand(range_fm=0.7)
    """
    if isinstance(model, str):
        return cast("FormFactor", registry.load(__name__, "form factor", model).MODEL())
    return model
