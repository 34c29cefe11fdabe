"""Where detectors of the catalogue begin to see recoils, whatever their axis is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from cevns.detectors.responses.folded_template import FoldedResponse
from cevns.exceptions import CevnsError, CevnsWarning
from cevns.experiments import Experiment, catalogue, load
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.nuclear import Nuclide
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.rates.fold import recoil_panels

__all__ = ["Threshold", "half_seen_kev", "thresholds"]

_GRID_KEV: Final = np.geomspace(1e-3, 300.0, 1500)


@dataclass(frozen=True, eq=False)
class Threshold:
    """Where an experiment begins to see recoils.

    Args:
        experiment: of the catalogue.
        recoil_kev: at which its analysis keeps half of what it keeps at most, keVnr.
        stated: whether it is the lower edge that the file states, because it has neither a response
            nor an efficiency that would make it one of half the recoils.
    """

    experiment: Experiment
    recoil_kev: float
    stated: bool = False

    @property
    def label(self) -> str:
        """Short name: the first word of the title and the target.

        Of a projection whose title begins with its mass, the place in the place of the first word.
        """
        title = self.experiment.title
        begin = title.split()[0].rstrip(",")
        if begin[0].isdigit():
            begin = title.partition(" at the ")[2].split()[0]
        return f"{begin} {self.experiment.material.name}"

    @property
    def nuclide(self) -> Nuclide:
        """The most frequent isotope of the heaviest element, which makes most counts."""
        atoms = self.experiment.material.atoms
        z = max(x.z for x, _ in atoms)
        return max((a for a in atoms if a[0].z == z), key=lambda a: a[1])[0]


def half_seen_kev(view: Apparatus) -> float | None:
    """The recoil energy at which a detector keeps half of what it keeps at most, keVnr.

    With quenching, resolution, edges of the axes and efficiencies; None where nothing is detected.

    Examples:
        >>> from cevns.experiments import load
        >>> view = next(iter(load("nucleus-10g").views.values()))
        >>> round(half_seen_kev(view), 3)
        0.02
    """
    if isinstance(view.response, FoldedResponse):  # the template of a spectrum, not of recoils
        return None

    last = float(recoil_panels(view.source, view.material)[-1])
    grid = _GRID_KEV[last > _GRID_KEV]
    with warnings.catch_warnings():  # below where a curve was measured it is what the file says
        warnings.simplefilter("ignore", CevnsWarning)
        found = view.kept(grid)
    if not found.size or not found.max() > 0.0:
        return None
    k = int(np.argmax(found >= 0.5 * found.max()))
    return float(grid[k])


def _sharp(view: Apparatus) -> bool:
    """Whether a recoil counts in full from the edge of the axis on."""
    detector = view.declaration.detector
    kinds = {detector.efficiency.recoil.kind, detector.efficiency.energy.kind}
    return detector.response.kind == "identity" and kinds == {"unity"}


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Experiments of the catalogue that see nuclear recoils, the lowest threshold first.

    Of channels with thresholds of their own the lowest counts; of experiments of one name, target
    and threshold one. A file that has no response to recoils, such as one of released templates
    alone, is left out, and so are channels of charged currents and other inelastic reactions, whose
    axis is no recoil energy.
    """
    found: dict[tuple[str, float], Threshold] = {}
    for name in catalogue():
        experiment = load(name)
        lowest = []
        for view in experiment.views.values():
            if isinstance(view.interaction, InelasticChannel):
                continue
            try:
                lowest.append((half_seen_kev(view), _sharp(view)))
            except CevnsError:
                continue
        seen = [(x, sharp) for x, sharp in lowest if x is not None]
        if seen:
            each = Threshold(experiment, *min(seen))
            found.setdefault((each.label, round(np.log(each.recoil_kev), 1)), each)
    return tuple(sorted(found.values(), key=lambda t: t.recoil_kev))
