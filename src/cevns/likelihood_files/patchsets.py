"""A grid of new physics as a patchset: backgrounds in a workspace, a signal for each point.

Couplings change the shape of the signal, which no modifier of HistFactory does; so each point has
its signal as a sample of its own, all of it: that of the Standard Model, of the new physics, and
their interference. ``mu`` multiplies it; at mu = 1, where it is to be held, the likelihood is that
of the point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cevns.analysis.scanning.scan_plan import ScanPlan
from cevns.exceptions import InputError
from cevns.inference.fitting.minuit import minimum
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.closure import MOST_PROFILE, because
from cevns.likelihood_files.encoding import Encoded, encode
from cevns.likelihood_files.histograms import MU, HistogramModel, NormFactor
from cevns.likelihood_files.workspace_document import digest, workspace_document
from cevns.parameters import Parameter, Parameters

__all__ = ["Patched", "PointClosure", "patched", "patchset_document"]

STANDARD_MODEL: Final = "standard_model"
"""The patch of the Standard Model, beside the grid."""
NO_RECORD: Final = "ins0000000"
"""The schema wants a record of INSPIRE; this stands for none."""
_NEAR: Final = 9.0
"""Rise of -2 ln L up to which the closure is judged: three standard deviations."""
_MOST_CHECKED: Final = 60


@dataclass(frozen=True, eq=False)
class _Point:
    """One signal: its name, its values, and the likelihood with it."""

    name: str
    values: tuple[float, ...]
    model: Model
    encoded: Encoded
    histograms: HistogramModel


@dataclass(frozen=True)
class PointClosure:
    """-2 ln L of the points of a grid by the file, beside that of the model.

    Args:
        checked: number of points.
        near: those among them where -2 ln L rises by less than 9.
        largest: largest difference of the rise among these.
        anywhere: among all.
        causes: why both differ, by component.
    """

    checked: int
    near: int
    largest: float
    anywhere: float
    causes: Mapping[str, str]

    @property
    def faithful(self) -> bool:
        """Whether the rise is as good as the model's where it matters."""
        return self.largest <= MOST_PROFILE

    @property
    def warning(self) -> str:
        """A sentence where it is not; empty elsewhere."""
        if self.faithful:
            return ""
        return (
            f"-2lnL of the patches differs from the model by up to {self.largest:.2g} where it "
            f"rises by less than {_NEAR:g} (limit {MOST_PROFILE:g}); {because(self.causes)}"
        )

    def summary(self) -> str:
        """One line, for people and for the file."""
        return (
            f"{self.checked} points: the rise of -2lnL at mu = 1 differs from that of cevns by at "
            f"most {self.largest:.4f} at the {self.near} points below {_NEAR:g}, and by "
            f"{self.anywhere:.3g} anywhere"
        )

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "points": self.checked,
            "points_below_9": self.near,
            "largest_difference_below_9": self.largest,
            "largest_difference": self.anywhere,
            "faithful": self.faithful,
            "causes": dict(self.causes),
        }


