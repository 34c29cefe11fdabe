"""Backgrounds for projections: beta decays, histograms, windows of rates, and those with a name."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import norm

from cevns.exceptions import SchemaError
from cevns.experiments import load
from cevns.experiments.forms.named_backgrounds import named_backgrounds
from cevns.nuclear.beta_decay import BETA_DECAYS, electron_spectrum

TEXT = """\
schema: 1
name: mine
source: {kind: stopped-pion, facility: sns-2013-23, distance: 28.4 m}
target: {material: Ar, mass: 610 kg}
detector:
  quenching: {kind: linear, coefficients: [0.246, 0.00078]}
  resolution: {kind: gaussian, noise: 0.5 keVee}
axes: {energy: {unit: keVee, edges: [4, 10, 20, 60, 120]}}
live_time: 0.075 d
backgrounds:
  it: {count: 100 +/- 1, energy: {kind: flat}}
"""
T0 = "parameters: {t0: {constraint: 474 +/- 25 ns, acts_on: pulse-time}}"
EDGES = np.array([4.0, 10.0, 20.0, 60.0, 120.0])
IT = "{count: 100 +/- 1, energy: {kind: flat}}"
AXIS = "edges: [4, 10, 20, 60, 120]"


@pytest.fixture
def write(written):
    return partial(written, TEXT)


def shape(path) -> np.ndarray:
    return load(path).inputs.channels[""].backgrounds["it"].ravel()


def count(path, name: str = "it"):
    return load(path).declaration.backgrounds[name].count


def test_decays_of_argon_39_in_the_windows_of_a_year(write):
    """Trap of the 39Ar rate: 610 kg x 1 Bq/kg x 6480 s (6 us, 60 a second, 5000 h) are 4e6."""
    whole = write((IT, "{like: ar39-atmospheric}"), (AXIS, "edges: [0, 565]"))
    assert count(whole).value == pytest.approx(610 * 6480.0, rel=1e-12)
    assert count(whole).value == pytest.approx(4e6, rel=0.02)  # as it is quoted, to one digit
    # an axis that sees some of the energies sees that share of the decays
    beta = BETA_DECAYS["Ar39"]
    share = quad(lambda t: float(electron_spectrum(beta, t)), 0.004, 0.120)[0]
    part = count(write((IT, "{like: ar39-atmospheric}"))).value
    assert part == pytest.approx(610 * 6480.0 * share, rel=1e-6)
    # underground argon has 1400 times less
    underground = count(write((IT, "{like: ar39-underground}"))).value
    assert underground == pytest.approx(part / 1400, rel=1e-3)


def test_what_cenns_10_kept_of_argon_39():
    """Its steady rate is 2.7 per cent of 1 Bq/kg, the share that its pulse-shape cut keeps."""
    named = named_backgrounds()
    kept, whole = (
        float(named[name]["rate"].split()[0]) for name in ("cenns-10-steady", "ar39-atmospheric")
    )
    assert kept / whole == pytest.approx(0.027, abs=0.0005)  # half a digit


def test_the_shape_of_a_beta_decay(write):
    path = write((IT, "{count: 100 +/- 1, energy: {kind: beta-decay, nuclide: Ar39}}"))
    beta = BETA_DECAYS["Ar39"]
    bins = [
        quad(lambda t: float(electron_spectrum(beta, t)), a / 1e3, b / 1e3)[0]
        for a, b in pairwise(EDGES)
    ]
    assert_allclose(shape(path), np.array(bins) / sum(bins), rtol=1e-6)


def test_a_beta_decay_by_its_end_point(write):
    by_name = write((IT, "{count: 9 +/- 1, energy: {kind: beta-decay, nuclide: Ar39}}"))
    named = shape(by_name)
    energy = "{kind: beta-decay, end_point: 565 keV, z: 19, unique: true}"
    by_end = write((IT, f"{{count: 9 +/- 1, energy: {energy}}}"))
    # the number of nucleons is 42 in place of 39: the radius is in the logarithm
    assert_allclose(shape(by_end), named, rtol=1e-3)


def test_a_histogram_in_other_bins(write):
    steps = "{kind: steps, edges: [0 keVee, 20 keVee, 200 keVee], contents: [10, 90]}"
    path = write((IT, f"{{count: 100 +/- 1, energy: {steps}}}"))
    # 0.5 per keVee everywhere: 3, 5, 20 and 30 of what the axis has
    assert_allclose(shape(path), np.array([3.0, 5.0, 20.0, 30.0]) / 58.0, rtol=1e-12)


def test_a_power_law_in_energy(write):
    path = write((IT, "{count: 100 +/- 1, energy: {kind: power-law, exponent: 1}}"))
    bins = np.log(EDGES[1:] / EDGES[:-1])
    assert_allclose(shape(path), bins / bins.sum(), rtol=1e-12)


def test_lines_of_a_nuclide(write):
    ge = (
        ("material: Ar, mass: 610 kg", "material: Ge, mass: 17 kg"),
        ("{kind: linear, coefficients: [0.246, 0.00078]}", "{kind: lindhard, z: 32, a: 72.63}"),
        (AXIS, "edges: [0.5, 2, 8.5, 10, 11]"),
    )
    edges = np.array([0.5, 2.0, 8.5, 10.0, 11.0])
    path = write(*ge, (IT, "{count: 9 +/- 1, energy: {kind: lines, nuclide: Ge71}}"))
    bins = sum(
        size * np.diff(norm.cdf(edges, energy, 0.5))
        for energy, size in ((10.367, 1.0), (1.299, 0.12), (0.16, 0.02))
    )
    assert_allclose(shape(path), bins / bins.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # flat: 116 of 40 keVee
        ("count: 100 +/- 10, window: [20 keVee, 60 keVee], energy: {kind: flat}", 290.0),
        ("rate: 2 +/- 1 /kg/d, window: [0 keVee, 232 keVee], energy: {kind: flat}", 45.75),
        # per keV it is of the window too, so that a flat one does not depend on it
        ("rate: 2 +/- 1 /keV/kg/d, window: [0 keVee, 40 keVee], energy: {kind: flat}", 10614.0),
        ("rate: 2 +/- 1 /keV/kg/d, energy: {kind: flat}", 10614.0),
    ],
)
def test_a_window_is_what_the_number_is_of(write, told, expected):
    assert count(write((IT, f"{{{told}}}"))).value == pytest.approx(expected, rel=1e-9)


def test_a_window_and_an_exponential(write):
    energy = "energy: {kind: exponential, scale: 30 keVee}"
    path = write((IT, f"{{count: 50 +/- 5, window: [0 keVee, 10 keVee], {energy}}}"))
    whole = quad(lambda e: np.exp(-e / 30.0), 4.0, 120.0)[0]
    told = quad(lambda e: np.exp(-e / 30.0), 0.0, 10.0)[0]
    found = count(path)
    assert found.value == pytest.approx(50.0 * whole / told, rel=1e-9)
    assert found.sigma == pytest.approx(found.value / 10.0, rel=1e-9)


def test_what_a_file_says_beside_a_name_has_the_last_word(write):
    flat = write((IT, "{like: cenns-10-steady, energy: {kind: flat}}"))
    assert_allclose(shape(flat), np.diff(EDGES) / 116.0, rtol=1e-12)
    assert count(flat).value == pytest.approx(2364 * 610 * 0.075 * 116 / 120, rel=1e-9)
    own = write((IT, "{like: cenns-10-steady, count: 77 +/- 7, title: ours}"))
    assert count(own).value == 77.0  # no window is left of the name
    assert load(own).declaration.backgrounds["it"].title == "ours"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("like: cenns-10-stedy", "did you mean 'cenns-10-steady'"),
        ("count: 1 +/- 1, energy: {kind: beta-decay}", "'end_point' and 'z'"),
        ("count: 1 +/- 1, energy: {kind: beta-decay, nuclide: Ar40}", "unknown beta decay 'Ar40'"),
        (
            "count: 1 +/- 1, energy: {kind: beta-decay, nuclide: Ar39, z: 19}",
            "either its 'nuclide' or",
        ),
        ("count: 1 +/- 1, energy: {kind: lines}", "either by their 'energies' or by a 'nuclide'"),
        ("count: 1 +/- 1, energy: {kind: lines, nuclide: Ge70}", "Ge70"),
        (
            "count: 1 +/- 1, energy: {kind: steps, edges: [0 keVee, 9 keVee], contents: [1, 2]}",
            "one content less",
        ),
        (
            "count: 1 +/- 1, energy: {kind: steps, edges: [0 keVee, 9 keVee], contents: [1]}",
            "reach outside of the table",
        ),
        (
            "count: 1 +/- 1, window: [9 keVee, 4 keVee], energy: {kind: flat}",
            "from a lower energy to a higher one",
        ),
        (
            "count: 1 +/- 1, window: [4 keVnr, 9 keVnr], energy: {kind: flat}",
            "keVnr",
        ),
        (
            "count: 1 +/- 1, window: [4 keVee, 9 keVee], energy: {kind: lines, nuclide: Ge71}",
            "defined beyond the axis",
        ),
        ("like: csi-2021-steady", "reach outside of the table"),
    ],
)
def test_slips(write, told, said):
    with pytest.raises(SchemaError) as caught:
        _ = load(write((IT, f"{{{told}}}"))).inputs
    assert said in str(caught.value)


@pytest.mark.parametrize("name", named_backgrounds())
def test_every_named_background_has_an_origin_and_all_that_a_file_needs(write, name):
    section = named_backgrounds()[name]
    assert section["origin"].strip().endswith(".")
    low, high = (float(str(edge).split()[0]) for edge in section["window"])
    axis = f"edges: [{low}, {high}]}}, time: {{edges: [0, 1, 6]"
    path = write((IT, f"{{like: {name}}}"), (AXIS, axis), ("live_time: 0.075 d", T0))
    # on its own window it is what is told, times 610 kg and 7 GWh or 6 us of 60 a second for 5000 h
    number, unit = float(section["rate"].split()[0]), section["rate"].split()[-1]
    factor = {"/kg/GWh": 7.0, "/kg/d": 0.075, "/keV/kg/d": 0.075 * (high - low)}[unit]
    assert count(path).value == pytest.approx(number * factor * 610.0, rel=1e-6)
    assert shape(path).sum() == pytest.approx(1.0)
