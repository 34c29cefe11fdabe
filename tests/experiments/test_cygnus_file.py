"""The example file of a gas in the light of the Sun."""

from __future__ import annotations

from pathlib import Path

import pytest

from cevns.analysis.expected.recoil_rate import channel_counts
from cevns.experiments import load
from cevns.nuclear.gas import gas_masses_kg
from cevns.processes import interaction
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources import source

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "cygnus-1000.yaml"


def test_counts_are_those_of_its_elements():
    counts = channel_counts(load(EXAMPLE))
    masses = gas_masses_kg({"He": 755, "SF6": 5}, 1000.0)
    sun = source("sun", live_time_d=365.25, branches=("b8", "hep"), fluxes="fog")
    process = interaction("standard-model", axial=False)
    parts = {x: RecoilAngles(sun, x, m, 1.0, process, "helm").total for x, m in masses.items()}
    assert parts["He"] + parts["F"] == pytest.approx(3.10 + 2.41, abs=0.01)
    whole = sum(next(iter(counts.values())).values())
    assert whole == pytest.approx(sum(parts.values()), rel=1e-3)
