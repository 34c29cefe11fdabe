"""Supernova bursts: spectra and moments, fluences, tables, times, and what is refused."""

from __future__ import annotations

import importlib.util
import itertools
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from cevns.cli import run
from cevns.exceptions import (
    CevnsError,
    DataError,
    InputError,
    MissingExtraError,
    UnknownNameError,
)
from cevns.particles import FLAVOURS
from cevns.sources import source
from cevns.sources.beams.source import BurstSource, PulsedSource, SteadySource
from cevns.sources.burst_models.burst_table import COLUMNS, carried, read_table
from cevns.sources.burst_models.pinched_spectrum import PinchedSum, pinch_of
from cevns.sources.supernova import Supernova, supernova_models

MODELS = ("pinched", "ls220-27", "ls220-11.2")
SNEWPY = importlib.util.find_spec("snewpy") is not None


def at_10_kpc(model: str = "pinched", **more: object) -> Supernova:
    return Supernova(distance_kpc=10.0, model=model, **more)  # type: ignore[arg-type]


# -- spectra and moments --------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0 - 1e-12, 1.0, 1.0 + 3e-7, 1.7, 2.5, 8.0])
@pytest.mark.parametrize("low", [0.02, 1.0, 8.0, 25.0, 90.0])
def test_moments_are_those_of_a_quadrature(alpha, low):
    one = PinchedSum(np.array([3.0]), np.array([13.0]), np.array([alpha]))
    found = one.moments(low)
    edges = [low, *(e for e in (0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 150.0) if e > low)]
    edges.append(edges[-1] + 400.0)
    for k in range(3):
        expected = sum(
            quad(lambda e, k=k: float(one.density(e)) * e**-k, a, b, epsrel=1e-12)[0]
            for a, b in itertools.pairwise(edges)
        )
        # to the rounding of the whole
        assert found[k] == pytest.approx(expected, rel=3e-8, abs=3e-15)


def test_moments_at_zero():
    # <1/E> = b/a and <1/E2> = b^2/(a (a - 1)) with b = (a + 1)/<E>
    one = PinchedSum(np.array([1.0]), np.array([15.6]), np.array([2.5]))
    b = 3.5 / 15.6
    assert_allclose(one.moments(0.0), [1.0, b / 2.5, b * b / (2.5 * 1.5)], rtol=1e-9)
    assert np.isfinite(PinchedSum(one.fluence_cm2, one.mean_mev, np.zeros(1)).moments(0.0)).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_sum_of_spectra(model, flavour):
    burst = at_10_kpc(model)
    energy, weight = burst.nodes(flavour)
    assert weight.sum() == pytest.approx(1.0, rel=1e-9)
    assert weight @ energy == pytest.approx(burst.mean_energy_mev(flavour), rel=1e-9)
    for low in (0.5, 6.0, 30.0, 70.0):
        at, share = burst.nodes(flavour, low)
        expected = [(share * at**-k).sum() for k in range(3)]
        assert_allclose(
            burst.moments(flavour, low), expected, rtol=1e-7, atol=2e-13
        )  # the tail beyond the end


def test_the_pinch_of_moments():
    a, mean = 2.3, 12.0
    square = mean**2 * (a + 2.0) / (a + 1.0)
    assert pinch_of(mean, square) == pytest.approx(a, rel=1e-12)
    for wrong in (143.9, 288.1):
        with pytest.raises(InputError, match=r"must be above <E>\^2 and at most twice that"):
            pinch_of(12.0, wrong)


# -- fluences -------------------------------------------------------------------------------------


def test_fluences_are_those_of_snewpy():
    """snewpy 1.6, Analytic3Species with the same energies, mean energies and pinches."""
    burst = source("supernova", distance_kpc=10.0)
    expected = {"nu_e": 2.1735389e11, "nubar_e": 1.7388311e11}
    for flavour in FLAVOURS:
        assert burst.fluence_cm2(flavour) == pytest.approx(
            expected.get(flavour, 1.67195298e11), rel=1e-6
        )
    total = sum(burst.fluence_cm2(f) for f in FLAVOURS)
    assert total == pytest.approx(1.060e12, rel=5e-4)
    mean = sum(burst.fluence_cm2(f) * burst.mean_energy_mev(f) for f in FLAVOURS) / total
    assert mean == pytest.approx(14.76, abs=0.005)


