"""Heavy water and the neutrino cubes at the SNS: response in MeV, the flux, joint fits."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

import cevns
from cevns.exceptions import CevnsError, InputError
from cevns.experiments import load
from cevns.experiments.joint import JointExperiment
from cevns.inference import asimov, fit
from cevns.processes import process
from cevns.processes.inelastic.two_protons import Q_MEV, electron_density

M_MU = 105.6583755
EDGES = np.array([22.7, *np.arange(24.0, 59.0, 2.0)])


def error_of_flux(**overrides):
    """Standard deviation of the flux that heavy water alone finds, from expected counts."""
    changes = {"variant": "alone", **{k.replace("__", "."): v for k, v in overrides.items()}}
    model = load("coherent-d2o", overrides=changes).model(("sns.flux",))
    return fit(model, data=asimov(model), minos="none")["sns.flux"].error


# -- the response ---------------------------------------------------------------------------------


def michel(e):
    return 192.0 * e**2 / M_MU**3 * (0.5 - e / M_MU) * (e <= M_MU / 2)


def seen(top, spectrum):
    """Counts in the bins of electrons with a density dN/dT on (0, top), sigma = 15 % at 30 MeV."""
    x, w = np.polynomial.legendre.leggauss(300)
    t = 0.5 * top * (x + 1.0)
    sigma = 0.15 * np.sqrt(30.0 * t)
    inside = np.diff(ndtr((EDGES[:, None] - t) / sigma), axis=0)
    return inside @ (0.5 * top * w * spectrum(t))


def test_bins_in_mev_against_an_integral_of_their_own():
    """Every bin to 2e-4 of deuterium and 2e-3 of oxygen, whose tail has 1e-9 of its events."""
    experiment = load("coherent-d2o", overrides={"parameters.oxygen_seen.value": "1"})
    nuclei, end = experiment.material.nuclei_per_kg(), M_MU / 2
    x, w = np.polynomial.legendre.leggauss(100)
    u, deuteron, oxygen = 0.5 * (x + 1.0), process("nue-d-cc"), process("nue-o16-cc")

    def of_deuterium(t):
        """The integral over E from T + Q on, with nodes that crowd there."""
        low = t[:, None] + Q_MEV
        energy = low + (end - low) * u**2
        sigma = deuteron.tables["nakamura-2002"][0](energy) * michel(energy)
        return (electron_density(t[:, None], energy) * sigma * (end - low) * u) @ w

    def of_oxygen(t):
        return oxygen.tables["kolbe-2002"][0](t + 23.0) * michel(t + 23.0)

    scale = 592.0 * experiment.source.fluence_cm2("nu_e")
    of_element = sum(nuclei[n] for n in ("O16", "O17", "O18"))
    own = {
        "cevns": (scale * nuclei["H2"] * seen(end - Q_MEV, of_deuterium), 2e-4),
        "oxygen": (scale * of_element * seen(end - 23.0, of_oxygen), 2e-3),
    }
    model = experiment.model("count")
    channel = model.channels[0]
    at = model.at(channel, model.parameters.values[:, None])
    for number, component in enumerate(channel.components):
        if component.name in own:
            counts, (expected, accuracy) = at.component(number)[:, 0], own[component.name]
            assert counts == pytest.approx(expected, rel=accuracy), component.name
            assert counts.sum() == pytest.approx(expected.sum(), rel=2e-5)


def test_shares_above_the_cut():
    """0.854 and 0.410 of deuterium and oxygen between 22.7 and 58 MeV; 0.80 with Q = 15.4."""
    one = {"parameters.oxygen_seen.value": "1"}
    kept = load("coherent-d2o", overrides=one).predict()
    whole = load("coherent-d2o", overrides={**one, "axes.energy.edges": "[0, 200]"}).predict()
    assert kept["cevns"] / whole["cevns"] == pytest.approx(0.854, abs=2e-3)
    assert kept["oxygen"] / whole["oxygen"] == pytest.approx(0.410, abs=2e-3)
    low = cevns.load("coherent-d2o", overrides=one).rate(at={"q_eff_o16": 15.42})
    assert low["coherent-d2o"].expected["oxygen"] / whole["oxygen"] == pytest.approx(0.80, abs=0.01)


def test_counts_of_two_years():
    """1042 events of nu_e on deuterium before the cut, 159 of oxygen behind it, as published."""
    found = load("coherent-d2o").predict()
    assert found["cevns"] == pytest.approx(0.854 * 1042, rel=2e-3)
    assert found["oxygen"] == pytest.approx(159.0, rel=0.01)
    assert found["cosmics"] == pytest.approx(293.0, abs=0.1)
    whole = load("coherent-d2o", overrides={"axes.energy.edges": "[0, 200]"}).predict()
    assert whole["cevns"] == pytest.approx(1042.0, rel=0.01)
    assert whole["cevns"] == pytest.approx(1070.0, rel=0.04)  # of a talk


# -- the error of the flux ------------------------------------------------------------------------

TABLE = {  # oxygen, deuterium, modules, power: per cent after 1, 2, 3, 5, 10 years
    (0.0, 0.0, 1, 1.0): (4.8, 3.4, 2.8, 2.2, 1.6),
    (0.3, 0.0, 1, 1.0): (5.8, 4.3, 3.6, 2.9, 2.1),
    (1.0, 0.0, 1, 1.0): (6.4, 4.6, 3.8, 2.9, 2.1),
    (0.3, 0.02, 1, 1.0): (6.1, 4.7, 4.1, 3.5, 2.9),
    (0.3, 0.02, 2, 1.0): (4.7, 3.7, 3.3, 2.9, 2.5),
    (0.3, 0.02, 2, 1.503): (4.1, 3.3, 2.9, 2.6, 2.4),
    (0.3, 0.03, 2, 1.503): (4.6, 3.9, 3.7, 3.4, 3.2),
}


@pytest.mark.parametrize("row", TABLE)
def test_error_of_the_flux(row):
    """Section 3.3 of NEUTRINO_ALLEY.md, with the published 912, 159 and 293 events of two years."""
    oxygen, deuterium, modules, power = row
    base = load("coherent-d2o").predict()

    def known_to(error):
        value = f"constraint: 1 +/- {error}" if error else "value: 1"
        return f"{{{value}, acts_on: interaction}}"

    for years, expected in zip((1, 2, 3, 5, 10), TABLE[row], strict=True):
        size = years / 2 * modules
        found = error_of_flux(
            strength=f"[sns.flux, {912 / base['cevns'] * size * power}]",
            components__oxygen__strength=(
                f"[sns.flux, oxygen_seen, {159 / base['oxygen'] * size * power}]"
            ),
            backgrounds__cosmics__rate=f"{20.93 * size} +/- {0.02 * 20.93 * size} /GWh",
            parameters__o16_cc_scale=known_to(oxygen),
            parameters__d_cc_scale=known_to(deuterium),
        )
        assert 100 * found == pytest.approx(expected, abs=0.3), years


def test_deuterium_alone_is_counting():
    """With oxygen known and flat cosmics, sqrt(1364)/912 = 4.05 % is what a count would find."""
    only = {"parameters__o16_cc_scale": "{value: 1, acts_on: interaction}"}
    only["parameters__d_cc_scale"] = "{value: 1, acts_on: interaction}"
    model = load("coherent-d2o").predict()
    counting = math.sqrt(sum(model.values())) / model["cevns"]
    # the flux moves oxygen too, and the spectrum tells cosmics apart: better than the count
    assert 0.8 * counting < error_of_flux(**only) < counting


def test_years_and_modules_of_the_file():
    two = error_of_flux()
    five = error_of_flux(source__years="5")
    assert two == pytest.approx(0.047, abs=0.001)
    assert five == pytest.approx(0.035, abs=0.001)
    both = load("coherent-d2o", overrides={"variant": "two-modules"}).predict()
    one = load("coherent-d2o").predict()
    for name, count in both.items():
        assert count == pytest.approx(2 * one[name], rel=1e-4)


# -- joint fits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", [0.1, 0.03])
def test_heavy_water_narrows_a_prior(prior):
    """A prior f becomes 1/sqrt(1/f^2 + 1/d^2) where nothing else ties both."""
    alone = error_of_flux()
    constraint = {"parameters.sns.flux.constraint": f"1.00 +/- {prior}"}
    model = load("coherent-d2o", overrides=constraint).model(("sns.flux",))
    found = fit(model, data=asimov(model), minos="none")["sns.flux"].error
    assert found == pytest.approx(1.0 / math.sqrt(prior**-2 + alone**-2), rel=1e-8)


def test_the_flux_of_a_joint_fit():
    """CsI with its flux known to f, with heavy water known to 1/sqrt(1/f^2 + 1/d^2)."""
    narrowed = 1.0 / math.sqrt(100.0 + error_of_flux() ** -2)
    names = "coherent-csi-2021", "coherent-d2o"
    joint = cevns.load(*names).fit(asimov=True, minos="none")
    assert joint.signal_title == "CEvNS"
    alone = cevns.load(
        names[0], overrides={"parameters.sns.flux.constraint": f"1.00 +/- {narrowed}"}
    ).fit(poi="cross-section", asimov=True, minos="none")
    wide = cevns.load(names[0]).fit(poi="cross-section", asimov=True, minos="none")
    relative = {
        "joint": joint.fit["cross_section_scale"].error,
        "narrowed": alone.fit["cross_section"].error / alone.fit["cross_section"].value,
        "wide": wide.fit["cross_section"].error / wide.fit["cross_section"].value,
    }
    assert relative["joint"] == pytest.approx(relative["narrowed"], rel=1e-4)
    assert relative["joint"] < 0.9 * relative["wide"]
    assert joint.fit["sns.flux"].error == pytest.approx(narrowed, rel=1e-4)


def test_what_stands_beside_is_not_asked():
    d2o, csi = load("coherent-d2o"), load("coherent-csi-2021")
    assert d2o.is_beside
    assert not csi.is_beside
    joint = JointExperiment((d2o, csi))
    assert joint.names == ("coherent-csi-2021", "coherent-d2o")  # what is asked comes first
    assert joint.asked == (csi,)
    names = joint.model("count").parameters.names
    assert "coherent-csi-2021.cevns" in names
    assert "coherent-d2o.cevns" not in names
    physics = cevns.load("coherent-d2o", "coherent-csi-2021", models="nsi")
    assert physics["coherent-d2o"].interaction.name == "nue-d-cc"
    assert physics["coherent-csi-2021"].interaction.name == "nsi"
    with pytest.raises(
        InputError, match="coherent-d2o has the interaction 'nue-d-cc', to which new physics"
    ):
        cevns.load("coherent-d2o", models="nsi")


def test_of_several_reactions_the_first_is_asked():
    iron, d2o, more = (load(n) for n in ("coherent-nubes-fe", "coherent-d2o", "coherent-nubes-pb"))
    joint = JointExperiment((iron, d2o, more))
    assert joint.asked == (iron,)
    assert JointExperiment((d2o, iron)).names == ("coherent-d2o", "coherent-nubes-fe")
    found = cevns.load("coherent-nubes-fe", "coherent-d2o").fit(asimov=True, minos="none")
    assert found.signal_title == "nue-fe56-cc"
    # iron knows its own cross section to 30 per cent, heavy water the flux to 4.76
    known = math.sqrt(1.0 / (1.0 / 0.1**2 + 1.0 / 0.04759**2))
    assert found.fit["sns.flux"].error == pytest.approx(known, rel=2e-3)
    free = cevns.load("coherent-nubes-fe", "coherent-d2o").fit(
        free=["fe56_cc_scale"], asimov=True, minos="none"
    )
    # 610 events; of the flux what is left of 10 per cent
    wanted = math.sqrt(1.0 / 610.49 + known**2)
    assert free.fit["fe56_cc_scale"].error == pytest.approx(wanted, rel=5e-3)


# -- the other files ------------------------------------------------------------------------------


def test_the_lead_cube():
    found = load("coherent-nubes-pb").predict()
    assert list(found.values()) == pytest.approx([1818, 1038, 293, 126], rel=5e-3)
    measured = load("coherent-nubes-pb", overrides={"variant": "measured"}).predict()
    assert measured["cevns"] + measured["cc_2n"] == pytest.approx(828, rel=5e-3)
    neutrons = load("coherent-nubes-pb", overrides={"variant": "neutrons"}).predict()
    assert neutrons["cevns"] + neutrons["cc_2n"] == pytest.approx(3893, rel=5e-3)


def test_the_iron_cube_and_sodium_iodide():
    assert load("coherent-nubes-fe").prediction() == pytest.approx(610, rel=5e-3)
    iodine = load("coherent-nai-185kg", overrides={"axes.energy.edges": "[0, 200]"})
    assert iodine.prediction() == pytest.approx(571, rel=0.01)
    marley = load("coherent-nai-185kg", overrides={"interaction.table": "marley"})
    assert marley.prediction() / load("coherent-nai-185kg").prediction() == pytest.approx(
        15.6 / 9.2, rel=1e-9
    )
    assert marley.physics["table"] == "marley"
    # the mean is that of nu_e alone, as it is measured
    assert load("coherent-nai-185kg").cross_section_cm2 / 9.2e-40 == pytest.approx(1.0, rel=1e-3)


def test_a_burst_in_argon_by_time():
    """Time bins of a supernova have spectra of their own, and hold what there is without them."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "supernova-argon.yaml"
    model = {"source.model": "ls220-27"}
    times = {"axes.time": "{unit: s, edges: [-1, 0.1, 1, 20]}"}
    whole = load(example, overrides=model).prediction()
    assert load(example, overrides=model | times).prediction() == pytest.approx(whole, rel=1e-6)
    # 40 kt and 12 MeV: 2600 events with this table, of which 4 MeV and the resolution lose little
    assert load(example).prediction() == pytest.approx(2616, rel=0.01)


