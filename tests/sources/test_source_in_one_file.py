"""A source is one file: its quantities have units of their own, and a fit follows from a YAML."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

import cevns.sources
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load
from cevns.inference import asimov, fit
from cevns.sources import PulsedSource

REACTOR = '''
"""A power reactor: antineutrinos of U-235 (arXiv:1106.0687) above 1.8 MeV, flat below."""
import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.sources import Source
from cevns.units import Unit

HUBER = (4.367, -4.577, 2.1, -0.5294, 0.06186, -0.002777)


@dataclass(frozen=True)
class Reactor(Source):
    power_mw: Annotated[float, Unit("MW")]
    distance_m: Annotated[float, Unit("m")]
    live_time_d: Annotated[float, Unit("d")]

    flavours = ("nubar_e",)
    recoil_kinks = (1.8, 10.0)

    def spectrum(self, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        density = np.exp(np.polynomial.polynomial.polyval(np.maximum(e, 1.8), HUBER)) / 6.0
        return np.where((e > 0.0) & (e <= 10.0), density, 0.0)

    def end_point_mev(self, flavour):
        return 10.0

    def fluence_cm2(self, flavour):
        fissions = self.power_mw / (205.0 * 1.602e-19) * 86400.0 * self.live_time_d
        return 6.0 * fissions / (4.0 * math.pi * (100.0 * self.distance_m) ** 2)


MODEL = Reactor
'''

EXPERIMENT = """\
schema: 1
name: reactor-ge
source: {kind: power-reactor, power: 3.9 GW, distance: 17.1 m, live_time: 300 days}
target: {material: Ge, mass: 4 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.162}
  resolution: {kind: gaussian, noise: 65 eVee, stochastic: 0.018}
axes: {energy: {unit: keVee, edges: [0.2, 0.25, 0.3, 0.35, 0.4]}}
backgrounds: {flat: {count: 400 +/- 20, energy: {kind: flat}}}
data: {counts: {file: counts.csv}}
"""


@pytest.fixture
def reactor(tmp_path, monkeypatch):
    """The module in a folder of its own, which the registry is told of, and an experiment."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "power_reactor.py").write_text(REACTOR, encoding="utf-8")
    monkeypatch.setattr(cevns.sources, "__path__", cevns.sources.__path__)
    cevns.sources.__path__.append(str(folder))
    path = tmp_path / "reactor.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    yield path
    cevns.sources.__path__.remove(str(folder))
    sys.modules.pop("cevns.sources.power_reactor", None)


def counts(path, values):
    edges = (0.2, 0.25, 0.3, 0.35, 0.4)
    rows = [f"{a},{b},{n}" for a, b, n in zip(edges, edges[1:], values, strict=False)]
    (path.parent / "counts.csv").write_text(
        "\n".join(["energy_low,energy_high,count", *rows]) + "\n", encoding="utf-8"
    )


def test_a_reactor_in_one_file_gives_a_fit(reactor):
    assert "power-reactor" in cevns.sources.sources()
    counts(reactor, [0, 0, 0, 0])
    experiment = load(reactor)
    source = experiment.source
    assert (source.power_mw, source.live_time_d) == (3900.0, 300.0)
    flux = source.fluence_cm2("nubar_e") / (300 * 86400)
    assert flux == pytest.approx(1.9e13, rel=0.1)  # per second, at 17.1 m from 3.9 GW
    model = experiment.model("count")
    expected = np.asarray(model.expected(model.parameters.values)).ravel()
    counts(reactor, np.round(expected).astype(int))
    result = fit(load(reactor).model("count"))
    assert result.valid
    assert result["cevns"].value == pytest.approx(expected.sum() - 400, abs=3.0)


