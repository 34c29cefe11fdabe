"""Elastic scattering on electrons: the Standard Model and extensions of it, per free electron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from cevns.constants import M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.parameters import Parameters
from cevns.particles import is_antineutrino, lepton
from cevns.processes.framework.amplitudes import Amplitudes, all_shapes, amplitude_terms, stack
from cevns.processes.framework.combined import Combined
from cevns.processes.framework.extension import ELECTRON_CONTACT, Extension, Shape, interfere
from cevns.processes.framework.flux_factors import arriving_weights, with_flux_factors
from cevns.processes.framework.kinematics import MASSLESS, Kinematics, can_give
from cevns.processes.framework.terms import (
    Interaction,
    Term,
    joint_kinematics,
    term_kinematics,
)
from cevns.processes.standard_model import SIN2_THETA_W, StandardModel
from cevns.propagation.lepton_mixing import LeptonMixing, OfMassStates
from cevns.typing import Array, ArrayLike

__all__ = [
    "ELECTRON",
    "Electron",
    "ElectronScattering",
    "electron_scattering",
    "matters_at_electrons",
]


@dataclass(frozen=True)
class Electron:
    """A free electron at rest, as what recoils."""

    mass_mev: float = M_ELECTRON_MEV


ELECTRON: Final = Electron()


@dataclass(frozen=True)
class ElectronScattering:
    r"""Neutrino-electron scattering, the Standard Model and extensions of it.

    The cross section has the form of the nuclear one, with M -> m_e and without form factors::

        d(sigma)/dT = G_F^2 m_e/(2 pi) [(g_V + g_A)^2 + (g_V - g_A)^2 (1 - T/E)^2
                                        - (g_V^2 - g_A^2) m_e T/E^2],
        g_V = 2 s2 + 1/2, g_A = +1/2  (nu_e: neutral and charged current),
        g_V = 2 s2 - 1/2, g_A = -1/2  (nu_mu, nu_tau);    g_A changes sign for antineutrinos.

    At tree level with s2 = ``sin2_theta_w``: radiative corrections (a few per cent, in which
    the Standard Model charge radii are) are left out of a rate that is 1e-3 of that of CEvNS in
    its window. Extensions shift g_V (`Extension.electron_amplitudes`) or add terms.
    Source: 't Hooft, PLB 37 (1971) 195; PDG review of electroweak physics.

    Args:
        extensions: what adds; those that do nothing at electrons are harmless.
        mixing: of the mass states that arrive, where they do; those of a source that has them.

    Examples:
        >>> process = ElectronScattering()
        >>> [t.name for t in process.terms]
        ['e*e', 'e*a', 'a*a']
        >>> process.weights("nubar_e", {}).round(4).tolist()  # g_V^2, 2 g_V g_A, g_A^2
        [0.9549, -0.9771, 0.25]
    """

    extensions: tuple[Extension, ...] = ()
    mixing: LeptonMixing | None = None

    @property
    def name(self) -> str:
        """The extensions, joined with ``+``, at electrons."""
        return "+".join(["electrons", *(str(e.name) for e in self.extensions)])

    @cached_property
    def kinematics(self) -> Kinematics:
        """That of a massless neutrino, and those of extensions that make another particle."""
        own = (t for e in self.extensions for t in e.electron_terms)
        return joint_kinematics(MASSLESS, own)

    @cached_property
    def parameters(self) -> Parameters:
        """The weak mixing angle and the parameters of the extensions."""
        return Parameters([SIN2_THETA_W, *(p for e in self.extensions for p in e.parameters)])

    @cached_property
    def basis(self) -> tuple[Shape, ...]:
        """All shapes of the vector amplitude, that of the Standard Model first."""
        return all_shapes(ELECTRON_CONTACT, *(e.electron_shapes for e in self.extensions))

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Pairs of shapes, axial terms, the extensions' own; copies of all for flux factors."""
        own = (t for e in self.extensions for t in e.electron_terms)
        return with_flux_factors((*amplitude_terms(self.basis, "e"), *own), self.extensions)

    def for_source(self, source: object) -> ElectronScattering:
        """The same process at a source; see `Extension.for_source`."""
        mixing = source.arriving_mixing if isinstance(source, OfMassStates) else self.mixing
        return ElectronScattering(tuple(e.for_source(source) for e in self.extensions), mixing)

    @property
    def turns_flavours(self) -> bool:
        """Whether flavours that arrive together interfere."""
        return interfere(self.extensions)

    def weights(self, flavour: str, values: Mapping[str, Any]) -> Array:
        """Weights of the terms, ``(n_terms, ...)``, per electron.

        Args:
            flavour: of the incoming neutrino.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.

        Raises:
            UnknownNameError: if the flavour is unknown.
        """

        def scattering(arriving: str) -> Array:
            return self._scattering_weights(arriving, values)

        return arriving_weights(self.extensions, flavour, values, scattering)

    def _scattering_weights(self, flavour: str, values: Mapping[str, Any]) -> Array:
        amplitudes = Amplitudes(self.basis)
        parts = {flavour: 1.0 + 0.0j} if self.mixing is None else self.mixing.flavours_in(flavour)
        for one, amplitude in parts.items():
            own = lepton(one)
            sign = 1.0 if own == "e" else -1.0
            vector = 2.0 * values.get("sin2_theta_w", SIN2_THETA_W.value) + 0.5 * sign
            amplitudes.add(ELECTRON_CONTACT, {own: (vector,)}, amplitude)
            for extension in self.extensions:
                by_state = extension.electron_amplitudes(one, values)
                amplitudes.add(extension.electron_shapes, by_state, amplitude)
            axial = -0.5 * sign if is_antineutrino(one) else 0.5 * sign
            amplitudes.add_axial(own, axial, amplitude)
        rows = amplitudes.weights()
        scale: Any = 1.0
        for extension in self.extensions:
            rows += extension.superposed_electron_weights(parts, values)
            scale = scale * extension.electron_rate_factor(next(iter(parts)), values)
        return stack(rows, scale, values)

    def differential_cross_section(
        self,
        energy_mev: ArrayLike,
        recoil_energy_kev: ArrayLike,
        flavour: str = "nu_mu",
        values: Mapping[str, Any] | None = None,
    ) -> Array:
        """d(sigma)/dT on a free electron, cm2/keV, zero above the largest recoil energy.

        Args:
            energy_mev: neutrino energy, MeV, broadcast with the recoil energy.
            recoil_energy_kev: of the electron, keV.
            flavour: of the incoming neutrino.
            values: parameters; nominal where left out.

        Examples:
            >>> f"{ElectronScattering().differential_cross_section(30.0, 1.0, 'nu_e'):.3e}"
            '1.038e-47'
        """
        energy, recoil = np.broadcast_arrays(
            np.asarray(energy_mev, dtype=float), np.asarray(recoil_energy_kev, dtype=float)
        )
        inverse = 1.0 / energy
        powers = np.stack([np.ones_like(inverse), inverse, inverse * inverse])
        total = np.zeros(recoil.shape)
        for weight, term in zip(self.weights(flavour, values or {}), self.terms, strict=True):
            rows = term.coefficients(recoil.ravel(), ELECTRON).reshape(powers.shape)
            factor = 1.0 if term.flux_factor is None else term.flux_factor(energy)
            slope = weight * factor * (rows * powers).sum(axis=0)
            kinematics = term_kinematics(term, self.kinematics)
            total = total + np.where(
                can_give(kinematics, energy, recoil, ELECTRON.mass_mev), slope, 0.0
            )
        return np.maximum(total, 0.0)


def electron_scattering(interaction: Interaction) -> ElectronScattering:
    """What a process at nuclei is at electrons: the Standard Model with the same extensions.

    Raises:
        InputError: if it is neither the Standard Model nor extensions of it.

    Examples:
        >>> from cevns.processes import interaction
        >>> electron_scattering(interaction("magnetic-moment")).name
        'electrons+magnetic-moment'
    """
    if isinstance(interaction, StandardModel):
        return ElectronScattering()
    if isinstance(interaction, Combined):
        return ElectronScattering(interaction.extensions, interaction.mixing)
    raise InputError(
        f"the interaction {interaction.name!r} does not define scattering on electrons; write it "
        "as an Extension, or exclude electrons"
    )


def matters_at_electrons(interaction: Interaction) -> bool:
    """Whether an extension changes scattering on electrons."""
    return isinstance(interaction, Combined) and any(e.at_electrons for e in interaction.extensions)
