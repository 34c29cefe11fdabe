"""A stopped-pion source from simulated or released histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.nuclear.checks import positive
from cevns.sources.beams.flux_files import read_flux
from cevns.sources.beams.flux_tables import EnergyTable, TimeTable
from cevns.sources.beams.proton_beam import Protons, check_beam
from cevns.sources.beams.source import Source
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Tabulated"]

CITE = "file: the spectra are a table of the experiment"


@dataclass(frozen=True)
class Tabulated(Source):
    r"""Flux histograms in energy and time, instead of the analytic form.

    The energy density is constant within a bin and its moments are exact. Times of a proton at
    t = 0 are folded with a Gaussian pulse; the histograms of a ROOT file that are called
    *convolved* already contain the pulse. Energy and time are assumed to be independent within a
    flavour: at a stopped-pion source they are correlated only through the flavours, except for
    decays in flight.

    The relative number of the flavours is that of the file. A file may cover only part of the
    arrival times; `time_cdf` then ends at that part.

    Args:
        path: a folder with ``keNuMu_export.csv``, ``tNuMu_export.csv``, ..., or a ROOT file.
        distance_m: distance from the target to the detector, m.
        protons: protons on target during the exposure; in a file as for `SNS`.
        yield_per_flavour: nu_mu per proton; other flavours are in the file's proportion to nu_mu.
        pulse_sigma_us: width (sigma) of the Gaussian pulse, us; not used for convolved times.
        pulse_mean_us: mean of the pulse on the time axis of convolved times, which are shifted by
            ``t0_us - pulse_mean_us``.

    Raises:
        DataError: if a file is missing, truncated, or has an invalid structure.
        MissingExtraError: if a ROOT file is given and uproot is not installed.
        InputError: if a number is not positive and finite.
    """

    path: Path
    distance_m: Annotated[float, Unit("m")]
    protons: Annotated[float, Protons()]
    yield_per_flavour: float = 0.0848
    pulse_sigma_us: Annotated[float, Unit("us")] = 0.150
    pulse_mean_us: Annotated[float, Unit("us")] = 0.0
    _energy: dict[str, EnergyTable] = field(init=False, repr=False, compare=False)
    _time: dict[str, tuple[TimeTable, float]] = field(init=False, repr=False, compare=False)
    _share: dict[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_beam(self.distance_m, self.protons, self.yield_per_flavour)
        positive("width of the proton pulse in us", self.pulse_sigma_us)
        energy, time, counts = {}, {}, {}
        for flavour, h in read_flux(Path(self.path)).items():
            energy[flavour] = EnergyTable.from_counts(h.energy_edges_mev, h.energy_counts)
            counts[flavour] = float(h.energy_counts.sum())
            table = TimeTable.from_fractions(
                float(h.time_edges_us[0]),
                float(h.time_edges_us[1] - h.time_edges_us[0]),
                h.time_counts / counts[flavour],
                None if h.convolved else self.pulse_sigma_us,
            )
            time[flavour] = table, self.pulse_mean_us if h.convolved else 0.0
        reference = counts.get("nu_mu", max(counts.values()))
        object.__setattr__(self, "_energy", energy)
        object.__setattr__(self, "_time", time)
        object.__setattr__(self, "_share", {f: n / reference for f, n in counts.items()})

    @property
    def flavours(self) -> tuple[str, ...]:
        """The flavours of the file."""
        return tuple(self._energy)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Bin edges at which the density steps visibly (the nu_mu peak) and end points, MeV."""
        return tuple(sorted({e for table in self._energy.values() for e in table.kinks}))

    def _table(self, flavour: str) -> EnergyTable:
        try:
            return self._energy[flavour]
        except KeyError:
            raise UnknownNameError(f"flavour of {self.path}", flavour, self._energy) from None

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Spectrum per neutrino, 1/MeV, constant within a bin."""
        return self._table(flavour).spectrum(energy_mev)

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """All bin edges."""
        return tuple(self._table(flavour).edges_mev.tolist())

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """None: the nu_mu line is a narrow bin."""
        self._table(flavour)
        return ()

    def end_point_mev(self, flavour: str) -> float:
        """Upper edge of the last bin with counts, MeV."""
        return float(self._table(flavour).edges_mev[-1])

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k, exact for the histogram."""
        return self._table(flavour).moments(e_min_mev)

    def fluence_cm2(self, flavour: str) -> float:
        """Neutrinos of a flavour per cm2 in the exposure."""
        self._table(flavour)
        emitted = self.protons * self.yield_per_flavour * self._share[flavour]
        return emitted / (4.0 * math.pi * (100.0 * self.distance_m) ** 2)

    def time_pdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us, for a pulse whose mean is at `t0_us`."""
        self._table(flavour)
        table, offset = self._time[flavour]
        return table.evaluate(t_us, np.asarray(t0_us, dtype=float) - offset)[0]

    def time_cdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Fraction of neutrinos that arrive before `t_us`."""
        self._table(flavour)
        table, offset = self._time[flavour]
        return table.evaluate(t_us, np.asarray(t0_us, dtype=float) - offset)[1]


MODEL = Tabulated
