"""``cevns flux``, ``rate`` and ``--set`` with a reactor in an experiment file."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from pathlib import Path

import pytest

FILE = """
schema: 1
name: site
title: germanium at a reactor
live_time: 119 d
source: {kind: reactor, power: 3.6 GW, distance: 20.7 m, fractions: FRACTIONS}
target: {material: Ge, mass: 0.94 kg}
interaction: {couplings: tree-lowE, form_factor: helm, axial: false}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.162}
  resolution: {kind: gaussian, noise: 20.2 eVee, stochastic: 0.01804}
axes:
  energy: {unit: eVee, edges: [170, 180, 200, 250, 300, 400, 600, 800]}
"""
FRACTIONS = "{u235: 0.53, u238: 0.08, pu239: 0.32, pu241: 0.07}"


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(FILE.replace("FRACTIONS", FRACTIONS), encoding="utf-8")
    return path


def test_flux_of_a_reactor(cevns, site):
    done = cevns("flux", site)
    assert "antineutrinos per fission: 7.2" in done.out
    assert "fissions per second: 1.089e+20" in done.out
    found = json.loads(cevns("flux", site, "--json", "-").out)
    assert found["flux_cm2_s"]["nubar_e"] == pytest.approx(1.47e13, rel=0.015)
    assert found["total_cm2_s"] == found["flux_cm2_s"]["nubar_e"]
    assert found["antineutrinos_per_fission"] == pytest.approx(7.25, abs=0.01)
    assert found["fluence_cm2"]["nubar_e"] == pytest.approx(119 * 86400 * found["total_cm2_s"])
    changed = json.loads(cevns("flux", site, "--set", "source.power=1.8GW", "--json", "-").out)
    assert changed["total_cm2_s"] == pytest.approx(found["total_cm2_s"] / 2)


def test_flux_of_a_history(cevns, site):
    table = site.with_name("history.csv")
    table.write_text("begin_d,end_d,power_gw\n0,100,3.6\n100,200,0.9\n", encoding="utf-8")
    done = cevns("flux", site, "--set", "source.history_file=history.csv")
    assert "mean thermal power, GW: 2.25" in done.out
    assert "fraction u235: 0.53" in done.out
    table.write_text("begin_d,end_d,power\n0,100,3.6\n", encoding="utf-8")
    done = cevns("flux", site, "--set", "source.history_file=history.csv")
    assert "units stand in the names" in done.err


def test_spectra_of_the_user_are_named_by_their_digest(cevns, site):
    rows = "".join(f"{e / 10},{6 * math.exp(-e / 10)}\n" for e in range(101))
    table = site.with_name("mine.csv")
    table.write_text("energy_mev,total\n" + rows, encoding="utf-8")
    mine = ("--set", "source.spectra_file=mine.csv", "--set", "source.captures_per_fission=0.6")
    done = cevns("flux", site, *mine, "--json", "-")
    found = json.loads(done.out)
    assert found["antineutrinos_per_fission"] == pytest.approx(6 * (1 - math.exp(-10)) + 1.2, 1e-3)
    digests = {f["name"]: f["sha256"] for f in found["inputs"]["files"]}
    assert digests["mine.csv"] == hashlib.sha256(table.read_bytes()).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
@pytest.mark.parametrize("command", ["rate", "flux"])
def test_a_curve_from_a_pipe_is_refused(cevns, site, command):
    """Its content would be gone when a result names it."""
    reading, writing = os.pipe()
    os.write(writing, b"recoil_energy_kevnr,quenching_factor\n0,0.1\n9,0.2\n")
    os.close(writing)
    change = f"detector.quenching={{kind: tabulated, file: /dev/fd/{reading}}}"
    done = cevns(command, site, "--set", change)
    os.close(reading)
    assert done.code == 2
    assert "is a pipe or a device" in done.err


def test_flux_of_a_beam_has_no_one_rate(cevns):
    found = json.loads(cevns("flux", "coherent-csi-2021", "--json", "-").out)
    assert found["flux_cm2_s"] is None
    assert found["fluence_cm2"]["nu_e"] == pytest.approx(5.794e14, rel=1e-3)
    assert found["mean_energy_mev"]["nu_mu"] == pytest.approx(29.79, abs=0.01)


def test_rate_of_a_reactor(cevns, site):
    """0.94 counts per kg and day from 170 eVee on, by an independent program."""
    found = json.loads(cevns("rate", site, "--json", "-").out)
    assert found["per_kg_day"]["cevns"] == pytest.approx(0.94, rel=0.02)
    assert found["expected"]["cevns"] == pytest.approx(119 * 0.94 * found["per_kg_day"]["cevns"])
    half = ("--set", "source.duty=0.5", "--set", "live_time=200 d")
    other = json.loads(cevns("rate", site, *half, "--json", "-").out)
    assert other["per_kg_day"]["cevns"] == pytest.approx(found["per_kg_day"]["cevns"], rel=1e-9)
    beam = json.loads(cevns("rate", "coherent-csi-2021", "--json", "-").out)
    assert "per_kg_day" not in beam


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("source.power", "3.6", "without a unit"),
        ("source.power", "3600 GW", "thermal power in GW is 3600"),
        ("source.spectra", "hubber", "hm"),
        ("source.distance", "20 kg", "unit of mass"),
        ("source.fractions.u235", "0.9", "together 1.37"),
        ("source.captures_per_fission", "-1", "captures per fission"),
        ("source.irradiation", "10 d", "from 100 to 450 days"),
    ],
)
def test_mistakes_are_one_sentence(cevns, site, key, value, said):
    done = cevns("flux", site, "--set", f"{key}={value}")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_no_live_time(cevns, site):
    site.write_text(site.read_text(encoding="utf-8").replace("live_time: 119 d\n", ""))
    done = cevns("flux", site)
    assert done.code == 2
    assert "live_time" in done.err


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (
            "edges_d: [9, 50, 100], power: [1, 0.5]",
            "from day 9 to 100, and the axis in time from 9 to",
        ),
        ("edges_d: [0, 50, 400], power: [100, 0]", "powers are relative to it, 1 at full load"),
    ],
)
def test_a_history_covers_the_axis_in_time(cevns, history, said):
    """Beyond its table there would be background and no signal."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "excess-in-time.yaml"
    done = cevns("predict", example, "--set", f"source.arrival={{kind: history, {history}}}")
    assert done.code == 2
    assert said in done.err


def test_a_table_of_power_is_not_an_arrival(cevns, tmp_path):
    example = Path(__file__).parents[2] / "docs" / "examples" / "excess-in-time.yaml"
    table = tmp_path / "h.csv"
    table.write_text("begin_d,end_d,relative_power\n0,400,0.9\n")
    fields = ("arrival={kind: steady}", "power=4.25 GW", "distance=72 m", f"history_file={table}")
    change = [text for field in fields for text in ("--set", f"source.{field}")]
    done = cevns("predict", example, *change)
    assert done.code == 2
    assert "declare 'arrival: {kind: history, ...}' in its place" in done.err
