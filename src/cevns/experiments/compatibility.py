"""Whether two experiments can be fitted together: not the same data, and one physics."""

from __future__ import annotations

from itertools import product

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.registry import canonical

__all__ = ["check_together", "is_shared"]


def check_together(a: Experiment, b: Experiment) -> None:
    """Two experiments of one fit must hold other data and be declared with the same physics.

    Raises:
        InputError: if they do not.
    """
    _check_data(a, b)
    _check_physics(a, b)


def is_shared(experiment: Experiment, name: str) -> bool:
    """Whether a parameter is one that all experiments have in common, as the file declares it.

    A coupling of a component's own process, which the file does not declare, is.
    """
    entry = experiment.declaration.parameters.get(name)
    if entry is not None:
        return entry.shared is True
    return any(p.parameters.has(name) for p in experiment.own_processes.values())


def _check_data(a: Experiment, b: Experiment) -> None:
    """Two experiments must not hold the same data."""
    if a.name == b.name:
        same = a.path == b.path
        raise InputError(
            f"{a.name} is given twice; name each experiment once"
            if same
            else f"{a.path} and {b.path} are both called {a.name}; give one another name"
        )
    if a.name in b.declaration.overlaps or b.name in a.declaration.overlaps:
        raise InputError(
            f"{a.name} and {b.name} hold the same data (declared under 'overlaps'); the same "
            "events must not enter a fit twice: remove one"
        )
    for (name, ours), (other, theirs) in product(
        a.declaration.external.items(), b.declaration.external.items()
    ):
        if name == other and ours != theirs:
            raise InputError(
                f"the external measurement {name!r} is different in {a.name} and in "
                f"{b.name}; it enters a joint fit only once: declare the same in both, or "
                "rename one"
            )
        if name != other and ours == theirs:
            raise InputError(
                f"the external measurement {name!r} of {a.name} has a different name in "
                f"{b.name}; it enters a joint fit only once: use one name"
            )
    for one, another in product(a.declaration.correlations, b.declaration.correlations):
        both = [n for n in one.parameters if n in another.parameters]
        common = [n for n in both if is_shared(a, n) and is_shared(b, n)]
        if common and one != another:
            raise InputError(
                f"the covariance of {', '.join(common)} is another one in {a.name} and in "
                f"{b.name}; it enters a joint fit once: write the same in both"
            )
    if not (a.has_data and b.has_data):
        return
    counts = [{f.sha256 for f in e.inputs.files if f.role == "observed"} for e in (a, b)]
    if a.declaration.releases & b.declaration.releases or counts[0] & counts[1]:
        raise InputError(
            f"{a.name} and {b.name} read the same data; the same events must not enter a fit "
            "twice: remove one, or remove the section 'data' from a projection"
        )
    if _equal_counts(a, b):
        raise InputError(
            f"{a.name} and {b.name} hold the same counts in the same bins; the same events must "
            "not enter a fit twice: remove one"
        )


def _equal_counts(a: Experiment, b: Experiment) -> bool:
    """Whether data of both agree bin by bin, in more bins than chance would fill alike."""
    for (one, x), (other, y) in product(a.inputs.observed.items(), b.inputs.observed.items()):
        seen = a.views[one], b.views[other]
        axes = [(v.energy_edges, v.time_edges, v.pulse_shape_edges) for v in seen]
        alike = all(
            (p is None) == (q is None) and (p is None or np.array_equal(p, q))
            for p, q in zip(*axes, strict=True)
        )
        if alike and np.array_equal(x, y) and np.count_nonzero(x) > 3:
            return True
    return False


def _check_physics(a: Experiment, b: Experiment) -> None:
    """The process and its couplings are common; detector response goes with the material.

    Reactions of some nuclides have no couplings, and each its own cross section.
    """
    coherent = not (a.is_beside or b.is_beside)
    for field in ("kind", "couplings", "charge_radius") if coherent else ():
        ours, theirs = (getattr(e.declaration.interaction, field) for e in (a, b))
        if canonical(ours) != canonical(theirs):
            raise InputError(
                f"{a.name} has the interaction {field} {ours!r} and {b.name} {theirs!r}, which a "
                "joint fit shares; write the same in both files"
            )
    if len({v.material.atoms for e in (a, b) for v in e.views.values()}) == 1:
        _check_curves(a, b)
        return
    bound = {"quenching", "neutron-radius"}
    for name, entry in a.declaration.parameters.items():
        if not (is_shared(a, name) and is_shared(b, name)):
            continue
        if bound & {entry.acts_on, b.declaration.parameters[name].acts_on}:
            raise InputError(
                f"{name!r} acts on {entry.acts_on} and is shared between {a.material.name} in "
                f"{a.name} and {b.material.name} in {b.name}; write 'shared: material', or give "
                "it a name for each material"
            )


def _check_curves(a: Experiment, b: Experiment) -> None:
    """A shared pull must move the same curve: where it is 0 +- 1, its own declaration is alike."""
    moved = [
        {
            name: sorted({q.stands_for(name) for q in curves if name in q.variations})
            for name, entry in e.declaration.parameters.items()
            if entry.shared and entry.acts_on == "quenching"
        }
        for e in (a, b)
        for curves in [[v.quenching for v in e.views.values()]]
    ]
    for name in moved[0].keys() & moved[1].keys():
        ours, theirs = (" and ".join(found[name]) for found in moved)
        if ours != theirs:
            raise InputError(
                f"the shared parameter {name!r} is {ours} in {a.name} and {theirs} in {b.name}; "
                "change detector.quenching in one, or declare the parameter not shared there"
            )
