"""Sliders are named as physicists name what they move."""

from __future__ import annotations

import pytest

from cevns.app.fields import of_file
from cevns.experiments import load


@pytest.mark.parametrize(
    ("experiment", "place", "title", "unit"),
    [
        ("coherent-ge-2024", "source.protons.beam_energy", "integrated beam energy", "GWh"),
        ("coherent-csi-2021", "source.protons", "protons on target", ""),
        ("conus-2020", "source.power", "thermal power", "GW"),
        ("nucleus-1g", "source.power.1", "thermal power 2", "GW"),
        ("conus-2020", "detector.resolution.fwhm", "resolution: full width at half maximum",
         "eVee"),
        ("conus-2020", "channels.off.exposure", "off: exposure relative to that of the file", ""),
        ("red-100", "detector.resolution.electrons_per_kev", "resolution: electrons per keV", ""),
    ],
)  # fmt: skip
def test_a_slider_has_the_term_of_the_field(experiment, place, title, unit):
    field = next(f for f in of_file(load(experiment)) if f.at == place)
    assert (field.title, field.unit) == (title, unit)