@pytest.mark.parametrize("model", MODELS)
def test_the_inverse_square_of_the_distance(model):
    near, far = at_10_kpc(model), Supernova(distance_kpc=25.0, model=model)
    for f in FLAVOURS:
        assert near.fluence_cm2(f) / far.fluence_cm2(f) == pytest.approx(6.25, rel=1e-12)
        assert near.energy_erg(f) == pytest.approx(far.energy_erg(f), rel=1e-12)


def test_energies_of_the_simulations():
    """Energies of the tables as published beside them, 1e51 erg of one species."""
    heavy, light = at_10_kpc("ls220-27"), at_10_kpc("ls220-11.2")
    of = {"nu_e": 59.9, "nubar_e": 57.2, "nu_mu": 52.1, "nu_tau": 52.1}
    for f in FLAVOURS:
        assert heavy.energy_erg(f) == pytest.approx(1e51 * of.get(f, 55.3), abs=5.1e49)
        known = {"nu_e": 35.6, "nubar_e": 30.9}.get(f, 30.2)
        assert light.energy_erg(f) == pytest.approx(1e51 * known, abs=5.1e49)
    assert sum(heavy.energy_erg(f) for f in FLAVOURS) == pytest.approx(3.318e53, rel=2e-4)
    assert sum(light.energy_erg(f) for f in FLAVOURS) == pytest.approx(1.875e53, rel=3e-4)


def test_arguments_of_the_pinched_model():
    burst = at_10_kpc(
        energies_erg={"nu_x": 4e52, "nubar_tau": 1e52},
        mean_energies_mev={"nu_e": 10.0},
        pinches={"nubar_mu": 3.0},
    )
    assert burst.energy_erg("nu_mu") == pytest.approx(4e52)
    assert burst.energy_erg("nubar_tau") == pytest.approx(1e52)
    assert burst.energy_erg("nu_e") == pytest.approx(5e52)
    assert burst.mean_energy_mev("nu_e") == 10.0
    energy, weight = burst.nodes("nubar_mu")
    assert pinch_of(weight @ energy, weight @ energy**2) == pytest.approx(3.0, rel=1e-8)


# -- in time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS[1:])
def test_parts_make_the_whole(model):
    burst = at_10_kpc(model)
    begin, end = burst.burst_s or (0.0, 0.0)
    cuts = [begin, 0.013, 0.5, 3.3, end]
    parts = [burst.during(a, b) for a, b in itertools.pairwise(cuts)]
    for f in FLAVOURS:
        numbers = np.array([p.fluence_cm2(f) for p in parts])
        assert numbers.sum() == pytest.approx(burst.fluence_cm2(f), rel=1e-12)
        moments = sum(n * p.moments(f, 9.0) for n, p in zip(numbers, parts, strict=True))
        assert_allclose(moments / numbers.sum(), burst.moments(f, 9.0), rtol=1e-12)
    assert parts[1].mean_energy_mev("nubar_e") > parts[3].mean_energy_mev("nubar_e") + 2.0


def test_a_bin_of_a_table_has_a_constant_rate():
    burst, bins = at_10_kpc("ls220-27"), carried("ls220-27")["nubar_e"]
    k = int(np.searchsorted(bins.begin_s, 0.6))
    low, high = bins.begin_s[k], bins.end_s[k]
    whole, part = burst.during(low, high), burst.during(low, low + 0.3 * (high - low))
    ratio = part.fluence_cm2("nubar_e") / whole.fluence_cm2("nubar_e")
    assert ratio == pytest.approx(0.3, rel=1e-9)
    assert part.mean_energy_mev("nubar_e") == pytest.approx(bins.mean_mev[k], rel=1e-12)
    assert burst.during(100.0, 200.0).fluence_cm2("nu_e") == 0.0


def test_an_exponential_in_time():
    burst = at_10_kpc(decay_s=3.0)
    share = burst.during(1.0, 4.0).fluence_cm2("nu_e") / burst.fluence_cm2("nu_e")
    assert share == pytest.approx(np.exp(-1.0 / 3.0) - np.exp(-4.0 / 3.0), rel=1e-12)
    assert burst.during(-5.0, 0.0).fluence_cm2("nu_e") == 0.0