@dataclass(frozen=True, eq=False)
class Patched:
    """A grid of signals over the same backgrounds.

    Args:
        points: one each, that of the Standard Model last where it is none of the grid.
        signals: names of the samples that they replace, by channel.
        labels: what the values are of.
        units: of them.
    """

    points: tuple[_Point, ...]
    signals: Mapping[str, tuple[str, ...]]
    labels: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def first(self) -> Encoded:
        """One of the likelihoods, for what they share."""
        return self.points[0].encoded

    def closure(self, data: Data) -> PointClosure:
        """Compare the profiles of file and model at the points.

        Args:
            data: counts and auxiliary measurements.

        Raises:
            FitError: if a fit does not converge.
        """
        step = max(1, -(-len(self.points) // _MOST_CHECKED))
        chosen = self.points[::step]
        ours, theirs = np.empty((2, len(chosen)))
        for k, point in enumerate(chosen):
            ours[k] = minimum(point.model, data=data, hesse=False).twice_nll
            of_file = assembled(point.histograms)
            theirs[k] = minimum(of_file, fix={MU: 1.0}, hesse=False).twice_nll
        lowest = int(ours.argmin())
        rise = ours - ours[lowest]
        difference = np.abs((theirs - theirs[lowest]) - rise)
        near = rise < _NEAR
        lost = {k: v for p in chosen for k, v in p.encoded.lost.items()}
        return PointClosure(
            len(chosen),
            int(near.sum()),
            float(difference[near].max()),
            float(difference.max()),
            lost,
        )


def patched(plan: ScanPlan) -> Patched:
    """The signals of a grid.

    Args:
        plan: its points; models without tables are the better ones.

    Raises:
        InputError: if a point cannot be expressed, or the grid has one point.
    """
    if plan.grid.size < 2:
        raise InputError("a patchset needs a grid, and this one has a single point")
    points = tuple(_points(plan))
    linear = {p.encoded.linear for p in points}
    if len(linear) > 1:
        raise InputError(
            "the rate that HistFactory keeps linear is not the same at all points of the grid; "
            "take a smaller grid"
        )
    signals: dict[str, tuple[str, ...]] = {}
    for number, channel in enumerate(points[0].encoded.histograms.channels):
        varying = []
        for k, sample in enumerate(channel.samples):
            others = (p.encoded.histograms.channels[number].samples[k].nominal for p in points)
            if any(not np.array_equal(other, sample.nominal) for other in others):
                varying.append(sample.name)
        signals[channel.name] = tuple(varying)
    if not any(signals.values()):
        raise InputError(f"{', '.join(a.name for a in plan.grid.axes)} changes no component")
    points = tuple(replace(p, histograms=_with_mu(p.encoded.histograms, signals)) for p in points)
    axes = plan.grid.axes
    return Patched(
        points, signals, tuple(a.name for a in axes), tuple(a.parameter.unit for a in axes)
    )


def _points(plan: ScanPlan) -> Iterator[_Point]:
    grid = plan.grid
    couplings = [a for a in grid.axes if not a.structural]
    for structure, numbers in grid.slices():
        model = plan.family.model(structure)
        for number in numbers.tolist():
            values = dict(
                zip((a.name for a in grid.axes), grid.points[number].tolist(), strict=True)
            )
            yield _point(plan, model, f"point_{number}", values)
    structure = grid.slices()[0][0]
    nominal = {a.name: a.parameter.value for a in couplings}
    if all(n in plan.family.interaction.parameters.names for n in nominal):
        values = {a.name: nominal.get(a.name, structure.get(a.name, 0.0)) for a in grid.axes}
        if not (grid.points == np.array([values[a.name] for a in grid.axes])).all(axis=1).any():
            yield _point(plan, plan.family.model(structure), STANDARD_MODEL, values)


def _point(plan: ScanPlan, model: Model, name: str, values: Mapping[str, float]) -> _Point:
    """The likelihood at a point: its couplings are held there."""
    held = {n: v for n, v in values.items() if model.parameters.has(n)}
    still = model.with_parameters(model.parameters.fix(held))
    encoded = encode(still, plan.data, None)
    place = tuple(values[a.name] for a in plan.grid.axes)
    return _Point(name, place, still, encoded, encoded.histograms)


def _with_mu(histograms: HistogramModel, signals: Mapping[str, tuple[str, ...]]) -> HistogramModel:
    """The signals times a common factor."""
    channels = tuple(
        replace(
            c,
            samples=tuple(
                replace(s, modifiers=(NormFactor(MU), *s.modifiers))
                if s.name in signals[c.name]
                else s
                for s in c.samples
            ),
        )
        for c in histograms.channels
    )
    mu = Parameter(MU, 1.0, lower=0.0, upper=10.0, role="poi")
    return replace(
        histograms, channels=channels, parameters=Parameters([mu, *histograms.parameters]), poi=MU
    )


def patchset_document(
    found: Patched, name: str, description: str, metadata: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The workspace of the backgrounds, and the patchset of the signals.

    Args:
        found: the signals.
        name: of the measurement.
        description: one sentence.
        metadata: what the patchset says of itself beside.
    """
    first = found.points[0].histograms
    workspace = workspace_document(first, name, left_out=found.signals)
    patches = []
    for point in found.points:
        whole = workspace_document(point.histograms, name)
        operations = [
            {"op": "add", "path": f"/channels/{number}/samples/{place}", "value": sample}
            for number, channel in enumerate(whole["channels"])
            for place, sample in enumerate(channel["samples"])
            if sample["name"] in found.signals[channel["name"]]
        ]
        patches.append(
            {"metadata": {"name": point.name, "values": list(point.values)}, "patch": operations}
        )
    labels = ["".join(c if c.isalnum() else "_" for c in label) for label in found.labels]
    document = {
        "metadata": {
            "references": {"hepdata": NO_RECORD},
            "digests": {"sha256": digest(workspace)},
            "labels": labels,
            "description": description,
            "units": list(found.units),
            "cevns": dict(metadata),
        },
        "patches": patches,
        "version": "1.0.0",
    }
    return workspace, document
