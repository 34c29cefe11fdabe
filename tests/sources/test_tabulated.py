from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.exceptions import DataError, InputError, MissingExtraError, UnknownNameError
from cevns.rates import flux_averaged_cross_section
from cevns.sources import SNS
from cevns.sources.tabulated import Tabulated

STEMS = {"nu_mu": "NuMu", "nu_e": "NuE", "nubar_mu": "AntiNuMu"}
ANALYTIC = SNS(distance_m=19.3, protons=3.198e23)
T0 = 0.474


def _csv(path, name, centres, counts):
    rows = "\n".join(f"{x:.6f},{n:.10g}" for x, n in zip(centres, counts, strict=True))
    path.write_text(f"# {name},counts (made up)\n{rows}\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The analytic flux in bins of 0.1 MeV and 4 ns, a million of each flavour."""
    tmp_path = tmp_path_factory.mktemp("flux")
    energy, time = np.arange(0, 60.05, 0.1), np.arange(0, 30000.1, 4.0)
    delta = SNS(distance_m=19.3, protons=1.0, pulse_sigma_us=1e-9)
    for flavour, stem in STEMS.items():
        counts = -1e6 * np.diff(delta.moments(flavour, energy)[0])
        _csv(tmp_path / f"ke{stem}_export.csv", "bin_center_MeV", energy[:-1] + 0.05, counts)
        counts = 1e6 * np.diff(delta.time_cdf(flavour, time * 1e-3, 0.0))
        _csv(tmp_path / f"t{stem}_export.csv", "bin_center_ns", time[:-1] + 2.0, counts)
    return tmp_path


@pytest.fixture
def folder(made, tmp_path):
    """A copy that a test may break."""
    return Path(shutil.copytree(made, tmp_path / "flux"))


@pytest.fixture(scope="module")
def table(made):
    return Tabulated(made, distance_m=19.3, protons=3.198e23)


@pytest.mark.parametrize("flavour", STEMS)
@pytest.mark.parametrize("e_min", [0.03, 5.0, 29.75, 29.8, 40.04, 52.8])
def test_moments_are_exact_for_the_histogram(table, flavour, e_min):
    edges = np.arange(0, 60.05, 0.1)
    for k in range(3):
        expected = sum(
            quad(lambda e, k=k: float(table.spectrum(flavour, e)) * e**-k, low, high)[0]
            for low, high in zip(np.maximum(edges[:-1], e_min), edges[1:], strict=True)
            if high > low
        )
        # 1e-9: edges read back from printed centres differ by 1e-12 MeV, and the bins are narrow
        assert table.moments(flavour, e_min)[k] == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("flavour", STEMS)
def test_a_fine_histogram_is_the_analytic_source(table, flavour):
    assert table.fluence_cm2(flavour) == pytest.approx(ANALYTIC.fluence_cm2(flavour), rel=1e-6)
    t = np.array([0.2, 0.4, 0.5, 0.7, 1.0, 3.0, 6.0])
    # constant density in 4 ns bins against exp(-t/26 ns): (bin/life)^2/24 = 1e-3 of the shift
    # of a bin's mean, times the density 2.6/us: 1e-4 us * 2.6/us at most
    error = 3e-4 if flavour == "nu_mu" else 3e-5
    assert np.allclose(
        table.time_cdf(flavour, t, T0), ANALYTIC.time_cdf(flavour, t, T0), rtol=0, atol=error
    )
    assert np.allclose(
        table.time_pdf(flavour, t, T0), ANALYTIC.time_pdf(flavour, t, T0), rtol=0, atol=10 * error
    )


def test_the_rate_of_a_fine_histogram_is_that_of_the_analytic_source(table):
    own = flux_averaged_cross_section(table, "CsI")
    other = flux_averaged_cross_section(ANALYTIC, "CsI")
    for flavour in STEMS:
        # the line at 29.79 is spread over a bin whose centre is 0.04 MeV lower: 3e-3; the
        # others change by (0.1 MeV/50 MeV)^2
        error = 4e-3 if flavour == "nu_mu" else 1e-5
        assert own.flavours[flavour] == pytest.approx(other.flavours[flavour], rel=error, abs=0.0)


def test_the_pulse_fold_is_exact_for_the_histogram(table):
    from scipy.special import ndtr

    flavour, sigma = "nu_mu", 0.15
    edges, delta = np.arange(0, 30000.1, 4.0) * 1e-3, SNS(19.3, 1.0, pulse_sigma_us=1e-9)
    p = np.diff(delta.time_cdf(flavour, edges, 0.0))
    mid = 0.5 * (edges[:-1] + edges[1:])
    for t in (0.3, 0.4731, 0.6):
        # bins folded as points, plus the second-order term of their width
        z = (t - T0 - mid) / sigma
        width = (0.004**2 / 24) * -z * np.exp(-0.5 * z * z) / (sigma**2 * np.sqrt(2 * np.pi))
        # next order of the width, (4 ns/150 ns)^4/1920 = 3e-10, and the interpolation, 1e-9;
        # counts are printed with ten digits
        assert table.time_cdf(flavour, t, T0) == pytest.approx((p * (ndtr(z) + width)).sum(),
                                                               abs=3e-9)  # fmt: skip


def test_times_rise_monotonically_to_the_covered_fraction(table):
    t = np.linspace(-1, 40, 5001)
    for flavour in STEMS:
        cdf = table.time_cdf(flavour, t, T0)
        assert (np.diff(cdf) >= -1e-15).all()
        assert cdf[0] == 0.0
        # 30 us are e^-13.6 of the muon decay from the end; ten digits printed
        assert cdf[-1] == pytest.approx(1.0, abs=2e-6)


def test_unknown_flavours_are_refused(table):
    with pytest.raises(UnknownNameError, match="nubar_e"):
        table.moments("nubar_e", 1.0)


@pytest.mark.parametrize(
    ("line", "text", "sentence"),
    [
        (1, "# energy,counts", r"keNuMu_export.csv, line 1: must begin with '# bin_center_MeV"),
        (5, "0.35", "line 5: expected two numbers, got '0.35'"),
        (5, "0.35,1,2", "line 5: expected two numbers"),
        (5, "0.35,many", "line 5: expected two numbers"),
        (5, "0.35,-1", "line 5: counts must be finite and >= 0"),
        (5, "0.35,nan", "line 5: counts must be finite and >= 0"),
        (5, "0.45,1", "line 5: bins must be equally wide"),
    ],
)
def test_a_broken_file_is_named_with_its_line(folder, line, text, sentence):
    path = folder / "keNuMu_export.csv"
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=sentence):
        Tabulated(folder, 19.3, 1e23)


