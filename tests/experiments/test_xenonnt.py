"""XENONnT's solar 8B: fits of both analyses against published and independent numbers."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from xenon_likelihood import Likelihood

import cevns
from cevns import cli, datasets
from cevns.analysis.fog import window_of
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference.model.shapes import GridShape

RUNS = ("sr0", "sr1", "sr2")
# flux in 1e6 /cm2/s, its errors, the root of q0, events of 8B, all backgrounds: an independent
# program with straight lines between the yields
OWN = {
    "sr0-sr1": (6.15, 4.83, 2.92, 2.75, 11.07, 26.34),
    "sr2": (4.21, 4.10, 2.53, 1.95, 5.85, 15.88),
    None: (5.15, 3.63, 2.19, 3.31, 16.62, 42.39),
}
OWN_2024 = (4.65, 3.70, 2.26, 2.67, 10.70, 26.26)


def release() -> Path:
    found = datasets.find("xenonnt-cevns")
    if found is None:
        pytest.skip("the templates of XENONnT are not here: name their folder with CEVNS_DATA")
    return found.folder


def everything() -> Path:
    folder = release().parent
    if not (folder / "solar-astro" / "8B.txt").is_file():
        pytest.skip("the tabulated 8B spectrum is not beside the templates of XENONnT")
    return folder


def year_2024(overrides=None):
    release()
    return cevns.load("xenonnt-2024", overrides=overrides)


def found(study):
    """The numbers of `OWN`."""
    result = study.fit(poi="flux")
    poi = result.fit["flux"]
    events = {n: c.fit for n, c in result.components.items()}
    signal = events.pop("cevns")
    numbers = (poi.value * 1e-6, poi.error_up * 1e-6, poi.error_down * 1e-6)
    return (*numbers, result.z, signal, sum(events.values()))


def check(study, own):
    value, up, down, z, signal, background = found(study)
    assert value == pytest.approx(own[0], rel=0.04)
    assert up == pytest.approx(own[1], rel=0.08)
    assert down == pytest.approx(own[2], rel=0.08)
    assert z == pytest.approx(own[3], abs=0.05)
    assert signal == pytest.approx(own[4], abs=0.3)
    assert background == pytest.approx(own[5], abs=0.2)


def test_events_of_the_runs():
    counts = load("xenonnt-2026").inputs.observed
    assert [int(counts[run].sum()) for run in RUNS] == [9, 28, 25]


def test_expected_before_any_fit():
    # 8B at 5.25e6, tree level and Helm's form factor; AC, ER and neutrons of the release
    experiment = load("xenonnt-2026")
    assert_allclose(
        [v.prediction_of(v.signal()) for v in experiment.views.values()],
        [3.255, 6.003, 7.223],
        rtol=2e-4,
    )
    counts = experiment.predict()
    for kind, wanted in (
        ("ac", (7.4817, 17.7671, 14.8647)),
        ("er", (0.12568, 0.54865, 0.52435)),
        ("neutrons", (0.17135, 0.40530, 0.17454)),
    ):
        assert_allclose([counts[f"{kind}-{run}"] for run in RUNS], wanted, rtol=1e-4)


def test_expected_of_2024():
    counts = year_2024().predict()["xenonnt-2024"]
    assert counts["cevns"] == pytest.approx(11.916, abs=0.002)  # published 11.9
    background = sum(n for name, n in counts.items() if name != "cevns")
    assert background == pytest.approx(26.395, abs=0.002)  # published 26.4


@pytest.mark.parametrize("variant", OWN)
def test_flux_of_2026(variant):
    overrides = {} if variant is None else {"variant": variant}
    check(cevns.load("xenonnt-2026", overrides=overrides), OWN[variant])


def test_flux_of_2024():
    study = year_2024()
    check(study, OWN_2024)
    value, up, down, z, *_ = found(study)
    assert 4.5 < value < 4.8  # published 4.7 +3.6 -2.3, 2.73 sigma
    assert up == pytest.approx(3.6, abs=0.2)
    assert down == pytest.approx(2.3, abs=0.2)
    assert 2.62 < z < 2.73


def test_without_the_error_of_the_efficiency():
    fitted = cevns.load("xenonnt-2026").fit(poi="flux", fix={"efficiency": None}).fit["flux"]
    assert fitted.error_up == pytest.approx(3.00e6, rel=0.08)
    assert fitted.error_down == pytest.approx(2.04e6, rel=0.08)


def test_straight_lines_between_the_yields():
    # the independent program has these: closer than the tolerance of its rows
    study = cevns.load("xenonnt-2026", overrides={"variant": "straight-lines"})
    value, up, down, z, *_ = found(study)
    assert_allclose((value, up, down, z), OWN[None][:4], rtol=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("between", ["spline", "line"])
@pytest.mark.parametrize(
    ("name", "era", "runs"),
    [("xenonnt-2024", 2024, RUNS[:2]), ("xenonnt-2026", 2026, RUNS)],
)
def test_an_independent_fit_agrees(name, era, runs, between):
    overrides = {"variant": "straight-lines"} if between == "line" else {}
    own = Likelihood(everything(), era, runs, between).fit()
    ours = found(cevns.load(name, overrides=overrides))
    assert_allclose(ours[:5], own, rtol=3e-3)


def test_the_likelihood_at_points():
    # differences of -2 ln L, away from any minimum, from released files alone
    own = Likelihood(everything(), 2026, RUNS, "spline")
    model = load("xenonnt-2026").model("flux")
    names = ("flux", "efficiency", "ac-sr0", "ac-sr1", "ac-sr2", "er", "neutrons")
    names += ("light_yield", "charge_yield")
    at = {n: model.parameters[n].value for n in names}
    unit = np.array([at["flux"] / 5.25, 1.0, at["ac-sr0"], at["ac-sr1"], at["ac-sr2"], 1, 1, 1, 1])
    start = np.array([5.25, 1, 1, 1, 1, 1, 1, 0, 0.0])
    points = [start]
    rng = np.random.default_rng(4)
    for _ in range(6):
        moved = start * (1 + 0.3 * rng.uniform(-1, 1, 9))
        moved[-2:] = rng.uniform(-2.9, 2.9, 2)
        points.append(moved)
    from cevns.inference import Likelihood as Ours
    from cevns.inference.model.data import observed

    ours = Ours.of(model, observed(model))
    values = []
    for p in points:
        theta = model.parameters.at(dict(zip(names, p * unit, strict=True))).values
        values.append(float(ours.twice_nll(theta[None])[0]))
    wanted = [own(p) for p in points]
    assert_allclose(np.diff(values), np.diff(wanted), rtol=0, atol=0.02)


def test_half_precision_keeps_expected_counts():
    z = np.load(release() / "packed_templates.npz")
    nodes = z["energies_kev"]
    spectra = [np.exp(-nodes / scale) for scale in (0.15, 0.3, 0.6, 1.2, 5.0)]
    for run in RUNS:
        whole = np.moveaxis(z[f"{run}_mono"].astype(float).reshape(46, 7, 7, 81), 0, 2)
        view = load("xenonnt-2026").views[run]
        carried = view.response.probability
        for spectrum in spectra:
            before, after = (np.tensordot(t, spectrum, ([2], [0])) for t in (whole, carried))
            assert np.abs(after.sum(-1) / before.sum(-1) - 1.0).max() < 1e-4
            # and in no bin by more than a thousandth of its Poisson error with a hundred events
            size = 100.0 / before.sum(-1, keepdims=True)
            assert (np.abs(after - before) * size / np.sqrt(before * size)).max() < 1e-3


def test_a_static_spectrum_is_one_of_templates():
    # the exact signal of the same view, with its response mixed at each point
    view = load("xenonnt-2026").views["sr1"]
    signal = view.signal()
    shape = signal.as_templates
    assert isinstance(shape, GridShape)
    for light, charge in ((0.0, 0.0), (0.7, -1.3), (-2.9, 3.0)):
        at = {"light_yield": np.array([light]), "charge_yield": np.array([charge])}
        mixed = shape.weights(at, np.zeros(1))[0, :, 0] @ shape.matrix
        energy = signal.quenching.electron_energy_kevee()
        seen = signal.response.evaluate(energy, np.array([light, charge]))
        assert_allclose(mixed, (signal.fold.spectrum() @ seen).sum(axis=0), rtol=1e-12)


def test_fast_form_of_couplings():
    model = cevns.load("xenonnt-2026", models="nsi").model(free=["eps_tautau_u", "eps_ee_d"])
    fast, error = fast_form(model)
    assert fast is not model
    assert error is not None
    assert error.shift < 1e-6
    assert error.count < 1e-9


def test_weak_mixing_angle():
    poi = cevns.load("xenonnt-2026").fit(poi="sin2-theta-w").fit["sin2_theta_w"]
    assert poi.value == pytest.approx(0.236, abs=0.003)
    assert poi.value + poi.error_up == pytest.approx(0.341, rel=0.02)
    assert poi.value - poi.error_down == pytest.approx(0.153, rel=0.02)


def test_weak_mixing_angle_of_2024():
    poi = year_2024().fit(poi="sin2-theta-w").fit["sin2_theta_w"]
    assert poi.value == pytest.approx(0.218, abs=0.005)
    assert poi.error_up == pytest.approx(0.11, abs=0.005)
    assert poi.error_down == pytest.approx(0.09, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameter", "ends"), [("eps_ee_u", (-0.27, 0.67)), ("eps_ee_d", (-0.24, 0.60))]
)
def test_nsi(parameter, ends):
    study = cevns.load("xenonnt-2026", models="nsi")
    (piece,) = study.scan({parameter: np.linspace(-0.5, 0.9, 57)}).intervals
    assert_allclose(piece, ends, rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "mass", "ends"),
    [
        ("vector-universal", 10.0, (1.42e-5, 3.14e-5, 4.15e-5)),
        ("vector-b-l", 10.0, (3.5e-5,)),
        ("vector-b-l", 1000.0, (1.6e-3,)),
    ],
)
def test_light_vectors(model, mass, ends):
    study = cevns.load("xenonnt-2026", models=model)
    grid = np.geomspace(0.05 * ends[0], 2.0 * ends[-1], 80)
    pieces = study.scan({"g_zprime": grid}, at={"m_zprime": mass}).intervals
    ours = [end for piece in pieces for end in piece][1:]  # without the first point scanned
    assert_allclose(ours, ends, rtol=0.1)


@pytest.mark.parametrize(
    ("mass", "own"),
    [
        (4.0, 1.056e-43),
        (5.0, 1.065e-44),
        (6.0, 2.497e-45),
        (8.0, 4.70e-46),
        (10.0, 2.04e-46),
        (12.0, 1.34e-46),
    ],
)
def test_wimps(mass, own):
    study = cevns.load("xenonnt-2026", models="wimp-si")
    assert study.upper_limit(at={"m_wimp": mass}).upper_limit / own == pytest.approx(1.0, rel=0.06)


def test_a_wimp_that_nobody_sees():
    study = cevns.load("xenonnt-2026", models="wimp-si")
    with pytest.raises(InputError, match="sigma_si has no observable effect at m_wimp = 1"):
        study.upper_limit(at={"m_wimp": 1.0})


@pytest.mark.slow
def test_half_of_the_toys_without_8b_have_none():
    from cevns.inference.toys.toy_run import run_toys

    model, _ = fast_form(load("xenonnt-2026").model("flux"))
    toys = run_toys(model, 1500, seed=7, truth={"flux": 0.0}, poi="flux", workers=1)
    flux = toys.theta[:, toys.names.index("flux")]
    # the p-value is then 0.5 erfc(sqrt(q0/2)); an independent program finds 0.49 to 0.51
    assert np.mean(flux < 1e3) == pytest.approx(0.5, abs=0.04)


@pytest.mark.slow
def test_coverage_of_the_flux():
    found = cevns.load("xenonnt-2026").toys(1000, seed=5, poi="flux", workers=1).toys.coverage
    for coverage in found.values():
        assert coverage.fraction == pytest.approx(coverage.level, abs=0.04)


def test_eras_do_not_mix():
    release()
    with pytest.raises(InputError, match="same data"):
        cevns.load("xenonnt-2024", "xenonnt-2026").fit()


def test_a_folded_signal_refuses_another_spectrum():
    study = year_2024()
    with pytest.raises(InputError, match="folded with the recoil spectrum"):
        study.with_models("light-vector").fit(free=["g_zprime"], at={"m_zprime": 10.0})


def test_2024_without_its_templates(monkeypatch, tmp_path):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path)
    with pytest.raises(InputError, match=r"pack the HDF5 templates .* CEVNS_DATA"):
        cevns.load("xenonnt-2024").fit(poi="flux")


def test_the_flux_is_one_of_steady_sources():
    with pytest.raises(InputError, match="emit at all times"):
        cevns.load("coherent-csi-2021").fit(poi="flux")


def test_2024_is_not_shipped():
    # nothing of the unlicensed templates stands in the package
    folder = Path(cevns.__file__).parent / "experiments" / "catalogue"
    assert not (folder / "xenonnt-2024").exists()
    size = sum(f.stat().st_size for f in (folder / "xenonnt-2026").iterdir())
    assert size < 0.8e6
    for path in (folder / "xenonnt-2026").glob("*.npz"):
        assert not [name for name in np.load(path).files if "2024" in name or "b8" in name]


def test_a_template_of_a_spectrum_has_no_efficiency():
    release()
    with pytest.raises(InputError, match="is folded with one recoil spectrum"):
        window_of(detector="xenonnt-2024")


@pytest.mark.parametrize("name", ["pandax4t-2024", "xenon1t-2020"])
@pytest.mark.parametrize("model", ["vector-universal", "magnetic-moment", "wimp-si"])
def test_a_published_flux_says_nothing_of_other_spectra(name, model):
    with pytest.raises(InputError, match="is different"):
        cevns.load(name, models=model).predict()


def test_the_header_names_each_file_once(capsys):
    """The templates are a response and in the release: two roles, one file."""
    release()
    assert cli.run(["fit", "xenonnt-2024"]) == 0
    assert capsys.readouterr().out.count("packed_templates.npz") == 1
