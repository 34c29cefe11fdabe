r"""Non-standard neutrino interactions with up and down quarks.

The Lagrangian (Wolfenstein 1978; Barranco, Miranda & Rashba, hep-ph/0508299) is that of the
neutral current, with coefficients epsilon relative to G_F::

    L = -2 sqrt2 G_F sum_{q = u,d} sum_{P = L,R} eps^{qP}_ab (nubar_a g^mu P_L nu_b)(qbar g_mu P q)

Coherent scattering depends on the vector part, eps^q_ab = eps^{qL}_ab + eps^{qR}_ab. The vector
current counts quarks: a proton has two u and one d, a neutron one u and two d. A neutrino of
flavour a that leaves as b has

    G_V(a -> b) = Z (delta_ab g_V^p + 2 eps^u_ab + eps^d_ab) F_p
                + N (delta_ab g_V^n + eps^u_ab + 2 eps^d_ab) F_n

and final states are summed after squaring: d(sigma)/dT is proportional to sum_b |G_V(a -> b)|^2.
The epsilons are hermitian, eps_ba = eps_ab^*, so a -> b and b -> a have one coefficient, and
neutrinos and antineutrinos one cross section. Complex ones add as (Re)^2 + (Im)^2, so only the
phase between u and d is relevant.

Limits: if all are zero, this is the Standard Model. Other points have the same rate: for F_p = F_n,

    (2 Z + N) eps^u_aa + (Z + 2 N) eps^d_aa = 0   or   2 |G_V|

also give it, which are two lines in the plane of u and d that differ between targets
(`cevns.processes.degeneracy`). Contact limit: the mediator is much heavier than the momentum
transfer, about 50 MeV at stopped-pion energies; lighter ones have a propagator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.particles import LEPTONS, is_antineutrino, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.ingredients.flavour_pairs import DIAGONAL, TRANSITIONS, pairs_from

__all__ = ["MODEL", "NSI", "REACH", "final_states", "given", "meaning"]

CITE = ("arXiv:hep-ph/0508299",)

REACH: Final = (-5.0, 5.0)
"""Bounds of a coefficient: far beyond what any data allow for one of them alone."""


def meaning(ab: str) -> str:
    """What a coefficient does, in words, without what it acts on."""
    a = next(x for x in LEPTONS if ab.startswith(x))
    b = ab.removeprefix(a)
    return f"nu_{a} stays nu_{a}" if a == b else f"nu_{a} and nu_{b} turn into each other"


def given(values: Mapping[str, Any], name: str) -> Any:
    """A coefficient from `values`; None where it is left out or is the number zero.

    What is zero for all points costs nothing. An array is never looked into.
    """
    value = values.get(name)
    return None if isinstance(value, float | int) and value == 0 else value


def final_states(flavour: str) -> list[tuple[str, str, str]]:
    """Final states of a neutrino, each with the middle and the end of its coefficients' names.

    Examples:
        >>> final_states("nu_e")[:3]
        [('e', 'ee', ''), ('mu', 'emu', ''), ('mu:im', 'emu', '_im')]
    """
    own = lepton(flavour)
    out = []
    for b, ab in pairs_from(flavour).items():
        out.append((b, ab, ""))
        if b != own:
            out.append((f"{b}:im", ab, "_im"))
    return out


def _conjugate_states(flavour: str) -> list[str]:
    """Final states whose imaginary parts have the sign of eps_ba = eps_ab^*."""
    own = LEPTONS.index(lepton(flavour))
    after = [f"{b}:im" for b in LEPTONS[own + 1 :]]
    before = [f"{b}:im" for b in LEPTONS[:own]]
    return before if is_antineutrino(flavour) else after


@cache
def _parameters() -> Parameters:
    def one(ab: str, q: str, suffix: str = "", part: str = "") -> Parameter:
        sentence = f"{meaning(ab)} at {q} quarks: {part}vector coupling relative to G_F"
        return bounded(f"eps_{ab}_{q}{suffix}", sentence, reach=REACH)

    return Parameters(
        [one(ab, q) for ab in DIAGONAL for q in "ud"]
        + [one(ab, q, "", "real part of the ") for ab in TRANSITIONS for q in "ud"]
        + [one(ab, q, "_im", "imaginary part of the ") for ab in TRANSITIONS for q in "ud"]
    )


@dataclass(frozen=True)
class NSI(Extension):
    """Vector couplings of neutrinos to up and down quarks; the module has the formulas.

    Parameters: ``eps_{ee,mumu,tautau,emu,etau,mutau}_{u,d}``, and ``eps_{emu,etau,mutau}_{u,d}_im``
    for complex ones; nominal 0, dimensionless. Only those in `values` are evaluated.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> NSI().amplitudes("nu_mu", nuclide("Ar40"), {"eps_mumu_u": 0.1, "eps_emu_d_im": 1.0})
        {'e:im': (18.0, 44.0), 'mu': (3.6, 2.2)}
    """

    name: str = field(default="nsi", init=False)

    @property
    def parameters(self) -> Parameters:
        """The coefficients, nominal 0."""
        return _parameters()

    @property
    def turns_flavours(self) -> bool:
        """True: a coefficient of two flavours."""
        return True

    @property
    def changes_matter(self) -> bool:
        """True: a potential of quarks in matter, sum_q (N_q/N_e) eps^q_ab."""
        return True

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Z (2 eps^u + eps^d) and N (eps^u + 2 eps^d) by final state.

        Raises:
            UnknownNameError: if the flavour is unknown.
        """
        out = {}
        turned = dict.fromkeys(_conjugate_states(flavour), -1.0)
        for state, ab, suffix in final_states(flavour):
            u, d = (given(values, f"eps_{ab}_{q}{suffix}") for q in "ud")
            if u is None and d is None:
                continue
            u, d = (0.0 if x is None else x for x in (u, d))
            z, n = (turned.get(state, 1.0) * count for count in (nuclide.z, nuclide.n))
            out[state] = z * (2.0 * u + d), n * (u + 2.0 * d)
        return out


MODEL = NSI
