"""Antineutrinos of reactors: spectra, captures, cores, pulls, against published and own numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from cevns import registry
from cevns.exceptions import CevnsWarning, DataError, InputError, UnknownNameError
from cevns.nuclear.form_factors import form_factor
from cevns.processes import at_place, interaction
from cevns.sources.beams.source import Source
from cevns.sources.fission.core import PWR, extent_factor, normalised
from cevns.sources.fission.ibd import THRESHOLD_MEV, cross_section_cm2
from cevns.sources.fission.tabulation import ISOTOPES, table, tabulated
from cevns.sources.reactor import Reactor

PACKAGE = "cevns.sources.reactor_spectra"
ENERGY = (np.arange(12500) + 0.5) * 1e-3
HEU = {"u235": 1.0}
LEIBSTADT = {"u235": 0.53, "u238": 0.08, "pu239": 0.32, "pu241": 0.07}
BROKDORF = {"u235": 0.491, "u238": 0.074, "pu239": 0.361, "pu241": 0.074}
KUO_SHENG = {"u235": 0.55, "u238": 0.07, "pu239": 0.32, "pu241": 0.06}


def site(power_gw, distance_m, fractions=PWR, **more):
    return Reactor(power_gw, distance_m, 1.0, fractions=fractions, **more)


def spectra(name):
    return tabulated(registry.load(PACKAGE, "reactor spectrum", name).MODEL)


# antineutrinos per fission, and with the cross section of inverse beta decay, 1e-43 cm2/fission:
# from an independent program (Kopeikin: of one spectrum for all)
TOTALS = {
    "hm-bestiole": ((6.189, 6.65), (7.213, 10.14), (5.512, 4.36), (6.212, 6.07)),
    "bestiole": ((6.077, 6.19), (7.161, 9.91), (5.500, 4.44), (6.256, 6.52)),
    "vogel-engel": ((5.672, 6.53), (6.606, 9.23), (5.080, 4.24), (5.932, 6.05)),
    "kopeikin": ((6.67, None), (6.67, None), (6.67, None), (6.67, None)),
}


@pytest.mark.parametrize("name", TOTALS)
def test_integrals_are_those_of_an_independent_program(name):
    values = spectra(name).by_isotope(ENERGY)
    number = values.sum(axis=1) * 1e-3
    ibd = (values * cross_section_cm2(ENERGY)).sum(axis=1) * 1e40
    for i, (per_fission, by_ibd) in enumerate(TOTALS[name]):
        assert number[i] == pytest.approx(per_fission, rel=5e-3)
        if by_ibd is not None:
            assert ibd[i] == pytest.approx(by_ibd, rel=5e-3)


def test_converted_spectra_have_the_published_yields():
    """6.69, 10.1, 4.40, 6.03 with a slightly other cross section: 1 %."""
    found = (spectra("hm-bestiole").by_isotope(ENERGY) * cross_section_cm2(ENERGY)).sum(axis=1)
    assert found * 1e40 == pytest.approx([6.69, 10.1, 4.40, 6.03], rel=0.01)


def test_scaled_to_daya_bay():
    """Their yield, and the unfolded spectrum of Pu-239, which was not put in (4.10 +- 0.21)."""
    mix = np.array([0.564, 0.076, 0.304, 0.056])
    inside = (ENERGY >= 1.8) & (ENERGY < 9.5)
    values = spectra("hm-dayabay").by_isotope(ENERGY) * cross_section_cm2(ENERGY) * inside
    by_isotope = values.sum(axis=1) * 1e40
    assert mix @ by_isotope == pytest.approx(5.832, rel=2e-3)
    assert by_isotope[ISOTOPES.index("pu239")] == pytest.approx(4.099, abs=0.1)
    assert by_isotope[0] == pytest.approx(6.142, abs=2 * 0.121)
    # 5.83 over the 6.19 of the conversion, as the mean of the ratios
    bins = table("daya-bay-ratio")
    width = bins["high_mev"] - bins["low_mev"]
    assert len(width) == 25
    assert width.sum() == pytest.approx(7.7)
    assert 0.87 < bins["ratio"].min() < bins["ratio"].max() < 1.09


def test_joins_are_steps():
    """BESTIOLE over Huber and Mueller: at 2 MeV as an independent program has it, within 2 %."""
    two = spectra("hm-bestiole").by_isotope([2.0 - 1e-9, 2.0])
    assert two[:, 0] / two[:, 1] == pytest.approx([0.947, 1.017, 0.976, 1.012], rel=0.02)
    eight = spectra("hm-bestiole").by_isotope([8.0 - 1e-9, 8.0])
    assert eight[:, 1] / eight[:, 0] == pytest.approx([1.08, 1.03, 1.49, 1.67], rel=0.05)


def test_the_logarithm_is_linear():
    converted = table("huber-mueller")["u235"]
    middle = spectra("hm-bestiole").by_isotope([2.0, 2.125, 2.25])[0]
    assert middle[1] == pytest.approx(math.sqrt(converted[0] * converted[1]), rel=1e-12)
    # a straight line through S would be higher by several per cent at the steep end
    steep = spectra("hm-bestiole").by_isotope([7.75, 7.875, 7.999999999])[0]
    assert (steep[0] + steep[2]) / 2.0 > 1.02 * steep[1]


# (site, its flux by an independent program): 1.5 %; the published ones are beside
FLUXES = {
    "CONUS, 2.3e13": (site(3.9, 17.1, BROKDORF), 2.32e13),
    "CONUS+, 1.5e13": (site(3.6, 20.7, LEIBSTADT), 1.47e13),
    "Dresden-II, 4.8e13": (site(2.96, 10.39), 4.81e13),
    "TEXONO, 6.4e12": (site(2.9, 28.0, KUO_SHENG), 6.48e12),
    "GEMMA, 2.7e13": (site(3.0, 13.9), 2.72e13),
    "nuGEN, 4e13": (site(3.1, 11.1), 4.41e13),
    "nuGEN by Kopeikin": (site(3.1, 11.1, spectra="kopeikin"), 4.04e13),
    "CONNIE, 7.8e12": (site(3.95, 30.0), 7.69e12),
    "Ricochet, 1.1e12": (site(0.0583, 8.8, HEU), 1.14e12),
    "NUCLEUS, 2.15e12": (site((4.25, 4.25), (72.0, 102.0)), 2.153e12),
    "NUCLEUS by BESTIOLE": (site((4.25, 4.25), (72.0, 102.0), spectra="bestiole"), 2.133e12),
    "RED-100": (site(3.1, 19.0), 1.505e13),
    "NEON": (site(2.8, 24.0), 8.52e12),
    "NEON, 7.0e12 without capture": (site(2.8, 24.0, captures_per_fission=0.0), 7.11e12),
    "MINER": (site(0.001, 4.0, HEU), 9.5e10),
}


@pytest.mark.parametrize("name", FLUXES)
def test_flux_of_a_site(name):
    reactor, flux = FLUXES[name]
    assert reactor.flux_cm2_s("nubar_e") == pytest.approx(flux, rel=0.015)


def test_emission_of_a_gigawatt():
    """2e20 antineutrinos per second; 3.030e19 fissions of 206 MeV."""
    reactor = site(1.0, 10.0)
    assert reactor.fissions_per_s == pytest.approx(3.030e19, rel=2e-3)
    assert reactor.fissions_per_s * reactor.antineutrinos_per_fission == pytest.approx(2.2e20, 5e-3)
    assert reactor.totals["fissions_per_s"] == reactor.fissions_per_s
    # between 1.83 and 1.86 lie above the threshold of inverse beta decay
    above = reactor.moments("nubar_e", THRESHOLD_MEV)[0] * reactor.antineutrinos_per_fission
    assert 1.82 < above < 1.87


def test_captures_count_once():
    power, pure = site(1.0, 10.0), site(1.0, 10.0, HEU)
    without = replace(power, captures_per_fission=0.0)
    per_fission = power.antineutrinos_per_fission - without.antineutrinos_per_fission
    assert per_fission == pytest.approx(1.2, rel=2e-6)  # none below 1 eV is counted
    assert pure.antineutrinos_per_fission == pytest.approx(6.178, rel=1e-3)
    difference = power.emission(ENERGY) - without.emission(ENERGY)
    assert ENERGY[difference > 1e-6].max() < 1.31
    assert site(1.0, 10.0, spectra="kopeikin").emission(0.3) == pytest.approx(5.39, rel=0.01)
    with pytest.raises(InputError, match="already includes captures on U-238"):
        site(1.0, 10.0, spectra="kopeikin", captures_per_fission=0.6)
    with pytest.raises(InputError, match="in which U-238 fissions too"):
        site(1.0, 10.0, HEU, spectra="kopeikin")
    almost = site(1.0, 10.0, {"u235": 0.995, "pu239": 0.005})
    assert almost.antineutrinos_per_fission == pytest.approx(6.175, rel=1e-3)


@pytest.mark.parametrize("name", registry.names(PACKAGE))
def test_moments_are_integrals_of_the_spectrum(name):
    reactor = site(1.0, 10.0, spectra=name)
    energies = np.array([0.02, 0.3, 1.27, 1.95, 2.0, 5.03, 7.99, 8.0])
    found = reactor.moments("nubar_e", energies)
    assert found == pytest.approx(Source.moments(reactor, "nubar_e", energies), rel=2e-6)
    assert float(reactor.moments("nubar_e", 0.0)[0]) == pytest.approx(1.0, abs=1e-6)
    assert reactor.moments("nubar_e", 14.0).tolist() == [0.0, 0.0, 0.0]
    low, top = 5.03, reactor.end_point_mev("nubar_e")
    knots = [e for e in reactor.breaks("nubar_e") if low < e < top]
    density = lambda e: float(reactor.spectrum("nubar_e", e)) / e  # noqa: E731
    pieces = zip([low, *knots], [*knots, top], strict=True)
    by_quad = math.fsum(quad(density, a, np.nextafter(b, a), epsabs=0)[0] for a, b in pieces)
    assert found[1, 5] == pytest.approx(by_quad, rel=1e-7)


def test_oscillations_need_one_distance():
    process = interaction("sterile")
    at = at_place(process, source=site(3.0, 20.0), form_factor=form_factor("helm"))
    assert at is not None
    at_place(process, source=site((3.0, 1.0), (20.0, 20.0)), form_factor=form_factor("helm"))
    with pytest.raises(InputError, match="from 20 m and 50 m, and oscillations need one distance"):
        at_place(process, source=site([3.0, 1.0], [20.0, 50.0]), form_factor=form_factor("helm"))


def test_flux_follows_power_distance_and_time():
    one = site(3.0, 20.0)
    flux = one.flux_cm2_s("nubar_e")
    assert replace(one, power_gw=1.5).flux_cm2_s("nubar_e") == pytest.approx(flux / 2.0)
    assert replace(one, distance_m=40.0).flux_cm2_s("nubar_e") == pytest.approx(flux / 4.0)
    assert one.fluence_cm2("nubar_e") == pytest.approx(flux * 86400.0)
    month = replace(one, live_time_d=30.0, duty=0.9)
    assert month.fluence_cm2("nubar_e") == pytest.approx(27.0 * flux * 86400.0)
    both = site((3.0, 1.0), (20.0, 50.0))
    assert both.flux_cm2_s("nubar_e") == pytest.approx(flux * (1.0 + (1.0 / 3.0) * (20 / 50) ** 2))
    assert both.fissions_per_s == pytest.approx(one.fissions_per_s * 4.0 / 3.0)


@pytest.mark.parametrize("sequence", [list, tuple, np.array])
def test_cores_in_any_sequence(sequence):
    """Three cores are the sum of three reactors, and one like it is equal to it."""
    powers, distances = (4.25, 4.25, 2.0), (72.0, 102.0, 500.0)
    cores = site(sequence(powers), sequence(distances))
    alone = [site(p, d).flux_cm2_s("nubar_e") for p, d in zip(powers, distances, strict=True)]
    assert cores.flux_cm2_s("nubar_e") == pytest.approx(sum(alone), rel=1e-12)
    assert cores.totals["mean_power_gw"] == pytest.approx(10.5)
    assert cores == site(powers, distances)
    with pytest.raises(
        InputError, match="3 powers and 2 distances are given: each core needs one of each"
    ):
        replace(cores, distance_m=sequence(distances[:2]))


def test_two_cores_are_one_at_a_mean_distance():
    """NUCLEUS, arXiv:2603.24450: 58.8 m; the far core gives a third of the flux."""
    near, far = 72.0, 102.0
    both = site((4.25, 4.25), (near, far)).flux_cm2_s("nubar_e")
    distance = near * far / math.hypot(near, far)
    assert distance == pytest.approx(58.8, abs=0.05)
    assert both == pytest.approx(site(4.25, distance).flux_cm2_s("nubar_e"), rel=1e-12)
    assert site(4.25, far).flux_cm2_s("nubar_e") / both == pytest.approx(1.0 / 3.0, abs=2e-3)


@pytest.mark.parametrize("below", [0.0, 4.0, 10.4])
def test_extent_of_the_core(below):
    """Against the mean of 1/r^2 over points of the cylinder."""
    distance, radius, height = 10.4, 1.9, 3.7
    rng = np.random.default_rng(1)
    n = 1_000_000
    r, angle = radius * np.sqrt(rng.random(n)), 2.0 * math.pi * rng.random(n)
    z = height * (rng.random(n) - 0.5)
    x, y = r * np.cos(angle), r * np.sin(angle)
    aside = math.sqrt(distance**2 - below**2)
    mean = np.mean(distance**2 / ((aside - x) ** 2 + y**2 + (below + z) ** 2))
    # what is left is of fourth order in size over distance, largest at a slant
    far = 7e-4 if below == 4.0 else 3e-4
    assert extent_factor(distance, radius, height, below) == pytest.approx(mean, abs=far)
    # an independent program: +0.6 % beside, +1.5 % below, at 10.4 m
    if below != 4.0:
        told = {0.0: 1.006, 10.4: 1.015}[below]
        assert extent_factor(distance, radius, height, below) == pytest.approx(told, abs=6e-4)


def test_long_irradiation_adds_to_converted_spectra():
    reactor = site(1.0, 10.0, HEU)
    longer = replace(reactor, irradiation_d=300.0)
    energy = np.array([1.9, 2.0, 2.5, 3.0, 4.5])
    more = longer.emission(energy) / reactor.emission(energy) - 1.0
    assert more == pytest.approx([0.0, 0.053, 0.040, 0.013, 0.0])
    with pytest.raises(InputError, match="are those of a running core"):
        replace(longer, spectra="bestiole")
    with pytest.raises(InputError, match="from 100 to 450 days, not for 2000"):
        replace(longer, irradiation_d=2000.0).emission(3.0)


# -- pulls ----------------------------------------------------------------------------------------


def test_pulls_of_one_isotope_are_its_errors():
    """For pure U-235 the change is Huber's relative error, with its sign."""
    reactor = site(1.0, 10.0, HEU)
    at = np.array([4.0, 6.5])
    norm = reactor.variation("huber.normalisation", "nubar_e", at)
    assert norm == pytest.approx([0.01783, 0.01858], abs=2e-5)
    magnetism = reactor.variation("huber.weak_magnetism", "nubar_e", at)
    assert magnetism[0] == pytest.approx((0.0090822 + 0.00873944) / 2, rel=1e-6)
    assert reactor.variation("mueller.u238", "nubar_e", at).tolist() == [0.0, 0.0]
    # both tilt the spectrum: they turn their sign near 2.3 MeV
    ends = np.array([2.0, 2.25, 2.5, 7.0])
    charge = reactor.variation("huber.z", "nubar_e", ends)
    assert charge[1:] == pytest.approx([7.39865e-05, 1.16564e-04, -0.0182], abs=5e-4)
    assert charge[1] > 0.0 > charge[3]
    magnetism = reactor.variation("huber.weak_magnetism", "nubar_e", ends)
    assert magnetism == pytest.approx([-0.00173, -0.00040, 0.00093, 0.0249], abs=2e-4)
    # a straight line
    errors = table("huber-errors")
    for isotope in ("u235", "pu239", "pu241"):
        # but for one value of Pu-241, at 2.25 MeV
        assert np.abs(np.diff(errors[f"{isotope}_weak_magnetism"], 2)).max() < 5e-4
    for name in reactor.parameters.names:
        change = reactor.variation(name, "nubar_e", ENERGY)
        assert np.all(np.isfinite(change)), name
        assert np.abs(change).max() < 0.31, name


