"""The momentum dependence of the charge radii in the couplings: numbers, schemes, one switch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cevns
from cevns.constants import ALPHA, M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV
from cevns.exceptions import InputError
from cevns.nuclear import coupling_schemes, couplings, nuclide
from cevns.particles import LEPTONS
from cevns.processes import differential_cross_section, interaction, is_steep, keeps_spectra
from cevns.processes.ingredients.lepton_loops import LoopShift

MASSES = dict(zip(LEPTONS, (M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV), strict=True))
AR = nuclide("Ar40")


def loop(q, mass):
    """Closed form of 2 int x (1 - x) ln[1/(m^2 + x (1 - x) Q^2)]; the series for a heavy lepton."""
    if q < 0.05 * mass:
        return -math.log(mass**2) / 3.0 - q**2 / (15.0 * mass**2)
    root = math.sqrt(1.0 + 4.0 * mass**2 / q**2)
    return (
        -math.log(mass**2) / 3.0
        + 5.0 / 9.0
        - 4.0 * mass**2 / (3.0 * q**2)
        + (1.0 - 2.0 * mass**2 / q**2) / 3.0 * root * math.log((root - 1.0) / (root + 1.0))
    )


def recoil_of(q, target=AR):
    return 1e3 * q**2 / (2.0 * target.mass_mev)


def proton_coupling(flavour, q, scheme):
    """g_V^p from the cross section itself: that of hydrogen-like protons alone."""
    proton = nuclide("H1")
    energy, recoil = 200.0, recoil_of(q, proton)
    new, plain = (
        float(differential_cross_section(proton, energy, recoil, flavour, form_factor="unity",
              interaction=interaction(name, couplings=scheme, axial=False)))
        for name in ("charge-radius-running", "standard-model")
    )  # fmt: skip
    return math.sqrt(new / plain) * couplings(scheme).gv_p(flavour.split("_")[1])


@pytest.mark.parametrize("lepton", LEPTONS)
@pytest.mark.parametrize("q", [1.0, 12.0, 30.0, 50.0, 90.0])
def test_the_shift_is_the_closed_form_of_the_loop(lepton, q):
    mass = MASSES[lepton]
    expected = ALPHA / math.pi * (loop(q, mass) - loop(1e-9, mass))
    found = float(LoopShift(lepton)(np.array([recoil_of(q)]), AR)[0])
    assert found == pytest.approx(expected, rel=2e-4, abs=1e-12)


def test_the_difference_of_flavours_at_zero_and_at_stopped_pions():
    # arXiv:2011.05960 as a public code has it, with alpha at 2 GeV: 0.0085 and 0.0033; the su
    # couplings: 0.0082
    gap = [
        proton_coupling("nu_e", q, "cadeddu2022") - proton_coupling("nu_mu", q, "cadeddu2022")
        for q in (1e-3, 30.0)
    ]
    assert gap == pytest.approx([0.0082, 0.0032], abs=1e-4)
    gap = [
        proton_coupling("nu_e", q, "erler-su") - proton_coupling("nu_mu", q, "erler-su")
        for q in (1e-3, 30.0)
    ]
    assert gap == pytest.approx([0.0083, 0.0033], abs=5e-5)


def test_antineutrinos_shift_alike():
    shifts = [proton_coupling(f, 40.0, "erler-su") for f in ("nu_e", "nubar_e")]
    assert shifts[0] == pytest.approx(shifts[1], rel=1e-12)
    assert shifts[0] < couplings("erler-su").gv_p("e")


def test_what_runs_is_what_is_in_the_scheme():
    # one coupling for all flavours is that of nu_mu, whose loop hardly feels 40 MeV
    found = [proton_coupling(f, 40.0, "scholberg2021") for f in ("nu_e", "nu_mu", "nu_tau")]
    fallen = ALPHA / math.pi * 40.0**2 / (15.0 * M_MUON_MEV**2)  # 2.2e-5
    assert found == pytest.approx([0.0298 - fallen] * 3, abs=1e-6)
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    assert found[0] < 0.0298
    tree = [n for n in coupling_schemes() if n.startswith("tree")]
    for name in coupling_schemes():
        if name not in tree:
            assert interaction("charge-radius-running", couplings=name).base.scheme.radii
            continue
        with pytest.raises(InputError, match="no charge radius in them"):
            interaction("charge-radius-running", couplings=name)


def test_it_is_one_switch_beside_any_model_and_keeps_spectra():
    process = interaction("charge-radius+charge-radius-running", couplings="cadeddu2022")
    assert not is_steep(process)
    assert keeps_spectra(process)
    assert not interaction("charge-radius-running").extensions[0].parameters.names
    # a radius that is fitted adds to what is left
    target, none_of_it = nuclide("Cs133"), "standard-model"
    values = {"charge_radius_ee": -1.0}
    together, alone, none = (
        math.sqrt(float(differential_cross_section(
            target, 40.0, 10.0, "nu_e", form_factor="unity", values=v,
            interaction=interaction(name, couplings="cadeddu2022", axial=False))))
        for name, v in (
            ("charge-radius+charge-radius-running", values),
            ("charge-radius", values),
            ("charge-radius+charge-radius-running", {}),
        )
    )  # fmt: skip
    plain = math.sqrt(float(differential_cross_section(
        target, 40.0, 10.0, "nu_e", form_factor="unity",
        interaction=interaction(none_of_it, couplings="cadeddu2022", axial=False))))  # fmt: skip
    assert together - alone == pytest.approx(none - plain, rel=1e-9)


def test_the_switch_reaches_all_experiments_of_a_fit():
    names = ("coherent-csi-2021", "coherent-ge-2024")
    overrides = {"interaction.couplings": "cadeddu2022"}
    plain = cevns.load(*names, overrides=overrides)
    running = cevns.load(*names, overrides=overrides, models="charge-radius-running")
    before, after = (s.predict() for s in (plain, running))
    for name in names:
        # nu_e and nu_mu count a third and two thirds; the coupling of nu_e falls by 0.0052
        change = after[name]["cevns"] / before[name]["cevns"]
        assert 1.003 < change < 1.008


def test_a_fit_of_the_angle_moves_every_coupling_alike():
    for name in coupling_schemes():
        scheme = couplings(name)
        for a in LEPTONS:
            moved = scheme.gv_p(a, 0.24857)
            assert moved == pytest.approx(scheme.gv_p(a) - 0.02, abs=1e-15)
