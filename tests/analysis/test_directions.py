"""Measured directions, dark matter about the Sun, and what directions add to a search."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.analysis.directions import (
    DirectionalCase,
    MeasuredDirections,
    directional_limits,
    events_needed,
    recoil_map,
    sun_axes,
    wind_axes,
)
from cevns.analysis.directions.sky_maps import YEAR_OF_DAYS
from cevns.analysis.directions.wimp_wind import (
    sun_polynomials,
    wind_polynomials,
    wind_rows,
    wind_sun_angles_deg,
)
from cevns.analysis.fog import FogCase, RecoilWindow, SkyNeutrinos
from cevns.detectors.framework.angular_response import AngularResponse
from cevns.exceptions import InputError
from cevns.nuclear import material
from cevns.nuclear.gas import gas_formula, gas_masses_kg
from cevns.processes import interaction
from cevns.rates.recoil_angles import RecoilAngles
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources import SNS, source
from cevns.sources.beams.dark_halo import HALOS, dark_halo
from cevns.sources.sky.sky_positions import (
    coordinates_deg,
    days_since_j2000,
    galactic,
    vector,
)

SUN = source("sun", live_time_d=365.25, branches="b8")
PROCESS = interaction("standard-model", couplings="scholberg2021", axial=False)


def helium(threshold_kev: float = 0.0) -> RecoilAngles:
    return RecoilAngles(SUN, "He", 1000.0, threshold_kev, PROCESS, "helm")


# Measured directions


def test_events_against_isotropy():
    found = MeasuredDirections(helium()).above[0].to_dict()
    assert found["ideal"]["events_for_3_sigma"]["vectors"] == pytest.approx(10.5, abs=0.1)
    assert found["measured"]["events_for_3_sigma"]["vectors"] == pytest.approx(
        3.0 / found["measured"]["mean_cos"] ** 2
    )
    assert events_needed(0.5, 0.5, 0.0)["axes"] == np.inf
    spread = {"vectors": 9 / (3 * 0.3**2), "axes": 9 / (12 * 0.1**2), "axes-p2": 9 / (5 * 0.1**2)}
    assert events_needed(0.3, 0.6, 0.1) == pytest.approx(spread)


def test_events_needed_are_those_of_toys():
    # the spread of the statistics under isotropy is what the formulas say
    rng = np.random.default_rng(3)
    c = rng.uniform(-1.0, 1.0, (20_000, 40))
    assert (np.sqrt(3 * 40) * c.mean(axis=1)).std() == pytest.approx(1.0, abs=0.02)
    axes = np.sqrt(12 * 40) * (np.abs(c).mean(axis=1) - 0.5)
    assert axes.std() == pytest.approx(1.0, abs=0.02)
    second = np.sqrt(5 * 40) * (1.5 * c**2 - 0.5).mean(axis=1)
    assert second.std() == pytest.approx(1.0, abs=0.02)


def test_smearing_multiplies_the_moments():
    ideal = helium(6.0)
    for sigma, h in ((20.0, 1.0), (60.0, 0.7)):
        found = MeasuredDirections(ideal, (6.0,), AngularResponse(sigma, h)).above[0]
        kappa = np.radians(sigma) ** -2
        first = 1.0 / np.tanh(kappa) - 1.0 / kappa
        assert found.mean == pytest.approx(ideal.mean() * first * (2 * h - 1), rel=1e-9)
        second = (1.5 * ideal.mean(2) - 0.5) * (1.0 - 3.0 * first / kappa)
        assert found.mean_square == pytest.approx((1 + 2 * second) / 3, rel=1e-9)
        counts, edges = found.measured_counts, found.edges
        assert counts.sum() == pytest.approx(ideal.total, rel=1e-9)
        middle = 0.5 * (edges[1:] + edges[:-1])
        assert counts @ middle / counts.sum() == pytest.approx(found.mean, abs=2e-3)
        assert counts @ np.abs(middle) / counts.sum() == pytest.approx(found.axial_mean, abs=2e-3)


def test_a_resolution_that_depends_on_the_energy():
    constant = MeasuredDirections(helium(), (6.0,), AngularResponse(30.0)).above[0]
    same = MeasuredDirections(helium(), (6.0,), AngularResponse(lambda t: 30.0 + 0 * t)).above[0]
    assert same.mean == pytest.approx(constant.mean, rel=1e-6)
    assert same.axial_mean == pytest.approx(constant.axial_mean, rel=1e-5)
    better = AngularResponse(lambda t: np.where(t > 20.0, 10.0, 30.0))
    assert MeasuredDirections(helium(), (6.0,), better).above[0].mean > constant.mean
    # energies have more weight where they point better
    plane = same.measured_plane(np.geomspace(6.0, 150.0, 11))
    assert plane.sum() == pytest.approx(same.total, rel=1e-5)
    assert plane.sum(axis=0) == pytest.approx(same.measured_counts, rel=1e-4)


def test_sharp_resolution_comes_back_to_true_directions():
    found = MeasuredDirections(helium(), (6.0,), AngularResponse(1.0), bins=10).above[0]
    assert found.measured_counts == pytest.approx(found.ideal_counts, abs=0.02 * found.total)


# CYGNUS-1000: helium and a little SF6


def test_cygnus_1000():
    own = {  # threshold: a year of recoils of He, of F
        0.25: (3.26, 3.08), 1.0: (3.10, 2.41), 3.0: (2.70, 1.28), 6.0: (2.20, 0.47),
        8.0: (1.93, 0.23),
    }  # fmt: skip
    masses = gas_masses_kg({"He": 755, "SF6": 5}, 1000.0)
    assert masses["He"] == pytest.approx(165.3, abs=0.05)
    assert masses["F"] == pytest.approx(31.2, abs=0.05)
    years = {}
    # the independent program had the fluxes of arXiv:2109.03116 (8B 5.16e6), and hep with 8B
    sun = source("sun", live_time_d=365.25, branches=("b8", "hep"), fluxes="fog")
    for threshold, row in own.items():
        found = [
            RecoilAngles(sun, x, masses[x], threshold, PROCESS, "helm").total for x in ("He", "F")
        ]
        assert found == pytest.approx(row, abs=0.006)
        years[threshold] = 6.0 * sum(found)
    assert [years[t] for t in (0.25, 1.0, 8.0)] == pytest.approx([38.0, 33.0, 13.0], rel=0.05)
    # the mixture as one target has the same recoils, and those of sulphur
    formula = gas_formula({"He": 755, "SF6": 5})
    mixture = RecoilAngles(sun, formula, sum(masses.values()), 1.0, PROCESS, "helm").total
    sulphur = RecoilAngles(sun, "S", masses["S"], 1.0, PROCESS, "helm").total
    assert mixture == pytest.approx(years[1.0] / 6.0 + sulphur, rel=1e-9)


def test_bad_gas():
    with pytest.raises(InputError, match="partial pressure of He"):
        gas_masses_kg({"He": 0.0}, 1.0)
    with pytest.raises(InputError, match="volume"):
        gas_masses_kg({"He": 1.0}, -1.0)
    with pytest.raises(InputError, match="temperature"):
        gas_masses_kg({"He": 1.0}, 1.0, -300.0)
    with pytest.raises(InputError, match="partial pressure of He"):
        gas_formula({"He": -5.0})


# Dark matter


@pytest.mark.parametrize("name", HALOS)
def test_radon_transform_integrates_to_the_mean_inverse_speed(name):
    halo = dark_halo(name)
    x, w = np.polynomial.legendre.leggauss(400)
    for v_min in (0.0, 50.0, 200.0, 300.0, 500.0, 700.0):
        # over directions, divided by 2 pi: over the cosine; zero beyond the escape speed
        first = min(max((v_min - halo.v_escape_km_s) / halo.v_lab_km_s, -1.0), 1.0)
        half = 0.5 * (1.0 - first)
        cosine = first + half * (x + 1.0)
        whole = half * (w @ halo.radon(v_min, cosine))
        assert whole == pytest.approx(float(halo.mean_inverse_speed(v_min)), rel=1e-9, abs=1e-15)
        assert (halo.radon(v_min, np.linspace(-1.0, first - 1e-9, 5)) == 0.0).all() or first == -1


def test_recoils_by_direction_are_those_of_drawn_wimps():
    # WIMPs drawn from the halo, scattered isotropically in the centre of mass
    rng = np.random.default_rng(11)
    halo = dark_halo("shm")
    size = 1_500_000
    v = rng.normal(0.0, halo.v0_km_s / np.sqrt(2.0), (size, 3))
    v = v[np.linalg.norm(v, axis=1) < halo.v_escape_km_s]
    v[:, 2] += halo.v_lab_km_s  # the wind blows along z
    speed = np.linalg.norm(v, axis=1)
    # the recoil makes the angle beta with the WIMP, v_q = v cos(beta), uniform in cos(beta)^2
    cosine = np.sqrt(rng.uniform(size=speed.size))
    phase = rng.uniform(0.0, 2.0 * np.pi, speed.size)
    z = v[:, 2] / speed
    c = z * cosine + np.sqrt((1 - z * z) * (1 - cosine**2)) * np.cos(phase)
    v_min, rate = speed * cosine, speed  # rate: v sigma; v_q^2 is uniform up to v^2
    for low, high in ((95.0, 105.0), (390.0, 410.0)):
        here = (v_min > low) & (v_min < high)
        # dR/dT ~ int f(v)/v: uniform T up to T_max ~ v^2 has the weight 1/v^2
        weight = rate[here]
        first = (weight @ c[here]) / weight.sum()
        second = (weight @ (1.5 * c[here] ** 2 - 0.5)) / weight.sum()
        found = wind_polynomials(halo, np.array([0.5 * (low + high)]), 2)[:, 0]
        assert found == pytest.approx([1.0, first, second], abs=0.01)


def test_rows_about_the_wind_have_the_rate_as_the_first():
    recoil = np.array([1.0, 3.0, 10.0])
    target = material("CsI")
    rows = wind_rows(dark_halo("fog"), target, [6.0, 50.0], recoil, 2)
    assert rows[0] == pytest.approx(wimp_rate("fog", target, [6.0, 50.0], recoil), rel=1e-9)
    assert (np.abs(rows[1]) <= rows[0] + 1e-300).all()


def test_directions_about_the_sun_by_rotation():
    # the moments about the Sun against directions drawn about the wind on days of a year
    halo, order = dark_halo("fog"), 3
    days = np.arange(0.0, 100.0, 1.5)  # of a season, since over a year odd moments vanish
    angle, _ = wind_sun_angles_deg(halo, days)
    rng = np.random.default_rng(5)
    c = 1.0 - 2.0 * rng.uniform(size=(days.size, 20_000)) ** 2  # some density about the wind
    phase = rng.uniform(0.0, 2.0 * np.pi, c.shape)
    alpha = np.radians(angle)[:, None]
    seen = np.cos(alpha) * c + np.sin(alpha) * np.sqrt(1.0 - c * c) * np.cos(phase)
    about_wind = np.polynomial.legendre.legvander(c, order).mean(axis=(0, 1))
    about_sun = np.polynomial.legendre.legvander(seen, order).mean(axis=(0, 1))
    expected = about_wind * sun_polynomials(halo, order, days)
    assert about_sun == pytest.approx(expected, abs=0.003)
    # both axes point where particles fly, away from Cygnus and from the Sun
    between = (wind_axes(days, halo.v_lab_km_s) * sun_axes(days)).sum(axis=-1)
    assert between == pytest.approx(np.cos(np.radians(angle)), abs=1e-12)
    year = sun_polynomials(halo, order)
    assert year == pytest.approx(sun_polynomials(halo, order, np.arange(3652.0) / 10.0), abs=2e-4)


# Discovery limits


def case(target: str, threshold_kev: float = 0.25, bins: int = 100) -> FogCase:
    return FogCase(target, window=RecoilWindow(threshold_kev, 200.0, bins))


def test_energies_are_those_of_the_search_without_directions():
    plain = case("F", bins=40)
    found = DirectionalCase(plain, AngularResponse(30.0, 0.75), 10)
    rows = found.backgrounds.reshape(len(plain.neutrinos.names), 40, 10)
    assert rows.sum(axis=2) == pytest.approx(plain.backgrounds, rel=1e-9, abs=1e-15)
    signal = found.signals([6.0, 9.0]).reshape(2, 40, 10).sum(axis=2)
    assert signal == pytest.approx(plain.signals([6.0, 9.0]), rel=1e-7, abs=1e25)
    atmosphere = rows[plain.neutrinos.names.index("atmospheric")]
    assert atmosphere == pytest.approx(np.repeat(atmosphere[:, :1], 10, axis=1))


def test_angles_of_the_search_are_those_of_recoils():
    plain = case("He", 6.0, 30)
    found = DirectionalCase(plain, AngularResponse(30.0), 10)
    row = found.backgrounds[plain.neutrinos.names.index("b8")].reshape(30, 10).sum(axis=0)
    tree = interaction("standard-model", couplings="tree-lowE", axial=False)
    angles = RecoilAngles(SUN, "He4", 1000.0, 6.0, tree, "helm")
    alone = MeasuredDirections(angles, (6.0,), AngularResponse(30.0), 10).above[0]
    shares = alone.measured_counts / alone.total
    assert row / row.sum() == pytest.approx(shares, abs=1e-4)


def test_dark_matter_about_the_sun_on_the_sphere():
    # one bin of energies: directions about the wind of each day, counted by the angle to the Sun
    window = RecoilWindow(4.9, 5.1, 2)
    response = AngularResponse(20.0, 0.9)
    found = DirectionalCase(FogCase("F", window=window), response, 40)
    row = found.signals([9.0]).reshape(2, 40).sum(axis=0)
    halo, target = found.case.dark, found.case.material
    recoil = np.array([5.0])
    order = response.order(recoil)
    a = wind_rows(halo, target, [9.0], recoil, order)[:, 0, 0] * response.factors(5.0, order)
    x, w = np.polynomial.legendre.leggauss(48)
    phase = 2.0 * np.pi * np.arange(96) / 96.0
    series = a / a[0] * (2.0 * np.arange(order + 1) + 1.0) / (4.0 * np.pi)
    sphere = vector(np.degrees(phase), np.degrees(np.arcsin(x))[:, None])
    moments = np.zeros(4)
    days = 365.25 * np.arange(50) / 50.0
    for wind, sun in zip(wind_axes(days, halo.v_lab_km_s), sun_axes(days), strict=True):
        density = np.polynomial.legendre.legval(sphere @ wind, series)
        weight = density * w[:, None] * 2.0 * np.pi / 96.0
        moments += np.einsum(
            "mn,mnl->l", weight, np.polynomial.legendre.legvander(sphere @ sun, 3)
        ) / days.size  # fmt: skip
    middle = 0.5 * (found.edges[1:] + found.edges[:-1])
    ours = row @ np.polynomial.legendre.legvander(middle, 3) / row.sum()
    assert ours == pytest.approx(moments, abs=1e-3)
    assert abs(moments[2]) > 0.03


def test_without_knowledge_of_directions_nothing_is_added():
    # 180 degrees and no head: all directions are alike
    found = DirectionalCase(case("Xe", 1.0), AngularResponse(180.0, 0.5))
    with_, without = directional_limits(found, [6.0, 9.0], 100.0)
    ratio = with_.cross_section_cm2 / without.cross_section_cm2
    assert ratio == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (ratio <= 1.0).all()


@pytest.mark.parametrize(
    "target",
    ["Xe", pytest.param("He", marks=pytest.mark.slow), pytest.param("F", marks=pytest.mark.slow)],
)
def test_directions_lower_the_limits(target):
    ratios = []
    for sigma, h in ((30.0, 0.5), (30.0, 0.75), (30.0, 1.0), (10.0, 1.0)):
        found = DirectionalCase(case(target, 0.25, 60), AngularResponse(sigma, h))
        with_, without = directional_limits(found, [6.0, 9.0], 100.0)
        ratios.append(with_.cross_section_cm2 / without.cross_section_cm2)
    assert (np.diff(ratios, axis=0) < 0.0).all()  # the more is known, the lower
    assert (np.array(ratios) < 1.0).all()


def test_bins_of_the_cosine_do_not_matter():
    plain = case("F", 1.0, 60)
    found = [
        directional_limits(DirectionalCase(plain, AngularResponse(30.0), n), [9.0], 10.0)[0]
        for n in (20, 80)
    ]
    first, second = (x.cross_section_cm2[0] for x in found)
    assert first / second == pytest.approx(1.0, rel=0.01)


def test_gaussian_limit_of_directions():
    # many events, no errors of fluxes: q0 = sigma^2 M sum s^2/b over the cells
    plain = FogCase(
        "F",
        window=RecoilWindow(1.0, 20.0, 30),
        neutrinos=SkyNeutrinos(errors=dict.fromkeys(SkyNeutrinos().names, 1e-9)),
    )
    found = DirectionalCase(plain, AngularResponse(30.0))
    size = 1e8
    signal, total = found.signals([6.0])[0], found.backgrounds.sum(axis=0)
    there = total > 1e-9 * total.max()
    expected = 3.0 / np.sqrt(size * (signal[there] ** 2 / total[there]).sum())
    limit = directional_limits(found, [6.0], size)[0].cross_section_cm2[0]
    assert limit / expected == pytest.approx(1.0, rel=0.01)


# Maps


def test_map_points_away_from_the_sun_and_from_cygnus():
    solstice = [days_since_j2000("2026-06-21T08:25")]
    ideal = MeasuredDirections(helium(), (6.0,)).above[0]
    found = recoil_map(ideal.moments, sun_axes(solstice), "equatorial")
    assert found.whole == pytest.approx(1.0, abs=2e-3)
    points = vector(*np.meshgrid(found.longitude_deg[:-1], found.latitude_deg))
    weight = found.density[:, :-1] * np.cos(np.radians(found.latitude_deg))[:, None]
    mean = np.einsum("mn,mnk->k", weight, points) / weight.sum()
    assert np.linalg.norm(mean) == pytest.approx(ideal.mean, abs=1e-3)
    right_ascension, declination = coordinates_deg(mean)
    assert right_ascension == pytest.approx(270.0 - 0.0139697 * 26.47, abs=0.05)  # of J2000
    assert declination == pytest.approx(-23.44, abs=0.1)
    dark = recoil_map([1.0, 0.5], wind_axes(YEAR_OF_DAYS, 245.6))
    row, column = np.unravel_index(dark.density.argmax(), dark.density.shape)
    assert dark.longitude_deg[column] == pytest.approx(-92.0, abs=3.0)
    assert dark.latitude_deg[row] == pytest.approx(-2.0, abs=3.0)


def test_frames_are_one_map():
    axes = sun_axes([100.0])
    maps = {f: recoil_map([1.0, 0.4, 0.1], axes, f) for f in ("galactic", "equatorial")}
    where = vector(40.0, 20.0)
    longitude, latitude = coordinates_deg(galactic() @ where)
    there = maps["galactic"]
    k = np.argmin(np.abs(there.longitude_deg - ((longitude + 180) % 360 - 180)))
    m = np.argmin(np.abs(there.latitude_deg - latitude))
    other = maps["equatorial"]
    i, j = np.argmin(np.abs(other.longitude_deg - 40.0)), np.argmin(np.abs(other.latitude_deg - 20))
    assert there.density[m, k] == pytest.approx(other.density[j, i], abs=2e-3)


def test_bad_input():
    with pytest.raises(InputError, match="are isotropic"):
        MeasuredDirections(RecoilAngles(source("dsnb", live_time_d=1.0), "Ar"))
    with pytest.raises(InputError, match="bins of the cosine"):
        MeasuredDirections(helium(), bins=1)
    with pytest.raises(InputError, match="at least one threshold"):
        MeasuredDirections(helium(), ())
    with pytest.raises(InputError, match="bins of the cosine"):
        DirectionalCase(case("He"), cosine_bins=1)
    with pytest.raises(InputError, match="exposure"):
        directional_limits(DirectionalCase(case("He", bins=4)), [6.0], -1.0)
    with pytest.raises(InputError, match="no days"):
        sun_polynomials(dark_halo("fog"), 1, [])
    with pytest.raises(InputError, match="no recoils to map"):
        recoil_map([0.0], sun_axes([0.0]))
    without = SkyNeutrinos(without=("pp", "pep", "hep", "be7", "b8", "n13", "o15", "f17"))
    with pytest.raises(InputError, match="without solar neutrinos"):
        DirectionalCase(FogCase("Xe", neutrinos=without))
    beam = MeasuredDirections(RecoilAngles(SNS(distance_m=20.0, protons=1e23), "CsI"), (5.0,))
    assert beam.above[0].mean > 0.0