def test_errors_of_isotopes_are_correlated_or_not():
    reactor = site(1.0, 10.0)
    share = np.array(normalised(PWR))[:, None] * spectra("hm-bestiole").by_isotope([5.1])
    errors = table("huber-errors")

    def error(isotope, what):
        return np.interp(5.1, errors["energy_mev"], errors[f"{isotope}_{what}"])

    huber = [(i, isotope) for i, isotope in enumerate(ISOTOPES) if isotope != "u238"]
    together = sum(share[i, 0] * error(isotope, "normalisation") for i, isotope in huber)
    apart = math.sqrt(sum((share[i, 0] * error(n, "independent")) ** 2 for i, n in huber))
    at = np.array([5.1])
    found = reactor.variation("huber.normalisation", "nubar_e", at)[0]
    assert found == pytest.approx(together / share.sum(), rel=1e-9)
    found = reactor.variation("huber.at_5.00_mev", "nubar_e", at)[0]
    assert found == pytest.approx(apart / share.sum(), rel=1e-9)
    assert reactor.variation("huber.at_5.00_mev", "nubar_e", np.array([5.3]))[0] == 0.0


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"power_gw": -1.0}, "thermal power in GW"),
        ({"power_gw": 3000.0}, "not between 1e-09 and 20"),
        ({"distance_m": 0.0}, "distance from the core"),
        ({"power_gw": (1.0, 2.0)}, "2 powers and 1 distances"),
        ({"fractions": {"u235": 0.56, "u238": 0.08}}, "together 0.64"),
        ({"fractions": {"u235": 56.0, "u238": 8.0, "pu239": 30.0, "pu241": 6.0}}, "together 100"),
        ({"fractions": {"u235": 1.2, "u238": -0.2}}, "fractions of fissions"),
        ({"duty": 0.0}, "the duty is a fraction"),
        ({"live_time_d": math.nan}, "live time in d"),
        ({"captures_per_fission": -0.1}, "captures per fission"),
        ({"core_radius_m": 15.0, "core_height_m": 3.0}, "inside a core"),
        ({"below_core_m": 25.0, "core_radius_m": 2.0}, "cannot be 25 m below"),
        ({"below_core_m": 2.0}, "'core_radius' and 'core_height'"),
        ({"duty": 1.15}, "at most 1, such as 0.85"),
    ],
)
def test_refused(change, said):
    with pytest.raises(InputError, match=said):
        replace(site(3.0, 10.0), **change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spectra": "hubber"}, "reactor spectrum"),
        ({"energies": "ma"}, "set of energies per fission"),
        ({"fractions": {"u233": 1.0}}, "fissile isotope"),
    ],
)
def test_unknown_names(change, said):
    with pytest.raises(UnknownNameError, match=said):
        replace(site(3.0, 10.0), **change)
    with pytest.raises(UnknownNameError, match="flavour of a reactor"):
        site(3.0, 10.0).spectrum("nu_e", 3.0)
    with pytest.raises(UnknownNameError, match="parameter of the reactor"):
        site(3.0, 10.0).variation("huber", "nubar_e", 3.0)


