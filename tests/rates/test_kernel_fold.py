"""Processes given by a kernel, folded on the nodes of the flux, against integrals of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import dblquad, quad

from cevns.exceptions import InputError, SpeciesError
from cevns.nuclear import form_factor, material
from cevns.parameters import Parameter, Parameters
from cevns.processes import (
    MASSLESS,
    Massive,
    StandardModel,
    Term,
    Threshold,
    at_place,
    differential_cross_section,
    interaction,
    nuclear_factors,
    total_cross_section,
)
from cevns.processes.framework.kinematics import momentum_transfer_inv_fm
from cevns.rates import flux_averaged_cross_section, recoil_spectrum
from cevns.rates.fold import Fold
from cevns.rates.kernel_fold import KernelFold
from cevns.sources import SNS, Source
from cevns.sources.tabulated import Tabulated

SOURCE = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
HELM = form_factor("helm")


@dataclass(frozen=True)
class AsKernel:
    """A sum of terms written as a kernel: same physics, another door."""

    process: Any = field(default_factory=StandardModel)
    name: str = "as-kernel"
    quantity: str = "nuclear-recoil"
    kinematics = MASSLESS

    @property
    def parameters(self):
        return self.process.parameters

    def kernel(self, deposit_kev, energy_mev, species, target, values):
        recoil = deposit_kev.ravel()
        q = momentum_transfer_inv_fm(recoil, target.mass_mev)
        factors = nuclear_factors(HELM, target, q)
        total = 0.0
        weights = self.process.weights(species, target, values)
        for weight, term in zip(weights, self.process.terms, strict=True):
            rows = term.coefficients(recoil, target)
            for which in term.form_factors:
                rows = rows * factors[which]
            a = rows.reshape(3, *deposit_kev.shape)
            total = total + weight * (a[0] + a[1] / energy_mev + a[2] / energy_mev**2)
        return total


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A flux histogram of bins of 1 MeV, one flavour with a step."""
    folder = tmp_path_factory.mktemp("flux")
    rng = np.random.default_rng(3)
    for name in ("NuMu", "NuE"):
        energy = [
            f"{e},{n}" for e, n in zip(np.arange(0.5, 53), rng.uniform(1, 9, 53), strict=True)
        ]
        (folder / f"ke{name}_export.csv").write_text(
            "\n".join(["# bin_center_MeV, counts", *energy])
        )
        times = "\n".join(["# bin_center_ns,counts", "50,100", "150,20"])
        (folder / f"t{name}_export.csv").write_text(times)
    return Tabulated(folder, distance_m=20.0, protons=1e23)


@pytest.mark.parametrize("which", ["sns", "tabulated"])
@pytest.mark.parametrize("target", ["CsI", "Ar"])
def test_the_standard_model_as_a_kernel_is_the_fold_of_its_moments(which, target, table):
    source = SOURCE if which == "sns" else table
    fold = Fold(source, StandardModel(), material(target), 14.6, HELM)
    kernel = KernelFold(source, AsKernel(), material(target), 14.6)
    largest = fold.spectrum().max()
    assert_allclose(
        KernelFold(source, AsKernel(), material(target), 14.6, nodes_kev=fold.nodes,
                   weights_kev=fold._grid[1]).spectrum(),
        fold.spectrum(), rtol=1e-9, atol=1e-10 * largest,
    )  # fmt: skip
    assert kernel.spectrum().sum() == pytest.approx(fold.spectrum().sum(), rel=1e-10)
    assert kernel.flavours == fold.flavours


def test_batches_of_values(table):
    process = AsKernel(interaction("nsi"))
    recoil = np.array([1.0, 10.0, 30.0])
    fold = KernelFold(SOURCE, process, material("CsI"), 14.6, nodes_kev=recoil)
    eps = np.array([[0.0, 0.1], [-0.2, 0.3]])
    many = fold.spectrum({"eps_ee_u": eps})
    assert many.shape == (2, 2, 3, 3)
    for index in np.ndindex(eps.shape):
        assert_allclose(many[index], fold.spectrum({"eps_ee_u": eps[index]}), rtol=1e-13)
    terms = Fold(SOURCE, at_place(interaction("nsi")), material("CsI"), 14.6, HELM, recoil)
    assert_allclose(many, terms.spectrum({"eps_ee_u": eps}), rtol=1e-9)
    with pytest.raises(InputError, match="whose neutron radius cannot be changed"):
        fold.spectrum(neutron_radius=1.1)


# -- an electron spectrum from a kernel of two variables ------------------------------------------


