from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import material, nuclide
from cevns.processes import differential_cross_section, kinematics
from cevns.rates import recoil_spectrum
from cevns.sources import SNS

CSI = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)


def _direct(flavour, recoil, target="CsI", mass_kg=14.6):
    """Counts/keVnr by quadrature over neutrino energy of the cross section."""
    total, nuclei = 0.0, material(target).nuclei_per_kg()
    for x in material(target).nuclides:
        if flavour == "nu_mu":
            slope = float(differential_cross_section(x, E_PION_LINE_MEV, recoil, flavour))
        else:
            low = float(kinematics.minimum_energy_mev(recoil, x.mass_mev))
            if low >= E_MICHEL_MAX_MEV:
                continue
            slope = 1e-40 * quad(
                lambda e, x=x: 1e40
                * float(CSI.spectrum(flavour, e))
                * float(differential_cross_section(x, e, recoil, flavour)),
                low, E_MICHEL_MAX_MEV, epsabs=0, epsrel=1e-9,
            )[0]  # fmt: skip
        total += slope * nuclei[x.name] * mass_kg
    return total * CSI.fluence_cm2(flavour)


@pytest.mark.parametrize("flavour", CSI.flavours)
@pytest.mark.parametrize("recoil", [0.01, 5.0, 14.3, 14.6, 20.0, 44.9])
def test_the_moments_give_the_integral_over_energy(flavour, recoil):
    own = recoil_spectrum(CSI, "CsI", 14.6, recoil)[flavour]
    # ten times what quad was asked; near the end point terms cancel to 1e-6 of their size
    assert own == pytest.approx(_direct(flavour, recoil), rel=1e-8)


def test_several_isotopes_are_summed():
    own = recoil_spectrum(CSI, "Ge", 10.0, [1.0, 12.0])["nubar_mu"]
    expected = [_direct("nubar_mu", t, "Ge", 10.0) for t in (1.0, 12.0)]
    assert own == pytest.approx(expected, rel=1e-8)


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=10), st.floats(0.1, 1e3))
def test_counts_scale_with_mass_and_exposure_and_end(recoils, mass_kg):
    recoil = np.array(recoils)
    one, other = (
        recoil_spectrum(CSI, "CsI", 1.0, recoil),
        recoil_spectrum(SNS(19.3, 2 * 3.198e23, 0.0848), "CsI", mass_kg, recoil),
    )
    limits = [
        float(kinematics.maximum_recoil_kev(E_MICHEL_MAX_MEV, nuclide(x).mass_mev))
        for x in ("Cs133", "I127")
    ]
    for flavour in CSI.flavours:
        assert np.allclose(other[flavour], 2 * mass_kg * one[flavour], rtol=1e-13, atol=0)
        # rounding of the cancelling polynomial close to the end point
        assert (one[flavour] >= -1e-12).all()
        assert (one[flavour][recoil > max(limits)] == 0.0).all()


def test_the_line_ends_where_it_must():
    t = float(kinematics.maximum_recoil_kev(E_PION_LINE_MEV, nuclide("Ar40").mass_mev))
    counts = recoil_spectrum(CSI, "Ar40", 1.0, [0.999 * t, 1.001 * t])["nu_mu"]
    assert counts[0] > 0.0
    assert counts[1] == 0.0


def test_radii_and_parameters_reach_the_cross_section():
    recoil = np.array([5.0, 15.0])
    usual = recoil_spectrum(CSI, "CsI", 14.6, recoil)["nubar_mu"]
    larger = recoil_spectrum(
        CSI, "CsI", 14.6, recoil, radii={"Cs133": (5.04, 5.3), "I127": (4.98, 5.2)}
    )["nubar_mu"]
    assert (larger < usual).all()
    angle = recoil_spectrum(CSI, "CsI", 14.6, recoil, values={"sin2_theta_w": 0.2})["nubar_mu"]
    assert (angle < usual).all()  # g_V^p grows towards cancelling g_V^n


def test_the_shape_of_the_answer_is_that_of_the_question():
    grid = np.linspace(1, 12, 12).reshape(3, 4)
    assert {v.shape for v in recoil_spectrum(CSI, "CsI", 1.0, grid).values()} == {(3, 4)}
    assert {np.shape(v) for v in recoil_spectrum(CSI, "CsI", 1.0, 3.0).values()} == {()}
    zero = recoil_spectrum(CSI, "CsI", 1.0, 0.0)
    assert all(np.isfinite(v) and v > 0 for v in zero.values())


@pytest.mark.parametrize("mass_kg", [0.0, -1.0, float("nan")])
def test_an_impossible_mass_is_refused(mass_kg):
    with pytest.raises(InputError, match="target mass in kg must be positive"):
        recoil_spectrum(CSI, "CsI", mass_kg, 5.0)


def test_bad_recoil_energies_and_names_are_refused():
    for bad in (-1.0, float("nan")):
        with pytest.raises(InputError, match="recoil energy in keV must be finite"):
            recoil_spectrum(CSI, "CsI", 1.0, [1.0, bad])
    with pytest.raises(UnknownNameError, match="form factor"):
        recoil_spectrum(CSI, "CsI", 1.0, 1.0, form_factor="helmet")
