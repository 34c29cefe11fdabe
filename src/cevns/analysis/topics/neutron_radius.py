"""The neutron radius, with one relative change for all nuclei of the targets.

Of Klein and Nystrand the
rms radius follows from the radius R_A of the sphere,

    R^2 = (3/5) R_A^2 + 6 a^2,     d ln R/d ln R_A = (3/5) R_A^2/R^2,

0.77 for Ar, 0.84 for Ge, 0.88 for Cs; projections are quoted for either.
"""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.experiments.experiment import Experiment
from cevns.nuclear.form_factors import form_factor
from cevns.nuclear.form_factors.klein_nystrand import KleinNystrand
from cevns.nuclear.materials import material
from cevns.processes.neutron_radius import NeutronRadius

__all__ = ["TOPIC", "sphere_share"]

CITE = "none: the processes of the topic name their sources"


def sphere_share(formula: str, model: KleinNystrand | None = None) -> float:
    """D ln R/d ln R_A of Klein and Nystrand, mean over the atoms of a material.

    Examples:
        >>> [round(sphere_share(x), 2) for x in ("Ar", "Ge", "Cs")]
        [0.77, 0.84, 0.88]
    """
    model = model or KleinNystrand()
    atoms = material(formula).atoms
    total = sum(n for _, n in atoms)
    radii = ((n, model.default_rms_radius(x)) for x, n in atoms)
    return sum(n * (1.0 - 6.0 * model.range_fm**2 / r**2) for n, r in radii) / total


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    elements = {x.symbol: None for e in experiments for x in e.material.nuclides}
    formula = "".join(elements)
    model = form_factor(experiments[0].form_factor)
    asked = Quantity(
        "neutron_rms_radius",
        "rms radius of the neutrons",
        models=NeutronRadius((formula,)),
        free=f"r_n_{formula.lower()}",
        kind="relative",
    )
    if not isinstance(model, KleinNystrand):
        return (asked,)
    sphere = Quantity(
        "neutron_sphere_radius",
        "radius R_A of the neutrons (Klein and Nystrand)",
        models=asked.models,
        free=asked.free,
        kind="relative",
        per=sphere_share(formula, model),
    )
    return sphere, asked


TOPIC = Topic("radius of the neutrons", "R_n", _asks)
