"""Recoils of a supernova burst: counts, times, distances, in a target, a detector and a file."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from typer.testing import CliRunner

from cevns.analysis.expected import burst_views
from cevns.analysis.expected.burst_counts import TIMES_S, burst_counts
from cevns.analysis.expected.burst_significance import (
    Detection,
    count_needed,
    median_count,
    significance,
)
from cevns.analysis.expected.burst_views import Bare, InDetector, counts_above
from cevns.analysis.expected.spectrum_overlap import overlap, unit_area
from cevns.cli import run
from cevns.cli.app import app
from cevns.constants import CEVNS_PREFACTOR_CM2, E_PION_LINE_MEV, HBARC_MEV_FM
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.morphing import read_grid_table
from cevns.nuclear import form_factor, material
from cevns.particles import FLAVOURS
from cevns.processes import interaction
from cevns.sources import SNS
from cevns.sources.burst_models.pinched_spectrum import _PANELS
from cevns.sources.supernova import Supernova

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "supernova.yaml"
SM = interaction("standard-model", couplings="scholberg2021", axial=False)
THRESHOLDS = [0.0, 0.5, 1.0, 3.0, 5.0, 10.0]
# counts per tonne at 10 kpc of an independent program; to rounding of three digits or two
PINCHED = {
    "Xe": [28.7, 22.7, 18.4, 8.88, 4.74, 1.23],
    "CsI": [27.9, 22.2, 18.0, 8.75, 4.70, 1.23],
    "NaI": [23.6, 18.9, 15.5, 7.90, 4.47, 1.41],
    "Ge": [14.8, 13.0, 11.6, 7.59, 5.23, 2.32],
    "Ar": [8.05, 7.51, 7.03, 5.51, 4.42, 2.71],
    "Si": [4.68, 4.45, 4.25, 3.57, 3.04, 2.11],
    "F": [3.54, 3.43, 3.32, 2.94, 2.63, 2.03],
}
HELIUM = [0.62, 0.62, 0.61, 0.59, 0.58, 0.54]
CUMULATIVE = {
    "ls220-27": [0.005, 0.028, 0.067, 0.147, 0.316, 0.482, 0.665, 0.940, 0.996],
    "ls220-11.2": [0.009, 0.043, 0.085, 0.153, 0.324, 0.501, 0.738, 0.984, 1.000],
}


def burst(model: str = "pinched", distance_kpc: float = 10.0) -> Supernova:
    return Supernova(distance_kpc=distance_kpc, model=model)


def per_tonne(target: str, thresholds: list[float], model: str = "pinched") -> np.ndarray:
    return counts_above(burst(model), target, thresholds, process=SM).sum(axis=0)


# -- counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", PINCHED)
def test_counts_above_thresholds(target):
    assert_allclose(per_tonne(target, THRESHOLDS), PINCHED[target], rtol=0.01)


def test_counts_of_helium():
    """The independent program leaves out recoils above 300 keVnr: 8 % of those of helium."""
    found = per_tonne("He", [*THRESHOLDS, 300.0])
    assert_allclose(found[:-1] - found[-1], HELIUM, rtol=0.01)
    assert 0.05 < found[-1] < 0.06


def test_counts_by_another_way():
    """Cross section above threshold on a grid of energies, folded with the spectrum."""
    source, threshold, total = burst(), 1.0, 0.0
    nuclei, form = material("Ar").nuclei_per_kg(), form_factor("helm")
    energy, weight = np.polynomial.legendre.leggauss(200)
    energy, weight = 80.0 * (energy + 1.0), 80.0 * weight
    x, w = np.polynomial.legendre.leggauss(40)
    for nuclide, _ in material("Ar").atoms:
        m = nuclide.mass_mev
        top = 2.0 * energy**2 / (m + 2.0 * energy) * 1e3
        half = np.maximum(top - threshold, 0.0)[:, None] / 2.0
        t = (threshold + half * (x + 1.0)) * 1e-3
        q = np.sqrt(2.0 * m * t) / HBARC_MEV_FM
        charge = 2.0 * (0.0298 * nuclide.z - 0.5117 * (nuclide.a - nuclide.z))
        # G_F^2 M/(2 pi) Q^2/4 (1 + (1 - T/E)^2 - M T/E^2)
        y = t / energy[:, None]
        shape = 1.0 + (1.0 - y) ** 2 - m * t / energy[:, None] ** 2
        f = form.evaluate(q, form.default_rms_radius(nuclide))
        slope = CEVNS_PREFACTOR_CM2 * m * charge**2 * 0.25 * shape * f**2
        sigma = (slope * w * half).sum(axis=1) * 1e-3
        for flavour in FLAVOURS:
            flux = source.fluence_cm2(flavour) * source.spectrum(flavour, energy)
            total += 1000.0 * nuclei[nuclide.name] * float(weight @ (flux * sigma))
    assert per_tonne("Ar", [threshold])[0] == pytest.approx(total, rel=1e-5)


def test_counts_of_the_simulations():
    assert_allclose(per_tonne("Xe", [0.0, 0.7, 1.0], "ls220-27"), [29.0, 19.8, 17.2], rtol=0.005)
    assert_allclose(per_tonne("Xe", [0.0, 0.7, 1.0], "ls220-11.2"), [15.8, 10.4, 8.9], rtol=0.005)
    assert_allclose(per_tonne("Ar", [0.0, 1.0, 5.0], "ls220-27"), [8.1, 6.8, 4.0], rtol=0.01)
    # published: 35, 123 and 704 events in 2, 7 and 40 t with a threshold of 0.8 to 1 keVnr
    low, high = per_tonne("Xe", [1.0, 0.8], "ls220-27")
    assert low - 1.5 < 17.6 < high + 1.5


def test_the_inverse_square_of_the_distance():
    view = Bare("Xe", 1.0)
    near, far = (view.per_tonne(burst(distance_kpc=d)).sum() for d in (10.0, 30.0))
    assert near / far == pytest.approx(9.0, rel=1e-12)


def test_conversion_of_flavours_changes_no_rate():
    """The same neutrinos with their flavours exchanged, neutrinos and antineutrinos apart."""
    source = Supernova(
        distance_kpc=10.0,
        energies_erg={"nu_e": 9e52, "nu_mu": 3e52, "nubar_e": 2e52},
        mean_energies_mev={"nu_e": 9.0, "nu_mu": 18.0, "nubar_e": 13.0},
    )
    swapped = Supernova(
        distance_kpc=10.0,
        energies_erg={"nu_mu": 9e52, "nu_e": 3e52, "nubar_tau": 2e52, "nubar_e": 5e52},
        mean_energies_mev={"nu_mu": 9.0, "nu_e": 18.0, "nubar_tau": 13.0, "nubar_e": 15.6},
    )
    for axial in (False, True):
        view = Bare("CsI", 1.0, axial=axial)
        one, other = (view.per_tonne(s).sum() for s in (source, swapped))
        assert one == pytest.approx(other, rel=1e-13)
    flavoured = Bare("CsI", 1.0, couplings="cadeddu2022")
    one, other = (flavoured.per_tonne(s).sum() for s in (source, swapped))
    assert 1e-4 < abs(one / other - 1.0) < 0.02


def test_the_cost_of_a_fold(monkeypatch):
    """Spectra of a burst have no kinks, so isotopes need no panels of their own; flavours share.

    Counts on the panels of all isotopes are the same.
    """
    simulated = burst("ls220-27").during(0.1, 0.2).species
    assert len({id(s) for s in simulated.values()}) == 4  # nu_mu as nu_tau, and antineutrinos
    assert len({id(s) for s in burst()._whole.species.values()}) == 3
    found = [per_tonne(t, THRESHOLDS, "ls220-27") for t in ("Xe", "CaWO4")]
    monkeypatch.setattr(burst_views, "_resolved", lambda source, target: target)
    exact = [per_tonne(t, THRESHOLDS, "ls220-27") for t in ("Xe", "CaWO4")]
    assert_allclose(found, exact, rtol=1e-7)
    monkeypatch.undo()
    made = []
    fold = burst_views.Fold

    def counted(*given):
        made.append(given[-1].size)
        return fold(*given)

    monkeypatch.setattr(burst_views, "Fold", counted)
    per_tonne("Xe", [1.0])
    assert made == [16 * (len(_PANELS) + 1)]


# -- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CUMULATIVE)
def test_times(model):
    found = burst_counts(burst(model), Bare("Xe", 1.0))
    assert found.times_s == TIMES_S
    assert_allclose(found.cumulative, CUMULATIVE[model], atol=0.001)


def test_times_that_are_not_known():
    found = burst_counts(burst(), Bare("Xe", 1.0))
    assert found.cumulative == ()
    assert found.to_dict()["time_profile"] == []


# -- distances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("b", [1e-4, 0.02, 1.0, 30.0])
def test_significance_is_that_of_poisson(b):
    n = np.arange(1, 60)
    p = stats.poisson.sf(n - 1, b)
    usable = (p > 1e-250) & (p < 0.5)
    assert_allclose(significance(n[usable], b), stats.norm.isf(p[usable]), rtol=1e-9)
    needed = count_needed(b, 5.0)
    assert stats.poisson.sf(needed - 1, b) <= stats.norm.sf(5.0) < stats.poisson.sf(needed - 2, b)


def test_significance_far_in_the_tail():
    # ln p of n = 400 at b = 1: n ln b - b - ln n! + ln(1 + 1/401 + ...)
    log_p = -1.0 - math.lgamma(401.0) + math.log1p(1.0 / 401.0 + 1.0 / (401.0 * 402.0))
    z = float(significance(400, 1.0))
    # -z^2/2 - ln(z sqrt(2 pi)) + ln(1 - 1/z^2) of the normal tail
    assert -0.5 * z * z - math.log(z * math.sqrt(2 * math.pi)) - 1 / z**2 == pytest.approx(
        log_p, rel=1e-6
    )


def test_medians():
    means = np.linspace(0.05, 60.0, 600)
    assert_allclose(median_count(means), stats.poisson.median(means))


def test_the_distance_of_a_discovery():
    d = Detection.of(
        signal=120.0,
        distance_kpc=10.0,
        background_kg_d=1e-2,
        mass_kg=7000.0,
        window_s=10.0,
        sigmas=5.0,
    )
    assert d.background == pytest.approx(70.0 * 10.0 / 86400.0)
    at = d.signal * (10.0 / d.reach_kpc) ** 2 + d.background
    assert stats.poisson.sf(d.count_needed - 1, at) == pytest.approx(0.5, rel=1e-9)
    at = d.signal * (10.0 / d.sure_kpc) ** 2 + d.background
    assert stats.poisson.sf(d.count_needed - 1, at) == pytest.approx(0.9, rel=1e-9)
    # the median reaches five standard deviations exactly there
    below, beyond = d.at([0.9999 * d.reach_kpc, 1.0001 * d.reach_kpc])
    assert below >= 5.0 > beyond
    assert d.significance == pytest.approx(float(d.at(10.0)))
    rng = np.random.default_rng(3)
    counted = rng.poisson(d.signal * (10.0 / d.reach_kpc) ** 2 + d.background, 40_000)
    assert np.mean(counted >= d.count_needed) == pytest.approx(0.5, abs=0.01)


def test_only_what_comes_in_the_window_counts():
    view = Bare("Xe", 1.0)
    found = burst_counts(
        burst("ls220-27"), view, mass_kg=2000.0, background_kg_d=1e-3, window_s=1.0
    ).detection
    begin = burst("ls220-27").burst_s[0]
    part = burst("ls220-27").during(begin, begin + 1.0)
    assert found.signal == pytest.approx(2.0 * view.per_tonne(part).sum(), rel=1e-9)
    assert found.signal < 2.0 * 17.2 * 0.5


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"background_kg_d": 0.0}, "background rate per kg and day must be positive"),
        ({"background_kg_d": 1.0, "window_s": 0.0}, "window in s must be positive"),
        ({"background_kg_d": 1.0, "sigmas": 99.0}, "0 to 30 standard deviations, not 99"),
        ({"background_kg_d": 1e9, "mass_kg": 1e6}, "too many for exact probabilities"),
        ({"mass_kg": -1.0}, "target mass in kg must be positive"),
        ({"times_s": [math.nan]}, "time in s must be finite"),
    ],
)
def test_bad_numbers(fields, match):
    with pytest.raises(InputError, match=match):
        burst_counts(burst("ls220-11.2"), Bare("Xe", 1.0), **fields)


# -- beside pion decay at rest --------------------------------------------------------------------


def test_overlaps():
    beam = SNS(distance_m=20.0, protons=1.0)
    continuous = ("nu_e", "nubar_mu")
    assert overlap(burst(), beam) == pytest.approx(0.25, abs=0.005)
    assert overlap(burst(), beam, species=continuous) == pytest.approx(0.32, abs=0.005)
    assert overlap(burst(), burst()) == pytest.approx(1.0, rel=1e-12)
    # with E^2 the line has a quarter of the area; in a bin of 2 MeV it overlaps, and 0.33 results
    assert overlap(burst(), beam, power=2) == pytest.approx(0.304, abs=0.001)
    energy = np.linspace(0.0, 80.0, 80_001)
    line = np.where(np.abs(energy - E_PION_LINE_MEV) < 1.0, 0.5, 0.0) / 3.0
    weighted = (unit_area(beam, energy) + line) * energy**2
    weighted /= np.trapezoid(weighted, energy)
    shared = np.minimum(weighted, unit_area(burst(), energy, power=2))
    assert np.trapezoid(shared, energy) == pytest.approx(0.33, abs=0.005)
    with pytest.raises(InputError, match="needs a species"):
        unit_area(beam, energy, species=())


def test_mean_energies_beside_pion_decay():
    beam = SNS(distance_m=20.0, protons=1.0)
    means = [float(w @ e) for e, w in (beam.nodes(f) for f in beam.flavours)]
    assert np.mean(means) == pytest.approx(32.8, abs=0.05)
    above = [burst().fluence_cm2(f) * burst().moments(f, 52.83)[0] for f in FLAVOURS]
    total = sum(burst().fluence_cm2(f) for f in FLAVOURS)
    assert 1.0 - sum(above) / total == pytest.approx(0.999, abs=5e-4)


# -- in a file and a detector ---------------------------------------------------------------------


def test_time_bins_of_a_file_have_their_own_spectra():
    signal = load(EXAMPLE).signal()
    counts = signal.evaluate({})
    assert counts.shape == (3, 3)
    view, edges = Bare("Xe", 1.0), (0.0, 0.1, 1.0, 10.0)
    for k, (a, b) in enumerate(itertools.pairwise(edges)):
        part = burst("ls220-27").during(a, b)
        above = counts_above(part, "Xe", [1.0, 2.0, 5.0, 40.0], process=SM).sum(axis=0)
        assert_allclose(counts[:, k], -5.0 * np.diff(above), rtol=1e-5)
    assert view.material.name == "Xe"
    # energies and times are not independent: early recoils are harder than late ones
    assert counts[2, 1] / counts[0, 1] > 1.3 * counts[2, 2] / counts[0, 2]
    by_flavour = signal.per_flavour({})
    assert set(by_flavour) == set(FLAVOURS)
    assert_allclose(sum(by_flavour.values()), counts, rtol=1e-12)


def test_the_fast_form_is_the_exact_one():
    exact = load(EXAMPLE, overrides={"interaction.kind": "nsi"}).model(("eps_ee_u",))
    fast, error = fast_form(exact)
    assert fast is not exact
    assert error.small
    for value in (-0.2, 0.0, 0.3):
        at = exact.parameters.at({"eps_ee_u": value}).values
        assert_allclose(fast.expected(at), exact.expected(at), rtol=1e-6)
    moved = exact.parameters.at({"eps_ee_u": 0.3}).values
    assert not np.allclose(
        exact.expected(moved), exact.expected(exact.parameters.values), rtol=0.05
    )


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"parameters.t0": "{value: 1 us, acts_on: pulse-time}"}, "those of its model"),
        (
            {
                "interaction.electrons": "true",
                "axes.energy": "{unit: keVee, edges: [0.2, 1, 5]}",
                "detector": "{quenching: {kind: constant, value: 0.2}, "
                "resolution: {kind: gaussian, noise: 50 eVee}}",
            },
            "only be folded with scattering on nuclei",
        ),
        ({"source.model": "pinched"}, "has no time structure"),
    ],
)
def test_what_a_burst_in_time_bins_is_not(changes, match):
    with pytest.raises(InputError, match=match):
        load(EXAMPLE, overrides=changes).signal()


def test_an_arrival_of_ones_own_is_of_all_energies():
    changes = {"source.arrival": "{kind: burst, decay: 3 s}"}
    counts = load(EXAMPLE, overrides=changes).signal().evaluate({})
    shape = counts.sum(axis=1, keepdims=True) / counts.sum()
    assert_allclose(counts / counts.sum(axis=0), shape + np.zeros((1, 3)), rtol=1e-12)


def test_a_detector_that_counts_every_recoil_above_a_threshold():
    """The identity response of the example counts from 1 to 40 keVnr."""
    found = InDetector(load(EXAMPLE)).per_tonne(burst("ls220-27")).sum()
    low, high = per_tonne("Xe", [1.0, 40.0], "ls220-27")
    assert found == pytest.approx(low - high, rel=1e-5)


def test_detectors_that_exist():
    """Half of the recoils of CsI are below its threshold of some 10 keVnr, nearly all of them."""
    argon = InDetector(load("coherent-lar-2020")).per_tonne(burst()).sum()
    caesium = InDetector(load("coherent-csi-2021")).per_tonne(burst()).sum()
    assert 0.1 < caesium / per_tonne("CsI", [8.0])[0] < 1.0
    assert 0.1 < argon / per_tonne("Ar", [10.0])[0] < 1.5


# -- the command ----------------------------------------------------------------------------------


def said(*words: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["supernova", *words, "--json", "-"])
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_the_command():
    found = said("Xe", "--distance", "10kpc", "--threshold", "1keVnr")
    assert found["events_per_tonne"] == pytest.approx(18.4, rel=0.03)
    assert found["physics"] == {
        "interaction": "standard-model",
        "couplings": "scholberg2021",
        "form_factor": "helm",
        "axial": "left out",
    }
    assert found["notes"] == []
    assert found["detection"] is None
    assert found["fluence_cm2"]["nu_tau"] == pytest.approx(1.6720e11, rel=1e-4)


def test_the_command_with_everything(tmp_path):
    path = tmp_path / "burst.png"
    found = said(
        "Pb", "--distance", "5000pc", "--threshold", "500eVnr", "--model", "ls220-27", "--mass",
        "2t", "--times", "1,0.1", "--background", "0.1/kg/d", "--window", "5s", "--axial",
        "--couplings", "tree-lowE", "--form-factor", "klein-nystrand", "--figure", str(path),
    )  # fmt: skip
    assert found["distance_kpc"] == 5.0
    assert found["events"] == pytest.approx(2.0 * found["events_per_tonne"])
    assert [row["time_s"] for row in found["time_profile"]] == [0.1, 1.0]
    assert found["detection"]["background"] == pytest.approx(200.0 * 5.0 / 86400.0)
    assert found["physics"]["axial"] == "included"
    assert "breakup of lead" in found["notes"][0]
    assert path.stat().st_size > 10_000


def test_the_command_on_an_experiment():
    found = said("coherent-ge-2024", "--distance", "1kpc")
    assert found["threshold_kevnr"] is None
    assert found["experiment"] == "coherent-ge-2024"
    assert found["events_per_tonne"] > 100.0


def test_runs_of_one_detector():
    """The mean over the exposures of XENONnT's runs; each by its templates, straight lines."""
    found = said("xenonnt-2026", "--distance", "10kpc")
    folder = load("xenonnt-2026").path.parent / "xenonnt-2026"
    edges = np.linspace(0.5, 5.0, 1801)
    process = interaction("standard-model", couplings="tree-lowE", axial=False)
    above = counts_above(burst(), "Xe", edges, process=process).sum(axis=0)
    middle = 0.5 * (edges[1:] + edges[:-1])
    runs = {}
    for name in ("sr0", "sr1", "sr2"):
        read = read_grid_table(folder / f"{name}-recoils.npz", "recoils", along="recoil_energy_kev")
        nominal = tuple(int(np.flatnonzero(v == 0.0)[0]) for v in read.values.values())
        seen = read.content[nominal].sum(axis=-1)
        runs[name] = float(np.interp(middle, read.along, seen) @ (above[:-1] - above[1:]))
    assert found["events_per_tonne_by_channel"] == pytest.approx(runs, rel=2e-4)
    exposures = {"sr0": 1.174398, "sr1": 2.342593, "sr2": 3.249665}
    mean = sum(runs[n] * exposures[n] for n in runs) / sum(exposures.values())
    assert found["events_per_tonne"] == pytest.approx(mean, rel=2e-4)
    assert "from 0.5 to 5 keVnr" in found["notes"][1]
    assert found["mass_kg"] == 1000.0


