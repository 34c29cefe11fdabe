"""Units at the border: exact ratios, so that a file in other units gives the same numbers."""

import pytest

from cevns.exceptions import InputError, UnitError
from cevns.units import _UNITS, measurement, quantity

PAIRS = [
    (u, v) for u, (d, _) in _UNITS.items() for v, (e, _) in _UNITS.items() if d == e and u and v
]


@pytest.mark.parametrize(("unit", "target"), PAIRS)
def test_there_and_back(unit, target):
    for number in (1.0, 3.0, 0.1, 19.3):
        there = quantity(f"{number!r} {unit}", target)
        # two roundings
        assert quantity(f"{there!r} {target}", unit) == pytest.approx(number, rel=5e-16)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1000 eVee", "keVee", 1.0),
        ("10000 eV", "keV", 10.0),
        ("350 ns", "us", 0.35),
        ("474 ns", "us", 0.474),
        ("1930 cm", "m", 19.3),
        ("14600 g", "kg", 14.6),
    ],
)
def test_decimal_numbers_stay_decimal(text, unit, value):
    assert quantity(text, unit) == value


@pytest.mark.parametrize("text", ["500 +/- 2 %", "1.00 +/- 10%", "100 ± 10 %"])
def test_an_uncertainty_in_percent_is_refused(text):
    """It was read as 5.00 +/- 0.02: both numbers divided by 100."""
    with pytest.raises(InputError, match="the reference of the percentage"):
        measurement(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("60 keVee", "keVnr"), ("80 eVnr", "keVee"), ("80 eV", "keVee"), ("2 keVnr", "keV")],
)
def test_energies_of_recoils_and_of_electrons_are_not_the_same(text, unit):
    with pytest.raises(UnitError, match=r"is a unit of .*energy, not of .*energy"):
        quantity(text, unit)


@pytest.mark.parametrize(("text", "unit"), [("10 meV", "MeV"), ("1 nm", "m"), ("5 um", "cm")])
def test_units_one_slip_from_others_are_not_known(text, unit):
    with pytest.raises(UnitError, match="unknown unit"):
        quantity(text, unit)


def test_measurements_and_mistakes():
    assert measurement("474 +/- 25 ns", "us").sigma == 0.025
    with pytest.raises(UnitError, match="without a unit"):
        quantity("3", "m")
    with pytest.raises(InputError, match="finite"):
        quantity("nan m", "m")
