"""A template model at one parameter point, for a minimiser that asks for one at a time.

There a loop over groups in Python costs more than the arithmetic; here all weights are a dozen
array operations: with phi = (1, alpha_1, ..., d(alpha_1), ...) the weight of a template is
``phi[first] phi[second]`` times the product of its factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.model.template_groups import Term
from cevns.morphing import even_part, even_part_derivative
from cevns.typing import Array, IntArray

if TYPE_CHECKING:
    from cevns.inference.model.low_rank import TemplateModel

__all__ = ["SinglePoint"]


@dataclass(frozen=True, eq=False)
class SinglePoint:
    """The weights of all templates of a model; build with `of`.

    Args:
        at: positions of the shape nuisances in the parameter vector.
        centre: their values at alpha = 0.
        width: their changes for alpha = 1.
        first: place in phi of the first term of each template.
        second: of the second.
        factors: positions of the factors of each template, padded with the place of a one.
    """

    at: IntArray
    centre: Array
    width: Array
    first: IntArray
    second: IntArray
    factors: IntArray

    @classmethod
    def of(cls, model: TemplateModel) -> SinglePoint | None:
        """The weights of `model`; None where it needs the general path.

        That is: normalised groups, functions as factors, nuisances with more knots.
        """
        if any(n.knots for n in model.nuisances) or any(
            g.normalised or g.function is not None for g in model.groups
        ):
            return None
        names = [n.name for n in model.nuisances]

        def place(term: Term | None) -> int:
            if term is None:
                return 0
            return 1 + names.index(term[0]) + (len(names) if term[1] == "even" else 0)

        one = len(model.parameters)  # a one stands behind the parameters
        factors = {g.name: [model.parameters.position(p) for p in g.factors] for g in model.groups}
        longest = max((len(f) for f in factors.values()), default=0)
        padded = [[*t.terms, None, None][:2] for t in model.templates]
        return cls(
            np.array([model.parameters.position(n) for n in names], dtype=np.int64),
            np.array([n.centre for n in model.nuisances]),
            np.array([n.width for n in model.nuisances]),
            np.array([place(a) for a, _ in padded], dtype=np.int64),
            np.array([place(b) for _, b in padded], dtype=np.int64),
            np.array(
                [
                    [*factors[t.group], *[one] * (longest - len(factors[t.group]))]
                    for t in model.templates
                ],
                dtype=np.int64,
            ),
        )

    def weights(self, theta: Array) -> Array:
        """``(n_par,) -> (n_templates,)``."""
        alpha = (theta[self.at] - self.centre) / self.width
        phi = np.concatenate(([1.0], alpha, even_part(alpha)))
        product = np.append(theta, 1.0)[self.factors].prod(axis=1)
        result: Array = product * phi[self.first] * phi[self.second]
        return result

    def weights_and_slopes(self, theta: Array) -> tuple[Array, Array]:
        """``(n_par,) -> (n_templates,), (n_par, n_templates)``."""
        alpha = (theta[self.at] - self.centre) / self.width
        phi = np.concatenate(([1.0], alpha, even_part(alpha)))
        rate = np.concatenate(([0.0], 1.0 / self.width, even_part_derivative(alpha) / self.width))
        owner = np.concatenate(([theta.size], self.at, self.at))
        values = np.append(theta, 1.0)[self.factors]
        product = values.prod(axis=1)
        shape = phi[self.first] * phi[self.second]
        columns = np.arange(self.first.size)
        # the last row collects the derivatives by the ones behind the parameters
        slopes = np.zeros((theta.size + 1, self.first.size))
        for here, there in ((self.first, self.second), (self.second, self.first)):
            slopes[owner[here], columns] += product * rate[here] * phi[there]
        for k in range(values.shape[1]):
            others = np.delete(values, k, axis=1).prod(axis=1)
            slopes[self.factors[:, k], columns] += others * shape
        return product * shape, slopes[:-1]
