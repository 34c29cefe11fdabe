"""Stopped pions at the Spallation Neutron Source, in the analytic form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cevns.exceptions import UnknownNameError
from cevns.nuclear.checks import within
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.beams.pion_at_rest import PionAtRest, check_angle
from cevns.sources.beams.proton_beam import Protons, check_beam, protons_on_target
from cevns.sources.meson_beams.beam_targets import BEAMS
from cevns.units import Unit

__all__ = ["MODEL", "SNS"]

CITE = "file: the yield, the pulse and the distance are those of the experiment"


@dataclass(frozen=True)
class SNS(PionAtRest):
    r"""Decay at rest of the pi+ made by a pulsed proton beam.

    Per proton, y neutrinos of each of nu_mu (a line at 29.79 MeV), nu_e and nubar_mu (Michel
    spectra up to 52.83 MeV) are emitted isotropically, so the fluence is POT y/(4 pi L^2).
    Decay in flight and mu- decay and capture, which are below 1 %, are neglected; `tabulated`
    includes them. The prompt nu_mu follow the pulse with the lifetime of the pion, and the others
    follow these with the lifetime of the muon.

    Other facilities and other pulses are described by the source `stopped-pion`.

    Args:
        distance_m: distance from the target to the detector, m.
        protons: protons on target during the exposure; in a file also
            ``{beam_energy: 14 GWh, proton_energy: 1 GeV}`` or with ``power`` and ``time``.
        yield_per_flavour: neutrinos per proton and flavour; differs between the analyses of one
            source (0.08 in 2017, 0.0848 in 2021, 0.09 in 2020).
        pulse_sigma_us: width (sigma) of the Gaussian proton pulse, us.
        angle_deg: angle between the proton beam and the direction from the target to the detector,
            degrees, 0 to 180. Decay at rest is isotropic and does not depend on it; a source of
            dark matter that is added to the experiment does and uses this value.
        beam: ``sns-1gev``, ``sns-1.3gev``, ``lujan-0.8gev`` or ``mlf-3gev``, whose yield and
            spectrum of pi0 are used by a source of dark matter. Decays of pi+ are at rest, and
            their number is `yield_per_flavour`.

    Raises:
        InputError: if a value is not positive and finite, or the angle not from 0 to 180 degrees.
        UnknownNameError: if there is no such beam.

    Examples:
        >>> csi = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
        >>> f"{csi.fluence_cm2('nu_e'):.4g}"
        '5.794e+14'
    """

    distance_m: Annotated[float, Unit("m")]
    protons: Annotated[float, Protons()]
    yield_per_flavour: float = 0.0848
    pulse_sigma_us: Annotated[float, Unit("us")] = 0.150
    angle_deg: Annotated[float, Unit("deg")] = 90.0
    beam: str = "sns-1gev"

    def __post_init__(self) -> None:
        check_beam(self.distance_m, self.protons, self.yield_per_flavour)
        within("width of the proton pulse in us", self.pulse_sigma_us, 1e-9, 1e5, "find its unit")
        check_angle(self.angle_deg)
        if self.beam not in BEAMS:
            raise UnknownNameError("proton beam", self.beam, BEAMS)

    @property
    def emitted(self) -> float:
        """Neutrinos of one flavour that leave the target in the exposure."""
        return self.protons * self.yield_per_flavour

    def flux_cm2_s(self, flavour: str, power_mw: float, proton_energy_gev: float) -> float:
        """Neutrinos of a flavour per cm2 and second at a beam power.

        Raises:
            InputError: if power or energy is not positive.

        Examples:
            >>> sns = SNS(distance_m=20.0, protons=1.0, yield_per_flavour=0.08)
            >>> f"{3 * sns.flux_cm2_s('nu_e', 1.4, 1.0):.3g}"
            '4.17e+07'
        """
        per_second = protons_on_target(power_mw / 3600.0, proton_energy_gev)
        return self.fluence_cm2(flavour) * per_second / self.protons

    def after(self, lives_us: tuple[float, ...]) -> Pulsed:
        """The beam pulse followed by decays with these lifetimes (us); without any, the pulse."""
        return Pulsed(self.pulse_sigma_us, lives_us)


MODEL = SNS
