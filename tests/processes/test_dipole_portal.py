"""The dipole portal: traces with matrices, the massless limit, kinematics, the fold, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

import cevns
from cevns.analysis.events.event_sample import recoil_events
from cevns.constants import ALPHA, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.nuclear import form_factor, material, nuclide
from cevns.processes import (
    ELECTRON,
    Several,
    Upscattering,
    differential_cross_section,
    electron_scattering,
    interaction,
    kinematics,
    total_cross_section,
)
from cevns.processes.framework.electron_scattering import Electron
from cevns.rates.electrons import ElectronFold
from cevns.rates.fold import Fold, recoil_panels
from cevns.rates.recoil_angles import RecoilAngles
from cevns.sources import SNS
from cevns.sources.sun import Sun

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = (
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.array([[1, 0], [0, -1]]),
)
GAMMA = [
    np.diag([1, 1, -1, -1]).astype(complex),
    *(np.block([[np.zeros((2, 2)), s], [-s, np.zeros((2, 2))]]) for s in PAULI),
]
P_L = (np.eye(4) - 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]) / 2.0


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def barred(vertex):
    return GAMMA[0] @ vertex.conj().T @ GAMMA[0]


def traced(energy, t, mass, m4, *, spin_half):
    """d(sigma)/dT, cm2/MeV, of one Bohr magneton at a unit charge, from the traces."""
    q = math.sqrt(t * t + 2.0 * mass * t)
    cos = (m4**2 + 2.0 * energy * t + 2.0 * mass * t) / (2.0 * energy * q)
    k, p = np.array([energy, 0, 0, energy]), np.array([mass, 0, 0, 0.0])
    p2 = np.array([mass + t, q * math.sqrt(1.0 - cos * cos), 0, q * cos])
    k2 = k + p - p2
    down = METRIC @ (k - k2)
    vertices = [
        sum(0.5j * (GAMMA[m] @ GAMMA[n] - GAMMA[n] @ GAMMA[m]) * down[n] for n in range(4)) @ P_L
        for m in range(4)
    ]
    light = slash(k2) + m4 * np.eye(4)
    leptons = np.array(
        [[np.trace(light @ a @ slash(k) @ barred(b)) for b in vertices] for a in vertices]
    )
    if spin_half:
        after, before = slash(p2) + mass * np.eye(4), slash(p) + mass * np.eye(4)
        target = np.array([[np.trace(after @ a @ before @ b) / 2.0 for b in GAMMA] for a in GAMMA])
    else:
        target = np.outer(p + p2, p + p2)
    summed = np.einsum("mn,mr,ns,rs->", leptons, METRIC, METRIC, target).real
    q2 = 2.0 * mass * t
    charge2 = 4.0 * math.pi * ALPHA
    moment2 = charge2 / (2.0 * M_ELECTRON_MEV) ** 2
    size = charge2 * moment2 * summed / q2**2 / (32.0 * math.pi * mass * energy**2)
    return size * HBARC2_MEV2_CM2


def added(target, energy, recoil, m4, moment=1.0):
    """What the portal adds for nu_mu at a point nucleus, cm2/keV."""
    process = interaction("dipole-portal", m4=m4, axial=False)
    new, sm = (
        differential_cross_section(
            target, energy, recoil, interaction=process, form_factor="unity", values=values
        )
        for values in ({"dipole_mu": moment}, {})
    )
    return new - sm


@pytest.mark.parametrize("m4", [0.0, 1.0, 20.0, 29.0])
@pytest.mark.parametrize("mass", [ELECTRON.mass_mev, 900.0, nuclide("Cs133").mass_mev])
@pytest.mark.parametrize("spin_half", [False, True])
def test_both_formulas_are_those_of_the_traces(m4, mass, spin_half):
    # light targets too, for which T/E and m4^2/M^2 count
    energy, shape = 30.0, interaction("dipole-portal", m4=m4).extensions[0]
    term = (shape.electron_terms if spin_half else shape.terms)[0]
    heavy = term.kinematics
    top = float(heavy.maximum_recoil_kev(energy, mass))
    if top == 0.0:  # an electron can make none above 5.1 MeV at this energy
        assert mass == ELECTRON.mass_mev
        assert m4 > 5.0
        return
    low = max(float(heavy.minimum_recoil_kev(energy, mass)), 1e-3)
    for recoil in low + (top - low) * np.array([0.01, 0.3, 0.9]):
        rows = term.coefficients(np.array([recoil]), Electron(mass))[:, 0]
        ours = 1e3 * 1e20 * (rows * energy ** -np.arange(3.0)).sum()
        expected = traced(energy, 1e-3 * recoil, mass, m4, spin_half=spin_half)
        assert ours / expected == pytest.approx(1.0, rel=1e-9)


def test_the_limit_of_a_massless_particle_is_the_magnetic_moment():
    target, recoil = nuclide("Cs133"), np.geomspace(1e-3, 14.0, 20)
    moment = interaction("magnetic-moment", axial=False)
    of_moment, sm = (
        differential_cross_section(
            target, 30.0, recoil, interaction=moment, form_factor="unity", values=values
        )
        for values in ({"mu_nu_mu": 100.0}, {})
    )
    found = added(target, 30.0, recoil, 0.0, 100.0) / (of_moment - sm)
    assert found == pytest.approx(1.0, rel=1e-10)
    # m4^2 falls out smoothly
    near = added(target, 30.0, recoil, 1e-3, 100.0) / (of_moment - sm)
    assert near == pytest.approx(1.0, rel=1e-6)
    dipole, plain = (
        electron_scattering(interaction(name)).differential_cross_section(
            30.0, recoil, values={parameter: 100.0}
        )
        for name, parameter in (("dipole-portal", "dipole_mu"), ("magnetic-moment", "mu_nu_mu"))
    )
    zero = electron_scattering(interaction("dipole-portal", m4=0.0))
    dipole = zero.differential_cross_section(30.0, recoil, values={"dipole_mu": 100.0})
    assert dipole / plain == pytest.approx(1.0, rel=1e-12)


def test_the_heavy_particle_needs_the_energy_to_be_made():
    target, m4 = nuclide("Ar40"), 20.0
    threshold = m4 + m4**2 / (2.0 * target.mass_mev)
    process = interaction("dipole-portal", m4=m4)
    options = {"interaction": process, "values": {"dipole": 1e4}}
    bare = {"interaction": process}
    below, above = (
        [float(total_cross_section(target, e, **o)) for o in (options, bare)]
        for e in (threshold * (1.0 - 1e-9), threshold * (1.0 + 1e-3))
    )
    assert below[0] == below[1]
    assert above[0] > 1.01 * above[1]
    assert Upscattering(m4).maximum_recoil_kev(threshold * (1.0 - 1e-9), target.mass_mev) == 0.0


@pytest.mark.parametrize("m4", [0.5, 10.0, 25.0])
def test_nothing_is_negative_where_it_is_allowed_and_nothing_is_elsewhere(m4):
    target, energy = nuclide("Ge74"), 30.0
    heavy = Upscattering(m4)
    low = float(heavy.minimum_recoil_kev(energy, target.mass_mev))
    top = float(heavy.maximum_recoil_kev(energy, target.mass_mev))
    inside = np.geomspace(low * (1 + 1e-9), top * (1 - 1e-9), 200)
    assert np.all(added(target, energy, inside, m4, 1e3) > 0.0)
    outside = np.array([0.5 * low, 0.999 * low, 1.001 * top])
    assert np.all(added(target, energy, outside, m4, 1e3) == 0.0)


def test_the_ends_of_recoils_are_those_of_two_bodies():
    # a boost of the centre of mass, with energies and momenta
    m4, mass, energy = 20.0, 500.0, 60.0
    s = mass**2 + 2.0 * mass * energy
    after = (s + mass**2 - m4**2) / (2.0 * math.sqrt(s))
    momentum = math.sqrt(after**2 - mass**2)
    ends = [((energy + mass) * after + sign * energy * momentum) / math.sqrt(s) - mass
            for sign in (-1, 1)]  # fmt: skip
    heavy = Upscattering(m4)
    assert 1e-3 * heavy.minimum_recoil_kev(energy, mass) == pytest.approx(ends[0], rel=1e-10)
    assert 1e-3 * heavy.maximum_recoil_kev(energy, mass) == pytest.approx(ends[1], rel=1e-12)
    light = Upscattering(0.0)
    assert light.maximum_recoil_kev(30.0, mass) == pytest.approx(
        float(kinematics.maximum_recoil_kev(30.0, mass)), rel=1e-14
    )
    assert light.minimum_recoil_kev(30.0, mass) == 0.0


def by_integral(source, target, recoil, m4, scattered):
    """Flux averages of d(sigma)/dT over the energies that make N, by an adaptive integral."""
    out = {}
    for flavour in source.flavours:
        least = float(Upscattering(m4).minimum_energy_mev(recoil, target))
        lines = source.lines(flavour)
        if lines:
            out[flavour] = sum(w * scattered(e) for e, w in lines if e > least)
            continue
        end = source.end_point_mev(flavour)
        found = 0.0
        if least < end:
            found = quad(lambda e, f=flavour: float(source.spectrum(f, e)) * scattered(e),
                         least, end, epsrel=1e-10)[0]  # fmt: skip
        out[flavour] = found
    return out


@pytest.mark.parametrize("m4", [5.0, 25.0])
def test_the_fold_is_an_integral_over_the_energies_that_make_it(m4):
    source, nodes = SNS(distance_m=19.3, protons=3e23), np.array([0.02, 0.5, 4.0, 12.0])
    process = interaction("dipole-portal", m4=m4)
    iodine = material("I127")
    fold = Fold(source, process, iodine, 1.0, form_factor("unity"), nodes)
    new = fold.spectrum({"dipole": 30.0}) - fold.spectrum({})
    nucleus = nuclide("I127")
    number = iodine.nuclei_per_kg()["I127"]
    for j, recoil in enumerate(nodes):

        def scattered(e, recoil=recoil):
            return 1e-3 * nucleus.z**2 * (30e-10) ** 2 * traced(
                e, 1e-3 * recoil, nucleus.mass_mev, m4, spin_half=False
            )  # fmt: skip

        found = by_integral(source, nucleus.mass_mev, recoil, m4, scattered)
        for f, flavour in enumerate(source.flavours):
            expected = found[flavour] * number * source.fluence_cm2(flavour)
            assert new[f, j] == pytest.approx(expected, rel=1e-7, abs=0.0)
    electrons = ElectronFold(source, electron_scattering(process), iodine, 1.0, nodes)
    new = electrons.spectrum({"dipole": 30.0}) - electrons.spectrum({})
    for j, recoil in enumerate(nodes):

        def freed(e, recoil=recoil):
            return 1e-3 * (30e-10) ** 2 * traced(
                e, 1e-3 * recoil, M_ELECTRON_MEV, m4, spin_half=True
            )  # fmt: skip

        found = by_integral(source, M_ELECTRON_MEV, recoil, m4, freed)
        for f, flavour in enumerate(source.flavours):
            expected = found[flavour] * electrons.electrons[j] * source.fluence_cm2(flavour)
            assert new[f, j] == pytest.approx(expected, rel=1e-7, abs=0.0)


def test_panels_end_where_lines_begin_to_give_recoils():
    source, ar = SNS(distance_m=19.3, protons=3e23), material("Ar40")
    process = interaction("dipole-portal", m4=20.0)
    assert isinstance(process.kinematics, Several)
    edges = recoil_panels(source, ar, kinematics=process.kinematics)
    mass = nuclide("Ar40").mass_mev
    for energy in source.recoil_kinks:
        for end in ("minimum_recoil_kev", "maximum_recoil_kev"):
            assert np.abs(edges - getattr(Upscattering(20.0), end)(energy, mass)).min() < 1e-9


def test_flavours_and_the_common_moment_add_in_quadrature():
    portal = interaction("dipole-portal").extensions[0]
    found = portal.weights("nubar_mu", nuclide("H1"), {"dipole_mu": 3.0, "dipole": 4.0})
    assert found == (25.0,)
    assert portal.weights("nu_e", nuclide("H1"), {"dipole_mu": 3.0}) == (0.0,)


def test_the_mass_is_held_and_scanned_as_structure():
    process = interaction("dipole-portal", m4=5.0)
    other = process.with_structure({"m4": 12.5})
    assert other.structure["m4"].value == 12.5
    assert other.kinematics.members[1] == Upscattering(12.5)
    with pytest.raises(InputError, match="m4"):
        interaction("dipole-portal", m4=2e3)
    with pytest.raises(InputError, match="must be finite and not negative"):
        Upscattering(-1.0)


def test_events_and_angles_of_one_mass_alone():
    sun = Sun(live_time_d=1.0, branches=("b8",))
    with pytest.raises(InputError, match="use the Standard Model"):
        RecoilAngles(sun, "Xe", 1.0, 1.0, interaction("dipole-portal"))
    view = cevns.load("coherent-csi-2021", models="dipole-portal").experiments[0]
    with pytest.raises(InputError, match="produces particles of several masses"):
        recoil_events(view, at={"dipole_mu": 10.0})