class ChargedCurrent:
    """A toy nu_e A -> e- B above 15 MeV, the electron's energy spread below E - Q."""

    name, quantity = "toy-charged-current", "electron"
    kinematics = Threshold(15.0)
    parameters = Parameters([Parameter("strength", 1.0)])

    def kernel(self, deposit_kev, energy_mev, species, target, values):
        if species != "nu_e":
            return np.zeros(np.broadcast_shapes(deposit_kev.shape, energy_mev.shape))
        t = 1e-3 * deposit_kev
        above = energy_mev - 15.0
        shape = (t + 0.511) * np.sqrt(t * (t + 1.022)) * (1.0 - (t / above) ** 2)
        return values.get("strength", 1.0) * 1e-46 * target.z * shape


def test_an_electron_spectrum_against_a_double_integral():
    fold = KernelFold(SOURCE, ChargedCurrent(), material("Pb"), 100.0)
    assert fold.nodes.max() < 52.83e3 - 15e3
    sigma = ChargedCurrent()
    nuclide = material("Pb").nuclides[0]

    def integrand(t_kev, energy):
        one = np.ones((1, 1))
        value = sigma.kernel(t_kev * one, energy * one, "nu_e", nuclide, {})[0, 0]
        return float(value * SOURCE.spectrum("nu_e", energy))

    total, _ = dblquad(
        integrand, 15.0, 52.828, 0.0, lambda e: 1e3 * (e - 15.0), epsabs=0.0, epsrel=1e-9
    )
    nuclei = sum(material("Pb").nuclei_per_kg().values()) * 100.0
    counts = fold.spectrum({"strength": 2.0}).sum(axis=1)
    # the double integral ends at 52.828 MeV, 3e-4 MeV below the end point
    assert_allclose(counts, [0, 2 * nuclei * SOURCE.fluence_cm2("nu_e") * total, 0], rtol=1e-6)
    at = np.array([5e3, 20e3])
    slope = KernelFold(SOURCE, ChargedCurrent(), material("Pb"), 100.0, nodes_kev=at).spectrum()[1]
    own = [
        quad(lambda e, t=t: integrand(t, e), 15.0 + 1e-3 * t, 52.8282, epsabs=0, epsrel=1e-10)[0]
        for t in at
    ]
    assert_allclose(slope, nuclei * SOURCE.fluence_cm2("nu_e") * np.array(own), rtol=1e-6)


# -- a massive beam particle ----------------------------------------------------------------------

MASS, MEDIATOR = 20.0, 60.0


