"""Dark matter from a beam dump: chi from decays of pi0 and eta, and from other channels."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self, cast

import numpy as np

from cevns import registry
from cevns.dark_sector.sector import ClosedDecayError, DarkSector
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive, within
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.beams.proton_beam import Protons
from cevns.sources.beams.source import Source
from cevns.sources.meson_beams.beam_targets import BeamTarget, beam_target
from cevns.sources.meson_beams.bremsstrahlung import CITE as BREMSSTRAHLUNG
from cevns.sources.meson_beams.bremsstrahlung import (
    FORM_FACTORS,
    bremsstrahlung_curve,
    cuts_of,
    radiated,
)
from cevns.sources.meson_beams.chi_flux import DELAY_EDGES, Band, ChiFlux, bands, delay_us
from cevns.sources.meson_beams.flux_matrix import FluxCurve, flux_matrix
from cevns.sources.meson_beams.meson_decay_rates import (
    ETA,
    PI0,
    Parent,
    check_open,
    is_open,
    virtuality,
)
from cevns.sources.meson_beams.meson_sample import MesonSpectrum, NamedSpectrum
from cevns.sources.meson_beams.photon_channels import Box, captured, cascade_curve
from cevns.sources.meson_beams.rest_spectra import rest_spectrum
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "MesonDecay"]

CITE = ("arXiv:1609.01770",)

_SPECIES: Final = tuple(f"chi-{i + 1}" for i in range(len(DELAY_EDGES) + 1))
_MOST_SPLIT: Final = 0.1
_SPECTRA: Final = "cevns.sources.meson_spectra"


@dataclass(frozen=True)
class MesonDecay(Source):
    r"""Particles chi from a mediator V that protons produce in a target, mainly in pi0 -> gamma V.

    .. math:: \phi(E) = \frac{N_p}{L^2} \sum_{i} y_i\, 2 B_i
              \Big\langle \frac{p}{p^*} \frac{f_i^*(E^*)}{4\pi} \Big\rangle_i
              \qquad [\mathrm{cm^{-2}\,MeV^{-1}}]

    with the yield y per proton, the branching ratio B to a pair of chi and the energy E* in the
    frame of the meson, averaged over mesons (`cevns.sources.meson_beams`, which has the formulas
    and their papers). There are two chi per mediator, which are not distinguished.

    `fluence_cm2` is at unit coupling of the production: eps = 1 in the vector portal, alpha_B =
    alpha in the leptophobic one. A process therefore multiplies by eps^2 (alpha_B/alpha) for the
    production and again for the scattering. The mediator is assumed to decay to chi only, which
    holds for eps^2 alpha << alpha_d.

    Masses, spin and coupling of chi are those of the process that scatters it, for which a fold
    calls `of_sector`. Without a process, spectra and fluences raise an error.

    The species are bands of the delay relative to light, with ``chi-1`` the fastest and edges at
    0.02, 0.08, 0.25, 0.6 and 1.5 widths of the pulse. Within a band the pulse is shifted by the
    mean delay of its flux and broadened by its spread. The resulting time distribution of events
    above a threshold is accurate to 0.5 %, mostly to 0.1 %. The time of flight of light is part of
    t0, as for neutrinos; the lifetime of the pi0 is negligible.

    The numerical accuracy of rates is 1e-3 for the meson spectrum and 5e-3 for bremsstrahlung
    (3e-2 below m_chi = 25 MeV, where it is a small part at 90 degrees). The yields are much less
    certain: 10 % for pi0 unless better known, and a factor of two for bremsstrahlung.

    Args:
        distance_m: distance from the target to the detector, m; both are points.
        protons: protons on target during the exposure; in a file as for `SNS`.
        angle_deg: angle of the detector to the beam, 0 to 180.
        mesons: ``geant4-fit``, ``burman-smith`` or ``list``, of `cevns.sources.meson_spectra`.
        meson_file: list of pi0 for ``list``: ``px_mev,py_mev,pz_mev`` and optionally ``weight``,
            with the beam along +z.
        beam: ``sns-1gev``, ``sns-1.3gev``, ``lujan-0.8gev`` or ``mlf-3gev``.
        proton_energy_gev: kinetic energy of a beam that is not listed, with `target_z`.
        target_z: charge number of the target of a beam that is not listed.
        pi0_per_proton: yield of pi0; by default that of the beam, 0.11 for ``sns-1gev`` [M].
        eta_per_proton: yield of eta; zero at 1 GeV, which is below the threshold on free nucleons,
            1.256 GeV.
        eta_file: list of eta in the form of `meson_file`, needed with `eta_per_proton`.
        pulse_sigma_us: width (sigma) of the Gaussian proton pulse, us.
        off_shell: False for a mediator of zero width.
        running_width: True for a width of the mediator that depends on s; this is relevant for
            Dirac chi and necessary near m_v = 2 m_chi
            (`cevns.sources.meson_beams.meson_decay_rates`).
        polarised: False for isotropic decays of mediators on shell, as in BdNMC; mediators from
            mesons are transverse, which increases rates above threshold by up to 6 %.
        bremsstrahlung: ``none`` or named cuts (`cevns.sources.meson_beams.bremsstrahlung`), such as
            ``coherent-like``; accurate to a factor of two.
        brem_form_factor: ``resonances`` or ``vector-dominance``.
        brem_scale: factor on the bremsstrahlung; 0.5 and 2 span its uncertainty.
        pion_capture: number of pi- per proton that are captured on hydrogen with emission of a
            photon; only for the vector portal.
        cascade_file: table of photons, ``energy_low_mev,energy_high_mev,photons_per_proton``,
            without those of pi0; only for the vector portal.

    Raises:
        InputError: if a number is out of range or choices are incompatible.
        UnknownNameError: if there is no such spectrum, beam, preset or form factor.
        DataError: if a file breaks its structure.

    Examples:
        >>> from cevns.dark_sector.sector import ClosedDecayError, DarkSector
        >>> dump = MesonDecay(distance_m=19.3, protons=3.198e23)
        >>> chi = dump.of_sector(DarkSector("vector", "scalar", 10.0, 30.0, 0.5))
        >>> total = sum(chi.fluence_cm2(f) for f in chi.flavours)
        >>> f"{1e-8 * total:.2g} per cm2"  # eps = 1e-4
        '2.2e+07 per cm2'
    """

    distance_m: Annotated[float, Unit("m")]
    protons: Annotated[float, Protons()]
    angle_deg: Annotated[float, Unit("deg")] = 90.0
    mesons: str = "geant4-fit"
    meson_file: Path | None = None
    beam: str = "sns-1gev"
    proton_energy_gev: Annotated[float, Unit("GeV")] | None = None
    target_z: float | None = None
    pi0_per_proton: float | None = None
    eta_per_proton: float = 0.0
    eta_file: Path | None = None
    pulse_sigma_us: Annotated[float, Unit("us")] = 0.150
    off_shell: bool = True
    running_width: bool = False
    polarised: bool = True
    bremsstrahlung: str = "none"
    brem_form_factor: str = "resonances"
    brem_scale: float = 1.0
    pion_capture: float = 0.0
    cascade_file: Path | None = None
    sector: DarkSector | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        within("distance in m", self.distance_m, 0.1, 1e12, "find its unit")
        positive("number of protons on target", self.protons)
        angle = float(self.angle_deg)
        if not 0.0 <= angle <= 180.0:
            raise InputError(
                f"angle of the detector to the beam is {angle:g} degrees, not between 0 (ahead) "
                "and 180 (behind the target); give the angle between beam and line of sight"
            )
        within("width of the proton pulse in us", self.pulse_sigma_us, 1e-9, 1e5, "find its unit")
        for what, number in (
            ("pi0 per proton", self.pi0_per_proton or 0.0),
            ("eta per proton", self.eta_per_proton),
            ("photons of pion capture per proton", self.pion_capture),
            ("factor of the bremsstrahlung", self.brem_scale),
        ):
            if positive(what, number, zero=True) > 100.0:
                raise InputError(f"{what}: {number:g} is more than one proton can produce")
        if self.pi0_per_proton is None and self._target.pi0_per_proton is None:
            raise InputError(
                f"no number of pi0 per proton is known for the beam {self._target.name!r}; give "
                "pi0_per_proton"
            )
        if self.eta_per_proton > 0.0 and self.eta_file is None:
            raise InputError(
                "no spectrum of eta is known near their threshold; give eta_file, a list of "
                "px_mev,py_mev,pz_mev, or leave eta_per_proton at 0"
            )
        if self.brem_form_factor not in FORM_FACTORS:
            raise UnknownNameError(
                "form factor of bremsstrahlung", self.brem_form_factor, FORM_FACTORS
            )
        if self.bremsstrahlung != "none":
            cuts_of(self.bremsstrahlung)
        _ = self._pi0  # what a spectrum refuses is refused here

    def of_sector(self, sector: DarkSector) -> Self:
        """The same source of the particles of a dark sector.

        Raises:
            InputError: if a channel that was asked for has no meaning in its portal, or the states
                of a pseudo-Dirac chi differ by more than a tenth: the heavier is counted as the
                lighter one.
        """
        if sector == self.sector:
            return self  # with the flux that it has already
        if sector.splitting_mev > _MOST_SPLIT * sector.m_chi_mev:
            raise InputError(
                f"a splitting of {sector.splitting_mev:g} MeV is more than a tenth of m_chi = "
                f"{sector.m_chi_mev:g} MeV; the source holds for smaller ones"
            )
        if sector.portal == "leptophobic" and (self.pion_capture > 0.0 or self.cascade_file):
            raise InputError(
                "pion_capture and cascade_file replace a photon by a dark photon, which "
                "does not apply to a leptophobic mediator; omit them"
            )
        other = copy.copy(self)
        for name in ("_flux", "_bands", "_by_channel"):
            vars(other).pop(name, None)
        object.__setattr__(other, "sector", sector)
        return other

    @property
    def _target(self) -> BeamTarget:
        energy = None if self.proton_energy_gev is None else 1e3 * self.proton_energy_gev
        return beam_target(self.beam, energy, self.target_z)

    @property
    def pi0_yield(self) -> float:
        """pi0 per proton: the given number, or that of the beam."""
        given = self.pi0_per_proton
        return float((self._target.pi0_per_proton or 0.0) if given is None else given)

    def _spectrum(self, name: str, file: Path | None) -> MesonSpectrum:
        make = cast("NamedSpectrum", registry.load(_SPECTRA, "meson spectrum", name).MODEL)
        return make(self._target, "" if file is None else str(file))

    @cached_property
    def _pi0(self) -> MesonSpectrum:
        return self._spectrum(self.mesons, self.meson_file)

    @cached_property
    def _eta(self) -> MesonSpectrum:
        return self._spectrum("list", self.eta_file)

    def _given(self) -> DarkSector:
        """The dark sector.

        Raises:
            InputError: if no process has said it.
        """
        if self.sector is None:
            raise InputError(
                "the source meson-decay needs the properties of chi and the mediator, "
                "which a process defines: use a model of dark matter and its masses, for "
                "example --model dark-photon --at m_chi=10MeV --at m_v=30MeV --at "
                "alpha_d=0.5"
            )
        return self.sector

    def _of_mesons(self, sector: DarkSector, parent: Parent, spectrum: MesonSpectrum) -> FluxCurve:
        """Of both chi of each decay, per parent."""
        found = virtuality(sector, parent, off_shell=self.off_shell, running=self.running_width)
        matrix = flux_matrix(
            spectrum, parent.mass_mev, float(self.angle_deg), float(sector.m_chi_mev)
        )
        rest = rest_spectrum(sector, parent, found, polarised=self.polarised)
        return matrix.curve(rest).times(2.0 * found.branching)

    @cached_property
    def _by_channel(self) -> dict[str, FluxCurve | Box]:
        """By channel dN/(dE dOmega) of chi per proton at unit coupling, 1/(MeV sr)."""
        sector = self._given()
        found: dict[str, FluxCurve | Box | None] = {}
        for parent, number in ((PI0, self.pi0_yield), (ETA, self.eta_per_proton)):
            if number > 0.0 and is_open(sector, parent, off_shell=self.off_shell):
                spectrum = self._pi0 if parent is PI0 else self._eta
                found[parent.name] = self._of_mesons(sector, parent, spectrum).times(number)
        if self.bremsstrahlung != "none" and sector.pair_mev < sector.m_v_mev:
            cuts, energy = cuts_of(self.bremsstrahlung), self._target.proton_mev
            sample = radiated(cuts, self.brem_form_factor, sector, energy, float(self.angle_deg))
            if sample.weight.any():
                curve = bremsstrahlung_curve(sample, sector)
                found["bremsstrahlung"] = curve.times(self.brem_scale)
        if self.pion_capture > 0.0:
            found["pion-capture"] = captured(sector, self.pion_capture)
        if self.cascade_file is not None:
            found["cascade"] = cascade_curve(sector, self.cascade_file)
        open_ = {name: part for name, part in found.items() if part is not None}
        if not open_:
            if self.pi0_yield > 0.0:
                check_open(sector, PI0, off_shell=self.off_shell)
            raise ClosedDecayError(
                f"no channel of the source makes a mediator of m_v = {sector.m_v_mev:g} MeV that "
                f"decays to chi of m_chi = {sector.m_chi_mev:g} MeV"
            )
        return open_

    def channel_shares(self) -> dict[str, float]:
        """The share of each channel in the fluence, by name."""
        sizes = {}
        for name, part in self._by_channel.items():
            flux = self._sum((part,))
            sizes[name] = float(flux.nodes(flux.m_chi_mev, flux.highest_mev)[1].sum())
        total = sum(sizes.values())
        return {name: size / total for name, size in sizes.items()}

    def _sum(self, parts: tuple[FluxCurve | Box, ...]) -> ChiFlux:
        area = self.protons / (100.0 * self.distance_m) ** 2
        curves = tuple(p.times(area) for p in parts if isinstance(p, FluxCurve))
        boxes = tuple(p.times(area) for p in parts if isinstance(p, Box))
        return ChiFlux(self._given().m_chi_mev, curves, boxes)

    @cached_property
    def _flux(self) -> ChiFlux:
        return self._sum(tuple(self._by_channel.values()))

    @cached_property
    def _bands(self) -> dict[str, Band]:
        found = bands(self._flux, self.distance_m, self.pulse_sigma_us)
        return dict(zip(_SPECIES, found, strict=True))

    def band(self, flavour: str) -> Band:
        """Energies, fluence and delay of a species.

        Raises:
            UnknownNameError: if there is no such species.
            InputError: if no process has said what chi is.
        """
        if flavour not in _SPECIES:
            raise UnknownNameError("species of meson-decay", flavour, _SPECIES)
        self._given()
        return self._bands[flavour]

    @property
    def flavours(self) -> tuple[str, ...]:
        """``chi-1`` (fastest) to ``chi-6``: one particle, in bands of the delay."""
        return _SPECIES

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Borders of the bands and sharp ends of the flux, MeV; none without a sector."""
        if self.sector is None:
            return ()
        filled = [b for b in self._bands.values() if b.high_mev > b.low_mev]
        ends = {e for b in filled for e in (b.low_mev, b.high_mev)} | set(self._flux.steps_mev)
        return tuple(sorted(e for e in ends if e > self._given().m_chi_mev))

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density in total energy per particle, 1/MeV; zero outside of the band."""
        band = self.band(flavour)
        energy = np.asarray(energy_mev, dtype=float)
        if not band.fluence > 0.0:
            return np.zeros(energy.shape)
        inside = (energy > band.low_mev) & (energy <= band.high_mev)
        found: Array = np.where(inside, self._flux(energy) / band.fluence, 0.0)
        return found

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Both ends of the band and the sharp ends of the flux between them, MeV."""
        band = self.band(flavour)
        inside = [e for e in self._flux.steps_mev if band.low_mev < e < band.high_mev]
        return band.low_mev, *inside, band.high_mev

    def end_point_mev(self, flavour: str) -> float:
        """Largest energy of the band, MeV."""
        return self.band(flavour).high_mev

    def fluence_cm2(self, flavour: str) -> float:
        """Particles per cm2 in the exposure, at unit coupling of the production."""
        return self.band(flavour).fluence

    def nodes(self, flavour: str, e_min_mev: ArrayLike = 0.0) -> tuple[Array, Array]:
        """Quadrature nodes of the band above `e_min_mev`, of shape ``(..., m)``."""
        band = self.band(flavour)
        low = np.maximum(np.asarray(e_min_mev, dtype=float), band.low_mev)
        energy, weight = self._flux.nodes(low, band.high_mev)
        return energy, weight / band.fluence if band.fluence > 0.0 else 0.0 * weight

    def delay_us(self, energy_mev: ArrayLike) -> Array:
        """Delay behind light of chi of this total energy, us."""
        return delay_us(energy_mev, float(self._given().m_chi_mev), self.distance_m)

    def arrival(self, flavour: str) -> Pulsed:
        """The pulse, later by the mean delay of a band (`mean_us`) and wider by its spread."""
        band = self.band(flavour)
        width = float(np.hypot(self.pulse_sigma_us, band.spread_us))
        return Pulsed(width, mean_us=band.delay_us)

    def time_pdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us, for a pulse whose mean is at `t0_us` in light."""
        arrival = self.arrival(flavour)
        return arrival.pdf(t_us, np.asarray(t0_us, dtype=float) + arrival.mean_us)

    def time_cdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Share of a band that arrives before `t_us`."""
        arrival = self.arrival(flavour)
        return arrival.cdf(t_us, np.asarray(t0_us, dtype=float) + arrival.mean_us)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...] | str]:
        """Sources of the spectrum of pi0, and of the channels that are taken."""
        out = {"spectrum of pi0": registry.cited(_SPECTRA, "meson spectrum", self.mesons)}
        if self.bremsstrahlung != "none":
            out["bremsstrahlung"] = BREMSSTRAHLUNG
        if self.pion_capture or self.cascade_file is not None:
            out["photons of the target"] = ("arXiv:2006.09386",)
        return out

    @property
    def choices(self) -> Mapping[str, str]:
        """Spectrum, yield and channels, for tables of results."""
        found = {
            "mesons": self._pi0.description,
            "pi0 per proton": f"{self.pi0_yield:g}",
            "angle to the beam": f"{self.angle_deg:g} deg",
        }
        if not self.polarised:
            found["decay"] = "isotropic on shell"
        if not self.off_shell:
            found["mediator"] = "zero width"
        elif self.running_width:
            found["mediator"] = "running width"
        if self.eta_per_proton > 0.0:
            found["eta per proton"] = f"{self.eta_per_proton:g}"
        if self.bremsstrahlung != "none":
            form = f"form factor {self.brem_form_factor}, times {self.brem_scale:g}"
            found["bremsstrahlung"] = f"{cuts_of(self.bremsstrahlung).description}; {form}"
        if self.pion_capture > 0.0:
            found["pion capture"] = f"{self.pion_capture:g} photons per proton"
        if self.cascade_file is not None:
            found["cascade photons"] = self.cascade_file.name
        return found


MODEL = MesonDecay
