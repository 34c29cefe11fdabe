r"""What a floor is of: target, halo, neutrinos, window and physics, and the rates in bins.

Both rates are for recoils before any resolution, in events per tonne year: neutrinos by CEvNS of
the Standard Model (`cevns.rates`), WIMPs by the closed form of `cevns.rates.wimp_rate`, with the
same form factor. Unless it is said otherwise an element is one nuclide, Xe131 for xenon
(`SINGLE`), as in most floors that are published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from cevns.analysis.fog.recoil_window import RecoilWindow
from cevns.analysis.fog.sky_neutrinos import SkyNeutrinos
from cevns.citations import Citations, identifiers_in
from cevns.exceptions import InputError
from cevns.experiments.citing import of_process, of_scattering
from cevns.inference.discovery import AsimovSearch
from cevns.nuclear import form_factor, nuclide
from cevns.nuclear.checks import finite
from cevns.nuclear.materials import Material, material
from cevns.nuclear.nuclides import Nuclide, isotopes
from cevns.processes import interaction
from cevns.processes.dark_matter.wimp_nucleus import Nucleon, check_nucleon
from cevns.processes.framework.kinematics import maximum_recoil_kev
from cevns.rates.spectrum import flux_averaged_slope
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources.beams.dark_halo import DarkHalo, dark_halo
from cevns.typing import Array, ArrayLike

__all__ = ["SINGLE", "FogCase", "fog_target"]

SINGLE: Final = {
    "He": 4, "O": 16, "F": 19, "Na": 23, "Si": 28, "Ar": 40, "Ca": 40, "Ge": 74, "I": 127,
    "Xe": 131, "Cs": 133, "W": 184,
}  # fmt: skip
"""The nuclide that stands for an element; of others the most abundant."""
_LIGHTEST_GEV, _HEAVIEST_GEV = 0.01, 1e6
_C_KM_S: Final = 299792.458


def fog_target(formula: str, *, natural: bool = False) -> Material:
    """The material of a floor.

    Args:
        formula: ``Xe``, ``NaI``, ``CaWO4``, or a nuclide.
        natural: whether elements have their natural composition instead of one nuclide each.

    Raises:
        InputError: if the formula cannot be read.
        UnknownNameError: if an element or nuclide is not in the table.

    Examples:
        >>> [x.name for x in fog_target("CaWO4").nuclides]
        ['Ca40', 'W184', 'O16']
    """
    found = material(formula)
    single = len(found.atoms) == 1 and found.name == found.atoms[0][0].name
    if natural or single:
        return found
    atoms: Counter[str] = Counter()
    for x, number in found.atoms:
        atoms[x.symbol] += number  # type: ignore[assignment]
    return Material(formula.strip(), tuple((_nuclide(s), float(n)) for s, n in atoms.items()))


def _nuclide(symbol: str) -> Nuclide:
    if symbol in SINGLE:
        return nuclide(f"{symbol}{SINGLE[symbol]}")
    return max(isotopes(symbol), key=lambda x: x.abundance)


def _shares(found: Material) -> dict[str, float]:
    """Atoms of each element, as parts of all."""
    atoms: dict[str, float] = {}
    for x, number in found.atoms:
        atoms[x.symbol] = atoms.get(x.symbol, 0.0) + number
    whole = sum(atoms.values())
    return {symbol: number / whole for symbol, number in atoms.items()}


def _same_elements(one: Material, other: Material) -> bool:
    """Whether two materials are of the same elements in the same parts, whatever their isotopes."""
    a, b = _shares(one), _shares(other)
    return a.keys() == b.keys() and all(np.isclose(a[s], b[s], rtol=1e-3) for s in a)


def _formula(found: Material) -> str:
    """The material as a formula: of ``Na in NaI`` the part that recoils."""
    return found.name.partition(" in ")[0]


@dataclass(frozen=True)
class FogCase:
    """A target in the neutrino fog, with all conventions of its floor.

    Args:
        target: material, from `fog_target`, or a formula.
        halo: of dark matter.
        neutrinos: the background.
        window: recoil energies and efficiency.
        couplings: scheme of weak couplings; at tree level no flavour matters.
        form: form-factor model of both rates.
        axial: whether neutrinos scatter by the axial part too.
        spin: ``proton`` or ``neutron`` for WIMPs that see their spin alone; the cross section is
            then that on them.

    Raises:
        InputError: if the window is that of a detector of another material, or no neutrino
            gives a recoil in it.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> xenon = FogCase("Xe")
        >>> rates = xenon.rates_per_tonne_year
        >>> round(rates["b8"]), round(rates["atmospheric"], 3)
        (905, 0.063)
    """

    target: Material | str
    halo: DarkHalo | str = "fog"
    neutrinos: SkyNeutrinos = field(default_factory=SkyNeutrinos)
    window: RecoilWindow = field(default_factory=RecoilWindow)
    couplings: str = "tree-lowE"
    form: str = "helm"
    axial: bool = False
    spin: Nucleon | None = None

    def __post_init__(self) -> None:
        if isinstance(self.target, str):
            object.__setattr__(self, "target", fog_target(self.target))
        object.__setattr__(self, "halo", dark_halo(self.halo))
        if self.spin is not None:
            check_nucleon(self.spin)
        seen = self.window.material
        if seen is not None and not _same_elements(seen, self.material):
            raise InputError(
                f"the efficiency is that {self.window.said}, but the target is "
                f"{self.material.name}: compute the fog of {_formula(seen)}, or name a "
                f"detector of {self.material.name}"
            )

    @property
    def material(self) -> Material:
        """The target."""
        assert isinstance(self.target, Material)
        return self.target

    @property
    def dark(self) -> DarkHalo:
        """The halo."""
        assert isinstance(self.halo, DarkHalo)
        return self.halo

    @cached_property
    def backgrounds(self) -> Array:
        """Neutrinos in each bin per tonne year, ``(parts, bins)``."""
        process = interaction("standard-model", couplings=self.couplings, axial=self.axial)
        model = form_factor(self.form)
        per_tonne = {n: 1e3 * x for n, x in self.material.nuclei_per_kg().items()}
        rows = []
        for source in self.neutrinos.parts.values():
            fluence = np.array([source.fluence_cm2(f) for f in source.flavours])
            row = np.zeros(self.window.bins)
            for x in self.material.nuclides:
                kinks = maximum_recoil_kev(np.array(source.recoil_kinks), x.mass_mev)
                energy, into = self.window.nodes(tuple(kinks.tolist()))
                slope = flux_averaged_slope(source, process, model, x, energy)
                row += per_tonne[x.name] * (fluence @ slope) @ into
            rows.append(row)
        out = np.maximum(rows, 0.0)
        if not out.sum() > 0.0:
            raise InputError(
                f"no neutrino gives a recoil of {self.material.name} from {self.window.low_kev:g} "
                f"to {self.window.high_kev:g} keV: a fog is not defined in this window"
            )
        return out

    @property
    def rates_per_tonne_year(self) -> dict[str, float]:
        """Neutrinos in the window by part."""
        return dict(zip(self.neutrinos.names, self.backgrounds.sum(axis=1).tolist(), strict=True))

    @cached_property
    def search(self) -> AsimovSearch:
        """The backgrounds and what is known of them."""
        return AsimovSearch(self.backgrounds, self.neutrinos.changes)

    def lightest_gev(self) -> float:
        """Mass of a WIMP whose fastest recoil just reaches the window, GeV."""
        speed = self.dark.fastest_km_s / _C_KM_S
        least = []
        for x in self.material.nuclides:
            reduced = np.sqrt(0.5 * x.mass_mev * 1e-3 * self.window.low_kev) / speed
            least.append(1e-3 * reduced * x.mass_mev / max(x.mass_mev - reduced, 1e-300))
        positive = [m for m in least if m > 0.0]
        return float(min(positive)) if positive else np.inf

    def signals(self, mass_gev: ArrayLike) -> Array:
        """WIMPs in each bin per tonne year and cm2 of cross section on a nucleon, ``(p, bins)``.

        Raises:
            InputError: if a mass is out of range, or gives no recoil in the window.
        """
        masses = np.atleast_1d(finite("mass of a WIMP in GeV", mass_gev))
        if not ((masses >= _LIGHTEST_GEV) & (masses <= _HEAVIEST_GEV)).all():
            odd = masses[(masses < _LIGHTEST_GEV) | (masses > _HEAVIEST_GEV)][0]
            raise InputError(
                f"a WIMP of {odd:g} GeV: masses are between {_LIGHTEST_GEV:g} and "
                f"{_HEAVIEST_GEV:g} GeV"
            )
        energy, into = self.window.nodes()
        rates = wimp_rate(
            self.dark, self.material, masses, energy, form_factor=self.form, spin=self.spin
        )
        rows = rates @ into
        if self.spin is not None and not any(x.spin for x in self.material.nuclides):
            raise InputError(
                f"{self.material.name} has no nuclide with spin, on which this WIMP could "
                "scatter: use the natural composition or another target"
            )
        unseen = ~(rows.sum(axis=1) > 0.0)
        if unseen.any():
            raise InputError(
                f"a WIMP of {masses[unseen][0]:g} GeV gives no recoil of {self.material.name} "
                f"above {self.window.low_kev:g} keV in the halo {self.dark.name!r}; the lightest "
                f"that does has {self.lightest_gev():.3g} GeV"
            )
        return rows

    @property
    def citations(self) -> Citations:
        """Whom fluxes, interactions, form factor and halo cite."""
        neutrino = interaction("standard-model", couplings=self.couplings, axial=self.axial)
        wimp = interaction("wimp-si" if self.spin is None else "wimp-sd")
        return Citations.joined(
            [
                self.neutrinos.citations,
                of_scattering(neutrino, self.form),
                of_process(wimp, "scattering of WIMPs"),
                Citations.of(identifiers_in(self.dark.source), "dark-matter halo"),
            ]
        )

    def conventions(self) -> dict[str, Any]:
        """All that the floor depends on, for records and tables."""
        window, halo = self.window, self.dark
        return {
            "target": self.material.name,
            "nuclides": [x.name for x in self.material.nuclides],
            "halo": {
                "name": halo.name,
                "density_gev_cm3": halo.density_gev_cm3,
                "v0_km_s": halo.v0_km_s,
                "v_escape_km_s": halo.v_escape_km_s,
                "v_lab_km_s": halo.v_lab_km_s,
            },
            "fluxes": self.neutrinos.fluxes,
            "neutrinos": self.neutrinos.said(),
            "window_kevnr": [window.low_kev, window.high_kev],
            "bins": window.bins,
            "efficiency": window.said,
            "couplings": self.couplings,
            "axial": "included" if self.axial else "left out",
            "form_factor": self.form,
            "wimp": "spin-independent" if self.spin is None else f"spin of the {self.spin}",
        }