def test_channels_of_several_materials(tmp_path):
    two = EXAMPLE.read_text() + "channels:\n  a: {}\n  b: {target: {material: Ge, mass: 1 kg}}\n"
    path = tmp_path / "two.yaml"
    path.write_text(two)
    with pytest.raises(InputError, match="channels of Xe and Ge, and counts per tonne"):
        InDetector(load(path))


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("Xe", "--distance", "10", "--threshold", "1keVnr"), "a number without a unit"),
        (("Xe", "--distance", "0kpc", "--threshold", "1keVnr"), "must be positive"),
        (("Xe", "--distance", "10kpc", "--threshold", "1keVee"), "not of nuclear recoil energy"),
        (("Xe", "--distance", "10kpc", "--threshold", "1MeVnr"), "lower the threshold"),
        (("Xe", "--distance", "10kpc"), "a target needs a threshold"),
        (("Xe", "--distance", "10kpc", "--threshold", "1keVnr", "--model", "x"), "unknown supern"),
        (("Qq", "--distance", "10kpc", "--threshold", "1keVnr"), "unknown element"),
        (("Xe", "--distance", "10kpc", "--threshold", "1keVnr", "--times", "a"), "write seconds"),
        (("Xe", "--distance", "10kpc", "--threshold", "1keVnr", "--burst", "x=3"), "write decay"),
        (("coherent-csi-2021", "--distance", "1kpc", "--threshold", "1keVnr"), "is an experiment"),
        (("xenonnt-2024", "--distance", "1kpc"), "is folded with one recoil spectrum"),
        (("Xe", "--distance", "10", "--threshold", "1", "--mass", "2"), "--threshold"),
        (("Xe", "--distance", "10", "--threshold", "1", "--mass", "2"), "--distance"),
        (("Xe", "--distance", "10", "--threshold", "1", "--mass", "2"), "--mass"),
    ],
)
def test_mistakes_are_one_sentence(words, match, capsys):
    assert run(["supernova", *words]) == 2
    text = capsys.readouterr().err
    assert match in text
    assert len(text.splitlines()) == 1


def test_a_burst_of_the_command(tmp_path):
    found = said(
        "Xe", "--distance", "10kpc", "--threshold", "1keVnr", "--burst", "energies.nu_x=4e52erg",
        "--burst", "mean_energies.nu_e=10MeV", "--burst", "pinches.nubar_e=3", "--burst",
        "decay=3s",
    )  # fmt: skip
    assert found["energy_erg"]["nu_mu"] == pytest.approx(4e52)
    assert found["time_profile"][5]["cumulative"] == pytest.approx(-math.expm1(-1.0 / 3.0))
