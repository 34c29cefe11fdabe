"""The rms radius of the neutron distribution, a parameter for each element.

CEvNS is almost only due to the neutrons, G_V = g_V^p Z F_p(q; R_p) + g_V^n N F_n(q; R_n), so the
decrease of the rate with q measures R_n (arXiv:1207.0693; CsI: arXiv:1710.02730). The form-factor
model determines the surface and R_n the size, so results depend weakly on the model.

The nominal value is the radius of the model, with which the process is the Standard Model. R_p is
also that of the model unless stated; two definitions are in use (`cevns.nuclear.radii`), and a
published R_n depends on which of them was used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cevns.nuclear.checks import positive
from cevns.nuclear.form_factors import FormFactor, form_factor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Gaussian, Parameters
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.ingredients.elements import (
    ELEMENTS,
    check_definition,
    group_of,
    groups,
    proton_rms_fm,
)

__all__ = ["MODEL", "NeutronRadius"]

CITE = ("arXiv:1207.0693", "arXiv:1710.02730")


@dataclass(frozen=True)
class NeutronRadius(Extension):
    """Neutron rms radii as parameters; see the module.

    Args:
        elements: elements, or compounds whose elements share one radius: ``("CsI",)`` has the
            parameter ``r_n_csi`` of arXiv:1710.02730.
        proton: radius of the protons: ``default`` (the form-factor model's), ``charge``,
            ``distribution``, ``point``, or fm by element or nuclide.
        model: form-factor model of the nominal values; a fold inserts its model here.
        theory: relative error of the nominal values from nuclear theory, which is a constraint on
            each fitted radius. None leaves them free.

    Raises:
        InputError: if a nuclide has two parameters, or the error is not positive.
        UnknownNameError: if an element or a name is unknown.

    Examples:
        >>> NeutronRadius(("Cs", "I")).parameters.names
        ('r_n_cs', 'r_n_i')
        >>> round(NeutronRadius(("CsI",), model="helm-rms").parameters["r_n_csi"].value, 3)
        4.777
    """

    elements: tuple[str, ...] = ELEMENTS
    proton: str | Mapping[str, float] = "default"
    model: str | FormFactor = "klein-nystrand"
    theory: float | None = None
    name: str = field(default="neutron-radius", init=False)

    def __post_init__(self) -> None:
        if self.theory is not None:
            positive("relative error of radii by nuclear theory", self.theory)
        groups(self.elements)
        check_definition(self.proton)

    @property
    def parameters(self) -> Parameters:
        """``r_n_<element>``, fm."""
        model = form_factor(self.model)
        # the lightest isotope, too, stays above what the form factor can describe
        free = [
            bounded(
                f"r_n_{g.label}",
                f"rms radius of the neutron distribution of {g.formula}",
                value=g.mean(model.default_rms_radius),
                unit="fm",
                reach=(
                    (model.minimum_rms_fm + 0.01) / g.least_relative(model.default_rms_radius),
                    10,
                ),
                typical=0.5,
            )
            for g in groups(self.elements)
        ]
        if self.theory is None:
            return Parameters(free)
        error = self.theory
        return Parameters(
            dataclasses.replace(p, constraint=Gaussian(p.value, error * p.value)) for p in free
        )

    def neutron_rms_fm(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Any | None:
        """The radius; None if the parameter is omitted, which means the radius of the model."""
        group = group_of(self.elements, nuclide)
        if group is None or f"r_n_{group.label}" not in values:
            return None
        relative = group.relative(nuclide, form_factor(self.model).default_rms_radius)
        return values[f"r_n_{group.label}"] * relative

    def proton_rms_fm(self, nuclide: Nuclide) -> float | None:
        """The radius of the protons if `proton` states one."""
        return proton_rms_fm(self.proton, nuclide)

    def for_form_factor(self, model: FormFactor) -> Self:
        """With the model whose radii are the nominal values."""
        return self if model == self.model else dataclasses.replace(self, model=model)


MODEL = NeutronRadius
