"""The cycle of a core: history of power, fractions by time, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cevns.exceptions import DataError, InputError, SchemaError
from cevns.experiments import load
from cevns.sources.fission import core
from cevns.sources.fission.cycle import Cycle, ends
from cevns.sources.fission.ibd import cross_section_cm2
from cevns.sources.fission.tabulation import ISOTOPES
from cevns.sources.reactor import Reactor

BEGIN = {"u235": 0.70, "u238": 0.08, "pu239": 0.20, "pu241": 0.02}
END = {"u235": 0.44, "u238": 0.08, "pu239": 0.38, "pu241": 0.10}
HISTORY = """# a fresh core, an outage, an old one
begin_d,end_d,relative_power,u235,u238,pu239,pu241
0,100,1.0,0.70,0.08,0.20,0.02
100,130,0.0,0.57,0.08,0.29,0.06
130,200,0.8,0.44,0.08,0.38,0.10
"""


def written(tmp_path, text, name="history.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def site(**more):
    return Reactor(power_gw=3.6, distance_m=20.7, live_time_d=200.0, **more)


def test_the_mean_emission_is_the_mean_of_the_intervals(tmp_path):
    """Each interval as a reactor of its own: spectrum and fluence together."""
    whole = site(history_file=written(tmp_path, HISTORY))
    parts = [replace(site(fractions=BEGIN), live_time_d=100.0)]
    parts.append(replace(site(fractions=END), live_time_d=70.0, duty=0.8))
    assert whole.duty == pytest.approx((100 + 0.8 * 70) / 200)
    energy = np.linspace(0.1, 12.0, 50)
    flux = [r.fluence_cm2("nubar_e") * r.spectrum("nubar_e", energy) for r in (whole, *parts)]
    assert flux[0] == pytest.approx(flux[1] + flux[2], rel=1e-12)
    # fractions weighted with power, or with time, are not those
    by_power = (100.0 * np.array(list(BEGIN.values())) + 56.0 * np.array(list(END.values()))) / 156
    assert np.abs(by_power - whole._fractions).max() > 5e-4
    assert whole.fissions_per_s * whole.duty * 200 == pytest.approx(
        sum(p.fissions_per_s * p.duty * p.live_time_d for p in parts), rel=1e-12
    )


def test_a_day(tmp_path):
    reactor = site(history_file=written(tmp_path, HISTORY))
    fresh, old = site(fractions=BEGIN), site(fractions=END)
    assert reactor.flux_on_cm2_s("nubar_e", 50.0) == pytest.approx(fresh.flux_cm2_s("nubar_e"))
    assert reactor.flux_on_cm2_s("nubar_e", 110.0) == 0.0
    assert reactor.flux_on_cm2_s("nubar_e", 200.0) == pytest.approx(0.8 * old.flux_cm2_s("nubar_e"))
    with pytest.raises(InputError, match="from day 0 to 200, without day 201"):
        reactor.flux_on_cm2_s("nubar_e", 201.0)
    days = np.arange(200) + 0.5
    mean = np.mean([reactor.flux_on_cm2_s("nubar_e", d) for d in days])
    assert mean * 200 * 86400 == pytest.approx(reactor.fluence_cm2("nubar_e"), rel=1e-9)


def test_power_in_gigawatts_is_relative_to_full_load(tmp_path):
    text = "begin_d,end_d,power_gw\n0,100,3.6\n100,200,1.8\n"
    reactor = site(history_file=written(tmp_path, text))
    assert reactor.duty == pytest.approx(0.75)
    assert reactor._fractions == pytest.approx(core.normalised(core.PWR))
    assert replace(reactor, live_time_d=119.0).duty == pytest.approx(0.75)
    assert reactor.totals["mean_power_gw"] == pytest.approx(2.7)
    for isotope in ISOTOPES:
        assert reactor.totals[f"fraction_{isotope}"] == pytest.approx(core.PWR[isotope])


def test_linear_in_burn_up(tmp_path):
    """Mean of f over the energy, by an integral: with E(f) = E0 + E1 b it has a logarithm."""
    reactor = site(fractions={"begin": BEGIN, "end": END})
    first, last = (np.array(core.normalised(f)) for f in (BEGIN, END))
    energies = np.array(core.ENERGIES["ma-2013"])
    at, slope = first @ energies, (last - first) @ energies
    # int b/(at + slope b) db over int 1/(at + slope b) db, from 0 to 1
    mean_b = 1.0 / np.log1p(slope / at) - at / slope
    assert reactor._fractions == pytest.approx(first + (last - first) * mean_b, abs=1e-7)
    assert 0.498 < mean_b < 0.4995  # more fissions a gigawatt while U-235 lasts
    # burn-up, not time: after the first half all of it is burnt
    text = "begin_d,end_d,relative_power\n0,100,1\n100,200,0\n"
    half = site(fractions={"begin": BEGIN, "end": END}, history_file=written(tmp_path, text))
    assert half._cycle.on(50.0)[1]["u235"] == pytest.approx((BEGIN["u235"] + END["u235"]) / 2)
    assert half._cycle.on(150.0)[1]["u235"] == pytest.approx(END["u235"])


def test_the_rate_falls_with_burn_up():
    """By yields of an independent program: 6.65, 10.14, 4.36 and 6.07 e-43 cm2 per fission."""
    energy = (np.arange(12500) + 0.5) * 1e-3
    rates = [
        r.fissions_per_s * (r.emission(energy) @ cross_section_cm2(energy))
        for r in (site(fractions=BEGIN), site(fractions=END))
    ]
    yields, energies = np.array([6.65, 10.14, 4.36, 6.07]), np.array(core.ENERGIES["ma-2013"])
    told = [
        np.dot(list(f.values()), yields) / np.dot(list(f.values()), energies) for f in (BEGIN, END)
    ]
    assert rates[1] / rates[0] == pytest.approx(told[1] / told[0], rel=2e-3)
    assert rates[1] / rates[0] == pytest.approx(0.918, abs=2e-3)


def test_in_an_experiment_file(tmp_path):
    written(tmp_path, HISTORY)
    text = """
