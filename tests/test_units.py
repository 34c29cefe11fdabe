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


def test_measurements_and_mistakes():
    assert measurement("474 +/- 25 ns", "us").sigma == 0.025
    with pytest.raises(UnitError, match="without a unit"):
        quantity("3", "m")
    with pytest.raises(InputError, match="finite"):
        quantity("nan m", "m")