def test_a_count_is_no_spectrum_and_fits_no_axis():
    assert cevns.load("coherent-nubes-pb").rate()["coherent-nubes-pb"].recoil_energy_kev.size == 0
    axis = {
        "axes": "{energy: {unit: MeVee, edges: [10, 20]}}",
        "detector": "{response: {kind: identity}}",
    }
    with pytest.raises(InputError, match="only gives a count and has no energy for this axis"):
        load("coherent-nubes-pb", overrides=axis).prediction()


def test_refusals_in_files():
    with pytest.raises(CevnsError, match="unknown table of nue-d-cc 'kolbe'"):
        load("coherent-d2o", overrides={"interaction.table": "kolbe"}).prediction()
    with pytest.raises(InputError, match="'nue-d-cc' is a reaction of H2, and the target has none"):
        load("coherent-d2o", overrides={"target.material": "Ar"}).prediction()


def test_a_fit_is_fast():
    """0.05 s of CPU where everything is built; three times 0.1 s is for another machine."""
    study = cevns.load("coherent-d2o")
    study.fit(asimov=True, free=["sns.flux"])
    spent = []
    for _ in range(3):
        begin = time.process_time()
        study.fit(asimov=True, free=["sns.flux"])
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.3


def test_michel_is_normalised():
    assert quad(michel, 0.0, M_MU / 2)[0] == pytest.approx(1.0, rel=1e-9)


def test_the_prior_of_a_component_holds_its_cross_section():
    """10 % of the flux and 30 % of the cross section on oxygen; of the flux alone before."""
    oxygen = cevns.load("coherent-d2o").fit(asimov=True, minos="none").components["oxygen"]
    expected = float(np.hypot(0.1, 0.3)) * oxygen.prediction
    assert oxygen.prediction_error == pytest.approx(expected, rel=1e-6)
