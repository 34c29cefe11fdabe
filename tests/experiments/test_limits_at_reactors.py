"""Published limits at reactors that say the same in two ways, by the counts behind them."""

from __future__ import annotations

import math

import pytest
from scipy.optimize import brentq

import cevns


def rate(name, **changes):
    """Counts per kg and day."""
    study = cevns.load(name, overrides={k.replace("__", "."): str(v) for k, v in changes.items()})
    return study.rate(points=2)[name].per_kg_day["cevns"]


@pytest.mark.parametrize(
    ("edges", "own", "ratio"),
    [("[200, 300]", (0.421, 0.431), 0.98), ("[200, 800]", (0.468, 0.499), 0.94)],
)
def test_texono_limits_on_rate_and_quenching_agree(edges, own, ratio):
    """Twice the rate with k = 0.162 is that with k = 0.205, to 2 % where most of it is."""
    twice = 2.0 * rate("texono-2025", axes__energy__edges=edges)
    other = rate("texono-2025", axes__energy__edges=edges, detector__quenching__k=0.205)
    assert (twice, other) == pytest.approx(own, rel=0.05)
    assert twice / other == pytest.approx(ratio, abs=0.02)


def test_texono_earlier_pair_does_not_tell_its_digits():
    """k < 0.285 lies between 4.2 and 4.7 times the Standard Model: 0.88 and 0.99 against 0.93."""
    edges = "[200, 300]"
    one = rate("texono-2025", axes__energy__edges=edges)
    limit = rate("texono-2025", axes__energy__edges=edges, detector__quenching__k=0.285)
    assert 4.2 * one < limit < 4.7 * one
    assert (4.2 * one, limit, 4.7 * one) == pytest.approx((0.88, 0.93, 0.99), rel=0.05)


@pytest.mark.parametrize(
    ("name", "published", "low", "high"),
    [
        ("nugen-2021", 0.46, 0.243, 0.247),  # expected, in the talk
        ("nugen-2022", 0.47, 0.255, 0.265),  # the limit of the talk; k < 0.26 in the paper
    ],
)
def test_nugen_rates_are_statements_about_k(name, published, low, high):
    def above(k):
        return rate(name, detector__quenching__k=k) - published

    assert low < brentq(above, 0.15, 0.35, xtol=1e-4) < high


def test_nugen_elsewhere():
    """Farther by the square of the distance."""
    near, far = rate("nugen-2022"), rate("nugen-2022", variant="far")
    assert far / near == pytest.approx((11.1 / 12.3) ** 2, rel=1e-6)


@pytest.mark.parametrize(("per_kg_day", "events"), [(1.75, 61), (3.5, 87), (5.0, 103)])
def test_conus_limit_of_counting(per_kg_day, events):
    """1.282 sigma without a signal, and that of the file for this background."""
    on, off = 248.7, 58.8
    limit = 1.282 * math.sqrt(per_kg_day * on * (1.0 + on / off))
    assert limit == pytest.approx(events, abs=0.6)
    free = f"{{background: {{rate: {{free: {per_kg_day} /kg/d}}, energy: {{kind: flat}}}}}}"
    poi = cevns.load("conus-2020", overrides={"backgrounds": free}).fit(asimov=True).poi
    assert 1.282 * math.sqrt(poi.error**2 - poi.value) == pytest.approx(events, rel=0.01)


def test_miner_error_is_45_counts():
    """1535 times 0.029; by hand sqrt(n_on + n_off (on/off)^2) with 1,430 counts of background."""
    fit = cevns.load("miner-2025").fit(poi="cross-section-scale", asimov=True)
    counts = fit.poi.error_up * cevns.load("miner-2025").predict()["miner-2025"]["cevns"]
    on, off = 0.158, 0.381
    background = 1.43e3
    assert counts == pytest.approx(45.0, abs=1.0)
    assert counts == pytest.approx(math.sqrt(background * (1.0 + on / off)), rel=0.02)


def test_limits_on_the_flux_of_weak_signals():
    """Of 1e10 to 1e13 /cm2/s: MINUIT sees such a flux in its own size."""
    for name in ("miner-2025", "nucleus-2026"):
        found = cevns.load(name).limit(asimov=True)
        flux = found.events / found.predicted_events * cevns.load(name).experiments[0].flux_cm2_s
        assert found.flux_cm2_s == pytest.approx(flux, rel=0.02)