def test_a_package_declares_a_source(tmp_path, monkeypatch):
    (tmp_path / "cevns_test_reactor.py").write_text(REACTOR, encoding="utf-8")
    info = tmp_path / "cevns_test_reactor-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: cevns-test-reactor\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[cevns.sources]\npower-reactor = cevns_test_reactor\nbad = cevns_test_nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {"bad", "power-reactor", "sns"} <= set(cevns.sources.sources())
    assert "cevns_test_reactor" not in sys.modules
    path = tmp_path / "reactor.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    assert load(path).source.power_mw == 3900.0
    path.write_text(EXPERIMENT.replace("kind: power-reactor", "kind: bad"), encoding="utf-8")
    with pytest.raises(InputError, match=r"'bad' \(cevns_test_nothing\) cannot be imported"):
        _ = load(path).source


def test_a_power_in_the_wrong_unit_is_refused_where_it_stands(reactor):
    text = reactor.read_text(encoding="utf-8")
    for wrong, said in (("3.9 kg", "'kg' is a unit of mass, not of power"), ("3.9", "1 MW")):
        reactor.write_text(text.replace("3.9 GW", wrong), encoding="utf-8")
        with pytest.raises(SchemaError, match=rf"power.*{said}"):
            _ = load(reactor).source


def test_an_arrival_of_its_own(reactor):
    """A time axis in days: the shares of a steady source, of a modulated one, of a history."""
    text = reactor.read_text(encoding="utf-8").replace("data: {counts: {file: counts.csv}}\n", "")
    text = text.replace("backgrounds:", "nothing:").replace(
        "nothing: {flat: {count: 400 +/- 20, energy: {kind: flat}}}\n", ""
    )
    axes = "axes: {energy: {unit: keVee, edges: [0.2, 0.3, 0.4]}"
    whole = text.replace("axes: {energy: {unit: keVee, edges: [0.2, 0.25, 0.3, 0.35, 0.4]}", axes)
    timed = whole.replace(axes, axes + ", time: {unit: d, edges: [0, 100, 300]}")

    def predicted(text, arrival):
        kinds = f", arrival: {{{arrival}}}}}" if arrival else "}"
        source = "live_time: 300 days"
        reactor.write_text(text.replace(source + "}", source + kinds), encoding="utf-8")
        signal = load(reactor).signal()
        return np.asarray(signal.evaluate({})).reshape(2, -1).sum(axis=0)

    total = predicted(whole, "")[0]
    assert predicted(timed, "kind: steady") == pytest.approx(total * np.array([1, 2]) / 3)
    history = "kind: history, edges_d: [0, 150, 300], power: [1.0, 0.4]"
    on, off = predicted(timed, history)
    assert on == pytest.approx(total / 3)
    assert off == pytest.approx(total * (50 + 0.4 * 150) / 300)
    assert predicted(whole, history)[0] == pytest.approx(0.7 * total)
    wave = predicted(timed, "kind: periodic, amplitude: 0.1, maximum: 50 d, period: 200 d")
    assert wave[0] / (total / 3) == pytest.approx(1 + 0.1 * 2 / np.pi)
    with pytest.raises(InputError, match=r"source has no time structure.*arrival: \{kind: steady"):
        predicted(timed, "")
    with pytest.raises(SchemaError, match=r"unknown arrival 'stedy'"):
        predicted(timed, "kind: stedy")


