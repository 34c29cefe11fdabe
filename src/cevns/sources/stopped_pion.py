"""Stopped pions at any proton beam: a named facility, or explicit numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from cevns.citations import identifiers_in
from cevns.constants import DAY_S, TAU_MUON_US
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive, within
from cevns.sources.arrivals.train import SIGMA_PER_FWHM, Train
from cevns.sources.beams.pion_at_rest import PionAtRest, check_angle
from cevns.sources.beams.proton_beam import Protons, check_beam, protons_on_target
from cevns.sources.facilities.pion_facility import Facility, facilities, facility
from cevns.sources.facilities.pion_yield import named_yield
from cevns.sources.meson_beams.beam_targets import BEAMS
from cevns.units import Unit

__all__ = ["MODEL", "StoppedPion"]

CITE = "none: its facility names its source"

_FOLLOWS: Final = math.nan
"""Of a number that is not given: it follows from the others."""
_AGREE: Final = 1e-3
"""Relative difference up to which an exposure and a number of protons are the same."""
_PRESET: Final = (
    "power_mw",
    "proton_energy_gev",
    "hours",
    "repetition_hz",
    "yield_per_flavour",
    "pulse",
    "pulse_fwhm_us",
    "bunches",
    "bunch_spacing_us",
    "beam",
)
"""What a facility says where a file does not."""


@dataclass(frozen=True)
class StoppedPion(PionAtRest):
    r"""Decay at rest of the pi+ made by a pulsed proton beam, at a facility.

    A facility provides power, proton energy, hours per year, repetition rate, yield and pulse; each
    of these may also be given explicitly and then replaces that of the facility. The number of
    protons is

    .. math:: N_p = \frac{E_\mathrm{beam}}{E_p\, e}
        = \frac{3.6 \times 10^{12}}{1.602177 \times 10^{-10}}\,
          \frac{E_\mathrm{beam}/\mathrm{GWh}}{E_p/\mathrm{GeV}},

    where the exposure is either given or the product of years, hours per year and power. Decay in
    flight, kaons and mu- are neglected; `tabulated` includes them.

    Args:
        distance_m: distance from the target to the detector, m.
        facility: a name in the table of facilities (``cevns.sources.facilities``), or empty.
        years: running time with the facility's hours per year and power; 1 if neither it nor
            `exposure_gwh` nor `protons` is given. It is None afterwards, as the exposure contains
            it.
        exposure_gwh: energy of the beam on the target, GWh; follows from `protons` or `years`.
        protons: protons on target during the exposure, as for `SNS`; follow from `exposure_gwh` or
            `years`.
        power_mw: beam power, MW.
        proton_energy_gev: kinetic energy of a proton, GeV.
        hours: hours of beam per year, h.
        repetition_hz: pulses per second, Hz.
        yield_per_flavour: neutrinos per proton and flavour, or ``hg-geant4``: the fit
            `cevns.sources.facilities.pion_yield.hg_geant4` for mercury and 0.8 to 1.3 GeV.
        pulse: ``gaussian`` or ``flat``; gaussian without a facility.
        pulse_fwhm_us: full width at half maximum of a bunch, us.
        bunches: number of bunches in a pulse; 1 without a facility.
        bunch_spacing_us: time between bunches, us.
        angle_deg: angle between the proton beam and the direction from the target to the detector,
            degrees, 0 to 180; used as for `SNS`.
        beam: as for `SNS`, for a source of dark matter that is added; that of the facility, or
            none.

    Raises:
        InputError: if a number is invalid or missing, exposure and protons disagree, years are
            given in addition to either, or a yield does not apply to the beam.
        UnknownNameError: if there is no such facility, beam, pulse shape or formula of the yield.

    Examples:
        >>> sns = StoppedPion(distance_m=19.3, facility="sns-2013-23")
        >>> f"{sns.exposure_gwh:.3g} GWh, {sns.protons:.4g}, {sns.fluence_cm2('nu_e'):.4g} /cm2"
        '7 GWh, 1.573e+23, 3.024e+14 /cm2'
        >>> f"{StoppedPion(distance_m=24, facility='mlf').flux20_cm2_s:.3g}"
        '2.01e+07'
    """

    distance_m: Annotated[float, Unit("m")]
    facility: str = ""
    years: float | None = None
    exposure_gwh: Annotated[float | None, Unit("GWh")] = None
    protons: Annotated[float, Protons()] = _FOLLOWS
    power_mw: Annotated[float | None, Unit("MW")] = None
    proton_energy_gev: Annotated[float | None, Unit("GeV")] = None
    hours: Annotated[float | None, Unit("h")] = None
    repetition_hz: Annotated[float | None, Unit("Hz")] = None
    yield_per_flavour: float | str | None = None
    pulse: str | None = None
    pulse_fwhm_us: Annotated[float | None, Unit("us")] = None
    bunches: int | None = None
    bunch_spacing_us: Annotated[float | None, Unit("us")] = None
    angle_deg: Annotated[float, Unit("deg")] = 90.0
    beam: str = ""

    def __post_init__(self) -> None:
        preset = facility(self.facility) if self.facility else Facility()
        if self.bunches == 1 and self.bunch_spacing_us is None:
            preset = dataclasses.replace(preset, bunch_spacing_us=None)
        for name in _PRESET:
            if vars(self)[name] in (None, ""):
                self._set(name, vars(preset)[name])
        for what, number in (
            ("power of the beam in MW", self.power_mw),
            ("proton energy in GeV", self.proton_energy_gev),
            ("repetition of the pulses in Hz", self.repetition_hz),
            ("exposure in GWh", self.exposure_gwh),
            ("years of running", self.years),
        ):
            if number is not None:
                positive(what, number)
        if self.hours is not None:
            within("hours of beam in a year", self.hours, 1e-3, 8784.0, "a year has 8766 h")
        self._set("pulse", self.pulse or "gaussian")
        self._set("bunches", 1 if self.bunches is None else self.bunches)
        self._set("yield_per_flavour", self._yield(preset.target))
        self._count_protons()
        check_beam(self.distance_m, self.protons, self._per_proton)
        train = self.after(())
        if self.repetition_hz is not None and train.length_us * self.repetition_hz > 1e6:
            raise InputError(
                f"a pulse of {train.length_us:g} us {self.repetition_hz:g} times a second lasts "
                "longer than the time between two pulses; check pulse_fwhm, bunch_spacing and "
                "repetition"
            )
        check_angle(self.angle_deg)
        if self.beam and self.beam not in BEAMS:
            raise UnknownNameError("proton beam", self.beam, BEAMS)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _needed(self, what: str, **numbers: float | None) -> tuple[float, ...]:
        """Numbers that a result needs.

        Raises:
            InputError: if one is not known, with the names as a file has them.
        """
        missing = [name for name, number in numbers.items() if number is None]
        if missing:
            where = (
                f"the facility {self.facility!r} does not have it"
                if self.facility
                else f"or name a facility, one of {', '.join(facilities())}"
            )
            raise InputError(f"{what} needs {' and '.join(missing)}: give it; {where}")
        return tuple(n for n in numbers.values() if n is not None)

    def _yield(self, target: str) -> float:
        given = self.yield_per_flavour
        if isinstance(given, str):
            return named_yield(given, target, self.proton_energy_gev)
        return self._needed("the number of neutrinos", yield_per_flavour=given)[0]

    def _count_protons(self) -> None:
        """Exposure and protons from what is given of them, or from years."""
        counted = not math.isnan(self.protons)
        if self.years is not None and (counted or self.exposure_gwh is not None):
            raise InputError(
                f"years are given in addition to {'protons' if counted else 'exposure'}, "
                "and both define the exposure: give only one of them"
            )
        energy = self.proton_energy_gev
        if not counted and self.exposure_gwh is None:
            years = 1.0 if self.years is None else self.years
            power, hours, _ = self._needed(
                "an exposure in years", power=self.power_mw, hours=self.hours, proton_energy=energy
            )
            self._set("exposure_gwh", years * power * hours / 1e3)
        if self.exposure_gwh is not None:
            (gev,) = self._needed("an exposure in GWh", proton_energy=energy)
            follow = protons_on_target(1e3 * self.exposure_gwh, gev)
            if counted and abs(self.protons / follow - 1.0) > _AGREE:
                raise InputError(
                    f"protons ({self.protons:.6g}) and exposure ({self.exposure_gwh:g} GWh, "
                    f"{follow:.6g} protons of {gev:g} GeV) disagree by "
                    f"{100.0 * abs(self.protons / follow - 1.0):.2g} %; give one of them, or the "
                    "proton_energy of that time"
                )
            if not counted:
                self._set("protons", follow)
        elif energy is not None:
            positive("number of protons on target", self.protons)
            self._set("exposure_gwh", self.protons / protons_on_target(1e3, energy))
        self._set("years", None)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Papers on the facility; talks and web pages are only in its row of the table."""
        named = facility(self.facility).source if self.facility else ""
        return {"source": identifiers_in(named)}

    @property
    def _per_proton(self) -> float:
        assert isinstance(self.yield_per_flavour, float | int)
        return self.yield_per_flavour

    @property
    def emitted(self) -> float:
        """Neutrinos of one flavour that leave the target in the exposure."""
        return self.protons * self._per_proton

    def after(self, lives_us: tuple[float, ...]) -> Train:
        """The beam pulse followed by decays with these lifetimes (us); without any, the pulse."""
        (width,) = self._needed("the time of arrival", pulse_fwhm=self.pulse_fwhm_us)
        assert self.pulse is not None
        assert self.bunches is not None
        return Train(width, self.pulse, self.bunches, self.bunch_spacing_us or 0.0, lives_us)

    @property
    def span_us(self) -> tuple[float, float]:
        """Times relative to t0, us, outside of which less than one in a million arrives."""
        pulse = self.after(())
        half = 0.5 * pulse.length_us + (0.0 if self.sharp_ends else 2.0 * pulse.fwhm_us)
        return -half, half + 14.0 * TAU_MUON_US

    @property
    def sharp_ends(self) -> bool:
        """Whether the density of arrival times jumps at the ends of the pulse: a flat one's."""
        return self.pulse == "flat"

    @property
    def hours_a_year(self) -> float:
        """Hours of beam per year.

        Raises:
            InputError: if they are not known.
        """
        return self._needed("a year of running", hours=self.hours)[0]

    @property
    def exposure_h(self) -> float:
        """Hours of beam at full power that make the exposure.

        Raises:
            InputError: if power or proton energy are not known.
        """
        power, gwh = self._needed(
            "the time of the exposure", power=self.power_mw, proton_energy=self.exposure_gwh
        )
        return 1e3 * gwh / power

    @property
    def pulses(self) -> float:
        """Beam pulses in the exposure: its time at full power times the repetition.

        Raises:
            InputError: if power, proton energy or repetition are not known.
        """
        (rate,) = self._needed("the number of beam pulses", repetition=self.repetition_hz)
        return 3600.0 * self.exposure_h * rate

    @property
    def duty(self) -> float:
        """Fraction of the time with beam or muons: repetition rate times (pulse train + tau_mu).

        Raises:
            InputError: if the repetition is not known.
        """
        (rate,) = self._needed("the duty factor", repetition=self.repetition_hz)
        return 1e-6 * rate * (self.after(()).length_us + TAU_MUON_US)

    @property
    def prompt_separates(self) -> bool:
        """Whether the time separates nu_mu from the others: the pulse is shorter than tau_mu/2."""
        return self.after(()).length_us < 0.5 * TAU_MUON_US

    @property
    def flux20_cm2_s(self) -> float:
        """Neutrinos of one flavour per cm2 and second at 20 m and full power.

        Raises:
            InputError: if power or proton energy are not known.
        """
        power, energy = self._needed(
            "a flux per second", power=self.power_mw, proton_energy=self.proton_energy_gev
        )
        per_second = protons_on_target(power / 3600.0, energy)
        return per_second * self._per_proton / (4.0 * math.pi * 2000.0**2)

    @property
    def figure_of_merit(self) -> float:
        """flux20^2/duty, cm^-4 s^-2: the inverse of the time to a given significance.

        This applies if a steady background dominates; without background the flux is relevant.
        Beam neutrons are not included.

        Raises:
            InputError: if power, proton energy or repetition are not known.
        """
        return self.flux20_cm2_s**2 / self.duty

    @property
    def beam_totals(self) -> Mapping[str, float]:
        """Exposure and yields of the beam, by names that end with the unit.

        Quantities that cannot be determined are omitted.
        """
        known = {
            "exposure_gwh": self.exposure_gwh,
            "power_mw": self.power_mw,
            "proton_energy_gev": self.proton_energy_gev,
        }
        out = {name: value for name, value in known.items() if value is not None}
        out |= {"protons": self.protons, "neutrinos_per_proton_and_flavour": self._per_proton}
        if {"power_mw", "proton_energy_gev"} <= out.keys():
            at_place = (20.0 / self.distance_m) ** 2
            out["flux_of_a_flavour_cm2_s"] = self.flux20_cm2_s * at_place
        return out

    def beam_energy_gwh(self) -> float:
        """Energy of the beam on the target in the exposure, GWh.

        Raises:
            InputError: if only protons are known and not their energy.
        """
        return self._needed("an exposure in GWh", proton_energy=self.exposure_gwh)[0]

    def window_d(self, width_us: float) -> float:
        """Days in a window of this width, us, around each beam pulse of the exposure.

        Raises:
            InputError: if the number of pulses is not known, or the windows overlap.
        """
        positive("width of the window around a pulse in us", width_us)
        pulses = self.pulses
        if self.repetition_hz is not None and width_us * self.repetition_hz > 1e6:
            raise InputError(
                f"a window of {width_us:g} us is longer than the time between two pulses at "
                f"{self.repetition_hz:g} Hz"
            )
        return pulses * 1e-6 * width_us / DAY_S

    def of_the_beam(self) -> Mapping[str, Any]:
        """Fields, as in files, that a source of other particles of the same beam inherits.

        None is given for values that this source cannot use: a pulse that is not a single Gaussian,
        and the name of an unknown beam.
        """
        width = self.pulse_fwhm_us if self.pulse == "gaussian" and self.bunches == 1 else None
        return {
            "distance": f"{self.distance_m!r} m",
            "protons": self.protons,
            "angle": f"{self.angle_deg!r} deg",
            "pulse_sigma": None if width is None else f"{width * SIGMA_PER_FWHM!r} us",
            "beam": self.beam or None,
        }


MODEL = StoppedPion
