"""The recoil spectrum and the expected counts of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.experiments.experiment import Experiment
from cevns.processes import kinematics
from cevns.records import head
from cevns.typing import Array

__all__ = ["Rate", "rate"]


@dataclass(frozen=True, eq=False)
class Rate:
    """Recoil spectrum and expected counts.

    Args:
        experiment: what it belongs to.
        recoil_energy_kev: recoil energies, keVnr.
        rate_per_kev: counts/keVnr for the exposure, before efficiency, by flavour and total.
        expected: counts in the analysis region by component.
    """

    experiment: Experiment
    recoil_energy_kev: Array
    rate_per_kev: Mapping[str, Array]
    expected: Mapping[str, float]

    @property
    def title(self) -> str:
        """A line for tables."""
        return self.experiment.title

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns rate``."""
        from cevns.analysis.measurement import inputs_record

        return {
            **head(),
            "experiment": self.experiment.name,
            "physics": self.experiment.physics,
            "overrides": dict(self.experiment.overrides or {}),
            "inputs": inputs_record(self.experiment),
            "recoil_energy_kev": self.recoil_energy_kev.tolist(),
            "rate_per_kev": {k: v.tolist() for k, v in self.rate_per_kev.items()},
            "expected": dict(self.expected),
            "flux_averaged_cm2": self.experiment.cross_section_cm2,
        }


def rate(experiment: Experiment, *, points: int = 200) -> Rate:
    """Recoil spectrum on an even grid up to the largest recoil energy, and expected counts.

    Examples:
        >>> import cevns
        >>> result = rate(cevns.load("coherent-csi-2021"))
        >>> 324 < result.expected["cevns"] < 358
        True
    """
    limit = max(
        float(kinematics.maximum_recoil_kev(energy, nuclide.mass_mev))
        for energy in experiment.source.recoil_kinks
        for nuclide in experiment.material.nuclides
    )
    grid = np.linspace(0.0, limit, points)
    density = experiment.recoil_density(grid)
    by_flavour = dict(zip(experiment.fold.flavours, density, strict=True))
    return Rate(
        experiment,
        grid,
        {**by_flavour, "total": density.sum(axis=0)},
        experiment.predict(),
    )
