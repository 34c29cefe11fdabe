"""Dark matter of a beam dump in a bare target: events, and means over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np

from cevns.constants import ATOMIC_MASS_MEV, M_ELECTRON_MEV, M_NEUTRON_MEV, M_PROTON_MEV
from cevns.exceptions import UnknownNameError
from cevns.nuclear import Material, Nuclide, material
from cevns.parameters import Parameters
from cevns.processes import process
from cevns.processes.dark_matter.dark_scattering import DarkMatter
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import DarkKinematics
from cevns.rates.fold import panel_nodes, recoil_panels
from cevns.rates.kernel_fold import KernelFold
from cevns.sources.meson_beams.chi_flux import delay_us
from cevns.sources.meson_beams.meson_decay_rates import PI0, narrow_branching, virtuality
from cevns.sources.meson_decay import MesonDecay
from cevns.typing import Array

__all__ = ["compute", "nucleons"]

_WHAT: Final = ("events", "mean-recoil", "mean-energy", "mean-delay")
_LEAST_KEV: Final = 1e-6
"""Where recoils begin without a threshold; those of a mediator of 1 MeV turn flat at 4e-3 keV."""
_PANELS_A_DECADE: Final = 3
_ORDER: Final = 12


@dataclass(frozen=True)
class _Weighed:
    """A process times a property of chi, so that its fold is the sum of that over events."""

    of: DarkMatter
    what: str
    distance_m: float
    name: str = "dark-matter-weighed"
    quantity: Quantity = "nuclear-recoil"
    parameters: Parameters = Parameters(())  # noqa: RUF009

    @property
    def kinematics(self) -> DarkKinematics:
        return self.of.kinematics

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        plain = self.of.kernel(deposit_kev, energy_mev, species, target, values)
        if self.what == "mean-energy":
            return plain * energy_mev
        late = delay_us(energy_mev, self.of.sector.m_chi_mev, self.distance_m)
        found: Array = plain * (1e3 * late)
        return found


def nucleons(target: Material) -> Material:
    """The same atoms, in the same number a kilogram, with nuclei as heavy as their nucleons."""

    def heavier(x: Nuclide) -> Nuclide:
        mass = x.z * (M_PROTON_MEV + M_ELECTRON_MEV) + x.n * M_NEUTRON_MEV
        return replace(x, atomic_mass_u=mass / ATOMIC_MASS_MEV)

    return Material(target.name, tuple((heavier(x), n) for x, n in target.atoms))


def _narrow(chi: DarkMatter) -> float:
    """Branching ratio of pi0 at unit coupling to a mediator on its shell; 0 where there is none."""
    return narrow_branching(chi.sector, PI0)


@cache
def _folded(
    model: str,
    structure: tuple[tuple[str, float], ...],
    beam: tuple[tuple[str, Any], ...],
    target: str,
    form_factor: str,
    threshold_kev: float,
    as_bdnmc: bool,
) -> tuple[MesonDecay, DarkMatter, Material, float, Array, Array]:
    """Source, process, nuclei, nodes and weights of recoil energies above a threshold."""
    found = process(model, form_factor=form_factor)
    assert isinstance(found, DarkMatter)
    chi = found.with_structure(dict(structure))
    own: dict[str, Any] = dict(beam)
    true = material(target)
    matter = true
    if as_bdnmc:
        own |= {"polarised": False, "off_shell": not _narrow(chi)}
        matter = nucleons(true)
    source = MesonDecay(**own).of_sector(chi.sector)
    least = threshold_kev or _LEAST_KEV
    edges = recoil_panels(source, matter, kinematics=chi.kinematics)
    last = float(edges[-1])
    steps = int(np.ceil(_PANELS_A_DECADE * np.log10(last / least))) + 1
    kinks = edges[(edges > least) & (edges < last)]
    nodes, weights = panel_nodes(np.union1d(np.geomspace(least, last, steps), kinks), _ORDER)
    return source, chi, matter, matter.molar_mass_g / true.molar_mass_g, nodes, weights


def compute(
    model: str,
    at: Mapping[str, float],
    coupling: Mapping[str, float],
    source: Mapping[str, Any],
    target: str,
    mass_kg: float,
    what: str = "events",
    threshold_kev: float = 0.0,
    efficiency: float = 1.0,
    form_factor: str = "klein-nystrand",
    as_bdnmc: bool = False,
    scale: float = 1.0,
) -> float:
    """A number of recoils of chi, or a mean over them, from `KernelFold`.

    Args:
        model: process, such as ``dark-photon``.
        at: masses and ``alpha_d``.
        coupling: such as ``{"epsilon": 1.0e-3}``.
        source: arguments of `MesonDecay`.
        target: material.
        mass_kg: of it.
        what: ``events``, ``mean-recoil`` (keV), ``mean-energy`` (of chi, MeV) or ``mean-delay``
            (ns, of chi that scatters, behind light).
        threshold_kev: in true recoil energy.
        efficiency: above it.
        form_factor: model.
        as_bdnmc: in the conventions of that program (6cba825). Its branching ratio has all masses
            of the mediator and leaves out that of pi0 to two photons; a mediator that can be on its
            shell flies and decays there alone, isotropically; nuclei weigh what their nucleons do.
        scale: unit of the row, by which the number is divided.

    Raises:
        UnknownNameError: if `what` is none of these.
    """
    if what not in _WHAT:
        raise UnknownNameError("number of recoils of dark matter", what, _WHAT)
    dump, chi, matter, heavier, nodes, weights = _folded(
        model,
        tuple(sorted(at.items())),
        tuple(sorted(source.items())),
        target,
        form_factor,
        threshold_kev,
        as_bdnmc,
    )

    def folded(weighed: DarkMatter | _Weighed) -> Array:
        fold = KernelFold(
            dump, weighed, matter, mass_kg * heavier, nodes_kev=nodes, weights_kev=weights
        )
        found: Array = fold.spectrum(coupling).sum(axis=0)
        return found

    events = folded(chi)
    if what == "events":
        share = 1.0
        if as_bdnmc:
            whole = virtuality(chi.sector, PI0).branching
            share = whole / ((_narrow(chi) or whole) * PI0.two_photons)
        return float(events.sum()) * efficiency * share / scale
    if what == "mean-recoil":
        return float(events @ nodes / events.sum()) / scale
    return float(folded(_Weighed(chi, what, dump.distance_m)).sum() / events.sum()) / scale
