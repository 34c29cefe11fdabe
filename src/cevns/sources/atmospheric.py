"""Neutrinos of cosmic rays in the atmosphere, at Gran Sasso."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final

from cevns.exceptions import UnknownNameError
from cevns.nuclear.checks import positive, within
from cevns.sources.sky.steady_mixture import Curve, Mixture, Part, carried, whole
from cevns.units import Unit

__all__ = ["MODEL", "Atmospheric"]

CITE = ("battistoni-2005", "arXiv:2109.03116")

_PULL = "flux_atmospheric"
_ALL_CM2_S: Final = 10.7
"""From 13 MeV to 10 GeV, all flavours (arXiv:2109.03116)."""
_LADDER_MEV: Final = tuple(round(10.0 * 1.5**k, 1) for k in range(1, 18))
_SPECTRA: Final = ("by-flavour", "all-flavours")
_USUAL_MEV: Final = 1000.0
_HIGHEST_MEV: Final = 10_000.0


@dataclass(frozen=True)
class Atmospheric(Mixture):
    """Atmospheric neutrinos of four flavours above 13 MeV at one site, Gran Sasso.

    The tables by flavour were computed with FLUKA (G. Battistoni et al., Astropart. Phys. 23, 526
    (2005)) and reach 982 MeV: 10.55 /cm2/s. The table for all flavours has 10.7 /cm2/s up to
    10 GeV, of which 10.37 are below 1 GeV; it agrees with the sum of the others below 100 MeV and
    is 6 to 8 % lower above 300 MeV. Geomagnetic latitude and the solar cycle change the flux by
    about ten per cent.

    Above a few hundred MeV neutrinos break up nuclei more often than they scatter coherently. The
    elastic cross section, suppressed by its form factor, is used up to 1 GeV, which is a choice.
    Published neutrino floors use it up to 10 GeV, which adds 4 % of the recoils of xenon above
    1 keV; `maximum_mev` does the same with ``all-flavours``.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        spectra: ``by-flavour``, or ``all-flavours``: one shape, divided in proportion to the
            numbers of the flavours.
        maximum_mev: upper end of the spectrum; above 1 GeV only for ``all-flavours``.
        relative_error: relative error of the flux, for the nuisance parameter
            ``flux_atmospheric``.

    Raises:
        InputError: if a number is out of range.
        UnknownNameError: if there are no such spectra.

    Examples:
        >>> sky = Atmospheric(live_time_d=365.25)
        >>> round(sum(sky.flux_cm2_s(f) for f in sky.flavours), 2)
        10.55
    """

    live_time_d: Annotated[float, Unit("d")]
    spectra: str = "by-flavour"
    maximum_mev: Annotated[float, Unit("MeV")] = _USUAL_MEV
    relative_error: float = 0.25

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        if self.spectra not in _SPECTRA:
            raise UnknownNameError("spectra of atmospheric neutrinos", self.spectra, _SPECTRA)
        within(
            "the largest energy of atmospheric neutrinos in MeV",
            self.maximum_mev,
            20.0,
            _USUAL_MEV if self._by_flavour else _HIGHEST_MEV,
            "the tables by flavour end there, and nuclei break up at higher energies; "
            "'spectra: all-flavours' has more"
            if self._by_flavour
            else "there the table ends",
        )
        within("relative error of the flux", self.relative_error, 1e-6, 1.0, "as 0.25")

    @property
    def _by_flavour(self) -> bool:
        return self.spectra == _SPECTRA[0]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The flavours, each with its spectrum."""
        by_flavour = carried("atmospheric")
        areas = {f: curve.area for f, curve in by_flavour.items()}
        every = None if self._by_flavour else carried("atmospheric-all")["density"]
        out = []
        for flavour, curve in by_flavour.items():
            size = 1.0
            if every is not None:
                size = _ALL_CM2_S * areas[flavour] / sum(areas.values())
            cut = (every or curve).below(self.maximum_mev)
            unit = Curve(cut.energy_mev, cut.density / cut.area)
            out.append(Part(flavour, size * cut.area, unit, (), {flavour: whole}))
        return tuple(out)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Energies, MeV, between which the recoil spectrum is smooth enough to be integrated."""
        end = self.parts[0].end_mev
        return (*(e for e in _LADDER_MEV if e < end), end)

    @property
    def choices(self) -> dict[str, str]:
        """The spectra; they are in every result."""
        return {"atmospheric_spectra": self.spectra}

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """One pull for all flavours."""
        return {_PULL: {part.name: self.relative_error for part in self.parts}}


MODEL = Atmospheric
