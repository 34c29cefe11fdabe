"""RED-100: recoils counted as extracted electrons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import cevns
from cevns.exceptions import InputError
from cevns.experiments import load

# events per kg and day with four electrons or more, by an independent program: 4 %
OWN = {5.0: (0.12, 0.60, 3.4), 6.5: (0.29, 1.3, 6.5), 8.0: (0.56, 2.3, 10.4)}


def counts(**changes: object) -> float:
    overrides = {f"detector.resolution.{n}": str(v) for n, v in changes.items()}
    return load("red-100", overrides=overrides).predict()["cevns"] / 130.0


@pytest.mark.parametrize(
    ("charge_yield", "extraction", "own"),
    [
        (charge_yield, extraction, own)
        for charge_yield, row in OWN.items()
        for extraction, own in zip((0.33, 0.54, 1.0), row, strict=True)
    ],
)
def test_counts_of_an_independent_program(charge_yield, extraction, own):
    found = counts(electrons_per_kev=charge_yield, extraction=extraction)
    assert found == pytest.approx(own, rel=0.04)


def test_against_a_sum_over_recoils():
    """Poisson's tail at four, on the spectrum of recoils."""
    experiment = load("red-100")
    energy = np.geomspace(1e-3, 2.6, 20_001)
    rate = experiment.recoil_density(energy).sum(axis=0)
    # up to 59 electrons: nothing is beyond
    by_hand = np.trapezoid(rate * stats.poisson.sf(3, 3.51 * energy) * energy, np.log(energy))
    assert experiment.predict()["cevns"] == pytest.approx(by_hand, rel=1e-4)


def test_electrons_are_lost_on_the_drift():
    """250 us of a lifetime of 1 ms leave 88 per cent on the mean, with a spread over the depth."""
    lost = counts(lifetime="1 ms", longest_drift="250 us")
    low, high = (counts(extraction=0.54 * s) for s in (np.exp(-0.25), 1.0))
    mean = counts(extraction=0.54 * 4.0 * (1.0 - np.exp(-0.25)))
    assert low < mean < lost < high
    assert lost / mean == pytest.approx(1.02, abs=0.015)


def test_an_axis_of_electrons_is_one_of_nuclear_recoils():
    """Recoils of electrons would have another charge yield: new physics leaves them out."""
    (experiment,) = cevns.load("red-100", models="magnetic-moment").experiments
    assert "charge yield" in experiment.declaration.blind_to_electrons
    assert not experiment.sees_electrons(experiment.interaction)
    with pytest.raises(InputError, match="the charge yield is that of nuclear recoils"):
        load("red-100", overrides={"interaction.electrons": "true"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"axes.energy.unit": "keVnr"}, "'extracted-electrons' gives electrons, but this axis is"),
        (
            {"axes.energy.unit": "PE", "detector.quenching": "{kind: constant, value: 0.1}"},
            "'extracted-electrons' gives electrons, but this axis is in PE",
        ),
        (
            {"detector.resolution": "{kind: gaussian, noise: 20 eVee}"},
            "'gaussian' gives keVee, but this axis is in electrons",
        ),
        ({"detector.resolution.lifetime": "1 ms"}, "both the lifetime of electrons"),
    ],
)
def test_what_does_not_go_together(changes, said):
    with pytest.raises(InputError, match=said):
        load("red-100", overrides=changes).predict()


def test_edges_are_whole_electrons():
    with pytest.raises(InputError, match=r"3\.5 is not a whole number of electrons"):
        load("red-100", overrides={"axes.energy.edges": "[3.5, 6]"})
