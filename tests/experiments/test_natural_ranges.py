"""The natural range of every mediator is scanned with toys, to its end."""

import numpy as np
import pytest

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.analysis.scanning.scan_task import scan
from cevns.experiments import load
from cevns.inference.model.grid import Axis
from cevns.processes import FromElsewhere, interaction, interactions, structure_of
from cevns.processes.framework.abilities import OfNuclides

MEDIATORS = {
    name: (p.name, process.parameters[-1].name)
    for name in interactions()
    if not isinstance(process := interaction(name), FromElsewhere | OfNuclides)
    for p in structure_of(process)
    if p.natural is not None
}


def test_all_mediators_are_there():
    assert set(MEDIATORS) == {
        "light-scalar",
        "light-vector",
        "tensor",
        "vector-b-l",
        "vector-l-mu-l-tau",
        "vector-universal",
    }


@pytest.mark.slow
@pytest.mark.parametrize("model", MEDIATORS)
def test_natural_range_holds_the_limits_at_all_masses(model):
    """No limit lies at an end of the range of the coupling, and no point is unsure."""
    pytest.importorskip("h5py")
    mass, coupling = MEDIATORS[model]
    found = _scan(model, {mass: 4, coupling: 25}, "profile")
    assert found.failed == 0
    assert found.unsure.sum() <= 0.01 * found.unsure.size
    for value, pieces in found.slices():
        low, high = found.axes[1][[0, -1]]
        assert pieces[0][0] == low, value  # hardly any coupling is allowed
        assert 3.0 * low < pieces[0][1], value
        assert pieces[-1][1] < high or model == "vector-l-mu-l-tau", value


@pytest.mark.slow
@pytest.mark.parametrize("model", MEDIATORS)
def test_natural_range_is_scanned_by_toys_to_its_end(model):
    mass, coupling = MEDIATORS[model]
    found = _scan(model, {mass: 4, coupling: 17}, "fc", toys=60)
    assert not found.refused
    assert found.unsure.sum() <= 0.01 * found.unsure.size
    assert found.excluded.any()
    decided = ~np.isnan(found.file.datasets["toys/p_value"])
    assert decided.all()


def _scan(model, points, method, **how):
    process = interaction(model)
    known = {p.name: p for p in (*process.parameters, *structure_of(process))}
    ranges = {
        name: Axis.natural(known[name], n, structural=name == MEDIATORS[model][0])
        for name, n in points.items()
    }
    return scan(scan_plan(load("coherent-csi-2021"), model, ranges), method, **how)
