"""What is exported: a question to experiments, with the data and what the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.analysis.alternatives import shapes_freed
from cevns.analysis.question import Asked, Request, ask, refuse_missing
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.model.channel import Channel
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model
from cevns.likelihood_files.encoding import Encoded
from cevns.records import VERSION, cited, head
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["BinAxis", "ChannelTable", "ComponentTable", "Options", "Published", "publish"]


@dataclass(frozen=True)
class Options:
    """What single formats may be told.

    Args:
        strict: whether a file that is not as good as the model is an error.
        seed: of random numbers, where samples are drawn.
        draws: independent draws that samples are worth.
    """

    strict: bool = False
    seed: int = 1
    draws: int = 5000


@dataclass(frozen=True, eq=False)
class BinAxis:
    """Bin edges of one axis.

    Args:
        name: of the axis.
        unit: of the edges.
        edges: ``(n + 1,)``.
    """

    name: str
    unit: str
    edges: Array

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "unit": self.unit, "edges": self.edges.tolist()}


@dataclass(frozen=True, eq=False)
class ComponentTable:
    """Counts of one component in bins.

    Args:
        name: of the component.
        title: a line for tables.
        predicted: before any fit, ``(n_bins,)``.
        fitted: at the best fit.
        variations: predictions with a constrained parameter one standard deviation up and down.
    """

    name: str
    title: str
    predicted: Array
    fitted: Array
    variations: Mapping[str, tuple[Array, Array]]

    @property
    def error(self) -> Array:
        """Prior errors of all parameters in quadrature, the larger side of each, ``(n_bins,)``."""
        total = np.zeros_like(self.predicted)
        for sides in self.variations.values():
            total += np.max([np.abs(s - self.predicted) for s in sides], axis=0) ** 2
        return np.sqrt(total)


@dataclass(frozen=True, eq=False)
class ChannelTable:
    """One channel in bins.

    Args:
        name: of the channel.
        axes: their product are the bins, the last axis fastest.
        observed: data, ``(n_bins,)``.
        components: what is expected.
    """

    name: str
    axes: tuple[BinAxis, ...]
    observed: Array
    components: tuple[ComponentTable, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins along each axis."""
        return tuple(len(a.edges) - 1 for a in self.axes)

    def bins(self) -> list[tuple[float, ...]]:
        """Lower and upper edges of every bin along each axis."""
        out = []
        for number in np.ndindex(self.shape):
            row: list[float] = []
            for axis, k in zip(self.axes, number, strict=True):
                row += [float(axis.edges[k]), float(axis.edges[k + 1])]
            out.append(tuple(row))
        return out


