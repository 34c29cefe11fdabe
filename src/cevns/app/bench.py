"""The models of one experiment at all that its sliders can be moved to."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np

from cevns.analysis.channel_result import data_axes
from cevns.analysis.coupling_families import askable, structural
from cevns.analysis.question import Asked, ask, place, requested, with_physics
from cevns.app.fields import THRESHOLD, Field, of_file, of_parameter, of_threshold, unique_names
from cevns.app.scale_laws import Law, felt, scale_law, scaled
from cevns.app.state import State, StateError
from cevns.exceptions import CevnsError, CevnsWarning, InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import SIGNAL
from cevns.inference import Channel, Likelihood, Model
from cevns.inference.model.mapped import some_bins
from cevns.inference.statistics.poisson import Poisson
from cevns.parameters import Parameters
from cevns.typing import Array, IntArray

__all__ = ["Bench", "Placed"]

_MOST: Final = 12
"""Models that are kept; one may hold tables of a few MB."""
_TRIED: Final = 1.03
"""What a number of the file is multiplied with, to see whether it may be moved."""
_TEMPLATES: Final = ("folded-template", "recoil-templates")
"""Responses that are released templates."""
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Placed:
    """An experiment as the sliders have it.

    Args:
        experiment: with changed fields and shapes.
        model: whose parameters have sliders.
        theta: where these stand, ``(n_par,)``.
        kept: by channel the bins above the threshold; None where all are.
        likelihood: of the bins that are kept.
        said: warnings of what was built.
    """

    experiment: Experiment
    model: Model
    theta: Array
    kept: Mapping[str, IntArray] | None
    likelihood: Likelihood
    said: tuple[str, ...]

    @cached_property
    def components(self) -> dict[tuple[str, str], Array]:
        """Expected data of all bins, by channel and component."""
        found, several = self.model.components(self.theta), len(self.model.channels) > 1
        return {
            (c.name, k.name): found[f"{c.name}.{k.name}" if several else k.name][
                self.model.bins[c.name]
            ]
            for c in self.model.channels
            for k in c.components
        }

    @property
    def bins(self) -> int | None:
        """How many bins -2 ln L is of; None for events without bins."""
        own = [c for c in self.model.channels if not c.auxiliary]
        if any(c.statistic.events_are_points for c in own):
            return None
        kept = self.kept or {}
        return sum(kept[c.name].size if c.name in kept else c.n_bins for c in own)

    @property
    def twice_nll(self) -> float:
        """-2 ln L of the bins that are kept."""
        expected = []
        for channel in self.model.channels:
            mu = sum(self.components[channel.name, k.name] for k in channel.components)
            kept = None if self.kept is None else self.kept.get(channel.name)
            expected.append(mu if kept is None else np.asarray(mu)[kept])
        known = np.concatenate(expected)
        return float(self.likelihood.twice_nll(self.theta, known))


class Bench:
    """One experiment, opened; what it builds it keeps for the next move.

    Args:
        experiment: as it is declared.
        models: new physics whose couplings have sliders; empty for none beside its own.

    Raises:
        InputError: if nothing of it can be predicted.
    """

    def __init__(self, experiment: Experiment, models: str) -> None:
        self.experiment, self.models = experiment, models
        self.notes: list[str] = []
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._laws: dict[tuple[str, bool], Law | None] = {}
        if models:
            try:
                _ = self._nominal
            except CevnsError as error:
                self.models = ""
                self.notes.append(f"No couplings of {models} here: {error}")
        _ = self._nominal

    # -- what can be moved -----------------------------------------------------------------------

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The sliders by name."""
        found = [*self._parameters, *self._threshold]
        known = [f.name for f in found] + ["experiment", "models", "fit"]
        movable = () if self._released else of_file(self.experiment)
        own = unique_names(filter(self._acts, movable), known)
        order = ("experiment", "couplings", "nuisances", "detector")
        every = sorted([*own, *found], key=lambda f: order.index(f.group))
        return {f.name: f for f in every}

    @property
    def _released(self) -> bool:
        """Whether the numbers of the file are no apparatus that one could change.

        A released template is of the apparatus that it was made for, and in a file of published
        numbers, or of released templates of recoils, mass and time only set the size.
        """
        declared = self.experiment.declaration
        signal = declared.signal
        if declared.summary or (signal is not None and signal.use != "first-principles"):
            return True
        responses = [v.declaration.detector.response for v in self.experiment.views.values()]
        return any(r.kind in _TEMPLATES for r in responses)

    def _acts(self, field: Field) -> bool:
        """Whether a field of the file may be moved, and something that is expected follows it.

        Numbers of a detector and relative exposures always act; to try them takes longest.
        """
        if field.group == "detector" or field.at.endswith(".exposure"):
            return True
        try:
            moved = self._built(tuple(field.changes(_TRIED * field.value).items()), (), False)[1]
        except CevnsError:
            return False
        usual = self._once(("model", (), (), False), lambda: self._built((), (), False))[1]
        before, after = (m.expected(m.parameters.values) for m in (usual, moved))
        if before.shape != after.shape or not np.array_equal(before, after):
            return True
        law = self._law_of(field, True)  # it may act on couplings alone
        return law is None or any(law.values())

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """Couplings that have a slider and that data determine to first order."""
        model = self._nominal
        slopes = model.linearise(model.parameters.values[None])[1][0]
        idle = {n for n, s in zip(model.parameters.names, slopes, strict=True) if not s.any()}
        return tuple(
            f.at
            for f in self.fields.values()
            if f.kind == "parameter"
            and f.group == "couplings"
            and (f.at not in idle or model.parameters[f.at].lower == f.value)
        )

    @property
    def _parameters(self) -> list[Field]:
        """Parameters that move the prediction, and what changes its shapes."""
        model = self._nominal
        moving = felt(model)
        # what the model without couplings has is no coupling, also where it may be asked for
        known = {p.name: p for p in (*model.parameters, *self._plain)}
        found = [of_parameter(known[p.name]) for p in model.parameters if p.name in moving]
        shapes = structural(self._process_of.interaction, self._process_of)
        return [*found, *(of_parameter(p, structural=True) for p in shapes)]

    @property
    def _threshold(self) -> list[Field]:
        """The edge of the energy axis below which bins are left out, where that can be."""
        channels = self.counting(self._nominal)
        views = [self.view(c) for c in channels]
        able = all(
            type(c.statistic) is Poisson and "energy" in data_axes(view, c)
            for c, view in zip(channels, views, strict=True)
        )
        axis = views[0].declaration.axes.energy
        edges = views[0].energy_edges
        if not able or axis is None or not axis.unit or len(edges) < 3:
            return []  # cells of a template have numbers, and no energy that one could be above
        return [of_threshold(edges, axis.unit)]

    def counting(self, model: Model) -> list[Channel]:
        """The channels of a model that hold what the experiment counts."""
        return [c for c in model.channels if not c.auxiliary]

    def view(self, channel: Channel) -> Apparatus:
        """Target, detector and axes of a channel."""
        own = channel.name.removeprefix(self.experiment.name)[1:]
        return self.experiment.views[own]

    # -- where the sliders stand -----------------------------------------------------------------

    def placed(self, state: State) -> Placed:
        """The experiment as a state has it.

        Raises:
            StateError: if a slider cannot stand where it does.
        """
        shapes = self._values(state, "structural")
        values = self._values(state, "parameter")
        coupled = self._is_coupled(state)
        changes, scales = self._changes(state, coupled)
        key = tuple(changes.items()), tuple(shapes.items()), coupled
        try:
            experiment, model, said = self._once(("model", *key), lambda: self._built(*key))
        except StateError:
            raise
        except CevnsError as error:
            moved = [n for n, f in self.fields.items() if f.at in changes or f.at in shapes]
            raise StateError(" and ".join(moved) or "experiment", str(error)) from None
        if scales:  # which no model is built for: what may not be declared is refused all the same
            _ = self.changed(self.overrides(state))
        at = state.value(THRESHOLD)
        final = (*key, tuple(scales.items()), at)
        model, kept, likelihood = self._once(
            ("view", *final), lambda: self._finished(model, scales, coupled, at)
        )
        inside = {n: v for n, v in values.items() if model.parameters.has(n)}
        theta = model.parameters.at(inside).values
        return Placed(experiment, model, theta, kept, likelihood, said)

    def asked(
        self,
        state: State,
        poi: str | None,
        free: tuple[str, ...] = (),
        held: Mapping[str, float] | None = None,
    ) -> Asked:
        """A question to the experiment as a state has it, bins below the threshold left out.

        Args:
            state: where the sliders stand.
            poi: a question by name.
            free: or parameters of the interaction.
            held: values of others.

        Raises:
            InputError: if the question does not fit the state.
        """
        changes = self.overrides(state)
        at = {**self._values(state, "structural"), **(held or {})}
        key = tuple(changes.items()), poi, free, tuple(at.items())
        return self._once(("asked", *key), lambda: self._question(changes, poi, free, at))

    def above(self, model: Model, at: float | None) -> tuple[Model, Mapping[str, IntArray] | None]:
        """A model without bins below a threshold, and which are left in each channel."""
        if at is None:
            return model, None
        kept = {}
        for channel in self.counting(model):
            view = self.view(channel)
            first = int(np.searchsorted(view.energy_edges[:-1], at * (1.0 - 1e-12)))
            cells = np.arange(channel.n_bins).reshape(channel.cells)
            kept[channel.name] = cells[first:].ravel()
            if not kept[channel.name].size:
                raise StateError(THRESHOLD, f"no bin of {channel.name} begins at {at:g} or above")
        return model.with_channels(
            {n: some_bins(model.channel(n), bins) for n, bins in kept.items()}
        ), kept

    # -- models ----------------------------------------------------------------------------------

    @cached_property
    def _process_of(self) -> Experiment:
        """The experiment with its new physics."""
        return self._with_physics(self.experiment)

    @cached_property
    def _nominal(self) -> Model:
        """The model with all couplings free, as declared."""
        return self._once(("model", (), (), True), lambda: self._built((), (), True))[1]

    @cached_property
    def _plain(self) -> Parameters:
        """Parameters of the model without couplings."""
        found = self._once(("model", (), (), False), lambda: self._built((), (), False))
        return found[1].parameters

    def _with_physics(self, experiment: Experiment) -> Experiment:
        return with_physics(experiment, physics=self.models)[0] if self.models else experiment

    def _coupled(self, values: Mapping[str, float]) -> bool:
        """Whether a state needs the model with all couplings free.

        Without a coupling the model is that of the experiment as declared, which may be a
        released template, and has fewer tables.
        """
        return not all(self._plain.has(name) for name in values)

    def _built(
        self,
        changes: tuple[tuple[str, str], ...],
        shapes: tuple[tuple[str, float], ...],
        coupled: bool,
    ) -> tuple[Experiment, Model, tuple[str, ...]]:
        """The experiment at changed fields and shapes, its model, and what was warned of."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", CevnsWarning)
            experiment = self.changed(dict(changes))
            free: tuple[str, ...] = ()
            if coupled:
                experiment, _ = place(self._with_physics(experiment), dict(shapes))
                known = askable(experiment.interaction, experiment)
                still = structural(experiment.interaction, experiment)
                free = tuple(p.name for p in known if not still.has(p.name))
            model = experiment.model(free or "cross-section")
        said = (str(w.message) for w in caught if issubclass(w.category, CevnsWarning))
        return experiment, model, tuple(dict.fromkeys(said))

    def changed(self, changes: Mapping[str, str]) -> Experiment:
        """The experiment with changed fields.

        Args:
            changes: as for `cevns.load`, of fields that have a slider.

        Raises:
            StateError: if a field may not have its value; it names the slider.
        """
        if not changes:
            return self.experiment
        try:
            return self.experiment.with_changes(changes)
        except CevnsError as error:
            names = [f.name for f in self.fields.values() if f.at in changes]
            raise StateError(" and ".join(names), str(error)) from None

    def _question(
        self,
        changes: Mapping[str, str],
        poi: str | None,
        free: tuple[str, ...],
        at: Mapping[str, float],
    ) -> Asked:
        experiment = self.changed(changes)
        # the plain questions are those of the experiment without what was not moved
        if free or at:
            experiment = self._with_physics(experiment)
        return ask(experiment, request=requested(poi, free, at, None))

    def _finished(
        self, model: Model, scales: Mapping[str, float], coupled: bool, at: float | None
    ) -> tuple[Model, Mapping[str, IntArray] | None, Likelihood]:
        """A model with its scales, the bins above the threshold, and the likelihood of these."""
        factors: dict[tuple[str, str], float] = {}
        for name, ratio in scales.items():
            for key, power in (self._law(name, coupled) or {}).items():
                factors[key] = factors.get(key, 1.0) * ratio**power
        model = scaled(model, factors) if factors else model
        left, kept = self.above(model, at)
        return model, kept, Likelihood.of(left)

    # -- fields of the file ----------------------------------------------------------------------

    def kind(self, name: str) -> str:
        """How a slider acts: ``scale``, ``parameter``, ``structural``, ``rebuild``, or ``bins``.

        Whether a field of the file is a scale is tried out when it is first asked.
        """
        found = self.fields[name]
        if found.kind != "file":
            return found.kind
        return "rebuild" if self._law(name, False) is None else "scale"

    def idle(self, state: State) -> list[str]:
        """Moved fields of the file on which nothing that is expected depends."""
        moved = [s.field for s in state.settings if self.fields[s.field].kind == "file"]
        coupled = self._is_coupled(state)
        laws = {n: self._law(n, coupled) for n in moved}
        return [n for n, law in laws.items() if law is not None and not any(law.values())]

    def unscaled(self, state: State) -> dict[str, list[str]]:
        """By moved field that multiplies the signal, backgrounds that keep their counts."""
        coupled, found = self._is_coupled(state), dict[str, list[str]]()
        titles = {n: b.title for n, b in self.experiment.declaration.backgrounds.items()}
        for name in (s.field for s in state.settings if self.fields[s.field].kind == "file"):
            law = self._law(name, coupled) or {}
            moved = {component for (_, component), power in law.items() if power}
            still = [title for n, title in titles.items() if n not in moved]
            if SIGNAL in moved and still:
                found[name] = still
        return found

    def other_signal(self, placed: Placed) -> str:
        """What the signal is once a coupling was moved; empty where it is the same."""
        usual = self._once(("model", (), (), False), lambda: self._built((), (), False))[1]
        there, before = (
            {k.title for c in m.channels for k in c.components if k.name == SIGNAL}
            for m in (placed.model, usual)
        )
        return ", ".join(sorted(there - before))

    def _is_coupled(self, state: State) -> bool:
        """Whether a state needs the model with all couplings free."""
        if self._values(state, "structural"):
            return True
        return self._coupled(self._values(state, "parameter"))

    def _law(self, name: str, coupled: bool) -> Law | None:
        """How a field of the file multiplies the components; None where it does more.

        Args:
            name: of the slider.
            coupled: whether in the model with all couplings free.
        """
        return self._law_of(self.fields[name], coupled)

    def _law_of(self, field: Field, coupled: bool) -> Law | None:
        if field.group == "detector":
            return None  # a response is never a number alone
        key = field.at, coupled
        if key not in self._laws:

            def build(factor: float) -> Model:
                changes = {} if factor == 1.0 else field.changes(factor * field.value)
                return self._built(tuple(changes.items()), (), coupled)[1]

            try:
                law = scale_law(build)
            except InputError:  # a value that the file may not have
                law = None
            self._laws[key] = law
        return self._laws[key]

    def _changes(self, state: State, coupled: bool) -> tuple[dict[str, str], dict[str, float]]:
        """Fields of the file that need another model, and those that multiply, with ratios."""
        changes: dict[str, str] = {}
        scales: dict[str, float] = {}
        for name, field in self.fields.items():
            value = state.value(name)
            if field.kind != "file" or value is None:
                continue
            if self._law(name, coupled) is None:
                changes |= field.changes(value)
            else:
                scales[name] = value / field.value
        return changes, scales

    def another(self, state: State) -> list[str]:
        """Moved fields of the file: what is shown is then another experiment than took the data."""
        return [s.field for s in state.settings if self.fields[s.field].kind == "file"]

    def compared(self, state: State) -> bool:
        """Whether there are data of the experiment as a state has it."""
        return self.experiment.has_data and not self.another(state)

    def overrides(self, state: State) -> dict[str, str]:
        """Changed fields as `cevns.load` takes them."""
        out: dict[str, str] = {}
        for name, field in self.fields.items():
            value = state.value(name)
            if field.kind == "file" and value is not None:
                out |= field.changes(value)
        return out

    def _values(self, state: State, kind: str) -> dict[str, float]:
        """Values of the moved sliders of a kind, by name of the parameter."""
        return {
            f.at: v
            for n, f in self.fields.items()
            if f.kind == kind and (v := state.value(n)) is not None
        }

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for a key, the oldest of many forgotten."""
        known = self._kept
        if key in known:
            known.move_to_end(key)
        else:
            known[key] = make()
            while len(known) > _MOST:
                known.popitem(last=False)
        return known[key]  # type: ignore[return-value]
