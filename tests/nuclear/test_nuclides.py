from __future__ import annotations

import math

import pytest

from cevns.exceptions import UnknownNameError
from cevns.nuclear import (
    isotopes,
    nuclide,
    nuclides,
    point_proton_radius,
    proton_distribution_radius,
)


@pytest.mark.parametrize("name", ["Cs133", "133Cs", "Cs-133", "cs133", " CS-133 ", "133-cs"])
def test_a_nuclide_answers_to_its_usual_names(name):
    assert nuclide(name).name == "Cs133"


@pytest.mark.parametrize("name", ["Cs134", "Cs", "133", "Cs133Cs", "", "Q1"])
def test_an_unknown_nuclide_is_refused_with_the_known_ones(name):
    with pytest.raises(UnknownNameError, match="unknown nuclide"):
        nuclide(name)


def test_the_nuclear_mass_lacks_the_electrons():
    # the deuteron: 1875.612 MeV (CODATA); the atomic mass would be 0.511 MeV more. Atomic
    # binding (13.6 eV) is neglected, the table has 1e-8 u = 1e-5 MeV
    assert nuclide("H2").mass_mev == pytest.approx(1875.61294, abs=5e-5)
    assert nuclide("He4").mass_mev == pytest.approx(3727.37941, abs=2e-4)  # 79 eV of binding


def test_every_element_has_its_whole_natural_composition():
    for symbol in {x.symbol for x in nuclides()}:
        # 1e-3: the promise of the table, the figures of IUPAC being rounded
        assert math.fsum(x.abundance for x in isotopes(symbol)) == pytest.approx(1.0, abs=1e-3)


def test_the_mean_atomic_masses_are_the_standard_atomic_weights():
    # conventional atomic weights, rounded as published: half a unit of the last place, widened
    # for elements whose natural composition varies or is known to 1e-4 only
    weights = {"H": (1.008, 5e-4), "O": (15.999, 1e-3), "Si": (28.085, 1e-3)}
    weights |= {"S": (32.06, 1e-2), "Ar": (39.948, 1e-3), "Ca": (40.078, 4e-3)}
    weights |= {"Zn": (65.38, 2e-2), "Ge": (72.630, 8e-3), "Xe": (131.293, 6e-3)}
    weights |= {"W": (183.84, 1e-2), "Pb": (207.2, 0.1), "Ne": (20.1797, 6e-4)}
    weights |= {"Fe": (55.845, 2e-3)}
    for symbol, (weight, error) in weights.items():
        own = isotopes(symbol)
        total = math.fsum(x.abundance for x in own)
        mean = math.fsum(x.abundance * x.atomic_mass_u for x in own) / total
        assert mean == pytest.approx(weight, abs=error), symbol


def test_the_table_is_consistent():
    names = [x.name for x in nuclides()]
    assert len(set(names)) == len(names)
    for x in nuclides():
        assert x.name == f"{x.symbol}{x.a}"
        # masses in u lie within 0.11 of the mass number (Xe) and spins follow the parity of A
        assert abs(x.atomic_mass_u - x.a) < 0.11
        assert (2 * x.spin) % 2 == x.a % 2
        assert not (x.z % 2 == 0 and x.n % 2 == 0) or x.spin == 0.0


def test_unpaired_nucleons():
    assert nuclide("Na23").unpaired == (1, 0)
    assert nuclide("Ge73").unpaired == (0, 1)
    assert nuclide("Ar40").unpaired == (0, 0)


@pytest.mark.parametrize(
    ("name", "point", "distribution"),
    [("Cs133", 4.744, 4.821), ("I127", 4.689, 4.766), ("Ar40", 3.339, 3.448)],
)
def test_the_two_proton_radii_in_use(name, point, distribution):
    # three decimals, as quoted; the table's I127 radius is 4.75 where the quote used 4.749
    error = 1.6e-3 if name == "I127" else 6e-4
    assert point_proton_radius(nuclide(name)) == pytest.approx(point, abs=error)
    assert proton_distribution_radius(nuclide(name)) == pytest.approx(distribution, abs=error)