def test_missing_empty_and_inconsistent_files_are_named(folder, tmp_path):
    with pytest.raises(DataError, match="no such flux file"):
        Tabulated(tmp_path / "nowhere", 19.3, 1e23)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no flux histogram"):
        Tabulated(tmp_path / "empty", 19.3, 1e23)
    (folder / "keNuE_export.csv").write_text("# bin_center_MeV,counts\n0.05,0\n0.15,0\n")
    with pytest.raises(DataError, match="contain counts"):
        Tabulated(folder, 19.3, 1e23)
    (folder / "keNuE_export.csv").write_text("# bin_center_MeV,counts\n0.05,1\n0.15,1\n")
    with pytest.raises(DataError, match=r"tNuE_export\.csv: holds more counts in time"):
        Tabulated(folder, 19.3, 1e23)
    (folder / "tNuE_export.csv").unlink()
    with pytest.raises(DataError, match=r"is missing beside keNuE_export\.csv"):
        Tabulated(folder, 19.3, 1e23)
    with pytest.raises(InputError, match="distance in m must be positive"):
        Tabulated(folder, -19.3, 1e23)


def _write_root(path, prefix="convolved", sign=1.0):
    """Histograms of the analytic flux: time (ns) by energy (MeV), one a flavour."""
    uproot = pytest.importorskip("uproot", reason="needs the root extra")
    energy, time = np.arange(0.0, 61.0), np.arange(0.0, 15001.0, 10.0)
    with uproot.recreate(path) as file:
        for flavour, suffix in (("nu_mu", "nu_mu"), ("nu_e", "nu_e"), ("nubar_mu", "anti_nu_mu")):
            spectrum = -np.diff(ANALYTIC.moments(flavour, energy)[0])
            shape = np.diff(ANALYTIC.time_cdf(flavour, time * 1e-3, 0.5))
            counts = sign * 1e5 * np.outer(shape, spectrum)
            file[f"{prefix}_energy_time_of_{suffix}"] = counts, time, energy
    return path


