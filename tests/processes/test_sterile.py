from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import form_factor, material, nuclide
from cevns.processes import (
    Combined,
    Extension,
    StandardModel,
    differential_cross_section,
    electron_scattering,
    interaction,
    kinematics,
)
from cevns.processes.nsi import NSI
from cevns.processes.sterile import Sterile
from cevns.propagation import Extent, Oscillation
from cevns.rates import flux_averaged_cross_section, recoil_spectrum
from cevns.rates.electrons import ElectronFold
from cevns.rates.fold import Fold
from cevns.sources import SNS

SOURCE = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
NODES = np.array([0.5, 5.0, 14.0, 20.0, 44.0])
KN = form_factor("klein-nystrand")


def fold(process, nodes=NODES, target="CsI"):
    return Fold(SOURCE, process, material(target), 14.6, KN, nodes)


def by_hand(flavour, recoil, squared, dm2, extents, couplings="scholberg2021", target="CsI"):
    """sum_b of the integral of phi P_ab d(sigma_b)/dT, nothing of the package's folding in it."""
    a = flavour.split("_")[1]
    kind = flavour.split("_")[0]
    oscillation = Oscillation(dm2, 19.3, extents)
    sm = StandardModel(couplings)

    def rate(energy, x):
        s = float(oscillation(np.array([energy]))[0])
        total = 0.0
        for b in ("e", "mu", "tau"):
            delta = 1.0 if a == b else 0.0
            p = delta - 4 * squared[a] * (delta - squared[b]) * s
            total += p * float(
                differential_cross_section(x, energy, recoil, f"{kind}_{b}", interaction=sm)
            )
        return total

    counts = 0.0
    for x in material(target).nuclides:
        low = float(kinematics.minimum_energy_mev(recoil, x.mass_mev))
        if flavour == "nu_mu":
            mean = rate(E_PION_LINE_MEV, x)
        elif low < E_MICHEL_MAX_MEV:
            edges = 1.0 / np.linspace(1.0 / E_MICHEL_MAX_MEV, 1.0 / low, 60)[::-1]
            mean = sum(
                quad(
                    lambda e, x=x: 1e40 * float(SOURCE.spectrum(flavour, e)) * rate(e, x),
                    lo, hi, epsabs=0, epsrel=1e-10,
                )[0]
                for lo, hi in itertools.pairwise(edges)
            ) * 1e-40  # fmt: skip
        else:
            mean = 0.0
        counts += mean * material(target).nuclei_per_kg()[x.name] * 14.6
    return counts * SOURCE.fluence_cm2(flavour)


@pytest.mark.parametrize("dm2", [0.7, 6.0])
def test_templates_are_the_direct_folding(dm2):
    """With couplings that differ between flavours, so that appearance is seen too."""
    values = {"sin2_2theta_ee": 0.3, "sin2_2theta_mumu": 0.2, "sin2_theta_34": 0.1}
    e, mu = ((1 - np.sqrt(1 - s)) / 2 for s in (0.3, 0.2))
    squared = {"e": e, "mu": mu, "tau": 0.1 * (1 - e - mu)}
    process = Combined(StandardModel("erler-su"), (Sterile(dm2_41=dm2),))
    own = fold(process).spectrum(values)
    sm = fold(process).spectrum()
    for f, flavour in enumerate(SOURCE.flavours):
        for j in (1, 2, 3):
            direct = by_hand(flavour, NODES[j], squared, dm2, (Extent(0.5),), "erler-su")
            assert abs(own[f, j] - direct) <= 1e-10 * max(sm[f, j], sm[f].max())


