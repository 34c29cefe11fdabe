"""Events of inelastic reactions: against the fit model, integrals, and their own files."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from cevns.analysis.events.event_sample import event_sample
from cevns.analysis.events.sample_file import draw_to_file
from cevns.constants import E_MICHEL_MAX_MEV, M_ELECTRON_MEV, M_MUON_MEV
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.processes import process
from cevns.processes.inelastic.two_protons import Q_MEV, electron_density

NUMBER, SEED = 200_000, 11


def michel(energy):
    return 192.0 * energy**2 / M_MUON_MEV**4 * (E_MICHEL_MAX_MEV - energy)


def mean_of(sigma, power=1, least=0.0):
    """Mean of a power of E_nu over the events of nu_e of muon decay at rest."""
    weights = [
        quad(lambda e, k=k: e**k * michel(e) * float(sigma(e)), least, E_MICHEL_MAX_MEV, limit=400)[
            0
        ]
        for k in (0, power)
    ]
    return weights[1] / weights[0]


@pytest.fixture(scope="module")
def water():
    return load("coherent-d2o")


def test_heavy_water_is_what_the_model_expects(water):
    sample = event_sample(water)
    events = sample.draw(NUMBER, SEED)
    assert sample.components == ("cevns", "oxygen", "cosmics")
    model = water.model("count")
    (channel,) = model.channels
    at = {n: model.parameters.values[[model.parameters.position(n)]] for n in channel.names}
    found = channel.at(at, np.zeros(1))
    wanted = {c.name: found.component(k)[:, 0] for k, c in enumerate(channel.components)}
    total = sum(mu.sum() for mu in wanted.values())
    for k, name in enumerate(sample.components):
        mine = events["reconstructed_kevee"][events["component"] == k]
        share = wanted[name].sum() / total
        assert mine.size == pytest.approx(share * NUMBER, abs=5.0 * math.sqrt(share * NUMBER))
        counts = np.histogram(mine, water.energy_edges)[0]
        assert counts.sum() == mine.size
        expected = wanted[name] / wanted[name].sum() * mine.size
        some = expected > 5.0
        value = ((counts - expected)[some] ** 2 / expected[some]).sum()
        assert chi2.sf(value, some.sum() - 1) > 1e-4, name


def test_what_happens_in_heavy_water(water):
    """Before any detector: energies against integrals of their own, five standard errors."""
    sample = event_sample(water, ["cevns"], truth=True)
    assert sample.expected == pytest.approx(1042.4, rel=1e-3)  # cevns reproduce d2o_nue_d
    events = sample.draw(NUMBER, SEED)
    sigma = process("nue-d-cc").tables["nakamura-2002"][0]
    energy, electron = events["neutrino_energy_mev"], events["electron_energy_mev"]
    error = 5.0 / math.sqrt(NUMBER)
    assert energy.mean() == pytest.approx(mean_of(sigma), abs=error * energy.std())
    assert (electron == events["visible_energy_mev"]).all()
    # the reference has 33.7 MeV, and 37.1 MeV if the protons had nothing
    assert electron.mean() == pytest.approx(33.7, abs=0.05)
    protons = energy - Q_MEV - electron
    assert protons.min() >= 0.0
    # their mean, by a sum over neutrino energies and shares of what is left
    at, share = np.linspace(Q_MEV, E_MICHEL_MAX_MEV, 82)[1:-1], np.linspace(0.0, 1.0, 401) ** 2
    left = (at - Q_MEV)[:, None] * share
    density = electron_density((at - Q_MEV)[:, None] - left, at[:, None])
    means = np.trapezoid(density * left, left) / np.trapezoid(density, left)
    weight = michel(at) * sigma(at)
    wanted = (weight * means).sum() / weight.sum()
    assert protons.mean() == pytest.approx(wanted, abs=error * protons.std())
    for at, mean, ninety in ((20.0, 2.3, 5.4), (30.0, 2.9, 7.1), (50.0, 3.9, 9.7)):
        near = protons[np.abs(energy - at) < 0.5]
        assert near.mean() == pytest.approx(
            mean, abs=0.06 + 5.0 * near.std() / math.sqrt(near.size)
        )
        beyond = (near > ninety).mean()
        assert beyond == pytest.approx(0.1, abs=0.01 + 5.0 * math.sqrt(0.09 / near.size))
    # the whole distribution at one energy
    near = np.sort(protons[np.abs(energy - 40.0) < 0.05])
    steps = np.linspace(0.0, 40.0 - Q_MEV, 4001)
    cdf = np.append(0.0, np.cumsum(0.5 * np.diff(steps) * (
        (d := electron_density(40.0 - Q_MEV - steps, 40.0))[1:] + d[:-1]
    )))  # fmt: skip
    there = np.interp(near, steps, cdf / cdf[-1])
    away = np.abs(there - (np.arange(near.size) + 0.5) / near.size).max()
    assert away < 1.95 / math.sqrt(near.size)
    # 1 - (beta/3) cos(theta): a mean of -beta/9
    cosine = events["electron_z"]
    assert cosine.mean() == pytest.approx(-1.0 / 9.0, abs=error * cosine.std())
    length = sum(events[f"electron_{axis}"] ** 2 for axis in "xyz")
    assert length == pytest.approx(np.ones(NUMBER))
    assert (events["neutrons"] == 0).all()
    assert set(events["neutrino_pdg"]) == {12.0}
    assert set(events["nucleus_pdg"]) == {1000010020.0}
    # the mean lives of pion and muon after a pulse around zero
    time = events["time_us"]
    assert time.mean() == pytest.approx(2.223, abs=error * time.std())


def test_counts_of_lead_and_their_neutrons():
    lead = load("coherent-nubes-pb")
    sample = event_sample(lead)
    predicted = lead.predict()
    assert sample.expected == pytest.approx(sum(predicted.values()), rel=1e-6)
    names = {c.name for c in sample.columns}
    assert {"neutrons", "in_region", "neutrino_energy_mev"} <= names
    assert not {"recoil_energy_kev", "visible_energy_mev", "reconstructed_kevee"} & names
    events = sample.draw(100_000, SEED)
    of = {name: events["component"] == k for k, name in enumerate(sample.components)}
    for name, mine in of.items():
        share = predicted[name] / sum(predicted.values())
        assert mine.sum() == pytest.approx(share * 1e5, abs=5.0 * math.sqrt(share * 1e5))
        assert set(events["neutrons"][mine]) == {2.0 if name.endswith("2n") else 1.0}
    assert set(events["neutrino_pdg"][of["cevns"]]) == {12.0}
    # neutral currents by flavour: the line of nu_mu is one, at its energy
    neutral = of["nc_1n"]
    line = events["neutrino_pdg"] == 14
    assert events["neutrino_energy_mev"][line] == pytest.approx(29.792, abs=1e-3)
    tables = process("nu-pb208-nc-1n").tables["engel-2003"]
    at_line = float(tables[0](29.792))
    others = quad(lambda e: michel(e) * float(tables[0](e)), 10.0, E_MICHEL_MAX_MEV, limit=400)[0]
    peak = 64.0 / M_MUON_MEV**4
    others += quad(
        lambda e: peak * e**2 * (0.75 * M_MUON_MEV - e) * float(tables[1](e)),
        10.0, E_MICHEL_MAX_MEV, limit=400,
    )[0]  # fmt: skip
    share = at_line / (at_line + others)
    found = (line & neutral).sum() / neutral.sum()
    assert found == pytest.approx(share, abs=5.0 * math.sqrt(share / neutral.sum()))


def test_iodine_and_iron_are_seen_as_they_are():
    events = event_sample(load("coherent-nai-185kg"), truth=True).draw(20_000, SEED)
    lost = events["neutrino_energy_mev"] - events["visible_energy_mev"]
    assert lost == pytest.approx(np.full(lost.size, 0.662))
    assert "electron_energy_mev" not in events  # gammas are in the visible energy
    seen = event_sample(load("coherent-nai-185kg")).draw(20_000, SEED)
    ratio = seen["reconstructed_kevee"] / seen["electron_equivalent_kevee"]
    assert ratio.std() == pytest.approx(0.09, abs=0.01)  # 10 % at 30 MeV, events at 38 MeV
    iron = event_sample(load("coherent-nubes-fe")).draw(20_000, SEED)
    assert iron["electron_z"].mean() == pytest.approx(0.0, abs=0.02)


def test_recoils_and_reactions_in_one_file():
    charged = "{interaction: {kind: nue-ar40-cc}, strength: [seen], title: charged currents}"
    argon = load(
        "ess-ar",
        overrides={
            "components": f"{{charged: {charged}}}",
            "parameters.seen": "{value: 1.0, acts_on: component}",
        },
    )
    sample = event_sample(argon, truth=True)
    events = sample.draw(200_000, SEED)
    charged = events["component"] == sample.components.index("charged")
    assert np.isnan(events["recoil_energy_kev"][charged]).all()
    assert np.isnan(events["visible_energy_mev"][~charged]).all()
    assert charged.any()


def test_electrons_as_particles(water, tmp_path):
    """NuHepMC: E.R.6-8, E.C.1-3, G.C.3, P.C.2."""
    hep = pytest.importorskip("pyhepmc", reason="pyhepmc is not installed (extra 'events')")
    path = tmp_path / "electrons.hepmc3"
    draw_to_file(event_sample(water, ["cevns", "oxygen"]), 200, SEED, path)
    with hep.open(str(path)) as file:
        events = list(file)
    said = {n.removeprefix("NuHepMC."): str(v) for n, v in events[0].run_info.attributes.items()}
    assert said["ProcessIDs"] == "100 101"
    assert said["ProcessInfo[101].Name"] == "nue-o16-cc"
    assert said["Citations.Process[100].BibTeXKey"] == "nakamura-2002 nakamura-2003"
    assert {"G.C.3", "E.C.2", "E.C.3", "P.C.2"} <= set(said["Conventions"].split())
    tables = {
        "100": process("nue-d-cc").tables["nakamura-2002"][0],
        "101": process("nue-o16-cc").tables["kolbe-2002"][0],
    }
    for event in events:
        (vertex,) = event.vertices
        assert sorted(p.status for p in vertex.particles_in) == [4, 20]
        electron, rest = vertex.particles_out
        assert (electron.pid, rest.pid) == (11, 2009900000)
        assert electron.generated_mass == pytest.approx(M_ELECTRON_MEV)
        for axis in ("px", "py", "pz", "e"):
            before, after = (
                sum(getattr(p.momentum, axis) for p in side)
                for side in (vertex.particles_in, vertex.particles_out)
            )
            assert before == pytest.approx(after, abs=1e-8)
        attributes = {n: str(v) for n, v in event.attributes.items()}
        energy = next(p.momentum.e for p in event.particles if p.status == 4)
        sigma = 1e36 * float(tables[attributes["signal_process_id"]](energy))
        assert float(attributes["proc_xs"]) == pytest.approx(sigma, rel=2e-3)
        assert float(attributes["tot_xs"]) == pytest.approx(sigma, rel=2e-3)
        visible = electron.momentum.e - M_ELECTRON_MEV
        assert float(attributes["visible_energy_mev"]) == pytest.approx(visible, rel=1e-9)


def test_what_is_refused(water, tmp_path):
    with pytest.raises(InputError, match="a threshold applies to nuclear recoils"):
        event_sample(water, truth=True, threshold_kev=1.0)
    pytest.importorskip("pyhepmc", reason="pyhepmc is not installed (extra 'events')")
    with pytest.raises(InputError, match="are not simulated, but a NuHepMC file"):
        draw_to_file(event_sample(load("coherent-nubes-pb")), 5, 1, tmp_path / "lead.hepmc3")
    assert not list(tmp_path.iterdir())
