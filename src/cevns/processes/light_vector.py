r"""A light vector mediator Z' with any charge assignment.

    L = g Z'_mu [ sum_a x_nu_a nubar_a gamma^mu P_L nu_a + sum_q x_q qbar gamma^mu q ] + M^2 Z'^2/2

Exchange at spacelike Q^2 = 2 M_N T gives the contact Lagrangian of `nsi`,
-sqrt2 G_F eps_q [nubar gamma P_L nu][qbar gamma q], with
eps_q = g^2 x_nu x_q/[sqrt2 G_F (Q^2 + M^2)]:

    delta G_V = g^2 x_nu [(2 x_u + x_d) Z F_p + (x_u + 2 x_d) N F_n]/[sqrt2 G_F (Q^2 + M^2)].

The amplitude adds to that of the Standard Model, which is negative (g_V^n = -1/2): where
x_nu x_q > 0 (universal, by loops L_mu - L_tau for nu_mu) the interference is destructive and the
rate is again that of the Standard Model where delta G_V = -2 G_V; where x_nu x_q < 0 (B-L) it is
constructive. For antineutrinos both amplitudes change their sign. Electrons are shifted in
the same way, delta g_V^e = g^2 x_nu x_e/[sqrt2 G_F (Q^2 + M^2)] with Q^2 = 2 m_e T.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from cevns.citations import identifiers_in
from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, Shape
from cevns.processes.ingredients.charges import Charges
from cevns.processes.ingredients.charges import charges as find_charges
from cevns.processes.ingredients.lepton_loops import LoopPropagator, induced_charge
from cevns.processes.ingredients.mediator import Propagator, coupling_parameter, mass_parameter
from cevns.typing import Array, ArrayLike

__all__ = ["NORMALISATIONS", "Charges", "LightVector"]

CITE = ("arXiv:2008.05022",)

NORMALISATIONS = {"lagrangian": 1.0, "talk": 0.5}


@dataclass(frozen=True)
class LightVector(Extension):
    """Exchange of a light vector; parameter ``g_zprime``, structure ``m_zprime``.

    Args:
        m_zprime: mass, MeV, from 1e-6 to 1e6.
        charges: a named assignment, charges as text (``u=1/3 d=1/3 nu_mu=-1``) or `Charges`.
        normalisation: ``lagrangian`` follows from the Lagrangian above, as in arXiv:2008.05022 [M]
            and the public code of B. Kavanagh; ``talk`` has half the amplitude,
            3 g^2/[2 sqrt2 G_F (Q^2 + M^2)] for a nucleon of universal charge, as printed in a talk
            of 2021 after arXiv:1708.04255: its g is sqrt2 times larger for the same rate.
        loop: for assignments without quark charges, ``running`` is the full one-loop mixing with
            the photon, ``constant`` its value at Q = 0, as in most papers.
        loop_sign: +1 as derived in `cevns.processes.ingredients.lepton_loops`; -1 as printed in
            some papers (arXiv:2008.05022 [M]).

    Raises:
        UnknownNameError: if the charge assignment is unknown.
        InputError: if the mass or an option is out of range.

    Examples:
        >>> from cevns.processes import Combined, StandardModel, differential_cross_section
        >>> z = Combined(StandardModel(), (LightVector(10.0, "B-L"),))
        >>> sm, new = (
        ...     differential_cross_section("Ar40", 30, 10, interaction=z, values={"g_zprime": g})
        ...     for g in (0.0, 1e-4)
        ... )
        >>> bool(new > sm)  # constructive
        True
    """

    m_zprime: float = 100.0
    charges: str | Charges = "universal"
    normalisation: Literal["lagrangian", "talk"] = "lagrangian"
    loop: Literal["running", "constant"] = "running"
    loop_sign: int = 1
    name: str = field(default="light-vector", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "charges", find_charges(self.charges))
        object.__setattr__(self, "m_zprime", float(self.m_zprime))
        for option, allowed in (
            ("normalisation", tuple(NORMALISATIONS)),
            ("loop", ("running", "constant")),
            ("loop_sign", (1, -1)),
        ):
            if getattr(self, option) not in allowed:
                raise InputError(
                    f"{self.name}: {option} is {getattr(self, option)!r}; choose "
                    + " or ".join(str(a) for a in allowed)
                )
        _ = self.structure  # raises where the mass is out of bounds

    @property
    def choices(self) -> dict[str, str]:
        """Charges and conventions, which every result repeats."""
        loops = {"loop": self.loop} if self.assignment.by_loop else {}
        return {"charges": self.assignment.name, "normalisation": self.normalisation, **loops}

    @property
    def assignment(self) -> Charges:
        """The charges in use."""
        return find_charges(self.charges)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Source of the charges, if they are a named assignment."""
        return {"charges": identifiers_in(self.assignment.source)}

    @property
    def parameters(self) -> Parameters:
        """``g_zprime``."""
        x = self.assignment
        nucleon = float(self.mixing(0.0)) if x.by_loop else max(abs(x.proton), abs(x.neutron))
        neutrino = max(abs(x.neutrino(a)) for a in LEPTONS)
        largest = NORMALISATIONS[self.normalisation] * neutrino * nucleon
        description = f"coupling of the light vector mediator, {x.name}"
        return Parameters([coupling_parameter("g_zprime", description, self.m_zprime, largest)])

    @property
    def structure(self) -> Parameters:
        """``m_zprime``, MeV."""
        return Parameters([mass_parameter("m_zprime", self.m_zprime, "vector")])

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The propagator on protons and neutrons; only on protons if the force is due to loops."""
        x = self.assignment
        if x.by_loop:
            return (self._loop_shape("p", 0.0, self.loop_sign),)
        return self._tree_shape("p"), self._tree_shape("n")

    @property
    def electron_shapes(self) -> tuple[Shape, ...]:
        """The propagator at an electron; none if there is no coupling at tree level or by loops."""
        x = self.assignment
        if x.by_loop:
            return (self._loop_shape("e", x.e, -self.loop_sign),) if any(x.leptons) else ()
        return (self._tree_shape("e"),) if x.e else ()

    def _tree_shape(self, on: Literal["p", "n", "e"]) -> Shape:
        return Shape(f"zprime({self.m_zprime!r} MeV)", on, Propagator(self.m_zprime))

    def _loop_shape(self, on: Literal["p", "n", "e"], tree: float, electric: float) -> Shape:
        leptons, running = self.assignment.leptons, self.loop == "running"
        loops = LoopPropagator(self.m_zprime, leptons, running, tree, electric)
        return Shape(f"zprime({self.m_zprime!r} MeV, loops {leptons} {self.loop})", on, loops)

    def mixing(self, q2_mev2: ArrayLike) -> Array:
        """Charge per unit of electric charge that loops induce; zero where quarks have charges.

        Args:
            q2_mev2: spacelike momentum transfer squared, MeV^2, any shape.
        """
        q2 = np.asarray(q2_mev2, dtype=float)
        x = self.assignment
        if not x.by_loop:
            return np.zeros_like(q2)
        return self.loop_sign * induced_charge(x.leptons, q2, running=self.loop == "running")

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Diagonal in flavour, proportional to g^2; see `Extension.amplitudes`."""
        own, x = lepton(flavour), self.assignment
        strength = self._strength(own, values)
        if x.by_loop:
            return {own: (nuclide.z * strength,)}
        return {own: (x.proton * nuclide.z * strength, x.neutron * nuclide.n * strength)}

    def electron_amplitudes(
        self, flavour: str, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Shift of g_V of the electron, g^2 x_nu x_e/[sqrt2 G_F (Q^2 + M^2)], Q^2 = 2 m_e T."""
        own, x = lepton(flavour), self.assignment
        charge = 1.0 if x.by_loop else x.e
        return {own: (charge * self._strength(own, values),)} if self.electron_shapes else {}

    def _strength(self, own: str, values: Mapping[str, Any]) -> Any:
        g = self.value(values, "g_zprime")
        return NORMALISATIONS[self.normalisation] * self.assignment.neutrino(own) * (g * g)


MODEL = LightVector