def test_published_fractions_need_not_add_up_exactly():
    uneven = site(1.0, 10.0, {"u235": 0.57, "u238": 0.08, "pu239": 0.30, "pu241": 0.06})
    assert sum(uneven._fractions) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", registry.names(PACKAGE))
def test_pulls_are_those_of_the_spectra(name):
    """Huber's errors are not those of a measured or summed spectrum."""
    reactor = site(1.0, 10.0, spectra=name)
    assert reactor.parameters.has("huber.normalisation") == (name in ("hm", "hm-bestiole"))
    assert reactor.parameters.has("mueller.u238") == (name in ("hm", "hm-bestiole"))
    assert reactor.parameters.has("reactor.capture") == (name != "kopeikin")
    assert reactor.parameters.has("reactor.high_energy")
    if name == "bestiole":
        with pytest.raises(UnknownNameError, match="parameter of the reactor"):
            reactor.variation("huber.z", "nubar_e", 3.0)


def write(path, energy, **columns):
    rows = np.column_stack([energy, *columns.values()])
    header = ",".join(["energy_mev", *columns])
    np.savetxt(path, rows, delimiter=",", header=header, comments="")
    return path


def test_spectra_of_the_user(tmp_path):
    energy = np.linspace(0.0, 9.0, 91)
    of_one = write(tmp_path / "one.csv", energy, total=np.exp(1.0 - energy))
    reactor = site(1.0, 10.0, spectra_file=of_one, captures_per_fission=0.0)
    assert reactor.antineutrinos_per_fission == pytest.approx(math.e * (1 - math.exp(-9)), rel=2e-6)
    shape = {i: (k + 1.0) * np.exp(1.0 - energy) for k, i in enumerate(ISOTOPES)}
    with pytest.raises(InputError, match="say with 'captures_per_fission'"):
        site(1.0, 10.0, spectra_file=of_one)
    with pytest.raises(InputError, match="name two spectra"):
        site(1.0, 10.0, spectra="bestiole", spectra_file=of_one, captures_per_fission=0.0)
    four = site(1.0, 10.0, spectra_file=write(tmp_path / "four.csv", energy, **shape))
    only = write(tmp_path / "only.csv", energy, u235=shape["u235"])
    assert site(1.0, 10.0, HEU, spectra_file=only).emission(5.0) == pytest.approx(math.exp(-4))
    with pytest.raises(DataError, match="has no column 'u238'"):
        site(1.0, 10.0, spectra_file=only)
    early = write(tmp_path / "early.csv", energy[:61], total=np.exp(1.0 - energy[:61]))
    with pytest.warns(CevnsWarning, match="end at 6 MeV"):
        site(1.0, 10.0, spectra_file=early, captures_per_fission=0.0)
    assert four.emission(5.0) == pytest.approx(np.dot(normalised(PWR), [1, 2, 3, 4]) * math.exp(-4))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"u235": 1.0}, "has no column 'u238'"),
        ({"total": -1.0}, "negative, or zero everywhere"),
        ({"total": 0.0}, "negative, or zero everywhere"),
    ],
)
def test_broken_tables_of_the_user(tmp_path, columns, said):
    energy = np.linspace(0.0, 9.0, 91)
    path = write(tmp_path / "s.csv", energy, **{k: np.full(91, v) for k, v in columns.items()})
    with pytest.raises(DataError, match=said):
        site(1.0, 10.0, spectra_file=path)


