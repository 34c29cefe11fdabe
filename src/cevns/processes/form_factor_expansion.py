r"""A model-independent neutron form factor: its expansion in moments of the distribution,

    F_n(q) = 1 - q^2 <R^2>/3! + q^4 <R^4>/5! - q^6 <R^6>/7! + ...

(Patton, Engel, McLaughlin and Schunck, arXiv:1207.0693, equation 5 [M]). The parameters are the
roots <R^2>^(1/2), <R^4>^(1/4) and <R^6>^(1/6), the last of which is fixed. The nominal values are
the moments of the form-factor model.

Terms beyond q^6 are those of the form-factor model unless ``truncated``, so that the process at
nominal values is the Standard Model and the series does not diverge; the coefficients up to q^6 are
the parameters in both cases. For CsI at 20 keV q R is 1.7 and q^8 is 0.1 % of F_n(0); at 45 keV it
is 3 %. All couplings to neutrons, of the Standard Model and of other extensions, have the same
F_n; the small axial part has a separate form factor. In F_n the parameters enter as shapes of
recoil energy with coefficients, so a fit does not evaluate form factors.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from cevns.nuclear.form_factors import FormFactor, form_factor
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.radial_moments import radial_moments
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.extension import Extension, Shape, bounded
from cevns.processes.framework.kinematics import momentum_transfer_inv_fm
from cevns.processes.ingredients.elements import ELEMENTS, Property, group_of, groups
from cevns.typing import Array

__all__ = ["MODEL", "FormFactorExpansion"]

CITE = ("arXiv:1207.0693",)

_POWERS = (2, 4, 6)


@dataclass(frozen=True)
class _Power:
    """q^k, fm^-k."""

    k: int

    def __call__(self, recoil_energy_kev: Array, nuclide: Nuclide) -> Array:
        return momentum_transfer_inv_fm(recoil_energy_kev, nuclide.mass_mev) ** self.k


@dataclass(frozen=True)
class FormFactorExpansion(Extension):
    """Moments of the neutron distribution as parameters; see the module.

    Args:
        elements: elements, or compounds whose elements share the moments.
        truncated: omit the terms beyond q^6.
        model: form-factor model of the nominal moments; a fold inserts its model here.

    Raises:
        InputError: if a nuclide has two sets of parameters.
        UnknownNameError: if an element is unknown.

    Examples:
        >>> FormFactorExpansion(("Ar",)).parameters.names
        ('r2_n_ar', 'r4_n_ar', 'r6_n_ar')
    """

    elements: tuple[str, ...] = ELEMENTS
    truncated: bool = False
    model: str | FormFactor = "klein-nystrand"
    name: str = field(default="form-factor-expansion", init=False)

    def __post_init__(self) -> None:
        groups(self.elements)

    @property
    def parameters(self) -> Parameters:
        """``r2_n_<element>``, ``r4_n_<element>`` and, held, ``r6_n_<element>``, fm."""
        out: list[Parameter] = []
        for group in groups(self.elements):
            for k in _POWERS:
                root = bounded(
                    f"r{k}_n_{group.label}",
                    f"<R^{k}>^(1/{k}) of the neutron distribution of {group.formula}",
                    value=group.mean(self._root(k)),
                    unit="fm",
                    reach=(0.0, 10.0),
                    typical=0.5,
                )
                out.append(dataclasses.replace(root, fixed=k == _POWERS[-1]))
        return Parameters(out)

    @property
    def neutron_shapes(self) -> tuple[Shape, ...]:
        """F_n of the form-factor model, then 1, q^2, q^4 and q^6 (q in 1/fm)."""
        powers = (Shape(f"q{k}", "", _Power(k)) for k in _POWERS)
        return (Shape("1", "n"), Shape("q0", ""), *powers)

    def neutron_coefficients(self, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Coefficients of `neutron_shapes`: those of the model's F_n alone at nominal values."""
        group = group_of(self.elements, nuclide)
        if group is None:
            return (1.0, *([0.0] * (1 + len(_POWERS))))
        out: list[Any] = [0.0, 1.0] if self.truncated else [1.0, 0.0]
        for i, (k, own) in enumerate(zip(_POWERS, self._moments(nuclide), strict=True)):
            moment: Any = own
            name = f"r{k}_n_{group.label}"
            if name in values:
                moment = (values[name] * group.relative(nuclide, self._root(k))) ** k
            change = moment if self.truncated else moment - own
            out.append((-1.0) ** (i + 1) * change / math.factorial(k + 1))
        return out

    def _moments(self, nuclide: Nuclide) -> list[float]:
        """<R^2>, <R^4>, <R^6> of the model, fm^k."""
        if nuclide.name not in self._known:
            model = form_factor(self.model)
            found = radial_moments(model, model.default_rms_radius(nuclide), len(_POWERS))
            self._known[nuclide.name] = found.tolist()
        return self._known[nuclide.name]

    @cached_property
    def _known(self) -> dict[str, list[float]]:
        return {}

    def _root(self, k: int) -> Property:
        return lambda x: max(self._moments(x)[_POWERS.index(k)], 0.0) ** (1.0 / k)

    def for_form_factor(self, model: FormFactor) -> Self:
        """With the model whose moments are the nominal values."""
        return self if model == self.model else dataclasses.replace(self, model=model)


MODEL = FormFactorExpansion
