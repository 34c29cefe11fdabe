from __future__ import annotations

import numpy as np
import pytest

from cevns.exceptions import UnknownNameError
from cevns.nuclear import electron_shells, free_electrons, nuclides

ELEMENTS = {x.symbol: x.z for x in nuclides()}


@pytest.mark.parametrize("symbol", ELEMENTS)
def test_an_atom_has_as_many_electrons_as_protons(symbol):
    shells = electron_shells(symbol)
    assert sum(s.electrons for s in shells) == ELEMENTS[symbol]
    assert len({s.name for s in shells}) == len(shells)
    capacity = {"s": 2, "p": 6, "d": 10, "f": 14}
    split = {"p1/2": 2, "p3/2": 4, "d3/2": 4, "d5/2": 6, "f5/2": 6, "f7/2": 8}
    for s in shells:
        assert 0 < s.electrons <= (split[s.name[1:]] if "/" in s.name else capacity[s.name[1]])
        assert s.binding_ev > 3.8  # no atom is bound less than caesium


@pytest.mark.parametrize("symbol", ELEMENTS)
def test_the_steps_rise_from_nothing_to_all(symbol):
    inner = max(s.binding_ev for s in electron_shells(symbol)) * 1e-3
    assert free_electrons(symbol, inner * 1.001) == ELEMENTS[symbol]
    # two of the innermost shell (one in hydrogen) are left below its edge
    assert free_electrons(symbol, inner * 0.999) == ELEMENTS[symbol] - min(2, ELEMENTS[symbol])
    assert free_electrons(symbol, 0.0) == 0
    assert (np.diff(free_electrons(symbol, np.geomspace(1e-3, 100, 500))) >= 0).all()


@pytest.mark.parametrize("symbol", ["Ar", "Ge", "I", "Xe", "Cs", "Pb"])
def test_k_edges_follow_moseley(symbol):
    # K edges are within some per cent of 13.6 eV (Z - 2)^2 with the relativistic (alpha Z)^2/4
    z = ELEMENTS[symbol]
    estimate = 13.606 * (z - 2.2) ** 2 * (1 + 0.25 * ((z - 2.2) / 137) ** 2)
    assert electron_shells(symbol)[0].binding_ev == pytest.approx(estimate, rel=0.12)


def test_the_published_steps_of_caesium_iodide():
    # Z_eff of arXiv:2205.09484, tables for Cs and I (from memory); energies in keV inside a step
    caesium = {40.0: 55, 10.0: 53, 5.5: 51, 5.2: 49, 2.0: 45, 1.1: 43, 1.04: 41, 0.8: 37, 0.5: 27,
               0.2: 25, 0.168: 23}  # fmt: skip
    iodine = {40.0: 53, 10.0: 51, 5.0: 49, 4.7: 47, 2.0: 43, 1.0: 41, 0.9: 39, 0.7: 35, 0.4: 25,
              0.15: 23, 0.1: 19 - 2}  # fmt: skip
    for symbol, steps in (("Cs", caesium), ("I", iodine)):
        assert free_electrons(symbol, list(steps)).tolist() == list(steps.values())


def test_an_unknown_element():
    with pytest.raises(UnknownNameError, match="unknown element with electron shells 'Uuo'"):
        electron_shells("Uuo")