def test_the_released_root_layout_is_read(tmp_path):
    path = _write_root(tmp_path / "snsFlux2D.root")
    table = Tabulated(path, 19.3, 3.198e23, pulse_mean_us=0.5)
    assert set(table.flavours) == set(STEMS)
    t = np.arange(0.0, 6.0, 0.25) - 0.026  # on the 10 ns grid once moved by t0 - 0.5 us
    for flavour in STEMS:
        # a convolved file is used as it is: on its own grid it is the analytic cdf, of the part
        # between 0 and 15 us that the histogram holds; rounding
        first, last = ANALYTIC.time_cdf(flavour, np.array([0.0, 15.0]), 0.5)
        exact = (ANALYTIC.time_cdf(flavour, t, T0) - first) / (last - first)
        own = table.time_cdf(flavour, t, T0)
        assert np.allclose(own[1:], exact[1:], rtol=0, atol=1e-12)
        assert own[0] == pytest.approx(0.0, abs=1e-12)
        assert table.moments(flavour, 30.0)[0] == pytest.approx(
            ANALYTIC.moments(flavour, 30.0)[0], rel=1e-12
        )


def test_a_root_file_without_pulse_is_folded(tmp_path):
    path = _write_root(tmp_path / "flux.root", prefix="initial")
    narrow = Tabulated(path, 19.3, 1e23, pulse_sigma_us=0.01)
    wide = Tabulated(path, 19.3, 1e23, pulse_sigma_us=0.3)
    t = np.array([0.3, 0.5, 0.9])
    assert not np.allclose(narrow.time_cdf("nu_mu", t, 0.0), wide.time_cdf("nu_mu", t, 0.0))


def test_a_file_that_is_not_root_is_refused(tmp_path):
    pytest.importorskip("uproot", reason="needs the root extra")
    path = tmp_path / "flux.root"
    path.write_bytes(b"not a ROOT file at all")
    with pytest.raises(DataError, match="is not a readable ROOT file"):
        Tabulated(path, 19.3, 1e23)
    _write_root(path, prefix="other")
    with pytest.raises(DataError, match="holds no flux histogram"):
        Tabulated(path, 19.3, 1e23)
    _write_root(path, sign=-1.0)
    with pytest.raises(DataError, match="finite and not negative"):
        Tabulated(path, 19.3, 1e23)


def test_without_uproot_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "flux.root"
    path.write_bytes(b"root")
    monkeypatch.setitem(sys.modules, "uproot", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'cevns\[root\]'"):
        Tabulated(path, 19.3, 1e23)


@pytest.fixture
def simulated():
    place = os.environ.get("CEVNS_DATA")
    if place is None or not (Path(place) / "sns-flux").is_dir():
        pytest.skip("needs the simulated SNS flux: set CEVNS_DATA to a folder with sns-flux")
    return Tabulated(Path(place) / "sns-flux", 19.3, 3.198e23)


def test_the_simulated_flux_has_the_composition_it_is_known_for(simulated):
    # 0.997 : 1 : 1; 99.0 % of nu_mu in 29-30.5 MeV, 0.39 % above 52.9 MeV: rounded as quoted
    n = {f: simulated.fluence_cm2(f) / simulated.fluence_cm2("nu_mu") for f in simulated.flavours}
    assert n["nu_e"] == pytest.approx(0.997, abs=5e-4)
    assert n["nubar_mu"] == pytest.approx(1.0, abs=5e-4)
    above = simulated.moments("nu_mu", [29.0, 30.5, 52.9])[0]
    assert above[0] - above[1] == pytest.approx(0.990, abs=5e-4)
    assert above[2] == pytest.approx(0.0039, abs=5e-5)
    assert simulated.moments("nubar_mu", 52.9)[0] == pytest.approx(0.0008, abs=5e-5)
    assert simulated.moments("nu_e", 52.9)[0] < 1e-5


def test_the_analytic_flux_is_close_to_the_simulated_one(simulated):
    e = np.arange(0.05, 300, 0.1)
    for flavour, mean in (("nu_e", 0.3 * 105.6583755), ("nubar_mu", 0.35 * 105.6583755)):
        own = float((e * simulated.spectrum(flavour, e)).sum() * 0.1)
        # the simulated Michel spectra are softer by 0.9-1.0 % (measured; the analytic form has
        # neither the electron mass nor radiative or bound-state effects)
        assert -0.012 < own / mean - 1 < -0.007
    # so the rate falls by the same order: CsI 1.2 % (measured), within the 10 % of the flux
    three = ("nu_mu", "nu_e", "nubar_mu")
    own = flux_averaged_cross_section(simulated, "CsI").flavours
    other = flux_averaged_cross_section(ANALYTIC, "CsI").flavours
    for flavour in three:
        assert own[flavour] == pytest.approx(other[flavour], rel=0.015, abs=0.0)
    # prompt neutrinos come later by the pions' slowing down and capture: 47 against 26 ns; the
    # analytic pulse at t0 = 0.474 us therefore has more before 0.5 us
    early = [s.time_cdf("nu_mu", 0.5, T0) for s in (simulated, ANALYTIC)]
    assert 0.03 < early[1] - early[0] < 0.07
