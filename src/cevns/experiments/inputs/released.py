"""Released templates and their alternatives as shapes, in as many axes as they have.

A component is count x shape. A shape is a released PDF, normalised in the analysis region, with
alternatives at +1 and -1 sigma of shape parameters, each normalised too: an alternative changes
where events lie and not how many there are (rates have their own parameters). Between them
shapes follow `cevns.morphing`; they sum to one at every pull, because the odd and even parts of
normalised alternatives sum to zero. Where the signal is taken from first principles it comes from
`cevns.experiments.tables.pulse_shape` and the backgrounds stay templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.declaration.backgrounds import Template
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.shapes import Morph
from cevns.parameters import Parameter
from cevns.typing import Array

__all__ = ["released_shape", "templates"]


def released_shape(
    template: Template, content: Callable[[str], Array], parameters: Mapping[str, Parameter]
) -> Morph:
    """The shape that a template declares, its pulls in units of their constraints.

    Nominal and alternatives sum to one, so the odd and even parts sum to zero; a one-sided
    alternative has its mirror image on the other side.

    Args:
        template: roles of nominal and alternatives.
        content: role to released content.
        parameters: the declared parameters, whose constraints are the units of the pulls.

    Raises:
        InputError: if one of them is empty.
    """

    def normalised(role: str) -> Array:
        values = np.asarray(content(role), dtype=float).ravel()
        if not values.sum() > 0:
            raise InputError(f"the template {role!r} has no content in the analysis region")
        result: Array = values / values.sum()
        return result

    nominal = normalised(template.role)
    odd, even, units = {}, {}, {}
    for name, alternative in template.variations.items():
        declared = parameters.get(name)
        constraint = None if declared is None else declared.constraint
        # one without a parameter is refused with the whole declaration
        units[name] = (0.0, 1.0) if constraint is None else (constraint.mean, constraint.sigma)
        plus = normalised(alternative.plus)
        if alternative.minus is None:
            odd[name] = plus - nominal
        else:
            minus = normalised(alternative.minus)
            odd[name], even[name] = 0.5 * (plus - minus), 0.5 * (plus + minus) - nominal
    return Morph(nominal, odd, even, units)


def templates(declaration: ExperimentFile) -> dict[str, Template]:
    """The declared templates by component, the signal first."""
    out = {} if declaration.signal is None else {SIGNAL: declaration.signal.template}
    for name, background in declaration.backgrounds.items():
        if background.template is not None:
            out[name] = background.template
    return out
