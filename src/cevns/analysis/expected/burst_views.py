"""How recoils of a burst are counted: above a threshold in a bare target, or by a detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np

from cevns.citations import Citations
from cevns.detectors.responses.recoil_templates import TemplatesResponse
from cevns.exceptions import InputError
from cevns.experiments.citing import of_scattering
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.recoils import recoil_grid
from cevns.nuclear import Material
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material as find_material
from cevns.nuclear.checks import finite, positive
from cevns.processes import Interaction, interaction, is_kernel, quantity_of
from cevns.rates.fold import Fold, panel_nodes, recoil_panels
from cevns.sources import Source
from cevns.sources.burst_models.pinched_spectrum import BurstPart
from cevns.sources.supernova import Supernova
from cevns.typing import Array, ArrayLike

__all__ = ["TONNE_KG", "Bare", "InDetector", "SeenBy", "View", "counts_above"]

TONNE_KG: Final = 1000.0
_NODES: Final = 16
_UNSEEN: Final = 1e-7


class View(Protocol):
    """What counts recoils."""

    @property
    def material(self) -> Material:
        """The target."""
        ...

    @property
    def physics(self) -> Mapping[str, Any]:
        """Named choices, for the record."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user of the counts should know."""
        ...

    @property
    def citations(self) -> Citations:
        """Whom its use cites, the source apart."""
        ...

    def per_tonne(self, source: Source) -> Array:
        """Counts of a source in a tonne of the target, by flavour."""
        ...


def counts_above(
    source: Source,
    target: str | Material,
    thresholds_kevnr: ArrayLike,
    *,
    process: Interaction,
    form_factor: str = "helm",
    mass_kg: float = TONNE_KG,
) -> Array:
    """Recoils above each threshold in the exposure of a source, by flavour.

    Args:
        source: the neutrinos.
        target: material or formula.
        thresholds_kevnr: recoil energies, keVnr, shape ``(n,)``.
        process: at the nucleus.
        form_factor: name of the model.
        mass_kg: of the target.

    Returns:
        Shape ``(flavours, n)``, in the order of the source's flavours.

    Raises:
        InputError: if a threshold is negative or not finite, or the mass not positive.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> from cevns.processes import interaction
        >>> from cevns.sources.supernova import Supernova
        >>> sm = interaction("standard-model", axial=False)
        >>> burst = Supernova(distance_kpc=10.0)
        >>> counts_above(burst, "Xe", [0.0, 1.0], process=sm).sum(axis=0).round(1).tolist()
        [28.7, 18.4]
    """
    material = find_material(target) if isinstance(target, str) else target
    positive("target mass in kg", mass_kg)
    thresholds = finite("threshold in keVnr", thresholds_kevnr, minimum=0.0)
    panels = recoil_panels(source, _resolved(source, material), kinematics=process.kinematics)
    inside = np.minimum(thresholds, panels[-1])
    edges = np.unique(np.concatenate([panels, inside]))
    nodes, weights = panel_nodes(edges, _NODES)
    fold = Fold(source, process, material, mass_kg, find_form_factor(form_factor), nodes, weights)
    pieces = fold.spectrum().reshape(len(fold.flavours), -1, _NODES).sum(axis=-1)
    above = np.zeros((pieces.shape[0], edges.size))
    above[:, :-1] = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
    result: Array = above[:, np.searchsorted(edges, inside)]
    return result


def _resolved(source: Source, material: Material) -> Material:
    """The nuclides whose panels resolve the recoils: of a burst the lightest of each element.

    Spectra of other sources have kinks, which lie elsewhere for each nuclide.
    """
    if not isinstance(source, BurstPart | Supernova):
        return material
    lightest = {x.symbol: x for x in sorted(material.nuclides, key=lambda x: -x.a)}
    atoms = tuple((x, n) for x, n in material.atoms if lightest[x.symbol] is x)
    return Material(material.name, atoms)