@dataclass(frozen=True, eq=False)
class Published:
    """What is exported; make it with `publish`.

    Args:
        asked: the question.
        model: its model, with what is held.
        data: what is fitted.
        asimov: whether the data are the expected counts.
        options: of single formats.
        plan: points of a grid of new physics, of which each is a signal of its own.
        scans: scans whose results belong to it.
    """

    asked: Asked
    model: Model
    data: Data
    asimov: bool = False
    options: Options = field(default_factory=Options)
    plan: ScanPlan | None = None
    scans: tuple[Scan, ...] = ()

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """Whose data they are."""
        return self.asked.experiments

    @property
    def name(self) -> str:
        """Of the experiments."""
        return " + ".join(e.name for e in self.experiments)

    @property
    def title(self) -> str:
        """A line for tables."""
        return " + ".join(e.title for e in self.experiments)

    @property
    def cite(self) -> tuple[str, ...]:
        """Identifiers of the publications."""
        return tuple(dict.fromkeys(c for e in self.experiments for c in e.cite))

    @property
    def statement(self) -> str:
        """Whose result it is, in a sentence."""
        what = "expected counts" if self.asimov else "public data"
        return f"Refit with cevns {VERSION} of {what}: {self.title} ({', '.join(self.cite)})."

    @property
    def interest(self) -> str:
        """The parameter of interest.

        Raises:
            InputError: if each experiment has its own.
        """
        return self.asked.one_interest("files of likelihoods")

    @property
    def null(self) -> bool:
        """Whether a parameter of interest of zero means that there is no signal."""
        return self.asked.question.rejects_nothing

    @cached_property
    def fit(self) -> FitResult:
        """The fit that the file goes with."""
        return fit(self.model, data=self.data, poi=self.asked.interest)

    def record(self) -> dict[str, Any]:
        """What it is of, as every file says of itself."""
        held = {p.name: p.value for p in self.model.parameters if p.fixed}
        each = {e.name: e.provenance() for e in self.experiments}
        # a grid has new physics, which its experiments do not know of
        own = [] if self.plan is None else self.plan.citations.records()
        record = {
            **head(),
            "citations": own,
            "statement": self.statement,
            "cite": list(self.cite),
            "experiments": each,
            "question": self.asked.question.name,
            "asimov": self.asimov,
            "held": held,
            "axes": {c.name: [a.record() for a in self.axes(c)] for c in self._counting},
        }
        return cited(record, "fit", "asymptotic")

    @staticmethod
    def written_parameters(encoded: Encoded) -> list[dict[str, Any]]:
        """Parameters of a file of histograms by those of the model."""
        out = []
        for k in encoded.links:
            p = encoded.model.parameters[k.parameter]
            prior = None if p.constraint is None else [p.constraint.mean, p.constraint.sigma]
            out.append(
                {
                    "name": k.written,
                    "of": k.parameter,
                    "at_zero": k.centre,
                    "per_one": k.width,
                    "unit": k.unit,
                    "constraint": prior,
                    "description": p.description,
                }
            )
        return out

    @property
    def _counting(self) -> tuple[Channel, ...]:
        return tuple(c for c in self.model.channels if not c.auxiliary)

    def axes(self, channel: Channel) -> tuple[BinAxis, ...]:
        """The axes of a channel; one that numbers the bins where they are no product of axes."""
        experiment = next((e for e in self.experiments if e.name == channel.group), None)
        cells = channel.cells
        if experiment is not None:
            view = experiment.views[channel.name.removeprefix(experiment.name)[1:]]
            declared = view.declaration.axes
            found = [
                BinAxis(axis.name, axis.unit, np.array(axis.edges, dtype=float))
                for axis in (declared.energy, declared.pulse_shape, declared.time)
                if axis is not None
            ]
            if channel.shape and tuple(len(a.edges) - 1 for a in found) == tuple(
                n for n in cells if n > 1 or len(found) == len(cells)
            ):
                return tuple(found)
        return (BinAxis("cell", "", np.arange(channel.n_bins + 1.0)),)

    @cached_property
    def tables(self) -> tuple[ChannelTable, ...]:
        """All channels in bins.

        Raises:
            InputError: if the data of one are events at points.
        """
        out = []
        for channel in self._counting:
            if channel.statistic.events_are_points:
                raise InputError(
                    f"{channel.name} has an unbinned likelihood: export the binned form"
                )
            out.append(self._table(channel))
        return tuple(out)

    def _table(self, channel: Channel) -> ChannelTable:
        parameters = self.model.parameters
        own = {channel.joint_name(n) for n in channel.names}
        moved = [
            p for p in parameters if p.name in own and p.constraint is not None and not p.fixed
        ]
        points = [parameters.values, self.fit.theta]
        for p in moved:
            assert p.constraint is not None
            for sign in (1.0, -1.0):
                value = min(max(p.value + sign * p.constraint.sigma, p.lower), p.upper)
                points.append(parameters.at({p.name: value}).values)
        at = self.model.at(channel.with_fixed(channel.names), np.array(points).T)
        components = []
        for number, c in enumerate(channel.components):
            found = at.component(number).T
            sides = {
                p.name: (found[2 + 2 * k], found[3 + 2 * k])
                for k, p in enumerate(moved)
                if not np.array_equal(found[2 + 2 * k], found[3 + 2 * k])
            }
            components.append(ComponentTable(c.name, c.title or c.name, found[0], found[1], sides))
        counts = self.data.counts[self.model.bins[channel.name]]
        return ChannelTable(channel.name, self.axes(channel), counts, tuple(components))


def publish(
    *experiments: Experiment,
    request: Request,
    asimov: bool = False,
    profile_shapes: bool = False,
    options: Options | None = None,
    plan: ScanPlan | None = None,
    scans: tuple[Scan, ...] = (),
) -> Published:
    """Put a question to experiments whose answer is to be exported.

    Args:
        experiments: at least one.
        request: what is asked.
        asimov: take the expected counts as data.
        profile_shapes: let the shapes float that the files hold.
        options: of single formats.
        plan: points of a grid of new physics.
        scans: that belong to it.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if there are no data, or the question does not fit together.
    """
    refuse_missing(*experiments)
    asked = ask(*experiments, request=request)
    data = asked.data(asimov)
    model = shapes_freed(asked) if profile_shapes else asked.held
    if data is None:
        data = observed(model)
    return Published(asked, model, data, asimov, options or Options(), plan, scans)
