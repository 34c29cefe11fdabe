"""GEMMA, which sees electrons alone: its sensitivity by hand, with two ideas of the background."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cevns
from cevns.exceptions import InputError
from cevns.experiments.declaration.loader import CATALOGUE
from cevns.nuclear import material
from cevns.processes import electron_scattering, interaction
from cevns.rates.electrons import ElectronFold, electron_panels
from cevns.rates.fold import panel_nodes
from cevns.sources.reactor import Reactor

ON, OFF, WIDTH = 1133.0, 280.0, 52.2  # kg d, kg d, keV
RATES = [1.5, 2.0, 2.5]
ONE_SIDED = 0.8  # two-sided: its threshold is 1.282 squared, that of 90 % on one side


def limit(study, **asked):
    found = study.scan({"mu_nu_e": np.linspace(0.0, 0.8, 9)}, cl=ONE_SIDED, **asked)
    ((low, high),) = found.intervals
    assert low == 0.0
    return high


@pytest.fixture(scope="module")
def moments():
    """Integrals of s and s^2 over the window, s the counts/kg/d/keV of a moment of 1e-10."""
    source, process = Reactor(3.0, 13.9, live_time_d=1.0), interaction("magnetic-moment")
    edges = electron_panels(source, material("Ge"), 55.0)
    nodes, weights = panel_nodes(np.array([2.8, *edges[edges > 2.8]]))
    fold = ElectronFold(source, electron_scattering(process), material("Ge"), 1.0, nodes)
    s = fold.spectrum({"mu_nu_e": 1.0})[0] - fold.spectrum()[0]
    return weights @ s, weights @ s**2


@pytest.mark.parametrize("rate", RATES)
def test_sensitivity_with_a_flat_background(moments, rate):
    """From the information on signal and background in the counts on and off."""
    study = cevns.load(
        "gemma",
        models="magnetic-moment",
        overrides={"backgrounds.background.rate": f"{{free: {rate} /keV/kg/d}}"},
    )
    one, two = moments
    squared = ON * two / rate
    both, flat = ON * one / rate, (ON + OFF) * WIDTH / rate
    by_hand = math.sqrt(1.2816 / math.sqrt(squared - both**2 / flat))
    assert limit(study, asimov=True) == pytest.approx(by_hand, rel=0.01)


@pytest.mark.parametrize(("rate", "own"), [(1.5, 0.35), (2.0, 0.38), (2.5, 0.40)])
def test_sensitivity_with_a_background_in_each_bin(moments, tmp_path, rate, own):
    """3.5 to 4.0e-11 by an independent program: counts on against off, bin by bin."""
    nominal = cevns.load("gemma").model()
    signal = next(iter(nominal.components(nominal.parameters.values).values()))
    edges = cevns.load("gemma").experiments[0].energy_edges
    counts = ON * rate * np.diff(edges)
    rows = zip(
        edges[:-1], edges[1:], counts + signal[: counts.size], counts * OFF / ON, strict=True
    )
    table = "".join(f"{a:.6g},{b:.6g},{on:.17g},{off:.17g}\n" for a, b, on, off in rows)
    (tmp_path / "counts.csv").write_text(f"low,high,on,off\n{table}", encoding="utf-8")
    text = (CATALOGUE / "gemma.yaml").read_text(encoding="utf-8")
    text = text[: text.index("# The background is 1.5 to 2.5 counts")].replace(
        "name: gemma", "name: bins"
    )
    text += f"data:\n  values: counts.csv\n  statistic: {{kind: on-off, ratio: {OFF / ON}}}\n"
    (tmp_path / "bins.yaml").write_text(text, encoding="utf-8")
    found = limit(cevns.load(tmp_path / "bins.yaml", models="magnetic-moment"))
    by_hand = math.sqrt(1.2816 * math.sqrt(rate * (1.0 + ON / OFF) / (ON * moments[1])))
    assert found == pytest.approx(by_hand, rel=0.01)
    assert found == pytest.approx(own, rel=0.05)


def test_nuclei_are_not_seen():
    """Recoils of nuclei end below the window; what is counted is 0.29 electrons/kg/d."""
    with pytest.raises(InputError, match="no CEvNS event is expected"):
        cevns.load("gemma", overrides={"interaction.electrons": "false"}).predict()
    seen = cevns.load("gemma").predict()["gemma"]["cevns"]
    # 0.0059 to 0.0057 counts/kg/d/keV near 3 and 10 keV
    assert 0.005 * ON * WIDTH < seen < 0.006 * ON * WIDTH