@dataclass(frozen=True)
class Bare(View):
    """A target in which every recoil above a threshold counts.

    Args:
        target: formula.
        threshold_kevnr: smallest recoil energy that counts, keVnr.
        couplings: name of the scheme.
        form_factor: name of the model.
        axial: whether the axial part of the coupling counts.
    """

    target: str
    threshold_kevnr: float
    couplings: str = "scholberg2021"
    form_factor: str = "helm"
    axial: bool = False

    @cached_property
    def material(self) -> Material:
        """The target."""
        return find_material(self.target)

    @property
    def citations(self) -> Citations:
        """Whom its use cites."""
        return of_scattering(self.process, self.form_factor)

    @cached_property
    def process(self) -> Interaction:
        """The process at the nucleus."""
        return interaction("standard-model", couplings=self.couplings, axial=self.axial)

    @property
    def physics(self) -> dict[str, Any]:
        """Named choices, for the record."""
        return {
            "interaction": self.process.name,
            "couplings": self.couplings,
            "form_factor": self.form_factor,
            "axial": "included" if self.axial else "left out",
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def per_tonne(self, source: Source) -> Array:
        """Recoils of a source above the threshold in a tonne, by flavour."""
        counts: Array = counts_above(
            source,
            self.material,
            [self.threshold_kevnr],
            process=self.process,
            form_factor=self.form_factor,
        )[:, 0]
        return counts


@dataclass(frozen=True, eq=False)
class InDetector(View):
    """The detector of an experiment: target, quenching, resolution, efficiency and energy axis.

    Its source, time axis and backgrounds have no part in it. Of channels with detectors of their
    own, such as the runs of one detector, the counts are the mean over their exposures.

    Args:
        experiment: from `cevns.experiments.load`.

    Raises:
        InputError: if its file declares no apparatus, if its channels have several materials, or
            its process is none at nuclei that the moments of a flux serve.
    """

    experiment: Experiment

    def __post_init__(self) -> None:
        e = self.experiment
        e.require_detector()
        materials = dict.fromkeys(view.material.name for view in e.views.values())
        if len(materials) > 1:
            raise InputError(
                f"{e.name} has channels of {' and '.join(materials)}, and counts per tonne are "
                "not defined for both; put one of them into a separate file"
            )
        for view in self._channels:
            if is_kernel(view.interaction) or quantity_of(view.interaction) != "nuclear-recoil":
                raise InputError(
                    f"{e.name}: a burst is folded with elastic scattering on nuclei, not with "
                    f"{view.interaction.name!r}"
                )

    @cached_property
    def _channels(self) -> dict[Apparatus, str]:
        """What channels are seen with, and the names of those that are."""
        names: dict[Apparatus, str] = {}
        for name, view in self.experiment.views.items():
            names[view] = f"{names[view]}, {name}" if view in names else name
        return names

    @cached_property
    def _parts(self) -> tuple[SeenBy, ...]:
        return tuple(SeenBy(view) for view in self._channels)

    @cached_property
    def _shares(self) -> Array:
        """Of each part in the exposure of all."""
        exposures = np.array([p.view.recoiling_kg * p.view.exposure for p in self._parts])
        total = exposures.sum()
        if not total > 0.0:
            return np.full(exposures.size, 1.0 / exposures.size)
        return np.asarray(exposures / total)

    @property
    def material(self) -> Material:
        """The target."""
        return self._parts[0].view.material

    @property
    def citations(self) -> Citations:
        """Whom its use cites."""
        return self.experiment.citations

    @property
    def mass_kg(self) -> float:
        """Of the target; a tonne for several channels, which may be runs of one detector."""
        if len(self._parts) > 1:
            return TONNE_KG
        return self._parts[0].view.declaration.target.mass

    @property
    def physics(self) -> dict[str, Any]:
        """Named choices, for the record."""
        declared = self.experiment.declaration.interaction
        return {
            **self.experiment.physics,
            "axial": "included" if declared.axial else "left out",
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """The mean over channels, and where released templates end."""
        out = []
        if len(self._parts) > 1:
            out.append(
                f"counts are the mean over the exposures of {', '.join(self._channels.values())}"
            )
        ends = [e for p in self._parts for e in [p.templates_kev] if e is not None]
        if ends:
            low, high = min(e[0] for e in ends), max(e[1] for e in ends)
            out.append(
                f"the released templates are of recoils from {low:g} to {high:g} keVnr in the "
                "selection of this search: recoils outside this range are not included in the "
                "counts"
            )
        return tuple(out)

    def by_channel(self, source: Source) -> dict[str, float]:
        """Counts in a tonne by channel, where these have detectors of their own; else nothing."""
        if len(self._parts) < 2:
            return {}
        counts = [float(part.per_tonne(source).sum()) for part in self._parts]
        return dict(zip(self._channels.values(), counts, strict=True))

    def per_tonne(self, source: Source) -> Array:
        """Counts of a source in the energy axis of the detector, in a tonne, by flavour."""
        counts: Array = self._shares @ np.stack([part.per_tonne(source) for part in self._parts])
        return counts


@dataclass(frozen=True, eq=False)
class SeenBy:
    """A burst as one target and detector see it.

    Args:
        view: of an experiment or of one of its channels.
    """

    view: Apparatus

    @property
    def templates_kev(self) -> tuple[float, float] | None:
        """Least and largest recoil energy of released templates; None without such."""
        response = self.view.response
        if not isinstance(response, TemplatesResponse):
            return None
        return float(response.true_edges[0]), float(response.true_edges[-1])

    def per_tonne(self, source: Source) -> Array:
        """Counts of a source in the energy axis, in a tonne, by flavour."""
        e, (nodes, weights, kept) = self.view, self._seen(source)
        fold = Fold(source, e.interaction, e.material, TONNE_KG, e.form_factor, nodes, weights)
        counts: Array = fold.spectrum() @ kept
        return counts

    @cached_property
    def _known(self) -> dict[float, tuple[Array, Array, Array]]:
        return {}

    def _seen(self, source: Source) -> tuple[Array, Array, Array]:
        """Recoil energies, quadrature weights, and the share of each recoil that counts.

        Parts of a burst are folded on the nodes of the whole, which reach further.
        """
        e, end = self.view, max(source.recoil_kinks)
        for known, found in self._known.items():
            if end <= known:
                return found
        limit = min(e.quenching.followed_to_kev, self._largest(source))
        nodes, weights = recoil_grid(
            source,
            e.material,
            e.quenching,
            e.wide_response,
            efficiency=e.recoil_efficiency,
            maximum_kev=limit,
            kinematics=e.interaction.kinematics,
            seen_from_kevee=e.resolution.seen_from_kevee,
        )
        self._known[end] = nodes, weights, e.kept(nodes, wide=True)
        return self._known[end]

    def _largest(self, source: Source) -> float:
        """Recoil energy, keVnr, with all but 1e-7 of the recoils below it.

        Curves of quenching that were measured at small energies have no meaning far above.
        """
        e = self.view
        top = recoil_panels(source, e.material, kinematics=e.interaction.kinematics)[-1]
        edges = np.geomspace(1e-3, 1.0, 300) * top
        fold = Fold(source, e.interaction, e.material, 1.0, e.form_factor, *panel_nodes(edges, 4))
        above = fold.spectrum().sum(axis=0)[::-1].cumsum()[::-1]
        return float(fold.nodes[above > _UNSEEN * above[0]][-1])
