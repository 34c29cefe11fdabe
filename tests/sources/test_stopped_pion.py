"""Stopped pions at a facility: protons, yields, fluences, duty factors and times of trains."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from cevns.constants import TAU_MUON_US, TAU_PION_US
from cevns.exceptions import InputError, UnknownNameError
from cevns.sources import SNS, source
from cevns.sources.arrivals import arrival
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.arrivals.train import Train
from cevns.sources.beams.source import ProtonBeam, PulsedSource, ShapedPulse, SteadySource
from cevns.sources.facilities.pion_facility import facilities
from cevns.sources.facilities.pion_yield import hg_geant4
from cevns.sources.stopped_pion import StoppedPion

REFERENCE = "sns-2013-23"

# Of an independent program: yield, flux per flavour at 20 m in /cm2/s, duty factor, figure of merit
# relative to the SNS of 2013 to 2023. Two or three digits; that of Lujan (0.0029) is rounded up
# from 0.0028, which its own flux and duty factor give.
INDEPENDENT = {
    "sns-2013-23": (0.0900, 1.57e7, 1.53e-4, 1.00),
    "sns-2023": (0.0963, 1.94e7, 1.53e-4, 1.53),
    "sns-ppu": (0.1231, 2.35e7, 1.53e-4, 2.26),
    "sns-fts-with-sts": (0.1231, 2.35e7, 1.15e-4, 3.01),
    "sns-sts": (0.123, 8.2e6, 3.8e-5, 1.11),
    "lujan": (0.0306, 4.75e5, 4.97e-5, 0.0029),
    "mlf": (0.485, 2.01e7, 7.1e-5, 3.6),
    "isis": (0.044, 1.1e6, 1.31e-4, 0.0058),
    "ess": (0.30, 9.3e7, 4.0e-2, 0.136),
    "csns-1": (0.17, 1.85e6, 6.7e-5, 0.032),
    "csns-2": (0.17, 6.6e6, 6.7e-5, 0.41),
    "daedalus": (0.17, 2.1e7, 1e-1, 0.003),
    "pip2-bd": (0.10, 1.6e6, 4.2e-4, 0.0036),
}


def at(name: str, distance_m: float = 20.0, **fields) -> StoppedPion:
    hours = {"hours": 5000.0} if name == "daedalus" else {}
    return StoppedPion(distance_m, name, **(hours | fields))


def half_a_digit(number: float, digits: int) -> float:
    """Half of the last digit of a number that is rounded to so many."""
    return 0.5 * 10.0 ** (np.floor(np.log10(number)) + 1 - digits)


def test_all_facilities_are_there():
    assert set(facilities()) == set(INDEPENDENT)
    for known in facilities().values():
        fields = {f.name for f in dataclasses.fields(known)}
        assert set(known.memory) <= fields, known.id
        assert known.source or known.memory, known.id


@pytest.mark.parametrize("name", INDEPENDENT)
def test_facilities_against_an_independent_table(name):
    per_proton, flux, duty, merit = INDEPENDENT[name]
    made, first = at(name), at(REFERENCE)
    assert made.yield_per_flavour == pytest.approx(per_proton, abs=half_a_digit(per_proton, 3))
    # printed to two or three digits, of which 1.57e7 is 1.565e7
    assert made.flux20_cm2_s == pytest.approx(flux, rel=0.005, abs=half_a_digit(flux, 2))
    assert made.duty == pytest.approx(duty, rel=0.01)
    assert made.figure_of_merit / first.figure_of_merit == pytest.approx(
        merit, rel=0.025, abs=half_a_digit(merit, 1) if name == "daedalus" else 0.0
    )


@pytest.mark.parametrize(
    ("distance", "fluence"),
    [(19.3, 3.024), (20, 2.816), (22, 2.327), (25, 1.802), (27.5, 1.490), (28.4, 1.397)],
)
def test_fluence_of_a_year_at_the_sns(distance, fluence):
    made = at(REFERENCE, distance)
    for flavour in made.flavours:
        assert made.fluence_cm2(flavour) == pytest.approx(fluence * 1e14, abs=0.5e11)


def test_an_upgraded_year_is_half_as_much_again():
    gained = at("sns-ppu").fluence_cm2("nu_e") / at(REFERENCE).fluence_cm2("nu_e")
    assert gained == pytest.approx(1.503, abs=0.0005)


@pytest.mark.parametrize(
    ("energy", "per_gwh"), [(1.0, 2.2469e22), (1.05, 2.1399e22), (1.3, 1.7284e22)]
)
def test_protons_of_a_gigawatt_hour(energy, per_gwh):
    made = at(REFERENCE, proton_energy_gev=energy, exposure_gwh=1.0)
    assert made.protons == pytest.approx(per_gwh, rel=3e-5)


@pytest.mark.parametrize(
    ("energy", "per_proton"),
    [(0.8, 0.0595), (0.983, 0.0878), (1.0, 0.0900), (1.05, 0.0963), (1.1, 0.1022), (1.3, 0.1231)],
)
def test_yield_on_mercury(energy, per_proton):
    assert hg_geant4(energy) == pytest.approx(per_proton, abs=6e-5)
    follows = StoppedPion(
        20.0, protons=1e23, proton_energy_gev=energy, yield_per_flavour="hg-geant4", pulse_fwhm_us=1
    )
    assert follows.yield_per_flavour == hg_geant4(energy)


def test_the_measured_yield_of_jsns2():
    """(6.7 +- 1.6 +- 1.7)e-9 nu_e per cm2 and proton at 24 m."""
    area = 4.0 * np.pi * 2400.0**2
    known = facilities()["mlf"]
    assert known.yield_per_flavour == pytest.approx(6.7e-9 * area, rel=1e-3)
    assert known.yield_error == pytest.approx(np.hypot(1.6e-9, 1.7e-9) * area, abs=0.005)
    per_proton = at("mlf", 24.0).fluence_cm2("nu_e") / at("mlf", 24.0).protons
    assert per_proton == pytest.approx(6.7e-9, rel=1e-3)


def test_exposure_protons_and_years_are_one_thing():
    made = at("sns-2023", years=3.0)
    assert made.exposure_gwh == pytest.approx(3 * 1.7e-3 * 5000)
    assert made.exposure_h == pytest.approx(15000.0)
    assert made.pulses == pytest.approx(15000.0 * 3600.0 * 60.0)
    for given in ({"exposure_gwh": made.exposure_gwh}, {"protons": made.protons}):
        other = at("sns-2023", **given)
        assert (other.protons, other.exposure_gwh) == pytest.approx(
            (made.protons, made.exposure_gwh)
        )
    both = at("sns-2023", protons=made.protons * 1.0009, exposure_gwh=made.exposure_gwh)
    assert both.protons == made.protons * 1.0009
    assert dataclasses.replace(made, distance_m=40.0).fluence_cm2("nu_e") == pytest.approx(
        made.fluence_cm2("nu_e") / 4
    )


def test_what_the_beam_is_said_to_be():
    said = StoppedPion(distance_m=20.0, facility="sns-2013-23").beam_totals
    assert said["exposure_gwh"] == pytest.approx(7.0)
    assert said["protons"] == pytest.approx(1.573e23, rel=1e-3)
    # 4.69e7 of three flavours at 20 m for a yield of 0.09, in the reference
    assert 3.0 * said["flux_of_a_flavour_cm2_s"] == pytest.approx(4.69e7, rel=1e-3)
    near = StoppedPion(distance_m=10.0, facility="sns-2013-23")
    seconds = 3600.0 * near.exposure_h
    flux = near.beam_totals["flux_of_a_flavour_cm2_s"]
    assert flux * seconds == pytest.approx(near.fluence_cm2("nu_e"), rel=1e-12)
    bare = StoppedPion(
        distance_m=20.0, protons=1e23, yield_per_flavour=0.1, pulse="gaussian", pulse_fwhm_us=0.35
    ).beam_totals
    assert bare == {"protons": 1e23, "neutrinos_per_proton_and_flavour": 0.1}


def test_windows_around_the_pulses():
    # 60 windows a second of 6 us, for 5000 h
    assert at(REFERENCE).window_d(6.0) == pytest.approx(0.075)
    assert at(REFERENCE, power_mw=0.7, exposure_gwh=7.0).window_d(6.0) == pytest.approx(0.15)
    with pytest.raises(InputError, match="longer than the time between two pulses"):
        at(REFERENCE).window_d(17000.0)


def test_fields_by_hand_are_those_of_a_facility():
    by_hand = StoppedPion(
        19.3,
        years=1.0,
        power_mw=1.4,
        proton_energy_gev=1.0,
        hours=5000.0,
        repetition_hz=60.0,
        yield_per_flavour="hg-geant4",
        pulse_fwhm_us=0.35,
        beam="sns-1gev",
    )
    assert dataclasses.replace(at(REFERENCE, 19.3), facility="") == dataclasses.replace(
        by_hand, years=None
    )
    changed = at("mlf", power_mw=0.5, bunches=1)
    assert changed.exposure_gwh == pytest.approx(0.5e-3 * 4000)
    assert changed.after(()) == Train(0.1)
    assert changed.proton_energy_gev == 3.0


def test_what_is_not_known_is_said():
    made = StoppedPion(20.0, protons=1e23, yield_per_flavour=0.1, pulse_fwhm_us=0.3)
    assert made.fluence_cm2("nu_e") == SNS(20.0, 1e23, 0.1).fluence_cm2("nu_e")
    for asked, name in (
        ("pulses", "repetition"),
        ("duty", "repetition"),
        ("exposure_h", "power and proton_energy"),
        ("flux20_cm2_s", "power and proton_energy"),
        ("hours_a_year", "hours"),
    ):
        with pytest.raises(InputError, match=f"needs {name}: give it; or name a facility"):
            getattr(made, asked)
    with pytest.raises(InputError, match="an exposure in GWh needs proton_energy"):
        made.beam_energy_gwh()


def test_it_is_the_sns_source_where_both_can_say_it():
    sigma = 0.35 / 2.3548200450309493
    other = SNS(19.3, at(REFERENCE).protons, at(REFERENCE).yield_per_flavour, sigma)
    made = at(REFERENCE, 19.3)
    t = np.linspace(-1.0, 12.0, 200)
    for flavour in made.flavours:
        assert made.fluence_cm2(flavour) == other.fluence_cm2(flavour)
        assert_allclose(made.time_pdf(flavour, t, 0.5), other.time_pdf(flavour, t, 0.5), rtol=1e-12)
        assert_allclose(made.moments(flavour, [5.0, 40.0]), other.moments(flavour, [5.0, 40.0]))
        assert made.lines(flavour) == other.lines(flavour)


def test_what_it_can_do_is_declared():
    made = source("stopped-pion", distance_m=20.0, facility="ess")
    assert isinstance(made, ProtonBeam)
    assert isinstance(made, PulsedSource)
    assert isinstance(made, ShapedPulse)
    assert not isinstance(made, SteadySource)
    assert not isinstance(SNS(20.0, 1e23), ProtonBeam)


def test_prompt_and_delayed_separate_with_short_pulses():
    long = {name for name in facilities() if not at(name).prompt_separates}
    assert long == {"ess", "daedalus", "pip2-bd"}


TRAINS = [
    Train(0.35),
    Train(0.1, "gaussian", 2, 0.54),
    Train(0.29, "flat"),
    Train(0.2, "flat", 3, 0.7),
    Train(2860.0, "flat"),
]
LIVES = [(), (TAU_PION_US,), (TAU_PION_US, TAU_MUON_US)]


def protons(train: Train):
    """Density of the protons of a train around zero, written anew, and the ends of its pieces."""
    centres = [(j - (train.bunches - 1) / 2) * train.spacing_us for j in range(train.bunches)]
    if train.shape == "flat":
        half = train.fwhm_us / 2
        pieces = [(c - half, c + half) for c in centres]
        return lambda u: 1 / (train.fwhm_us * train.bunches), pieces
    s = train.fwhm_us / (2 * np.sqrt(2 * np.log(2)))
    norm = s * np.sqrt(2 * np.pi) * train.bunches
    return (
        lambda u: sum(np.exp(-(((u - c) / s) ** 2) / 2) for c in centres) / norm,
        [(centres[0] - 9 * s, centres[-1] + 9 * s)],
    )


def decayed(after: float, lives: tuple[float, ...]) -> float:
    """Share that has decayed after a time, one or two decays in sequence."""
    if after <= 0:
        return 0.0
    if len(lives) == 1:
        return 1 - np.exp(-after / lives[0])
    a, b = lives
    return 1 - (b * np.exp(-after / b) - a * np.exp(-after / a)) / (b - a)


@pytest.mark.parametrize("lives", LIVES[1:], ids=["prompt", "delayed"])
@pytest.mark.parametrize("train", TRAINS, ids=lambda t: f"{t.shape}-{t.bunches}-{t.fwhm_us:g}")
def test_times_are_the_numerical_convolution(train, lives):
    density, pieces = protons(train)
    made = dataclasses.replace(train, lives_us=lives)
    for t in train.rms_us * np.array([-1.2, -0.4, 0.1, 0.9, 1.6]) + np.array([0, 0, 0.03, 0.3, 3]):
        expected = 0.0
        for low, high in pieces:
            end = min(high, t)
            if end > low:
                near = [end - x * max(lives) for x in (0.01, 0.1, 1, 10) if end - x > low]
                expected += quad(
                    lambda u, t=t: density(u) * decayed(t - u, lives),
                    low,
                    end,
                    points=[p for p in near if low < p < end] or None,
                    epsabs=1e-11,
                    limit=400,
                )[0]
        assert made.cdf(t + 7.0, 7.0) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("lives", LIVES, ids=["protons", "prompt", "delayed"])
@pytest.mark.parametrize("train", TRAINS, ids=lambda t: f"{t.shape}-{t.bunches}-{t.fwhm_us:g}")
def test_moments_of_times_add_up(train, lives):
    """Means and variances of independent times add: the pulse's, and each mean life's."""
    made = dataclasses.replace(train, lives_us=lives)
    _, pieces = protons(train)
    top = pieces[-1][1] + 45 * sum(lives)
    ends = sorted({e for piece in pieces for e in piece} | {pieces[-1][1] + sum(lives), top})
    x, w = np.polynomial.legendre.leggauss(300)
    moments = np.zeros(3)
    for low, high in pairwise(ends):
        cuts = np.linspace(low, high, 40)
        for a, b in pairwise(cuts):
            t = (a + b) / 2 + (b - a) / 2 * x
            p = (b - a) / 2 * w * made.pdf(t, 0.0)
            moments += [p.sum(), (p * t).sum(), (p * t * t).sum()]
    mean, variance = moments[1], moments[2] - moments[1] ** 2
    assert moments[0] == pytest.approx(1.0, abs=1e-7)
    assert mean == pytest.approx(sum(lives), abs=1e-6 * train.rms_us + 1e-7)
    expected = train.rms_us**2 + sum(life**2 for life in lives)
    assert variance == pytest.approx(expected, rel=1e-6)


def test_a_bunch_alone_is_the_pulse_of_the_sns():
    sigma = 0.35 / (2 * np.sqrt(2 * np.log(2)))
    t = np.linspace(-2.0, 9.0, 300)
    for lives in LIVES:
        one, other = Train(0.35, lives_us=lives), Pulsed(sigma, lives)
        assert_allclose(one.pdf(t, 0.4), other.pdf(t, 0.4), rtol=1e-12)
        assert_allclose(one.cdf(t, 0.4), other.cdf(t, 0.4), rtol=1e-12)


def test_two_bunches_are_two_pulses_around_their_mean():
    t = np.linspace(-2.0, 9.0, 300)
    one = Train(0.1, lives_us=LIVES[2])
    two = dataclasses.replace(one, bunches=2, spacing_us=0.54)
    assert_allclose(
        two.cdf(t, 0.5), (one.cdf(t, 0.23) + one.cdf(t, 0.77)) / 2, rtol=1e-12, atol=1e-15
    )
    # the first half of the protons comes before the mean, so a prompt window sees half
    assert at("mlf").arrival("nu_mu").cdf(0.0, 0.0) == pytest.approx(0.5, abs=1e-3)


def test_a_short_flat_pulse_is_one_moment():
    t = np.array([0.01, 0.2, 3.0])
    flat = Train(1e-6, "flat", lives_us=LIVES[2])
    assert_allclose(flat.cdf(t, 0.0), [decayed(x, LIVES[2]) for x in t], rtol=1e-4)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fwhm_us": 0.0}, "width of a bunch in us must be positive"),
        ({"shape": "square"}, "unknown shape of a beam pulse 'square'"),
        ({"bunches": 0}, "whole number of bunches from 1 to 100"),
        ({"bunches": 2}, "2 bunches with a bunch spacing of 0 us"),
        ({"spacing_us": 1.0}, "1 bunch with a bunch spacing of 1 us"),
        ({"spacing_us": -1.0}, "spacing of bunches in us"),
        ({"lives_us": (1.0, 1.0)}, "at most two decays"),
    ],
)
def test_trains_that_cannot_be(fields, said):
    with pytest.raises(InputError, match=said):
        arrival("train", **({"fwhm_us": 0.3} | fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"facility": "lampf"}, "unknown stopped-pion facility 'lampf'"),
        ({"years": 2.0, "protons": 1e23}, "years are given in addition to protons"),
        ({"years": 2.0, "exposure_gwh": 1.0}, "years are given in addition to exposure"),
        ({"protons": 1e23, "exposure_gwh": 7.0}, "disagree by 36 %"),
        ({"protons": 1.001 * 2.24694e22 * 7 * 1.0002, "exposure_gwh": 7.0}, "disagree by 0.12 %"),
        ({"proton_energy_gev": 1.4}, "0.8 to 1.3 GeV, not of 1.4 GeV"),
        ({"proton_energy_gev": 0.79}, "0.8 to 1.3 GeV, not of 0.79 GeV"),
        ({"facility": "sns-sts", "yield_per_flavour": "hg-geant4"}, "is that of mercury"),
        ({"yield_per_flavour": "w-geant4"}, "unknown yield of neutrinos per proton 'w-geant4'"),
        ({"yield_per_flavour": 1.5}, "neutrinos per proton and flavour is 1.5"),
        ({"pulse": "square"}, "unknown shape of a beam pulse"),
        ({"bunches": 2}, "several bunches need a spacing"),
        ({"pulse_fwhm_us": -1.0}, "must be positive"),
        ({"pulse_fwhm_us": 2e4}, "longer than the time between two pulses"),
        ({"power_mw": 0.0}, "power of the beam in MW must be positive"),
        ({"hours": 9000.0}, "a year has 8766 h"),
        ({"years": -1.0}, "years of running must be positive"),
        ({"protons": -1.0}, "number of protons on target must be positive"),
        ({"angle_deg": 190.0}, "it is from 0, along the beam, to 180"),
        ({"beam": "lampf"}, "unknown proton beam 'lampf'"),
        ({"facility": "daedalus"}, "needs hours: give it; the facility 'daedalus' does not have"),
        ({"facility": ""}, "number of neutrinos needs yield_per_flavour: give it; or name a"),
    ],
)
def test_sources_that_cannot_be(fields, said):
    with pytest.raises((InputError, UnknownNameError), match=re.escape(said)):
        StoppedPion(20.0, **({"facility": REFERENCE} | fields))
