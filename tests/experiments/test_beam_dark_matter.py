"""Dark matter of the beam over the CEvNS of an experiment: counts, times, fits, masses."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import cevns
from cevns.analysis.coupling_families import CouplingFamily
from cevns.analysis.question import place
from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.exceptions import CevnsError, InputError
from cevns.experiments.fast_form import fast_form
from cevns.inference import asimov, fit
from cevns.inference.model.grid import Axis

EXPERIMENT = "coherent-csi-2021-dm"
PUBLIC = os.environ.get("CEVNS_DATA")  # read before any test hides it
AT = {"m_chi": 10.0, "m_v": 30.0}


@pytest.fixture(scope="module")
def study():
    return cevns.load(EXPERIMENT, models="dark-photon")


def family(study, **at):
    return CouplingFamily(study.experiments[0], None, ("y_dm",), at={**AT, **at}, form="exact")


def component(model, name, values):
    """Counts of a component by energy and time."""
    counts = model.components(model.parameters.at(values).values)
    (found,) = (v for k, v in counts.items() if k.split(".")[-1] == name)
    return np.asarray(found).reshape(14, 11)


def test_events_go_with_the_fourth_power_of_the_mixing(study):
    counts = [study.rate(at={**AT, "epsilon": e})[EXPERIMENT].expected["dm"] for e in (1e-4, 2e-4)]
    assert counts[1] / counts[0] == pytest.approx(16.0)
    # own number of DARK_MATTER.md section 6.3: 44.2 events with a list of pi0, of which the
    # parametrisation used here has 0.96 above the threshold
    assert counts[0] / (0.96 * 44.2) == pytest.approx(1.0, abs=0.03)


def test_masses_may_be_given_by_their_ratio(study):
    by_mass, by_ratio = (
        study.rate(at={"m_chi": 10.0, "epsilon": 1e-4, **v})[EXPERIMENT].expected["dm"]
        for v in ({"m_v": 30.0}, {"mass_ratio": 3.0})
    )
    assert by_mass == pytest.approx(by_ratio, rel=1e-12)


def test_chi_is_prompt_and_follows_the_pulse_of_the_neutrinos(study):
    model = family(study).model({})
    by_time = component(model, "dm", {"y_dm": 3e-11}).sum(axis=0)
    share = by_time / by_time.sum()
    # a gaussian of 0.150 us that is late by some ns, before the loss that begins at 0.52 us
    edges = 0.125 * np.arange(5)
    whole = np.diff(norm.cdf(edges, 0.474 + 0.003, 0.150))
    assert (share[:4] / whole)[1:] == pytest.approx(np.full(3, share[3] / whole[3]), rel=0.02)
    # DARK_MATTER.md section 5 lists 1, 6, 20, 30, 28, 12, 3 %, of a pulse that is 3 % wider
    assert 100.0 * share[:7] == pytest.approx([1, 6, 20, 30, 28, 12, 3], abs=1.6)
    # a later pulse moves chi as it moves neutrinos
    edges = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])
    middle = 0.5 * (edges[1:] + edges[:-1])
    means = []
    for t0 in (0.46, 0.49):
        rows = component(model, "dm", {"y_dm": 3e-11, "t0": t0}).sum(axis=0)
        means.append(float(rows @ middle / rows.sum()))
    assert means[1] - means[0] == pytest.approx(0.03, abs=0.003)


def test_energies_in_photoelectrons(study):
    by_energy = component(family(study).model({}), "dm", {"y_dm": 3e-11}).sum(axis=1)
    share = 100.0 * by_energy / by_energy.sum()
    # section 5, m_chi = 10 MeV: below 8, to 12, 16, 20, 24, 32, 40, 50, 60 and above; the list of
    # pi0 there is harder than the parametrisation here by some per cent
    listed = [0.9, 17, 23, 18, 13, 15, 7, 4, 2, 0.9]
    assert [*share[:9], share[9:].sum()] == pytest.approx(listed, abs=1.1)


def test_heavy_chi_is_late(study):
    times = []
    for m in (1.0, 40.0):
        at = {"m_chi": m, "m_v": 3.0 * m}
        exact = CouplingFamily(study.experiments[0], None, ("y_dm",), at=at, form="exact")
        rows = component(exact.model({}), "dm", {"y_dm": 1e-9}).sum(axis=0)
        times.append(float(rows[4:7].sum() / rows.sum()))
    assert times[1] > times[0] + 0.02


def test_asimov_data_return_the_injected_coupling(study):
    model = family(study).model({})
    truth = model.parameters.at({"y_dm": 5e-11}).values
    found = fit(model, data=asimov(model, truth), start={"y_dm": 2e-11}, minos="none")
    assert found["y_dm"].value / 5e-11 == pytest.approx(1.0, abs=1e-3)
    assert abs(found.twice_nll) < 1e-4


def test_without_events_the_best_coupling_is_zero_and_limits_are_those_of_a_scan(study):
    found = study.upper_limit("y_dm", at=AT)
    assert found.best == 0.0
    scan = study.scan({"y_dm": np.geomspace(1e-12, 1e-9, 41)}, at=AT)
    assert scan.intervals[0][1] / found.upper_limit == pytest.approx(1.0, abs=2e-3)


def test_limits_scale_with_the_dark_coupling(study):
    """N ~ eps^4 alpha_D, so that Y ~ alpha_D^(1/2) where the mediator is narrow."""
    half, tenth = (
        study.upper_limit("y_dm", at={**AT, "alpha_d": a}).upper_limit for a in (0.5, 0.05)
    )
    # off shell it is less than on shell: 1.715/1.698 of the branching at 0.5
    assert half / tenth == pytest.approx(10.0**0.5, rel=0.01)


def test_epsilon_and_y_dm_are_one_coupling(study):
    by_y, by_epsilon = (study.upper_limit(n, at=AT).upper_limit for n in ("y_dm", "epsilon"))
    assert by_epsilon**2 * 0.5 / 81.0 == pytest.approx(by_y, rel=2e-3)


@pytest.mark.parametrize(
    "model",
    ["dark-photon", pytest.param("dark-photon-dirac", marks=pytest.mark.slow), "leptophobic"],
)
def test_tables_are_the_exact_model(model):
    name = "alpha_b" if model == "leptophobic" else "y_dm"
    study = cevns.load(EXPERIMENT, models=model)
    (e,) = study.experiments
    exact = CouplingFamily(e, None, (name,), at=AT, form="exact").model({})
    fast = fast_form(exact, {e.name: e.response_tables})[0]
    for value in (0.0, 1e-11, 1e-10):
        for pulls in ({}, {"t0": 0.5, "qf.csi.0": 1.5, "efficiency": -1.0}):
            theta = exact.parameters.at({name: value, **pulls}).values
            assert fast.expected(theta) == pytest.approx(exact.expected(theta), rel=2e-3, abs=2e-3)


@pytest.mark.slow
def test_a_mass_is_one_of_a_scan(study):
    scan = study.scan(
        {"m_chi": [5.0, 20.0], "y_dm": np.geomspace(1e-12, 1e-9, 31)}, at={"mass_ratio": 3.0}
    )
    ends = [pieces[-1][1] for _, pieces in scan.slices()]
    alone = [
        study.upper_limit("y_dm", at={"m_chi": m, "mass_ratio": 3.0}).upper_limit
        for m in (5.0, 20.0)
    ]
    assert ends == pytest.approx(alone, rel=3e-3)


def test_masses_have_no_default(study):
    with pytest.raises(InputError, match=r"m_chi=10MeV.*m_v=30MeV"):
        study.rate(at={"epsilon": 1e-4})


def test_what_a_pi0_cannot_decay_to_is_refused(study):
    with pytest.raises(InputError, match="200 MeV is heavier than the pi0"):
        study.rate(at={"m_chi": 100.0, "m_v": 300.0, "epsilon": 1e-4})


# -- over a released signal with a pulse shape: argon --------------------------------------------


@pytest.fixture(scope="module")
def argon():
    if not PUBLIC or not (Path(PUBLIC) / "coherent-lar-2020").is_dir():
        pytest.skip("CEVNS_DATA does not name a folder with the public release coherent-lar-2020")
    return cevns.load("coherent-lar-2020", models="dark-photon", data=PUBLIC)


def test_argon_sees_chi_beside_its_released_signal(argon):
    at = {**AT, "epsilon": 1e-4}
    counts = argon.rate(at=at)["coherent-lar-2020"].expected
    assert counts["cevns"] == 128.0  # released, and not made anew
    placed, held = place(argon.experiments[0], at)
    view = placed.further["dm"]
    recoil = np.geomspace(1.0, 400.0, 4001)
    density = view.recoil_density(recoil, held).sum(axis=0) * view.kept(recoil)
    # the times of the region hold all but 1e-3 of the prompt pulse, and the F90 bins all of it
    assert counts["dm"] / np.trapezoid(density, recoil) == pytest.approx(1.0, abs=5e-3)


@pytest.mark.slow
def test_argon_and_caesium_iodide_together_limit_more_than_each(argon):
    both = cevns.load("coherent-lar-2020", EXPERIMENT, models="dark-photon", data=PUBLIC)
    argon_alone, expected = (
        s.upper_limit("y_dm", at=AT, asimov=True).upper_limit for s in (argon, both)
    )
    assert expected < argon_alone


def test_a_component_of_neutrinos_is_in_the_released_signal_already(tmp_path):
    patch = tmp_path / "twice.yaml"
    patch.write_text(
        "components:\n  again:\n    title: CEvNS of another beam\n"
        "    source: {kind: sns, distance: 20 m, protons: 1e23}\n"
    )
    with pytest.raises(CevnsError, match="'again' would be counted again"):
        cevns.load("coherent-lar-2020", models=str(patch))


# -- a patch of one's own -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_patch_follows_the_beam_and_its_lists_stand_beside_it(tmp_path):
    (tmp_path / "pions.csv").write_text("px_mev,py_mev,pz_mev\n0,0,200\n50,20,100\n-30,80,20\n")
    text = (
        "components:\n  dm:\n    title: chi\n    interaction: {kind: dark-photon}\n"
        "    source: {kind: meson-decay, mesons: list, meson_file: pions.csv%s}\n"
    )
    counts = []
    for beam in ("", ", distance: 19.3 m, protons: 3.198e23, angle: 90 deg", ", angle: 60 deg"):
        (tmp_path / "own.yaml").write_text(text % beam)
        study = cevns.load(EXPERIMENT, models=str(tmp_path / "own.yaml"))
        counts.append(study.rate(at={**AT, "epsilon": 1e-4})[EXPERIMENT].expected["dm"])
    assert counts[0] == counts[1]
    assert counts[2] != pytest.approx(counts[0], rel=0.01)
    said = study.experiments[0].physics
    assert said["angle to the beam.dm"] == "60 deg"


@pytest.mark.slow
def test_any_two_of_the_masses_and_their_ratio_are_scanned():
    study = cevns.load(EXPERIMENT, models="leptophobic")
    values = {"alpha_b": np.geomspace(1e-12, 1e-9, 25)}
    by_v = study.scan({"m_v": [15.0, 30.0], **values}, at={"mass_ratio": 3.0})
    by_chi = study.scan({"m_chi": [5.0, 10.0], **values}, at={"mass_ratio": 3.0})
    ends = [[pieces[-1][1] for _, pieces in s.slices()] for s in (by_v, by_chi)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-6)


def test_toys_know_zero_below_a_logarithmic_axis(study):
    values = np.geomspace(2.5e-11, 1e-10, 4)
    p = study.experiments[0].own_processes["dm"].parameters["y_dm"]
    for log, lowest in ((True, 0.0), (False, 2.5e-11)):
        plan = scan_plan(study.experiments[0], None, {"y_dm": Axis(p, values, log)}, at=AT)
        assert plan.within_ranges().family.within == {"y_dm": (lowest, pytest.approx(1e-10))}
