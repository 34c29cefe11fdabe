"""From the state of the page to what it shows: pure, without a web and without physics.

All numbers are those of `cevns.experiments.experiment.Experiment` and of the questions that are
put to it; the engine keeps what it has built and puts it together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cevns.app.answers import expected_significance, fit_record, questions
from cevns.app.bench import Bench, Placed
from cevns.app.equivalent import command_line, python_lines
from cevns.app.state import MODELS, Setting, State, StateError, on_the_page, read_pairs
from cevns.app.view import View, channels_of, counts_of, finite
from cevns.exceptions import CevnsError, UnknownNameError
from cevns.experiments.declaration import loader
from cevns.experiments.experiment import Experiment
from cevns.experiments.experiment import load as load_experiment
from cevns.records import VERSION

__all__ = ["Engine"]

_MOST: Final = 3
"""Experiments that are kept open."""
_CHOICES: Final = (MODELS, "nsi+light-scalar", "magnetic-moment+charge-radius", "millicharge", "")
"""New physics that the page offers; others may stand in an address."""


class Engine:
    """Evaluates states of some experiments.

    Args:
        own: experiments by the name the page has for them; they come before the catalogue.
        catalogue: whether all that the package ships is offered too.
        models: new physics that has sliders where a state says nothing.

    Examples:
        >>> engine = Engine()
        >>> view = engine.evaluate(engine.state("experiment=coherent-csi-2021&mass=29.2kg"))
        >>> signal = view.record["counts"]["components"][0]
        >>> signal["name"], round(signal["expected"])
        ('cevns', 663)
    """

    def __init__(
        self,
        own: Mapping[str, Experiment] | None = None,
        *,
        catalogue: bool = True,
        models: str = MODELS,
    ) -> None:
        self._own = dict(own or {})
        self._usual = models
        self._shipped = loader.catalogue() if catalogue else ()
        self._benches: OrderedDict[tuple[str, str], Bench] = OrderedDict()

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of what can be shown, the first of which is shown first."""
        return tuple(dict.fromkeys((*self._own, *self._shipped)))

    def state(self, text: str) -> State:
        """The state of a text, its values checked, in the order of the fields.

        A slider that stands where the experiment has it is left out: the text of the state is
        canonical.

        Raises:
            StateError: if something of it cannot be shown; it names the field.
        """
        pairs = dict(read_pairs(text))
        name = pairs.pop("experiment", self.experiments[0])
        models = pairs.pop("models", self._usual)
        own = self._own.get(name)
        if own is not None and own.process is not None:
            models = ""  # it has the couplings of its own process
        fit = pairs.pop("fit", "")
        bench = self._bench(name, models)
        for field in pairs:
            if field not in bench.fields:
                raise StateError(field, _unknown("slider", field, bench.fields))
        settings = []
        for field, slider in bench.fields.items():
            if field in pairs:
                value = slider.read(pairs[field])
                if value != slider.value:
                    settings.append(Setting(field, value, slider.unit))
        asked = questions(bench)
        if fit and fit not in asked:
            raise StateError("fit", _unknown("question", fit, asked))
        return State(name, tuple(settings), models, fit)

    def evaluate(self, state: State, *, answers: bool = True) -> View:
        """What the page shows of a state.

        Args:
            state: from `state`.
            answers: whether with what takes fits, the significance to expect and the fit that the
                state asks for; while a slider moves the page does without.

        Raises:
            StateError: if a slider cannot stand where it does.
        """
        bench = self.opened(state)
        placed = bench.placed(state)
        notes = [*bench.notes, *self._notes(bench, state, placed), *placed.said]
        fitted, answer = None, None
        significance: dict[str, Any] | None = None
        if answers:
            significance = expected_significance(bench, state, placed)
            if state.fit:
                answer, fitted = fit_record(bench, state, placed)
        declared, compared = bench.experiment, bench.compared(state)
        record: dict[str, Any] = {
            "version": VERSION,
            "state": state.text,
            "experiment": {
                "name": state.experiment,
                "title": declared.title,
                "cite": list(declared.cite),
                "has_data": declared.has_data,
            },
            "experiments": list(self.experiments),
            "models": {"chosen": state.models, "known": self._models(state), "of": bench.models},
            "questions": list(questions(bench)),
            "fields": [f.record() for f in bench.fields.values()],
            "settings": {s.field: s.value for s in state.settings},
            "compared": compared,
            "counts": counts_of(bench, placed, compared=compared),
            "channels": channels_of(bench, placed, fitted, compared=compared),
            "twice_nll": None,
            "bins": placed.bins,
            "significance": significance,
            "fit": answer,
            "notes": [on_the_page(note) for note in notes],
            "command": command_line(bench, state),
            "python": python_lines(bench, state),
        }
        if compared:
            record["twice_nll"] = finite(placed.twice_nll)
        return View(record)

    def report(self, state: State) -> tuple[str, str]:
        """The report of what a state shows: a name for its file, and the HTML.

        Raises:
            StateError: if the state has what no report can have.
            InputError: if the question does not fit the experiment.
            MissingExtraError: if jinja2, matplotlib or mplhep is not installed.
        """
        from cevns.app.saved_report import saved_report  # with the figures, which take long

        return f"{state.experiment}.html", saved_report(self.opened(state), state).html

    def _models(self, state: State) -> list[str]:
        own = self._own.get(state.experiment)
        if own is not None and own.process is not None:
            return [""]
        return list(dict.fromkeys((self._usual, *_CHOICES, state.models)))

    def _notes(self, bench: Bench, state: State, placed: Placed) -> list[str]:
        declared = bench.experiment.declaration
        said = []
        if declared.missing:
            said.append(f"It enters no fit: {declared.missing}")
        moved = bench.another(state)
        if moved and bench.experiment.has_data:
            said.append(
                f"The data were taken with {_listed(_declared(bench, moved))} and are none of the "
                "experiment that is shown here: data points, observed counts and -2 ln L are left "
                "out, and a fit is one to the expected counts (Asimov)."
            )
        signal = declared.signal
        if signal is not None and signal.use == "released":
            said.append(
                "The signal is the released template, on which mass, distance and detector have "
                "no effect. Once a coupling is moved it is computed from first principles, whose "
                "count is another one."
            )
        idle = bench.idle(state)
        if idle:
            said.append(f"Nothing that is expected here depends on {', '.join(idle)}.")
        for field, still in bench.unscaled(state).items():
            said.append(
                f"With {field} the signal changes; the file gives the number of events of "
                f"{', '.join(still)}, which stays."
            )
        if other := bench.other_signal(placed):
            said.append(
                f"As a coupling was moved, the signal is {other}: couplings change the scattering "
                "on electrons too, whose events are then counted at every value."
            )
        if any(s.field == "threshold" for s in state.settings):
            said.append("Bins below the threshold are left out of counts, -2 ln L and fits.")
        return said

    def opened(self, state: State) -> Bench:
        """The experiment of a state, and what was built of it."""
        return self._bench(state.experiment, state.models)

    def _bench(self, name: str, models: str) -> Bench:
        key = name, models
        if key in self._benches:
            self._benches.move_to_end(key)
            return self._benches[key]
        self._check(name, models)
        own = self._own.get(name)
        try:
            experiment = load_experiment(name) if own is None else own
            bench = Bench(experiment, models)
            _ = bench.fields
        except StateError:
            raise
        except CevnsError as error:
            raise StateError("experiment", str(error)) from None
        self._benches[key] = bench
        while len(self._benches) > _MOST:
            self._benches.popitem(last=False)
        return bench

    def _check(self, name: str, models: str) -> None:
        """Refuse what is no name of the catalogue or registry: no file is opened by a link."""
        if name not in self.experiments:
            raise StateError("experiment", _unknown("experiment", name, self.experiments))
        if models and models != self._usual:
            from cevns.processes import interactions

            known = interactions()
            for part in models.split("+"):
                if part not in known:
                    raise StateError("models", _unknown("interaction", part, known))


def _declared(bench: Bench, names: Sequence[str]) -> list[str]:
    """Fields of the file and where it has them: ``mass 14.6 kg``."""
    fields = [bench.fields[n] for n in names]
    return [f"{f.title} {f.value:g} {f.unit}".rstrip() for f in fields]


def _listed(words: Sequence[str]) -> str:
    """Words in a sentence: ``one, two and three``."""
    return " and ".join(p for p in (", ".join(words[:-1]), words[-1]) if p)


def _unknown(what: str, name: str, known: Any) -> str:
    return str(UnknownNameError(what, name, known))
