"""Sliders are named as physicists name what they move."""

from __future__ import annotations

import pytest

from cevns.app.fields import of_file, of_parameter
from cevns.experiments import load

PULL = "standard deviations of its constraint; prior 0 ± 1"


@pytest.mark.parametrize(
    ("experiment", "place", "title", "unit"),
    [
        ("coherent-ge-2024", "source.protons.beam_energy", "integrated beam energy", "GWh"),
        ("coherent-csi-2021", "source.protons", "protons on target", ""),
        ("conus-2020", "source.power", "thermal power", "GW"),
        ("nucleus-1g", "source.power.1", "thermal power 2", "GW"),
        ("conus-2020", "detector.resolution.fwhm", "resolution: full width at half maximum",
         "eVee"),
        ("conus-plus-2025", "channels.c3-on.detector.quenching.k",
         "c3-on, c3-off, quenching: Lindhard k", ""),
        ("conus-plus-2025", "channels.c3-on.target.mass", "c3-on, c3-off: mass", "kg"),
        ("conus-2020", "channels.off.exposure", "off: exposure relative to that of the file", ""),
        ("red-100", "detector.resolution.electrons_per_kev", "resolution: electrons per keV", ""),
    ],
)  # fmt: skip
def test_a_slider_has_the_term_of_the_field(experiment, place, title, unit):
    field = next(f for f in of_file(load(experiment)) if f.at == place)
    assert (field.title, field.unit) == (title, unit)


def test_a_list_of_energies_has_one_energy_each():
    places = (f"{f.at}: {f.title}" for f in of_file(load("xenonnt-2024")))
    assert "channels.sr0.detector.response.energies.0: sr0, response: energy 1" in list(places)


@pytest.mark.parametrize(
    ("experiment", "name", "prior", "pull"),
    [
        ("coherent-csi-2021", "qf.csi.0", PULL, True),
        ("coherent-csi-2021", "sns.flux", "prior 1 ± 0.1", False),
        ("coherent-csi-2021", "t0", "prior 0.474 ± 0.025 us", False),
        ("conus-2020", "background", "free in fits", False),
    ],
)  # fmt: skip
def test_a_nuisance_parameter_says_what_is_known_of_it(experiment, name, prior, pull):
    parameter = load(experiment).model("cross-section").parameters[name]
    field = of_parameter(parameter)
    assert (field.prior, field.pull) == (prior, pull)
