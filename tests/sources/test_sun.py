"""Solar neutrinos: fluxes, lines, survival, pulls and covariances, files of the user."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cevns.exceptions import CevnsWarning, DataError, InputError, UnknownNameError
from cevns.sources import SteadySource, source
from cevns.sources.sky.solar_fluxes import BRANCHES, flux_sets, solar_fluxes
from cevns.sources.sky.steady_mixture import carried
from cevns.sources.sun import LINES, Sun

YEAR = 365.25
SUN = Sun(live_time_d=YEAR)
B8 = Sun(live_time_d=YEAR, branches=("b8",), fluxes="sno-8b")


def nodes(sun):
    """Energies, and neutrinos of a species per cm2 and second at each."""
    out = {}
    for species in sun.flavours:
        energy, weight = sun.nodes(species)
        out[species] = energy, weight * sun.flux_cm2_s(species)
    return out


# /cm2/s and relative error: B16, arXiv:1611.09867
PUBLISHED = {
    "b16-gs98": {
        "pp": (5.98e10, 0.006), "pep": (1.44e8, 0.01), "hep": (7.98e3, 0.3), "be7": (4.93e9, 0.06),
        "b8": (5.46e6, 0.12), "n13": (2.78e8, 0.15), "o15": (2.05e8, 0.17), "f17": (5.29e6, 0.2),
    },
    "b16-agss09met": {
        "pp": (6.03e10, 0.005), "pep": (1.46e8, 0.009), "hep": (8.25e3, 0.3), "be7": (4.5e9, 0.06),
        "b8": (4.5e6, 0.12), "n13": (2.04e8, 0.14), "o15": (1.44e8, 0.16), "f17": (3.26e6, 0.18),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fluxes(name):
    found = solar_fluxes(name)
    for branch, (flux, error) in PUBLISHED[name].items():
        assert (found.flux_cm2_s[branch], found.relative_error[branch]) == (flux, error)


def test_the_other_sets_differ_in_boron():
    assert flux_sets() == ("b16-gs98", "b16-agss09met", "sno-8b", "fog")
    usual = solar_fluxes()
    for name, flux, error in (("sno-8b", 5.25e6, 0.0381), ("fog", 5.16e6, 0.02)):
        found = solar_fluxes(name)
        differ = [b for b in BRANCHES if found.flux_cm2_s[b] != usual.flux_cm2_s[b]]
        assert differ == ["b8"]
        assert (found.flux_cm2_s["b8"], found.relative_error["b8"]) == (flux, error)


@pytest.mark.parametrize("oscillation", ["msw", "none"])
@pytest.mark.parametrize("branch", BRANCHES)
def test_all_species_together_are_the_published_flux(branch, oscillation):
    sun = Sun(live_time_d=YEAR, branches=branch, oscillation=oscillation)
    total = sum(sun.flux_cm2_s(f) for f in sun.flavours)
    assert total == pytest.approx(PUBLISHED["b16-gs98"][branch][0], rel=1e-6)
    assert sum(sun.fluence_cm2(f) for f in sun.flavours) == pytest.approx(total * YEAR * 86400)
    for species in sun.flavours:
        assert float(sun.moments(species, 0.0)[0]) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("oscillation", ["msw", "none"])
def test_sun_travels_once_it_was_used(oscillation):
    """Workers of toys get it with its branches; by flavour and by mass state."""
    sun = Sun(live_time_d=YEAR, branches="b8", oscillation=oscillation)
    for source_ in (sun, sun.in_mass_states()):
        wanted = [source_.moments(f, 3.0) for f in source_.flavours]
        there = pickle.loads(pickle.dumps(source_))
        np.testing.assert_array_equal([there.moments(f, 3.0) for f in there.flavours], wanted)


# end points of the beta spectra, MeV (pp: 0.42341; the carried tables end there)
ENDS = {"pp": 0.42341, "hep": 18.784, "b8": 16.34, "n13": 1.199, "o15": 1.732, "f17": 1.740}


@pytest.mark.parametrize("branch", ENDS)
def test_spectra_have_unit_area_and_end_where_they_should(branch):
    curve = carried(branch)["density"]
    assert curve.area == pytest.approx(1.0, abs=2e-6)
    assert Sun(1.0, branch).end_point_mev("nu_e") == ENDS[branch]
    assert curve(np.array([ENDS[branch] * 1.0001, 0.0, -1.0])).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("branch", ENDS)
def test_carried_spectra_against_the_files_they_are_made_of(branch):
    """Moments above any energy with more than a thousandth of the flux, to 1.2e-4."""
    folder = Path(os.environ.get("CEVNS_DATA", "/nowhere")) / "solar-astro"
    names = {"b8": "8B", "n13": "13N", "o15": "15O", "f17": "17F"}
    file = folder / f"{names.get(branch, branch)}.txt"
    if not file.is_file():
        pytest.skip("CEVNS_DATA does not hold the files solar-astro/*.txt of NeutrinoFog")
    energy, density = np.loadtxt(file, delimiter=",").T
    if branch == "pp":  # what the file leaves out
        assert np.trapezoid(density, energy) == pytest.approx(0.9973, abs=5e-5)
        assert energy[-1] == 0.41837
    if branch != "b8":
        energy, density = np.append(energy, ENDS[branch]), np.append(density, 0.0)
    fine = np.linspace(energy[0], energy[-1], 100_001)
    theirs, ours = np.interp(fine, energy, density), carried(branch)["density"](fine)
    theirs = theirs / (theirs.sum() * (fine[1] - fine[0]))
    for share in (0.0, 0.3, 0.6, 0.8):
        above = fine >= share * fine[-1]
        for k in (-2, -1, 0, 1, 2):
            weight = fine[above] ** float(k)
            expected = weight @ theirs[above]
            assert weight @ ours[above] == pytest.approx(expected, rel=1.2e-4)


def test_lines_are_lines():
    """No continuous spectrum, exact moments, a step in the moments at each line."""
    lines = Sun(live_time_d=YEAR, branches=("pep", "be7"))
    assert lines.recoil_kinks == (0.3843, 0.8613, 1.442)
    assert lines.spectrum("nu_e", [0.3843, 0.5, 0.8613, 1.442]).tolist() == [0.0] * 4
    flux = {e: w * lines.flux_cm2_s("nu_mu") for e, w in lines.lines("nu_mu")}
    lost = 1 - lines.survival("be7", np.array([0.8613]))[0]
    assert flux[0.8613] == pytest.approx(0.897 * 4.93e9 * lost / 2)
    below, at, above = lines.moments("nu_mu", [0.3842, 0.3843, 0.38431])[1] * sum(flux.values())
    assert below == at == pytest.approx(sum(w / e for e, w in flux.items()))
    assert below - above == pytest.approx(flux[0.3843] / 0.3843)
    assert sum(w for e, w in LINES["be7"]) == 1.0


def test_mean_survival_of_boron():
    """0.373 over the spectrum, 0.348 above 5 MeV: of an independent program."""
    flux = {f: B8.flux_cm2_s(f) for f in B8.flavours}
    assert flux["nu_e"] / 5.25e6 == pytest.approx(0.373, abs=6e-4)
    above = {f: float(B8.moments(f, 5.0)[0]) * flux[f] for f in B8.flavours}
    assert above["nu_e"] / sum(above.values()) == pytest.approx(0.348, abs=6e-4)
    assert flux["nu_mu"] == pytest.approx(flux["nu_tau"], rel=1e-12)
    other = replace(B8, sin2_theta23=0.45, sin2_theta13=0.0)
    assert other.flux_cm2_s("nu_tau") / other.flux_cm2_s("nu_mu") == pytest.approx(0.45 / 0.55)
    # theta13 brings the elements |U_mu i|^2 nearer to each other
    other = replace(B8, sin2_theta23=0.45)
    assert 0.45 / 0.55 < other.flux_cm2_s("nu_tau") / other.flux_cm2_s("nu_mu") < 0.84


def test_moments_are_sums_over_nodes():
    for species, (energy, weight) in nodes(SUN).items():
        for low in (0.0, 0.3843, 1.0, 9.0, 17.0):
            expected = [(weight * energy**-k)[energy >= low].sum() for k in range(3)]
            found = SUN.moments(species, low) * SUN.flux_cm2_s(species)
            # nodes are not cut at the energy, so only to the width of a panel
            assert found == pytest.approx(expected, rel=2e-2 if low else 1e-9)


def test_survival_is_that_of_each_branch():
    """At 1 MeV 15O and 8B have other densities; the ratio of species follows from both."""
    energy = np.array([1.0])
    dens = {
        f: sum(
            p.flux_cm2_s * p.curve(energy)[0] * p.shares[f](energy)[0]
            for p in SUN.parts
            if p.curve is not None
        )
        for f in SUN.flavours
    }
    whole = sum(dens.values())
    expected = sum(
        p.flux_cm2_s * p.curve(energy)[0] * SUN.survival(p.name, energy)[0]
        for p in SUN.parts
        if p.curve is not None
    )
    assert dens["nu_e"] / whole == pytest.approx(expected / whole, rel=1e-12)
    assert SUN.survival("b8", energy)[0] < SUN.survival("hep", energy)[0]
    assert SUN.spectrum("nu_e", energy)[0] * SUN.flux_cm2_s("nu_e") == pytest.approx(dens["nu_e"])


def test_it_is_a_steady_source_that_lasts():
    assert isinstance(source("sun", live_time_d=1.0), SteadySource)
    assert SUN.lasts
    assert SUN.duty == 1.0
    assert SUN.totals["b8_cm2_s"] == 5.46e6
    assert SUN.choices == {"fluxes": "b16-gs98", "oscillation": "msw"}
    with pytest.raises(UnknownNameError, match="species of this source"):
        SUN.spectrum("nubar_e", 1.0)


def test_pulls_move_their_branch_alone():
    assert SUN.parameters.names == tuple(f"flux_{b}" for b in BRANCHES)
    errors = PUBLISHED["b16-gs98"]
    for branch in BRANCHES:
        p = SUN.parameters[f"flux_{branch}"]
        assert (p.value, p.constraint.mean, p.constraint.sigma) == (0.0, 0.0, 1.0)
        added = 0.0
        for species, (energy, weight) in nodes(SUN).items():
            added += weight @ SUN.variation(p.name, species, energy)
        assert added == pytest.approx(errors[branch][0] * errors[branch][1], rel=1e-6)


def test_at_a_line_the_pull_is_that_of_the_line():
    """15O is there too at 0.8613 MeV, but the line is all 7Be."""
    moved = SUN.variation("flux_be7", "nu_e", np.array([0.8613, 0.8614]))
    assert moved == pytest.approx([0.06, 0.0], rel=1e-12)
    assert SUN.variation("flux_o15", "nu_e", np.array([0.8613]))[0] == 0.0


@pytest.mark.parametrize("name", ["flux_b8", "flux_be7", "flux_pp"])
def test_moments_of_a_pull_are_integrals_of_its_variation(name):
    low = np.array([0.0, 0.3, 0.8613, 0.9, 7.0, 17.0])
    for species in SUN.flavours:
        found = SUN.added_moments(name, species, low)
        for j, least in enumerate(low):
            energy, weight = SUN.nodes(species, least)
            change = weight * SUN.variation(name, species, energy)
            expected = [float(change @ energy**-k) for k in range(3)]
            assert found[:, j] == pytest.approx(expected, rel=1e-7, abs=1e-16)
    with pytest.raises(UnknownNameError, match="parameter of this source"):
        SUN.added_moments("flux_b9", "nu_e", 0.0)


# -- a table of the user -------------------------------------------------------------------------

TABLE = "component,flux_cm2_s,rel_unc\nB8,5.0e6,0.1\nBe7,4.8e9,0.05\npp,6.0e10,0.01\n"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "fluxes.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_of_the_user(table):
    with pytest.warns(CevnsWarning, match=r"fluxes\.csv has no flux of pep, hep, n13, o15, f17"):
        sun = Sun(YEAR, fluxes_file=table("# mine\n" + TABLE))
    assert sun.branches == ("pp", "be7", "b8")  # those of the table
    assert sun.totals == {"pp_cm2_s": 6.0e10, "be7_cm2_s": 4.8e9, "b8_cm2_s": 5.0e6}
    assert sun.choices["fluxes"] == "fluxes.csv"
    with pytest.raises(InputError, match="has no flux of hep; add a row"):
        Sun(YEAR, "hep", fluxes_file=table(TABLE))
    several = TABLE.replace("flux_cm2_s,rel_unc", "mb22m_flux_cm2_s,mb22m_rel_unc")
    assert Sun(YEAR, "b8", "mb22m", table(several)).totals == {"b8_cm2_s": 5.0e6}


OF_TABLE = ("pp", "be7", "b8")


def correlated(rho=-0.6):
    sizes = np.array([5.0e6, 4.8e9, 6.0e10]) * [0.1, 0.05, 0.01]
    matrix = np.array([[1.0, 0.8, rho], [0.8, 1.0, rho], [rho, rho, 1.0]])
    cov = matrix * np.outer(sizes, sizes)
    rows = [
        line + "," + ",".join(f"{v:.10g}" for v in row)
        for line, row in zip(TABLE.splitlines()[1:], cov, strict=True)
    ]
    return "\n".join(["component,flux_cm2_s,rel_unc,cov_B8,cov_Be7,cov_pp", *rows]) + "\n", matrix


def test_correlated_fluxes_have_their_covariance_in_independent_pulls(table):
    text, matrix = correlated()
    sun = Sun(YEAR, OF_TABLE, fluxes_file=table(text))
    assert sun.parameters.names == ("flux_mode_1", "flux_mode_2", "flux_mode_3")
    moved = np.array([[sun.changes[n][b] for b in ("b8", "be7", "pp")] for n in sun.changes])
    errors = np.array([0.1, 0.05, 0.01])
    assert moved.T @ moved == pytest.approx(matrix * np.outer(errors, errors), abs=1e-12)
    size = (moved**2).sum(axis=1)
    assert list(size) == sorted(size, reverse=True)
    # of two of the branches the covariance is that of these two
    two = Sun(YEAR, ("b8", "pp"), fluxes_file=table(text))
    moved = np.array([[two.changes[n][b] for b in ("b8", "pp")] for n in two.changes])
    assert (moved.T @ moved)[0, 1] == pytest.approx(-0.6 * 0.1 * 0.01)
    # without the column of errors they follow from the covariance
    bare = "\n".join(",".join(r.split(",")[:2] + r.split(",")[3:]) for r in text.splitlines())
    assert Sun(YEAR, OF_TABLE, fluxes_file=table(bare)).relative_errors["be7"] == pytest.approx(
        0.05
    )


BROKEN = {
    "no header": ("1,2,3\n4,5,6\n", "the header needs 'component'"),
    "empty": ("# nothing\n", "is not a table of solar fluxes"),
    "other columns": (TABLE.replace("flux_cm2_s", "flux"), "has no column 'flux_cm2_s'"),
    "no errors": ("component,flux_cm2_s\nB8,5e6\n", "neither a column 'rel_unc' nor a covariance"),
    "a branch": (TABLE.replace("Be7", "Li7"), "'Li7' is not a branch; the branches are pp, pep"),
    "twice": (TABLE + "b8,5e6,0.1\n", "line 5: has b8 twice"),
    "short row": (TABLE + "hep,8e3\n", "2 entries where the header has 3"),
    "words": (TABLE.replace("5.0e6", "many"), "'many' in column 'flux_cm2_s' is not a finite"),
    "nan": (TABLE.replace("0.05", "nan"), "'nan' in column 'rel_unc' is not a finite"),
    "units": (TABLE.replace("5.0e6", "5.0e-18"), "fluxes are in /cm2/s"),
    "per cent": (TABLE.replace("0.05", "5"), "6 % is 0.06"),
    "negative": (TABLE.replace("5.0e6", "-5e6"), "the flux of b8 is -5e"),
    "covariance of fewer": (
        "component,flux_cm2_s,cov_b8\nB8,5e6,1e10\npp,6e10,1e10\n", "a row and a column for each",
    ),
    "not symmetric": (
        "component,flux_cm2_s,cov_b8,cov_pp\nB8,5e6,1e10,1e13\npp,6e10,0,1e17\n", "not symmetric",
    ),
    "not positive": (
        "component,flux_cm2_s,cov_b8,cov_pp\nB8,5e6,1e10,1e14\npp,6e10,1e14,1e17\n",
        "is not positive semidefinite",
    ),
    "two errors": (
        "component,flux_cm2_s,rel_unc,cov_b8\nB8,5e6,0.5,1e10\n", "leave one of both out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused_in_one_sentence(table, name):
    text, said = BROKEN[name]
    with pytest.raises(DataError, match=said):
        Sun(YEAR, fluxes_file=table(text))


def test_a_missing_table(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        Sun(YEAR, fluxes_file=tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"branches": ("b9",)}, UnknownNameError, "branch of solar neutrinos 'b9'"),
        ({"branches": ()}, InputError, "no branch of solar neutrinos is given"),
        ({"branches": ("b8", "B8")}, InputError, "is given twice"),
        ({"fluxes": "b23"}, UnknownNameError, "set of solar fluxes"),
        ({"oscillation": "vacuum"}, UnknownNameError, "oscillation of solar neutrinos"),
        ({"sin2_theta12": 1.3}, InputError, "sin2_theta12 is a squared sine between 0 and 1"),
        ({"dm21_ev2": -1.0}, InputError, "dm21_ev2"),
        ({"live_time_d": 0.0}, InputError, "live time in d"),
        ({"oscillation": "none", "sin2_theta12": 0.31}, InputError, "remove one of them"),
    ],
)
def test_refused(fields, error, said):
    with pytest.raises(error, match=said):
        replace(SUN, **fields)
