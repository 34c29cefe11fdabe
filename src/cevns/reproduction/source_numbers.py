"""Stopped-pion sources of the world: published beams, and the flux and duty cycle they give."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cevns.constants import TAU_MUON_US
from cevns.exceptions import UnknownNameError
from cevns.experiments.declaration.document import parse
from cevns.registry import canonical
from cevns.sources import protons_on_target

__all__ = ["FILE", "PionSource", "pion_source", "pion_sources"]

FILE = Path(__file__).parent / "pion_sources.yaml"


class PionSource(BaseModel):
    """A proton beam on a target in which pions stop.

    Attributes:
        id: name.
        title: as figures show it.
        proton_energy_gev: kinetic energy.
        power_mw: of the beam.
        rate_hz: pulses per second.
        pulse_us: length of a pulse, of the train where it has several bunches.
        target: material.
        yield_per_flavour: neutrinos per proton and flavour.
        state: running or planned.
        source: where the numbers are from.
        memory: what was not checked against a paper.
        note: more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    proton_energy_gev: float = Field(gt=0)
    power_mw: float = Field(gt=0)
    rate_hz: float = Field(gt=0)
    pulse_us: float = Field(gt=0)
    target: str
    yield_per_flavour: float = Field(gt=0)
    state: Literal["running", "planned"]
    source: str
    memory: str = ""
    note: str = ""

    @property
    def neutrinos_per_s(self) -> float:
        """Neutrinos per flavour and second: P/(E_p e) times the yield."""
        protons = protons_on_target(self.power_mw / 3600.0, self.proton_energy_gev)
        return protons * self.yield_per_flavour

    @property
    def rejection(self) -> float:
        """Rejection of steady backgrounds by the duty cycle, ``1/(f max(pulse, tau_mu))``.

        Delayed neutrinos arrive for the muon's mean life even after the shortest pulse. An
        analysis window of 6 us, as at the SNS, keeps 2.7 times more.
        """
        return 1.0 / (self.rate_hz * 1e-6 * max(self.pulse_us, TAU_MUON_US))

    def duty_factor(self, window_us: float) -> float:
        """Fraction of the time in a window after each pulse."""
        return self.rate_hz * 1e-6 * window_us


@cache
def pion_sources() -> tuple[PionSource, ...]:
    """All sources, in the order of the file.

    Examples:
        >>> sns = pion_sources()[0]
        >>> f"{sns.neutrinos_per_s:.3g}", round(sns.rejection), round(sns.duty_factor(6.0), 6)
        ('7.41e+14', 7586, 0.00036)
    """
    return tuple(PionSource.model_validate(s) for s in parse(FILE).values["sources"])


def pion_source(name: str) -> PionSource:
    """The source of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> pion_source("lujan").rate_hz
        20.0
    """
    known = {s.id: s for s in pion_sources()}
    if canonical(name) not in known:
        raise UnknownNameError("stopped-pion source", name, known)
    return known[canonical(name)]
