r"""One sterile neutrino at short baseline (3+1): disappearance of neutrinos before they scatter.

A neutrino emitted as a is detected through all flavours that it can have on arrival,

    signal(a) = sum_b P_ab(E) sigma_b(E),   P_ab = delta_ab - 4 |U_a4|^2 (delta_ab - |U_b4|^2) S(E),

with S of `cevns.propagation.vacuum` and the sum over the active flavours b. For equal cross
sections this is 1 - P_as with sin^2 2theta_as = 4 |U_a4|^2 |U_s4|^2 (arXiv:1711.09773 [M]);
the sum includes their radiative differences and flavour-dependent couplings of another extension
used with this one. The mixings are the effective angles of disappearance,

    sin^2 2theta_aa = 4 |U_a4|^2 (1 - |U_a4|^2),   |U_a4|^2 <= 1/2,

and sin^2 theta_34, the fraction of nu_tau in the remainder, fixed at zero. With one flavour mixed,
sin^2 2theta_as = sin^2 2theta_aa; with both, |U_s4|^2 is smaller and appearance compensates some
of the disappearance.

Arrival times do not change: a neutrino has the arrival time of the flavour with which it was
emitted, and flavours are separate until energy and time are combined. The arriving state is treated
as an incoherent mixture: interference between oscillation and a process that changes flavour is
neglected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np

from cevns.exceptions import InputError
from cevns.parameters import Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.framework.terms import FluxFactor
from cevns.propagation import Distant, Extent, Mixing, Oscillation

__all__ = ["MODEL", "Sterile"]

CITE = ("arXiv:1711.09773",)


@dataclass(frozen=True)
class Sterile(Extension):
    """3+1 oscillations between source and detector; see the module.

    Args:
        dm2_41: splitting of the squared masses, eV^2; a structure parameter.
        baseline_m: distance from the centre of the source to the detector, m; by default that of
            the source.
        source_length_m: extent of the source along the line of flight, m. The mercury target of
            the SNS is about 0.5 m long [M]; a detector to the side of the beam sees less of it.
        detector_length_m: extent of the detector along the line of flight, m.
        shape: ``uniform`` (the lengths are full lengths) or ``gaussian`` (they are sigmas).

    Raises:
        InputError: if a length is negative.

    Examples:
        >>> from cevns.processes import Combined, StandardModel
        >>> from cevns.rates import flux_averaged_cross_section
        >>> from cevns.sources import SNS
        >>> sns = SNS(distance_m=19.3, protons=3.198e23)
        >>> process = Combined(StandardModel(), (Sterile(dm2_41=1.0),))
        >>> values = {"sin2_2theta_ee": 0.2}
        >>> lost, all_ = (
        ...     flux_averaged_cross_section(sns, "CsI", interaction=process, values=v).flavours
        ...     for v in (values, {})
        ... )
        >>> {f: round(lost[f] / all_[f], 3) for f in lost}
        {'nu_mu': 1.0, 'nu_e': 0.915, 'nubar_mu': 1.0}
    """

    dm2_41: float = 1.0
    baseline_m: float | None = None
    source_length_m: float = 0.5
    detector_length_m: float = 0.0
    shape: Literal["uniform", "gaussian"] = "uniform"
    name: str = field(default="sterile", init=False)

    def __post_init__(self) -> None:
        _ = self._extents  # raises where a length is none

    @property
    def parameters(self) -> Parameters:
        """``sin2_2theta_{ee,mumu}`` and, held at zero, ``sin2_theta_34``."""
        unit = (0.0, 1.0)
        angles = [
            bounded(
                f"sin2_2theta_{a}{a}",
                f"4 |U_{a}4|^2 (1 - |U_{a}4|^2), amplitude of the disappearance of nu_{a}",
                reach=unit,
            )
            for a in ("e", "mu")
        ]
        tau = bounded("sin2_theta_34", "|U_tau4|^2/(1 - |U_e4|^2 - |U_mu4|^2)", reach=unit)
        return Parameters([*angles, dataclasses.replace(tau, fixed=True)])

    @property
    def structure(self) -> Parameters:
        """``dm2_41``."""
        return Parameters(
            [
                bounded(
                    "dm2_41",
                    "splitting of the squared masses of the fourth and the first state",
                    value=self.dm2_41,
                    unit="eV2",
                    reach=(0.0, np.inf),
                    typical=1.0,
                )
            ]
            if np.isfinite(self.dm2_41)
            else []
        )

    @property
    def flux_factors(self) -> tuple[FluxFactor, ...]:
        """S(E) between source and detector.

        Raises:
            InputError: if the baseline is unknown.
        """
        if self.baseline_m is None:
            raise InputError(
                "sterile: the baseline is unknown; give baseline_m, or fold with a source that "
                "has a distance"
            )
        return (Oscillation(self.dm2_41, self.baseline_m, self._extents),)

    def transitions(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """(P_ab - delta_ab)/S for every active flavour b."""
        mixing = Mixing.from_angles(
            self.value(values, "sin2_2theta_ee"),
            self.value(values, "sin2_2theta_mumu"),
            self.value(values, "sin2_theta_34"),
        )
        kind, own = flavour.split("_")[0], lepton(flavour)
        return ({f"{kind}_{b}": mixing.change(own, b) for b in LEPTONS},)

    def for_source(self, source: object) -> Self:
        """With the source's distance as baseline, unless one is given.

        Raises:
            InputError: if the source has parts at different distances.
        """
        distance = source.distance_m if isinstance(source, Distant) else None
        if self.baseline_m is not None or distance is None:
            return self
        if isinstance(distance, tuple):
            if len(set(distance)) > 1:
                raise InputError(
                    f"neutrinos come from {' and '.join(f'{d:g} m' for d in distance)}, and "
                    "oscillations need one distance: declare each core as a component with a "
                    "separate source"
                )
            distance = distance[0]
        return dataclasses.replace(self, baseline_m=float(distance))

    @property
    def _extents(self) -> tuple[Extent, ...]:
        lengths = self.source_length_m, self.detector_length_m
        return tuple(e for e in (Extent(x, self.shape) for x in lengths) if e.length_m > 0.0)


MODEL = Sterile