def test_holes_and_disorder(tmp_path):
    energy = np.concatenate([np.linspace(0.0, 3.0, 31), np.linspace(5.0, 9.0, 41)])
    path = write(tmp_path / "s.csv", energy, total=np.exp(-energy))
    with pytest.raises(DataError, match="no point between 3 and 5 MeV; add the missing points"):
        site(1.0, 10.0, spectra_file=path)
    first = np.concatenate([[0.0], np.linspace(2.0, 9.0, 29)])
    path = write(tmp_path / "s.csv", first, total=np.exp(-first))
    with pytest.raises(DataError, match="no point between 0 and 2 MeV"):
        site(1.0, 10.0, spectra_file=path)
    path = write(tmp_path / "s.csv", 1e3 * energy, total=np.exp(-energy))
    with pytest.raises(DataError, match="reaches 9000 MeV; energies are in MeV"):
        site(1.0, 10.0, spectra_file=path)
    path = write(tmp_path / "s.csv", energy, total=np.exp(-energy), u235=energy + 1.0)
    with pytest.raises(DataError, match="columns in addition to 'total'"):
        site(1.0, 10.0, spectra_file=path)
    path = write(tmp_path / "s.csv", energy[::-1], total=np.exp(-energy))
    with pytest.raises(DataError, match="energies that increase"):
        site(1.0, 10.0, spectra_file=path)


def test_zero_inside_a_spectrum_is_a_hole(tmp_path):
    energy = np.linspace(0.0, 9.0, 91)
    values = np.where(np.abs(energy - 4.0) < 0.01, 0.0, np.exp(-energy))
    path = write(tmp_path / "s.csv", energy, total=values)
    with pytest.raises(DataError, match="is zero at 4 MeV between energies where it is not"):
        site(1.0, 10.0, spectra_file=path)
    path = write(tmp_path / "s.csv", energy, total=np.where(energy > 8.0, 0.0, np.exp(-energy)))
    assert (
        site(1.0, 10.0, spectra_file=path, captures_per_fission=0.0).antineutrinos_per_fission > 0
    )


def test_captures_of_nearly_pure_uranium_are_said():
    with pytest.warns(CevnsWarning, match="with this much U-235 there are fewer"):
        site(1.0, 10.0, fractions={"u235": 0.99, "u238": 0.01})
    site(1.0, 10.0, fractions={"u235": 0.99, "u238": 0.01}, captures_per_fission=0.1)