def test_one_mixed_flavour_disappears_with_its_own_amplitude():
    """sin^2 2theta_es = sin^2 2theta_ee where nothing else mixes: 1 - s S(E) by hand."""
    process = Combined(StandardModel(), (Sterile(1.0),))
    own = fold(process).spectrum({"sin2_2theta_mumu": 0.4})
    sm = fold(process).spectrum()
    line = float(Oscillation(1.0, 19.3, (Extent(0.5),))(np.array([E_PION_LINE_MEV]))[0])
    below = NODES < 14.0
    assert np.allclose(own[0][below], (1 - 0.4 * line) * sm[0][below], rtol=1e-13, atol=0)
    assert np.array_equal(own[1], sm[1])  # nu_e is untouched


def test_no_mixing_and_no_splitting_are_the_standard_model():
    sm = fold(StandardModel()).spectrum()
    assert np.allclose(fold(interaction("sterile")).spectrum(), sm, rtol=1e-14, atol=0)
    free = {"sin2_2theta_ee": 0.9, "sin2_2theta_mumu": 0.5}
    assert np.allclose(fold(interaction("sterile", dm2_41=0.0)).spectrum(free), sm, rtol=1e-14)


def test_decoherence_takes_half_the_amplitude():
    process = interaction("sterile", dm2_41=np.inf)
    own, sm = fold(process).spectrum({"sin2_2theta_ee": 0.6}), fold(process).spectrum()
    assert np.allclose(own[1], (1 - 0.3) * sm[1], rtol=1e-12, atol=0)


def test_two_mixed_flavours_make_up_for_each_other():
    """P_as = 4 |U_a4|^2 |U_s4|^2 S: with both mixed |U_s4|^2 is smaller than 1 - |U_a4|^2."""
    process = interaction("sterile", dm2_41=np.inf)
    values = {"sin2_2theta_ee": 0.5, "sin2_2theta_mumu": 0.3}
    e, mu = ((1 - np.sqrt(1 - s)) / 2 for s in (0.5, 0.3))
    lost = 1 - fold(process).spectrum(values) / np.maximum(fold(process).spectrum(), 1e-300)
    assert np.allclose(lost[1, :3], 0.5 * 4 * e * (1 - e - mu), rtol=1e-12, atol=0)
    assert np.allclose(lost[2, :3], 0.5 * 4 * mu * (1 - e - mu), rtol=1e-12, atol=0)


def test_batches_are_their_points():
    process = interaction("sterile", dm2_41=1.5)
    angles = np.linspace(0.0, 1.0, 4)
    own = fold(process).spectrum({"sin2_2theta_mumu": angles})
    assert own.shape == (4, 3, NODES.size)
    for i, angle in enumerate(angles):
        one = fold(process).spectrum({"sin2_2theta_mumu": float(angle)})
        assert np.allclose(own[i], one, rtol=1e-13, atol=0)


def test_every_way_to_a_rate_has_the_same_oscillations():
    process = interaction("sterile", dm2_41=1.2)
    values = {"sin2_2theta_ee": 0.5, "sin2_2theta_mumu": 0.2}
    density = fold(process).spectrum(values)
    spectrum = recoil_spectrum(SOURCE, "CsI", 14.6, NODES, interaction=process, values=values)
    # near the end point terms cancel to 1e-6 of their size
    assert np.allclose(density, np.stack(list(spectrum.values())), rtol=1e-8, atol=0)
    lost = flux_averaged_cross_section(SOURCE, "Cs133", interaction=process, values=values)
    x = nuclide("Cs133")
    s = Oscillation(1.2, 19.3, (Extent(0.5),))
    e, mu = ((1 - np.sqrt(1 - v)) / 2 for v in (0.5, 0.2))

    def folded(energy):
        p = 1 - 4 * e * (1 - e - mu) * float(s(np.array([energy]))[0])
        kink = float(kinematics.maximum_recoil_kev(energy, x.mass_mev))
        sigma = quad(
            lambda t: 1e40 * float(differential_cross_section(x, energy, t)), 0, kink, epsrel=1e-9
        )[0]
        return p * sigma * float(SOURCE.spectrum("nu_e", energy))

    direct = 1e-40 * quad(folded, 0.5, E_MICHEL_MAX_MEV, epsabs=0, epsrel=1e-6, limit=300)[0]
    # below 0.5 MeV, where oscillations are fast, the rate is 1e-9
    assert lost.flavours["nu_e"] == pytest.approx(direct, rel=1e-6, abs=0.0)