schema: 1
name: site
title: a site with a history
live_time: 119 d
source: {kind: reactor, power: 3.6 GW, distance: 20.7 m, history_file: history.csv}
target: {material: Ge, mass: 1 kg}
detector: {response: {kind: identity}}
axes:
  energy: {unit: keVnr, edges: [0.1, 2]}
"""
    experiment = load(written(tmp_path, text, "site.yaml"))
    assert experiment.source.duty == pytest.approx(0.78)
    assert "history.csv" in [f.name for f in experiment.inputs.files]
    assert experiment.prediction() > 0.0


def test_power_counts_once(tmp_path):
    arrival = {"source.arrival": "{kind: history, edges_d: [0, 100, 119], power: [1, 0.5]}"}
    assert load("conus-plus-2025", overrides=arrival).arrival is not None
    with pytest.raises(SchemaError, match="would count the power twice: leave one"):
        _ = load("conus-plus-2025", overrides={**arrival, "source.duty": "0.9"}).arrival


def test_begin_and_end_in_an_experiment_file():
    changed = {
        "source.fractions": f"{{begin: {BEGIN}, end: {END}}}".replace("'", ""),
    }
    reactor = load("conus-plus-2025", overrides=changed).source
    assert isinstance(reactor, Reactor)
    assert reactor._fractions[0] == pytest.approx(0.57, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("begin,end,power\n0,1,1\n", "units stand in the names"),
        ("begin_d,end_d\n0,1\n", "one of 'relative_power' and 'power_gw'"),
        ("begin_d,end_d,relative_power,power_gw\n0,1,1,3\n", "one of 'relative_power'"),
        ("begin_d,end_d,relative_power\n0,1,\n", "'' is not a finite number"),
        ("begin_d,end_d,relative_power\n0,100,1\n101,300,1\n", "no entry from day 100 to 101; add"),
        ("begin_d,end_d,relative_power\n0,100,1\n90,300,1\n", "times increase from row to row"),
        ("begin_d,end_d,relative_power\n0,300,1\n300,300,1\n", "does not end after it begins"),
        ("begin_d,end_d,relative_power\n0,300,-0.1\n", "from day 0 on is -0.1 of full load"),
        ("begin_d,end_d,relative_power\n0,300,93\n", "is 93 of full load"),
        ("begin_d,end_d,power_gw\n0,300,3600\n", "is 1000 of full load \\(3.6 GW\\)"),
        ("begin_d,end_d,relative_power\n0,300,0\n", "zero on all days"),
        ("begin_d,end_d,relative_power,u235\n0,9,1,1\n9,300,1,0.5\n", "from day 9 on the fract"),
        ("", "holds no table"),
    ],
)
def test_refused(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        site(history_file=written(tmp_path, text))


def test_what_the_section_says_besides(tmp_path):
    path = written(tmp_path, HISTORY)
    with pytest.raises(InputError, match="remove 'duty'"):
        site(history_file=path, duty=0.9)
    with pytest.raises(InputError, match="200 d long, shorter than the live time of 300 d"):
        replace(site(history_file=path), live_time_d=300.0)
    with pytest.raises(DataError, match="'fractions' also gives them"):
        site(history_file=path, fractions=BEGIN)
    with pytest.raises(InputError, match="give each core its own source"):
        Reactor((3.0, 3.0), (20.0, 30.0), 10.0, history_file=path)
    with pytest.raises(DataError, match="cannot be read"):
        site(history_file=tmp_path / "none.csv")
    with pytest.raises(InputError, match="not those of u235, end"):
        site(fractions={"u235": 0.5, "end": END})
    with pytest.raises(InputError, match=r"end: the fractions of fissions are .* together 0.56"):
        ends({"begin": BEGIN, "end": {"u235": 0.56}})


def test_even_is_what_it_was():
    plain = Cycle.even(10.0, 0.9, ends(BEGIN))
    assert plain.mean_fractions("ma-2013") == pytest.approx(core.normalised(BEGIN), abs=1e-15)
    assert plain.mean_power == pytest.approx(0.9)