class Beam(Source):
    """Dark matter of 20 MeV from 25 to 140 MeV: a power law with a kink at 70 MeV, and a line."""

    flavours, recoil_kinks = ("chi",), (25.0, 70.0, 100.0, 140.0)

    def spectrum(self, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        density = 0.01 * np.where(e < 70.0, e / 70.0, (70.0 / e) ** 3)
        return np.where((e >= 25.0) & (e <= 140.0), density, 0.0)

    def lines(self, flavour):
        return ((100.0, 0.3),)

    def end_point_mev(self, flavour):
        return 140.0

    def fluence_cm2(self, flavour):
        return 1e12


class Chi:
    """d(sigma)/dT = g / [(E^2 - m^2) (2 M T + m_V^2)^2], cm2/keV."""

    name, quantity, kinematics = "chi", "nuclear-recoil", Massive(MASS)
    parameters = Parameters([Parameter("g", 1.0)])

    def kernel(self, deposit_kev, energy_mev, species, target, values):
        if species != "chi":
            raise SpeciesError(f"{species!r} is no dark matter")
        q2 = 2e-3 * target.mass_mev * deposit_kev
        scale = 1e-28 * target.mass_mev * np.asarray(values.get("g", 1.0)) ** 2
        return scale / ((energy_mev**2 - MASS**2) * (q2 + MEDIATOR**2) ** 2)


def test_a_massive_beam_particle_against_integrals_of_its_own():
    """The total is int phi(E) sigma(E) dE with sigma(E) in closed form."""
    beam, argon = Beam(), material("Ar")
    counts = KernelFold(beam, Chi(), argon, 50.0).spectrum({"g": 0.5})
    expected = 0.0
    for nuclide, number in argon.nuclei_per_kg().items():
        mass = next(x.mass_mev for x in argon.nuclides if x.name == nuclide)

        def sigma(e, mass=mass):
            s = MASS**2 + mass**2 + 2 * mass * e
            largest = 2e3 * mass * (e**2 - MASS**2) / s  # keV
            q2 = 2e-3 * mass * largest
            integral = (1 / MEDIATOR**2 - 1 / (q2 + MEDIATOR**2)) / (2e-3 * mass)
            return 0.25 * 1e-28 * mass * integral / (e**2 - MASS**2)

        smooth = sum(
            quad(lambda e, f=sigma: f(e) * beam.spectrum("chi", e), a, b, epsrel=1e-11, epsabs=0)[0]
            for a, b in ((25, 70), (70, 140))
        )
        expected += 50.0 * number * 1e12 * (smooth + 0.3 * sigma(100.0))
    assert counts.sum() == pytest.approx(expected, rel=1e-8)
    recoil = 300.0
    mass = argon.nuclides[0].mass_mev
    single = material("Ar", composition={argon.nuclides[0].name: 1.0})
    slope = KernelFold(beam, Chi(), single, 1.0, nodes_kev=np.array([recoil])).spectrum()[0, 0]
    least = Massive(MASS).minimum_energy_mev(recoil, mass)
    assert 70 < least < 100

    def slope_at(e):
        return 1e-28 * mass / ((e**2 - MASS**2) * (2e-3 * mass * recoil + MEDIATOR**2) ** 2)

    own = quad(lambda e: slope_at(e) * beam.spectrum("chi", e), least, 140, epsrel=1e-11, epsabs=0)
    nuclei = next(iter(single.nuclei_per_kg().values()))
    assert slope == pytest.approx(nuclei * 1e12 * (own[0] + 0.3 * slope_at(100.0)), rel=1e-9)


def test_the_quoted_numbers_of_a_kernel():
    recoil = np.array([1.0, 10.0, 30.0])
    options = {"form_factor": HELM}
    own = recoil_spectrum(SOURCE, "CsI", 14.6, recoil, interaction=AsKernel(), **options)
    terms = recoil_spectrum(SOURCE, "CsI", 14.6, recoil, **options)
    for flavour, counts in terms.items():
        assert_allclose(own[flavour], counts, rtol=1e-9)
    sigma = [
        flux_averaged_cross_section(SOURCE, "CsI", interaction=p, **options).mean_cm2
        for p in (AsKernel(), StandardModel())
    ]
    # panels in energy of another number: 1.5e-8 apart
    assert sigma[0] == pytest.approx(sigma[1], rel=3e-8, abs=0)


def test_cross_sections_of_a_kernel_at_given_energies():
    argon = material("Ar").nuclides[0]
    energy, recoil = np.array([[10.0], [60.0], [120.0]]), np.array([0.0, 50.0, 900.0])
    slope = differential_cross_section(argon, energy, recoil, "chi", interaction=Chi())
    limit = Massive(MASS).maximum_recoil_kev(energy, argon.mass_mev)
    assert_array_equal(slope > 0.0, (recoil <= limit) & (energy > MASS))
    mass = argon.mass_mev
    own = 1e-28 * mass / ((60.0**2 - MASS**2) * (2e-3 * mass * 50.0 + MEDIATOR**2) ** 2)
    assert slope[1, 1] == pytest.approx(own, rel=1e-13)
    total = total_cross_section(argon, [60.0, 120.0], "chi", interaction=Chi())
    q2 = 2e-3 * mass * limit[1:, 0]
    closed = (1 / MEDIATOR**2 - 1 / (q2 + MEDIATOR**2)) / (2e-3 * mass)
    assert_allclose(total, 1e-28 * mass * closed / (energy[1:, 0] ** 2 - MASS**2), rtol=1e-10)


# -- species --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contact:
    """A constant cross section of any species, as a sum of terms with massive kinematics."""

    name: str = "contact"
    kinematics = Massive(MASS)
    parameters = Parameters([])
    terms = (Term("one", ("n", "n"), lambda t, n: np.stack([0 * t + 1e-40, 0 * t, 0 * t])),)

    def weights(self, flavour, nuclide, values):
        return np.ones(1)


def test_a_species_is_any_name():
    beam, argon = Beam(), material("Ar")
    fold = Fold(beam, Contact(), argon, 10.0, HELM)
    assert fold.flavours == ("chi",)
    counts = recoil_spectrum(beam, "Ar", 10.0, fold.nodes, interaction=Contact(), form_factor=HELM)
    assert_allclose(counts["chi"] * fold._grid[1], fold.spectrum()[0], rtol=1e-12)
    sigma = flux_averaged_cross_section(beam, "Ar", interaction=Contact(), form_factor=HELM)
    nuclei = sum(argon.nuclei_per_kg().values()) * 10.0
    assert sigma.flavours["chi"] * nuclei * 1e12 == pytest.approx(fold.spectrum().sum(), rel=1e-6)


def test_a_process_refuses_what_it_does_not_scatter():
    with pytest.raises(
        SpeciesError, match=r"'standard-model' does not scatter 'chi': .* not a neut"
    ):
        Fold(Beam(), StandardModel(), material("Ar"), 1.0, HELM)
    with pytest.raises(SpeciesError, match="'chi' does not scatter 'nu_mu': 'nu_mu' is no dark"):
        KernelFold(SOURCE, Chi(), material("Ar"), 1.0)
