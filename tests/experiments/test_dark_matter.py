"""Dark matter as a component beside the neutrinos of an experiment: limits, masses, refusals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cevns import load
from cevns.exceptions import CevnsError, InputError
from cevns.inference import asimov, fit
from cevns.nuclear import material
from cevns.rates.wimp_rate import wimp_rate

FILE = """\
schema: 1
name: xenon-in-the-sun
title: one tonne and year of xenon
source: {kind: sun, fluxes: sno-8b, live_time: 365.25 d}
target: {material: Xe, mass: 1000 kg}
interaction: {kind: standard-model, form_factor: helm, couplings: tree-lowE, axial: false}
detector: {response: {kind: identity}}
axes: {energy: {unit: keVnr, edges: [0.7, 1, 1.5, 2, 3, 5, 10, 50]}}
parameters:
  flux: {constraint: 1.0 +/- 0.04, acts_on: signal}
"""
PATCH = """\
components:
  wimp:
    title: dark matter
    source: {kind: halo, halo: recommended-2021, live_time: 365.25 d}
    interaction: {kind: KIND}
"""
EDGES = np.array([0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 50.0])


@pytest.fixture
def xenon(tmp_path):
    (tmp_path / "xenon.yaml").write_text(FILE)
    for kind in ("si", "sd", "sd-proton"):
        form = ", form_factor: helm" if kind == "si" else ""
        text = PATCH.replace("KIND", f"wimp-{kind}{form}")
        (tmp_path / f"wimp-{kind}.yaml").write_text(text)

    def opened(kind="si"):
        return load(tmp_path / "xenon.yaml", models=str(tmp_path / f"wimp-{kind}.yaml"))

    return opened


def expected(mass, spin=None):
    """Events per bin by the closed form."""
    x, w = np.polynomial.legendre.leggauss(40)
    out = []
    for a, b in pairwise(EDGES):
        cuts = np.linspace(a, b, 9)
        half = np.diff(cuts)[:, None] / 2.0
        recoil = (cuts[:-1, None] + half * (x + 1.0)).ravel()
        rate = wimp_rate("recommended-2021", material("Xe"), mass, recoil, spin=spin)[0]
        out.append(rate @ (half * w).ravel())
    return np.array(out)


@pytest.mark.parametrize("mass", [6.0, 50.0, 500.0])
@pytest.mark.parametrize(
    ("kind", "spin", "sigma"),
    [("si", None, 1e-45), ("sd", "neutron", 1e-40), ("sd-proton", "proton", 1e-38)],
)
def test_counts_are_those_of_the_closed_form(xenon, kind, spin, sigma, mass):
    name = f"sigma_{kind.replace('-', '_')}"
    study = xenon(kind)
    model = study.model(free=[name], at={"m_wimp": mass})
    theta = model.parameters.at({name: sigma}).values
    found = np.asarray(model.components(theta)["wimp"]).ravel()
    assert found == pytest.approx(sigma * expected(mass, spin), rel=2e-4, abs=1e-4 * found.max())


def test_the_fit_finds_a_cross_section_of_1e_46(xenon):
    """Small in its unit and bounded from below: MINUIT keeps its digits."""
    model = xenon().model(free=["sigma_si"], at={"m_wimp": 50.0})
    for sigma in (3e-47, 1e-46, 1e-44):
        theta = model.parameters.at({"sigma_si": sigma}).values
        found = fit(model, data=asimov(model, theta), start={"sigma_si": 3.0 * sigma})
        assert found.valid
        assert found["sigma_si"].value == pytest.approx(sigma, abs=0.01 * found["sigma_si"].error)
        curvature = found["sigma_si"].error
        assert found["sigma_si"].error_up / curvature == pytest.approx(1.0, rel=0.4)


def test_a_limit_follows_from_events(xenon):
    """Heavy WIMPs above 5 keV have hardly any background: 2.71/2 events at 90 % two-sided."""
    study = xenon()
    found = study.scan({"sigma_si": np.linspace(0.0, 4e-47, 60)}, at={"m_wimp": 50.0}, asimov=True)
    ((_, upper),) = found.intervals
    events = upper * expected(50.0).sum()
    assert 1.3 < events < 3.5


def test_dark_matter_shines_for_the_days_of_the_file(tmp_path):
    """It lies over the neutrinos of the file, and needs to know for how long."""
    plain = FILE.replace(", couplings: tree-lowE, axial: false", "")
    (tmp_path / "plain.yaml").write_text(plain)
    with pytest.raises(InputError, match=r"wimp-si\.source\.live_time': this field is missing"):
        load(tmp_path / "plain.yaml", models="wimp-si").predict()


def test_dark_matter_is_no_neutrino(tmp_path):
    (tmp_path / "dark.yaml").write_text(FILE.replace("kind: sun, fluxes: sno-8b", "kind: halo"))
    with pytest.raises(CevnsError, match="chi"):
        load(tmp_path / "dark.yaml").predict()


def test_a_target_without_structure_functions_is_refused(tmp_path, xenon):
    study = load(
        tmp_path / "xenon.yaml",
        models=str(tmp_path / "wimp-sd.yaml"),
        overrides={"target.material": "CsI"},
    )
    with pytest.raises(InputError, match="Cs133 has spin"):
        study.predict()
