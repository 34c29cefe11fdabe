"""The fog in the gallery, its floors beside those of an independent program."""

import pytest

from cevns.report.gallery import entry

OWN = {"Xe": (1.396e-45, 4.166e-49), "F": (None, 1.593e-48)}


def test_floors_of_the_table():
    rows = {row[0]: row[1:] for row in entry("xenon-fog").table().rows}
    assert set(rows) == {"Xe", "Ge", "Ar", "Si", "F", "He"}
    for target, wanted in OWN.items():
        for cell, own in zip(rows[target][2::2], wanted, strict=True):
            if own is not None:
                assert float(cell) / own == pytest.approx(1.0, rel=0.03)


def test_the_figure_has_the_floor_over_the_map():
    axes = entry("xenon-fog").figure().axes[0]
    assert [line.get_label() for line in axes.lines] == ["Floor, $n = 2$"]
    assert axes.collections  # the map
