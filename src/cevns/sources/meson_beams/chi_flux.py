r"""The flux of chi at a detector, in bands of the delay behind light.

A chi of velocity beta arrives :math:`(L/c)(1/\beta - 1)` after the neutrinos of the same pulse.
Bands of energy with edges at fixed delays, in units of the pulse width, are species of their own:
so what is slow comes late in every fold, without a density in energy and time. Within a band the
delay has a mean and a spread, which shift and widen the pulse.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.constants import SPEED_OF_LIGHT_M_PER_US
from cevns.sources.meson_beams.flux_matrix import FluxCurve
from cevns.sources.meson_beams.photon_channels import Box
from cevns.typing import Array, ArrayLike

__all__ = ["DELAY_EDGES", "Band", "ChiFlux", "bands", "delay_us", "energy_of_delay"]

DELAY_EDGES: Final = (0.02, 0.08, 0.25, 0.6, 1.5)
"""Delays between the bands, in units of the pulse width."""
_ORDER: Final = 12
_PANELS: Final = 8


def delay_us(energy_mev: ArrayLike, m_chi_mev: float, distance_m: float) -> Array:
    """Delay behind light, us.

    Examples:
        >>> round(1e3 * float(delay_us(20.0, 10.0, 19.3)), 2)  # ns
        9.96
    """
    energy = np.asarray(energy_mev, dtype=float)
    momentum = np.sqrt((energy - m_chi_mev) * (energy + m_chi_mev))
    # E/p - 1 without cancellation
    late = m_chi_mev**2 / (momentum * (energy + momentum))
    found: Array = distance_m / SPEED_OF_LIGHT_M_PER_US * late
    return found


def energy_of_delay(delay: float, m_chi_mev: float, distance_m: float) -> float:
    """The energy, MeV, that arrives with a delay in us: the inverse of `delay_us`."""
    slow = 1.0 + delay * SPEED_OF_LIGHT_M_PER_US / distance_m
    return float(m_chi_mev * slow / np.sqrt((slow - 1.0) * (slow + 1.0)))


@dataclass(frozen=True, eq=False)
class ChiFlux:
    """Sum of smooth curves and boxes, 1/(MeV cm2) or whatever they are in.

    Args:
        m_chi_mev: mass of chi, MeV.
        curves: smooth parts.
        boxes: parts with sharp ends.
    """

    m_chi_mev: float
    curves: tuple[FluxCurve, ...]
    boxes: tuple[Box, ...] = ()

    def __call__(self, energy_mev: ArrayLike) -> Array:
        """The flux at total energies."""
        energy = np.asarray(energy_mev, dtype=float)
        total: Array = np.zeros(energy.shape)
        for curve in self.curves:
            total = total + curve(energy)
        for box in self.boxes:
            inside = (energy > box.low_mev) & (energy <= box.high_mev)
            total = total + box.height * inside
        return total

    @property
    def highest_mev(self) -> float:
        """End point, MeV."""
        ends = [*(c.highest_mev for c in self.curves), *(b.high_mev for b in self.boxes)]
        return max(ends, default=self.m_chi_mev)

    @property
    def steps_mev(self) -> tuple[float, ...]:
        """Where the flux jumps or a part of it ends, MeV, increasing."""
        ends = {e for b in self.boxes for e in (b.low_mev, b.high_mev)}
        return tuple(sorted(ends | {c.highest_mev for c in self.curves}))

    def nodes(self, low_mev: ArrayLike, high_mev: float) -> tuple[Array, Array]:
        """Energies and weights of the flux between two energies, ``(..., m)``.

        Gauss-Legendre in sqrt(E - m_chi), in which also 1/p is smooth, on panels between the steps.

        Args:
            low_mev: lower ends, of shape ``(...)``.
            high_mev: upper end. A lower end above it has weights of zero.
        """
        low = np.maximum(np.asarray(low_mev, dtype=float), self.m_chi_mev)[..., None]
        whole = np.sqrt(self.highest_mev - self.m_chi_mev)
        ends = [np.sqrt(e - self.m_chi_mev) for e in (*self.steps_mev, high_mev)]
        root = np.unique([*ends, *(whole * np.arange(_PANELS) / _PANELS)])
        root = root[root <= ends[-1]]
        x, w = _rule()
        start = np.sqrt(low - self.m_chi_mev)
        begin, end = np.maximum(root[:-1], start), np.maximum(root[1:], start)
        width = (end - begin)[..., None]
        at = begin[..., None] + width * x
        energy = (self.m_chi_mev + at * at).reshape(*low.shape[:-1], -1)
        weight = (2.0 * at * width * w).reshape(energy.shape)
        return energy, np.where(weight > 0.0, self(energy) * weight, 0.0)


def _rule() -> tuple[Array, Array]:
    """Nodes and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    return 0.5 * (x + 1.0), 0.5 * w


@dataclass(frozen=True)
class Band:
    """One species: the energies between two delays.

    Args:
        low_mev: lower end, MeV.
        high_mev: upper end, MeV.
        fluence: integral of the flux.
        delay_us: mean delay of the flux, us.
        spread_us: its standard deviation, us.
    """

    low_mev: float
    high_mev: float
    fluence: float
    delay_us: float
    spread_us: float


def bands(flux: ChiFlux, distance_m: float, pulse_sigma_us: float) -> tuple[Band, ...]:
    """The bands, fastest first; one beyond the end point is empty.

    Args:
        flux: at the detector.
        distance_m: from the target, m.
        pulse_sigma_us: width of the pulse, us.
    """
    delay: Callable[[ArrayLike], Array] = lambda e: delay_us(e, flux.m_chi_mev, distance_m)  # noqa: E731
    borders = [energy_of_delay(d * pulse_sigma_us, flux.m_chi_mev, distance_m) for d in DELAY_EDGES]
    ends = np.minimum([np.inf, *borders, flux.m_chi_mev], flux.highest_mev)
    found = []
    for high, low in itertools.pairwise(ends.tolist()):
        if not high > low:
            found.append(Band(float(low), float(high), 0.0, float(delay(high)), 0.0))
            continue
        energy, weight = flux.nodes(low, float(high))
        fluence = float(weight.sum())
        late = delay(energy)
        mean = float(weight @ late) / fluence if fluence > 0.0 else float(delay(high))
        spread = float(weight @ (late - mean) ** 2) / fluence if fluence > 0.0 else 0.0
        found.append(Band(float(low), float(high), fluence, mean, float(np.sqrt(spread))))
    return tuple(found)