def test_a_time_density_makes_a_source_pulsed(reactor):
    """Recognised by its `time_pdf` and nothing else: shares of a Gaussian pulse at t0."""
    assert not isinstance(load(reactor).source, PulsedSource)
    module = reactor.parent / "sources" / "power_reactor.py"
    density = "np.exp(-0.5 * ((t_us - t0_us) / 0.5) ** 2) / (0.5 * math.sqrt(2 * math.pi))"
    pulse = f"    def time_pdf(self, flavour, t_us, t0_us):\n        return {density}\n"
    pulsed = REACTOR.replace("\n\nMODEL", pulse + "\n\nMODEL")
    module.write_text(pulsed, encoding="utf-8")
    del sys.modules["cevns.sources.power_reactor"]
    text = EXPERIMENT.replace(
        "0.35, 0.4]}}", "0.35, 0.4]}, time: {unit: us, edges: [0, 1, 1.5, 2]}}"
    )
    text = text.replace("backgrounds: {flat: {count: 400 +/- 20, energy: {kind: flat}}}\n", "")
    t0 = "parameters: {t0: {value: 1500 ns, acts_on: pulse-time}}"
    text = text.replace("data: {counts: {file: counts.csv}}", t0)
    reactor.write_text(text, encoding="utf-8")
    experiment = load(reactor)
    assert isinstance(experiment.source, PulsedSource)
    counts = np.asarray(experiment.signal().evaluate({"t0": 1.5})).reshape(4, -1).sum(axis=0)
    shares = np.diff([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in (-3.0, -1.0, 0.0, 1.0)])
    assert counts / counts[-1] == pytest.approx(shares / shares[-1], rel=1e-6)


def test_the_amplitude_of_a_modulation_from_a_fit(reactor):
    text = reactor.read_text(encoding="utf-8").replace(
        "edges: [0.2, 0.25, 0.3, 0.35, 0.4]}}", "edges: [0.2, 0.4]}, TIME}"
    )
    text = text.replace("TIME", "time: {unit: d, edges: [0, 50, 100, 150, 200]}")
    text = text.replace(
        "300 days}", "300 days, arrival: {kind: periodic, period: 200 d, maximum: 50 d}}"
    )
    text = text.replace("400 +/- 20, energy: {kind: flat}", "10 +/- 5, energy: {kind: flat}, TIMES")
    text = text.replace("TIMES", "time: {kind: exponential, rate: 0 /us}")
    text = text.replace("data: {counts: {file: counts.csv}}\n", "parameters: {PARAMETER}\n")
    amplitude = "amplitude: {constraint: 0.2 +/- 0.1, acts_on: arrival}"
    reactor.write_text(text.replace("PARAMETER", amplitude), encoding="utf-8")
    model = load(reactor).model("count")
    result = fit(model, data=asimov(model))
    assert result["amplitude"].value == pytest.approx(0.2, abs=1e-4)
    assert result["amplitude"].error < 0.08  # the counts by time measure it
    theta = np.array([0.3 if p.name == "amplitude" else p.value for p in model.parameters])
    counts = np.asarray(model.expected(theta)).ravel() - 2.5
    wave = 1 + 0.3 * np.array([2, 2, -2, -2]) / np.pi
    assert counts / counts.mean() == pytest.approx(wave, rel=1e-6)
    # free, it is known by the counts alone, and may be asked for
    free = text.replace("PARAMETER", "amplitude: {free: 0.2, acts_on: arrival}")
    reactor.write_text(free, encoding="utf-8")
    model = load(reactor).model("count")
    assert (model.parameters["amplitude"].lower, model.parameters["amplitude"].upper) == (-1, 1)
    alone = fit(model, data=asimov(model))["amplitude"]
    assert alone.value == pytest.approx(0.2, abs=1e-4)
    assert alone.error == pytest.approx((result["amplitude"].error ** -2 - 100) ** -0.5, rel=1e-2)
    asked = cevns.load(reactor).fit(free=("amplitude",), asimov=True)
    assert asked.poi.name == "amplitude"
    assert asked.poi.error_up < 0.08
    for wrong in ("amplitude: {free: 2, acts_on: arrival}", "t0: {free: 3, acts_on: arrival}"):
        reactor.write_text(text.replace("PARAMETER", wrong), encoding="utf-8")
        with pytest.raises(
            SchemaError, match="cannot be free: the arrival restricts it to between"
        ):
            load(reactor).model("count")
    reactor.write_text(text.replace("PARAMETER", amplitude.replace("amp", "l")), encoding="utf-8")
    with pytest.raises(InputError, match="no parameter 'llitude'; it has amplitude, t0"):
        load(reactor).model("count")
