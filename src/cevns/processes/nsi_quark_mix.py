r"""Non-standard interactions with one flavour structure and any mix of up and down quarks.

Where one mediator couples to all fermions, the coefficients factorise, eps^f_ab = xi^f eps_ab:
a flavour structure eps_ab and a vector of couplings xi of fixed length sqrt5 (Esteban et al.,
arXiv:1805.04530). Of quarks only the couplings to protons and neutrons matter, in an oscillation
as at a nucleus: an angle eta says how they share,

    xi^p = 2 xi^u + xi^d = sqrt5 cos(eta) cos(zeta),     xi^n = xi^u + 2 xi^d = sqrt5 sin(eta)

and, for couplings to electrons as well, an angle zeta, xi^e = sqrt5 cos(eta) sin(zeta)
(arXiv:2305.07698, name and sign of zeta from memory). Solved for the quarks at zeta = 0,

    xi^u = (sqrt5/3) (2 cos eta - sin eta),     xi^d = (sqrt5/3) (2 sin eta - cos eta)

so that eta = arctan(1/2) = 26.57 degrees is u alone with xi^u = 1, eta = arctan(2) = 63.43
degrees d alone with xi^d = 1, eta = 0 protons alone, 90 degrees neutrons alone. eta and
eta + 180 degrees differ by the sign of all eps_ab, hence the range of -90 to 90 degrees. A nucleus
sees

    G_V(a -> b) = Z (delta_ab g_V^p + xi^p eps_ab) F_p + N (delta_ab g_V^n + xi^n eps_ab) F_n

and is blind to the coefficients where tan(eta) = -(Z/N) cos(zeta), at -35.2 degrees for Cs and
-39.3 for Ar: there no CEvNS rate on that nucleus decides about LMA-Dark, another one does
(Chaves & Schwetz, arXiv:2102.11981). `cevns.processes.lma_dark` has the matter potentials.
Limits, hermiticity and the contact limit: as in the interaction ``nsi``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.extension import bounded
from cevns.processes.ingredients.flavour_pairs import DIAGONAL, TRANSITIONS
from cevns.processes.nsi import NSI, REACH, given, meaning

__all__ = [
    "DOWN_DEG",
    "MODEL",
    "UP_DEG",
    "NSIQuarkMix",
    "angle_from_quarks",
    "nucleon_couplings",
    "quark_couplings",
]

CITE = ("arXiv:1805.04530", "arXiv:2305.07698", "arXiv:2102.11981")

UP_DEG: Final = math.degrees(math.atan(0.5))
"""eta of up quarks alone, 26.57 degrees."""
DOWN_DEG: Final = math.degrees(math.atan(2.0))
"""eta of down quarks alone, 63.43 degrees."""


def nucleon_couplings(eta_deg: Any, zeta_deg: Any = 0.0) -> tuple[Any, Any]:
    """Couplings xi^p and xi^n; the module has the formulas.

    Args:
        eta_deg: angle between proton and neutron, degrees, any shape.
        zeta_deg: angle between proton and electron, degrees, broadcast with it.

    Examples:
        >>> [round(float(x), 12) for x in nucleon_couplings(UP_DEG)]
        [2.0, 1.0]
    """
    eta, zeta = np.deg2rad(eta_deg), np.deg2rad(zeta_deg)
    return math.sqrt(5.0) * np.cos(eta) * np.cos(zeta), math.sqrt(5.0) * np.sin(eta)


def quark_couplings(eta_deg: Any, zeta_deg: Any = 0.0) -> tuple[Any, Any]:
    """Couplings xi^u = (2 xi^p - xi^n)/3 and xi^d = (2 xi^n - xi^p)/3.

    Examples:
        >>> [round(abs(float(x)), 12) for x in quark_couplings(DOWN_DEG)]
        [0.0, 1.0]
    """
    p, n = nucleon_couplings(eta_deg, zeta_deg)
    return (2.0 * p - n) / 3.0, (2.0 * n - p) / 3.0


def angle_from_quarks(phi_deg: float) -> tuple[float, float]:
    """Angle eta of a mix written with quarks, eps^u = eps cos(phi) and eps^d = eps sin(phi).

    From the definitions, tan(eta) = (1 + 2 tan(phi))/(2 + tan(phi)).

    Args:
        phi_deg: angle between up and down quarks, degrees.

    Returns:
        eta in degrees, within -90..90, and the factor s that turns the coefficient eps of phi
        into that of eta, ``eps_ab = s eps``; negative where eta was moved by 180 degrees.

    Examples:
        >>> eta, scale = angle_from_quarks(90.0)
        >>> round(eta - DOWN_DEG, 12), round(scale, 12)
        (0.0, 1.0)
    """
    u, d = math.cos(math.radians(phi_deg)), math.sin(math.radians(phi_deg))
    p, n = 2.0 * u + d, u + 2.0 * d
    sign = math.copysign(1.0, p)
    return math.degrees(math.atan2(sign * n, sign * p)), sign * math.hypot(p, n) / math.sqrt(5.0)


@cache
def _parameters() -> Parameters:
    def one(ab: str, suffix: str = "", part: str = "") -> Parameter:
        sentence = f"{meaning(ab)}: {part}flavour structure, times xi^u and xi^d the couplings"
        return bounded(f"eps_{ab}{suffix}", sentence, reach=REACH)

    def angle(name: str, value: float, description: str) -> Parameter:
        # held unless a scan asks for it: without any eps it has no meaning
        return Parameter(
            name, value, unit="deg", lower=-90.0, upper=90.0, fixed=True, role="poi",
            shared=True, typical=10.0, description=description,
        )  # fmt: skip

    return Parameters(
        [one(ab) for ab in DIAGONAL]
        + [one(ab, "", "real part of the ") for ab in TRANSITIONS]
        + [one(ab, "_im", "imaginary part of the ") for ab in TRANSITIONS]
        + [
            angle("eta", UP_DEG, "share of neutrons and protons; 26.57 is u alone, 63.43 d alone"),
            angle("zeta", 0.0, "share of electrons and protons; 0 is no coupling to electrons"),
        ]
    )


@dataclass(frozen=True)
class NSIQuarkMix(NSI):
    """One flavour structure eps_ab with an angle between protons and neutrons.

    Parameters: ``eps_{ee,mumu,tautau,emu,etau,mutau}`` and ``eps_{emu,etau,mutau}_im``, nominal
    0; ``eta`` and ``zeta``, degrees, held unless asked for.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> found = NSIQuarkMix().amplitudes("nu_e", nuclide("Ar40"), {"eps_ee": 0.1, "eta": 90.0})
        >>> [round(float(c), 3) for c in found["e"]]
        [0.0, 4.919]
    """

    name: str = field(default="nsi-quark-mix", init=False)

    @property
    def parameters(self) -> Parameters:
        """The flavour structure, nominal 0, and the angles."""
        return _parameters()

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Those of `NSI` at the coefficients of the quarks.

        Raises:
            UnknownNameError: if the flavour is unknown.
        """
        return super().amplitudes(flavour, nuclide, self.quarks(values))

    def quarks(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of `NSI` that these stand for: eps^q_ab = xi^q eps_ab.

        Examples:
            >>> found = NSIQuarkMix().quarks({"eps_emu_im": 0.1, "eta": UP_DEG})
            >>> {name: round(float(eps), 12) + 0.0 for name, eps in found.items()}
            {'eps_emu_u_im': 0.1, 'eps_emu_d_im': 0.0}
        """
        own = {n: v for n in values if n.startswith("eps_") and (v := given(values, n)) is not None}
        if not own:
            return {}
        angles = self.value(values, "eta"), self.value(values, "zeta")
        mix = dict(zip("ud", quark_couplings(*angles), strict=True))
        out: dict[str, Any] = {}
        for name, eps in own.items():
            ab, im = name.removesuffix("_im"), "_im" if name.endswith("_im") else ""
            out |= {f"{ab}_{q}{im}": mix[q] * eps for q in "ud"}
        return out


MODEL = NSIQuarkMix
