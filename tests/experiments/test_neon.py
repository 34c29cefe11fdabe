"""NEON: recoils of sodium in NaI(Tl), by an independent program and by hand."""

from __future__ import annotations

import math

import pytest

import cevns
from cevns.exceptions import CevnsError
from cevns.nuclear.materials import material

KG = 13.3  # of NaI
ROWS = [("low-quenching", 0.17, 3.8), (None, 0.28, 6.3), ("high-quenching", 0.36, 8.0)]


def study(variant=None, **changes):
    chosen = {} if variant is None else {"variant": variant}
    return cevns.load(
        "neon", overrides=chosen | {k.replace("__", "."): v for k, v in changes.items()}
    )


def counts(**changes):
    return study(**changes).predict()["neon"]["cevns"]


def test_recoils_are_those_of_the_sodium_in_the_crystals():
    """The same counts as of a target of sodium with its part of the mass."""
    share = material("Na").molar_mass_g / material("NaI").molar_mass_g
    assert counts() == pytest.approx(counts(target=f"{{material: Na, mass: {KG * share!r} kg}}"))
    assert cevns.load("neon").rate()["neon"].per_kg_day["cevns"] == pytest.approx(0.282, abs=1e-3)
    with pytest.raises(CevnsError, match=r"unknown element of NaI 'Cs'"):
        counts(target__recoils="[Cs]")


def test_electrons_are_those_of_the_whole_crystal():
    """Iodine has 53 of 64 electrons, of which binding holds more than of those of sodium."""
    seen = {"interaction__electrons": "true"}
    whole, bare = (
        counts(**seen, **target) - counts(**target)
        for target in ({}, {"target": "{material: Na, mass: 2.04 kg}"})
    )
    sodium, iodine = material("NaI").only(["Na"])[1] * 11 / 22.99, (53 / 126.9) * 0.8466
    free = (KG / 2.04) * (sodium + iodine) / (11 / 22.99)
    assert 3.0 < whole / bare < free


@pytest.mark.parametrize(("variant", "rate", "z"), ROWS)
def test_rate_and_significance(variant, rate, z):
    """Per kilogram of NaI, and over the error of counting on and off where there is no signal."""
    found = study(variant).predict()["neon"]
    on, off = 365.0, 100.0
    assert found["cevns"] / (KG * on) == pytest.approx(rate, rel=0.03)
    background = 7.0 * 0.3 * KG * on
    error = math.sqrt(background * (1.0 + on / off))
    assert found["cevns"] / error == pytest.approx(z, rel=0.01)


def test_significance_is_the_ratio_of_likelihoods():
    """Li and Ma, by hand, at the expected counts: below 6.3, as the signal fluctuates too."""
    signal, background, tau = counts(), 7.0 * 0.3 * KG * 365.0, 0.274
    on, off = signal + background, tau * background
    both = (on + off) / (1.0 + tau)
    z = math.sqrt(2.0 * (on * math.log(on / both) + off * math.log(off / (tau * both))))
    assert study().fit(asimov=True).significance.z == pytest.approx(z, rel=1e-3)
    assert z == pytest.approx(6.06, abs=0.02)


def test_iodine_makes_nothing():
    """Its recoils end at 1.1 keV for 8 MeV: with a factor of 0.05 a thousandth of the rate."""
    iodine = KG - 2.040
    added = counts(target=f"{{material: I, mass: {iodine} kg}}", detector__quenching__value="0.05")
    assert added < 2e-3 * counts()


def test_one_factor_for_both_nuclei_would_count_iodine():
    """0.18, 0.33 and 0.45 per kilogram: the independent program has sodium alone."""
    for variant, rate in (("low-quenching", 0.18), (None, 0.33), ("high-quenching", 0.45)):
        found = study(variant, target__recoils="[Na, I]")
        assert found.predict()["neon"]["cevns"] / (KG * 365.0) == pytest.approx(rate, rel=0.03)


@pytest.mark.parametrize(
    ("couplings", "window", "everything"),
    [("tree-lowE", 0.080, 0.037), ("scholberg2021", 0.047, 0.022)],
)
def test_axial_part_grows_with_the_recoil(couplings, window, everything):
    """1 + T/T_max where the vector part has 1 - T/T_max; 2.2 % in all by an independent program."""
    sharp = {"detector": "{quenching: {kind: constant, value: 0.13}, response: {kind: identity}}"}
    for changes, own in (
        ({}, window),
        (sharp | {"axes__energy__edges": "[0.0005, 2]"}, everything),
    ):
        chosen = {"interaction__couplings": couplings, **changes}
        added = counts(interaction__axial="true", **chosen) / counts(**chosen)
        assert added - 1.0 == pytest.approx(own, abs=0.001)