def test_what_it_is():
    burst = at_10_kpc()
    assert isinstance(burst, BurstSource)
    assert not isinstance(burst, PulsedSource | SteadySource)
    assert burst.burst_s is None
    assert supernova_models() == ("ls220-11.2", "ls220-27", "pinched")


# -- tables of one's own --------------------------------------------------------------------------


ROWS = ("nu_e,1,0,1,20,10.5,135", "nubar_e,1,0,1,18,13.5,230", "nu_x,4,0,1,16,13.5,235")


def table(folder: Path, *rows: str, header: str = ",".join(COLUMNS)) -> Path:
    path = folder / "burst.csv"
    path.write_text("\n".join(["# a burst", header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_of_ones_own(tmp_path):
    burst = Supernova(distance_kpc=10.0, file=table(tmp_path, *ROWS))
    assert burst.energy_erg("nubar_tau") == pytest.approx(1.6e52)
    assert sum(burst.energy_erg(f) for f in FLAVOURS) == pytest.approx(1.02e53)
    assert burst.burst_s == (0.0, 1.0)
    pairs = (*ROWS[:2], "nu_x,2,0,1,16,13.5,235", "nubar_x,2,0,1,17,13.5,235")
    split = Supernova(distance_kpc=10.0, file=table(tmp_path, *pairs))
    assert split.energy_erg("nubar_mu") == pytest.approx(1.7e52)
    assert split.energy_erg("nu_tau") == pytest.approx(1.6e52)


def test_a_model_of_a_table_without_names_is_refused(tmp_path):
    path = table(tmp_path, *ROWS)
    with pytest.raises(DataError, match=r"no column 'model', so 'ls220-27' cannot be selected"):
        at_10_kpc("ls220-27", file=path)


def test_one_of_several_models_in_a_table(tmp_path):
    rows = [f"{m},{row}" for m in ("one", "two") for row in ROWS]
    path = table(tmp_path, *rows, header="model," + ",".join(COLUMNS))
    assert set(read_table(path, "TWO")) == set(FLAVOURS)
    with pytest.raises(DataError, match="contains several models; select one"):
        read_table(path)
    with pytest.raises(UnknownNameError, match="'three'"):
        read_table(path, "three")


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (ROWS[:2], "has no row for nu_mu; all six"),
        ((*ROWS[:2], "nu_x,1,0,1,16,13.5,235"), "a row of 'nu_x' cannot represent 1"),
        ((*ROWS[:2], "nu_x,2,0,1,16,13.5,235"), "has no row for nubar_mu"),
        ((*ROWS, "nu_mu,1,0,1,16,13.5,235"), "must be given once"),
        ((*ROWS, "nu_e,1,0.5,2,16,13.5,235"), "time bins of nu_e overlap at 0.5 s"),
        ((*ROWS, "nu_e,1,2,1,16,13.5,235"), "ends after it begins"),
        ((*ROWS, "nu_e,1,1,2,16,13.5,100"), "line 6: no pinched spectrum has"),
        ((*ROWS, "nu_e,1,1,2,x,13.5,235"), "energy_1e51erg: 'x' is not a finite number"),
        (("nu_e,1,0,1,0,10.5,135", *ROWS[1:]), "nu_e has no energy"),
        ((), "has no row for nu_e"),
    ],
)
def test_bad_tables(rows, match, tmp_path):
    with pytest.raises(DataError, match=match):
        Supernova(distance_kpc=10.0, file=table(tmp_path, *rows))


def test_wrong_columns(tmp_path):
    path = table(tmp_path, "1,2", header="energy,flux")
    with pytest.raises(DataError, match=r"line 2: column 'species' is missing; a burst has the"):
        Supernova(distance_kpc=10.0, file=path)
    with pytest.raises(CevnsError, match="cannot read"):
        Supernova(distance_kpc=10.0, file=tmp_path / "none.csv")


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"distance_kpc": 0.0}, "distance of the supernova in kpc must be positive"),
        ({"distance_kpc": -3.0}, "must be positive"),
        ({"distance_kpc": 1e9}, "find its unit"),
        ({"model": "ls200"}, "did you mean"),
        ({"energies_erg": {"nu_y": 1e52}}, "unknown species of a supernova 'nu_y'"),
        ({"energies_erg": {"nu_x": 5.0}}, "energy in erg of nu_x is 5, not between"),
        ({"mean_energies_mev": {"nu_e": 1e4}}, "mean energy in MeV of nu_e is 10000"),
        ({"pinches": {"nu_e": -1.0}}, "pinch of nu_e is -1, not between 0 and 50"),
        ({"pinches": {"nu_e": float("nan")}}, "pinch of nu_e is nan"),
        ({"decay_s": 0.0}, "decay time"),
        ({"model": "ls220-27", "decay_s": 3.0}, "are those of the model 'pinched'"),
        ({"model": "ls220-27", "pinches": {"nu_e": 3.0}}, "this model has its own"),
        ({"choices": {"eos": "shen"}}, "those of a model of snewpy; name it as 'loader'"),
        (
            {"loader": "Nakazato_2013", "model": "ls220-27"},
            "are two different models; give one of them",
        ),
        (
            {"loader": "Zha_2021", "file": Path("s20.dat"), "choices": {"eos": "shen"}},
            "given either by its file or by choices",
        ),
    ],
)
def test_bad_arguments(fields, match):
    with pytest.raises(InputError, match=match):
        Supernova(**{"distance_kpc": 10.0, **fields})