def test_with_other_extensions_arriving_flavours_have_their_own_couplings():
    """Complete decoherence by hand: sum over b of P_ab times the NSI cross section of b."""
    process = Combined(StandardModel(), (NSI(), Sterile(np.inf)))
    values = {"eps_ee_u": 0.2, "sin2_2theta_ee": 0.4, "sin2_2theta_mumu": 0.3}
    e, mu = ((1 - np.sqrt(1 - s)) / 2 for s in (0.4, 0.3))
    nsi = Combined(StandardModel(), (NSI(),))
    x = nuclide("Cs133")

    def sigma(b):
        return float(
            differential_cross_section(x, 30.0, 8.0, b, interaction=nsi, values={"eps_ee_u": 0.2})
        )

    own = differential_cross_section(
        x, 30.0, 8.0, "nu_mu",
        interaction=process.for_source(SOURCE), values=values,
    )  # fmt: skip
    by_sum = (1 - 2 * mu * (1 - mu)) * sigma("nu_mu") + 2 * mu * e * sigma("nu_e")
    assert float(own) == pytest.approx(by_sum, rel=1e-13, abs=0.0)


def test_electrons_see_them_too():
    process = Combined(StandardModel(), (Sterile(np.inf),))
    at_electrons = electron_scattering(process)
    nodes = np.array([1.0, 30.0])
    lost = ElectronFold(SOURCE, at_electrons, material("CsI"), 14.6, nodes)
    free = ElectronFold(SOURCE, electron_scattering(StandardModel()), material("CsI"), 14.6, nodes)
    own, sm = lost.spectrum({"sin2_2theta_ee": 0.6}), free.spectrum()
    assert np.allclose(own[1], 0.7 * sm[1], rtol=1e-10, atol=0)
    assert np.allclose(own[[0, 2]], sm[[0, 2]], rtol=1e-12, atol=0)


def test_the_baseline_is_that_of_the_source_unless_given():
    far = SNS(distance_m=28.0, protons=1e23)
    assert Sterile().for_source(far).baseline_m == 28.0
    assert Sterile(baseline_m=10.0).for_source(far).baseline_m == 10.0
    process = interaction("sterile", dm2_41=2.0)
    near = fold(process)
    other = Fold(far, process, material("CsI"), 14.6, KN, NODES)
    v = {"sin2_2theta_mumu": 0.5}
    kept = [f.spectrum(v)[0, 0] / f.spectrum()[0, 0] for f in (near, other)]
    by_hand = [
        1 - 0.5 * float(Oscillation(2.0, d, (Extent(0.5),))(np.array([E_PION_LINE_MEV]))[0])
        for d in (19.3, 28.0)
    ]
    assert kept == pytest.approx(by_hand, rel=1e-12)
    with pytest.raises(InputError, match="the baseline is unknown"):
        _ = process.terms


def test_splitting_is_structural():
    process = interaction("sterile")
    assert process.structure.names == ("dm2_41",)
    assert process.with_structure({"dm2_41": 3.0}).extensions[0].dm2_41 == 3.0
    with pytest.raises(InputError, match="dm2_41"):
        process.with_structure({"dm2_41": -1.0})
    with pytest.raises(UnknownNameError):
        process.with_structure({"dm2_31": 1.0})


def test_two_ways_to_change_flavours_are_refused():
    class Other(Extension):
        name = "other"
        flux_factors = (np.ones_like,)

    process = Combined(StandardModel(), (Sterile(baseline_m=19.3), Other()))
    with pytest.raises(InputError, match="sterile and other both change flavours"):
        _ = process.terms
    with pytest.raises(InputError, match="extent must be zero or positive"):
        Sterile(source_length_m=-1.0)