def test_times_that_are_not_known():
    with pytest.raises(InputError, match="has no time structure"):
        at_10_kpc().during(0.0, 1.0)
    with pytest.raises(InputError, match="ends after it begins, not 2 to 1 s"):
        at_10_kpc("ls220-27").during(2.0, 1.0)
    with pytest.raises(UnknownNameError, match="flavour of a supernova"):
        at_10_kpc().fluence_cm2("nu_x")


# -- snewpy ---------------------------------------------------------------------------------------


@pytest.mark.skipif(SNEWPY, reason="snewpy is installed")
def test_without_snewpy(tmp_path):
    with pytest.raises(InputError, match=r"model.dat needs snewpy, which is not installed: pip"):
        Supernova(distance_kpc=10.0, file=tmp_path / "model.dat", loader="Nakazato_2013")
    with pytest.raises(MissingExtraError, match=r"Zha_2021 needs .*pip install 'cevns\[snewpy\]'"):
        Supernova(distance_kpc=10.0, loader="Zha_2021", choices={"progenitor_mass": 20})


@pytest.fixture
def of_snewpy(tmp_path, monkeypatch):
    """snewpy with a file of our own in its folder of models: constant for ten seconds.

    Energies of nu_e, nubar_e and the four others together, then mean and root mean square
    energies; the bounce is at 0.2 s.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the standard library, by snewpy
        pytest.importorskip("snewpy.models.ccsn")
    downloader = importlib.import_module("snewpy._model_downloader")
    monkeypatch.setattr(downloader, "model_path", str(tmp_path))
    moments = [5e51, 5e51, 2e52, 12, 15, 15.6]
    moments += [mean * np.sqrt(4.5 / 3.5) for mean in (12, 15, 15.6)]  # of a pinch of 2.5
    rows = [" ".join(f"{v:.12g}" for v in (t, *moments)) for t in np.arange(0.2, 10.25, 0.1)]
    (tmp_path / "Zha_2021").mkdir()
    (tmp_path / "Zha_2021" / "s20.dat").write_text("# tb = 0.2\n" + "\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.skipif(not SNEWPY, reason="snewpy is not installed")
@pytest.mark.parametrize(
    "mass",
    [{"progenitor_mass": 20}, {"progenitor_mass": "20 solMass"}, {"progenitor_mass": "20.0"}],
)
def test_a_model_of_snewpy(of_snewpy, mass):
    burst = Supernova(distance_kpc=10.0, loader="Zha_2021", choices={**mass, "eos": "stos_b145"})
    ours = at_10_kpc()
    for f in FLAVOURS:
        assert burst.fluence_cm2(f) == pytest.approx(ours.fluence_cm2(f), rel=1e-4)
        assert burst.mean_energy_mev(f) == pytest.approx(ours.mean_energy_mev(f), rel=1e-5)
    assert burst.burst_s == pytest.approx((0.0, 10.0), abs=1e-9)
    assert burst.name.startswith("Zha_2021 (progenitor_mass 20")


@pytest.mark.skipif(not SNEWPY, reason="snewpy is not installed")
@pytest.mark.parametrize(
    ("name", "parameters", "match"),
    [
        ("Zha_2022", {}, "unknown model of snewpy 'Zha_2022': did you mean 'Zha_2021'"),
        ("Zha_2021", {}, "'progenitor_mass' of Zha_2021 is not given; snewpy has 16.0 solMass"),
        ("Zha_2021", {"progenitor_mass": 5}, "is 5.*; snewpy has 16.0 solMass, 17.0"),
        ("Zha_2021", {"progenitor_mass": "20 s"}, "is 20 s; snewpy has 16.0"),
        ("Zha_2021", {"progenitor_mass": "much"}, "is much; snewpy has 16.0"),
        ("Zha_2021", {"progenitor_mas": 20}, "unknown parameter of Zha_2021 'progenitor_mas'"),
        (
            "Nakazato_2013",
            {"progenitor_mass": 30, "revival_time": 0, "metallicity": 0.02, "eos": "shen"},
            r"snewpy has no Nakazato_2013 with .*; it has \d+, such as progenitor_mass: 13.0",
        ),
    ],
)
def test_what_snewpy_has_not(of_snewpy, name, parameters, match):
    with pytest.raises(InputError, match=match):
        Supernova(distance_kpc=10.0, loader=name, choices=parameters)


@pytest.mark.skipif(not SNEWPY, reason="snewpy is not installed")
def test_data_that_snewpy_cannot_get(of_snewpy, monkeypatch):
    from snewpy import _model_downloader

    def refused(src, dest, chunk_size=0):
        raise ConnectionError(f"no way to {src}")

    monkeypatch.setattr(_model_downloader, "_download", refused)
    with pytest.raises(InputError, match=r"cannot get or read the data of Zha_2021 .ConnectionE"):
        Supernova(distance_kpc=10.0, loader="Zha_2021", choices={"progenitor_mass": 21})


@pytest.mark.skipif(not SNEWPY, reason="snewpy is not installed")
def test_a_model_of_snewpy_in_the_command(of_snewpy, capsys):
    words = ["supernova", "Xe", "--distance", "10kpc", "--threshold", "1keVnr"]
    words += ["--loader", "Zha_2021", "--burst", "progenitor_mass=20", "--json", "-"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["events_per_tonne"] == pytest.approx(18.4, rel=0.03)


@pytest.mark.skipif(not SNEWPY, reason="snewpy is not installed")
def test_a_file_of_snewpy(tmp_path):
    names = ("NU_E", "NU_E_BAR", "NU_X")
    head = ["TIME", *(f"{what}_{n}" for what in ("L", "E", "ALPHA") for n in names)]
    rows = [f"{t:.1f} 5e51 5e51 5e51 12 15 15.6 2.5 2.5 2.5" for t in np.arange(0, 10.05, 0.1)]
    path = tmp_path / "analytic.dat"
    path.write_text("\n".join([" ".join(head), *rows]) + "\n", encoding="utf-8")
    burst = Supernova(distance_kpc=10.0, file=path, loader="Analytic3Species")
    ours = at_10_kpc()
    for f in FLAVOURS:
        assert burst.fluence_cm2(f) == pytest.approx(ours.fluence_cm2(f), rel=1e-5)
        assert_allclose(burst.moments(f, 9.0), ours.moments(f, 9.0), rtol=1e-5)
    half = burst.during(0.0, 5.0).fluence_cm2("nu_tau")
    assert half == pytest.approx(0.5 * ours.fluence_cm2("nu_tau"), rel=1e-5)
    with pytest.raises(UnknownNameError, match="loader of snewpy"):
        Supernova(distance_kpc=10.0, file=path, loader="None_2013")
    with pytest.raises(DataError, match="snewpy's Nakazato_2013 cannot read it"):
        Supernova(distance_kpc=10.0, file=path, loader="Nakazato_2013")
    with pytest.raises(DataError, match="no such file"):
        Supernova(distance_kpc=10.0, file=tmp_path / "none", loader="Nakazato_2013")
