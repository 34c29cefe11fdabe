"""The same as the page shows, as a command line and as lines of Python."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cached_property

from cevns.app.answers import NO_COUPLINGS, moved_couplings
from cevns.app.bench import Bench
from cevns.app.fields import THRESHOLD
from cevns.app.state import State
from cevns.experiments.declaration.loader import CATALOGUE

__all__ = ["Said", "command_line", "python_lines"]


@dataclass(frozen=True, eq=False)
class Said:
    """A state in the words of the package.

    Args:
        bench: of the experiment.
        state: what is shown.
    """

    bench: Bench
    state: State

    @property
    def name(self) -> str:
        """What opens the experiment: its name, or the path of one's own file."""
        path = self.bench.experiment.path
        return path.stem if path.parent == CATALOGUE else str(path)

    @property
    def unsaid(self) -> list[str]:
        """What neither lines nor options can say, as comments."""
        lines = []
        if self.bench.experiment.process is not None:
            lines.append("# without the interaction that was given as an object")
        if self.state.value(THRESHOLD) is not None:
            lines.append("# with all bins, also those below the threshold of the page")
        moved = [*self.others, *(n for n in self.couplings if n == self.fit)]
        if self.asimov and self.fit and moved:
            lines.append(f"# expected counts at the declared {', '.join(moved)}, not at those here")
        return lines

    @property
    def asimov(self) -> bool:
        """Whether expected counts stand for data: there are none of this very experiment."""
        return not self.bench.compared(self.state)

    @property
    def changes(self) -> dict[str, str]:
        """Changed fields, those that the experiment was opened with included."""
        return {**(self.bench.experiment.overrides or {}), **self.bench.overrides(self.state)}

    @cached_property
    def couplings(self) -> dict[str, float]:
        """Couplings that were moved."""
        return moved_couplings(self.bench, self.state)

    @cached_property
    def shapes(self) -> dict[str, float]:
        """Structural values that were moved."""
        return self._moved("structural")

    @cached_property
    def others(self) -> dict[str, float]:
        """Other parameters that were moved."""
        moved = self._moved("parameter")
        return {n: v for n, v in moved.items() if n not in self.couplings}

    @property
    def models(self) -> str:
        """New physics, where something of it is moved or fitted."""
        asked = {self.fit} - {"", "sin2_theta_w", *NO_COUPLINGS}
        return self.bench.models if self.couplings or self.shapes or asked else ""

    @cached_property
    def fit(self) -> str:
        """What is fitted, as `free` names it; empty where a state has no fit to be shown."""
        if self.state.fit in NO_COUPLINGS and self.couplings:
            return ""
        return self.state.fit.replace("sin2-theta-w", "sin2_theta_w")

    @property
    def held(self) -> dict[str, float]:
        """What is held in the fit."""
        return {n: v for n, v in {**self.couplings, **self.shapes}.items() if n != self.fit}

    def _moved(self, kind: str) -> dict[str, float]:
        fields = self.bench.fields
        return {
            fields[s.field].at: s.value for s in self.state.settings if fields[s.field].kind == kind
        }


def command_line(bench: Bench, state: State) -> str:
    """The command that gives the same: ``cevns predict``, or ``cevns fit`` where a fit is shown.

    What has no option, such as a moved nuisance parameter, is said in a comment.
    """
    said = Said(bench, state)
    words = ["cevns", "fit" if said.fit else "predict", said.name]
    for key, value in said.changes.items():
        words += ["--set", f"{key}={value}"]
    if said.models:
        words += ["--model", said.models]
    if said.fit:
        words += ["--poi" if said.fit in NO_COUPLINGS else "--free", said.fit]
        if said.asimov:
            words.append("--asimov")
    at = said.held if said.fit else {**said.couplings, **said.shapes}
    for name, number in at.items():
        words += ["--at", f"{name}={number!r}"]
    lines = [shlex.join(words)]
    if said.others and not said.fit:
        lines.append(f"# without {', '.join(said.others)}, which only the lines of Python move")
    return "\n".join([*lines, *said.unsaid])


def python_lines(bench: Bench, state: State) -> str:
    """Lines of Python after which ``expected`` holds the expected data of all bins."""
    said = Said(bench, state)
    arguments = [repr(said.name)]
    if said.changes:
        arguments.append(f"overrides={said.changes!r}")
    if said.models:
        arguments.append(f"models={said.models!r}")
    free = list(said.couplings)
    question = f"free={free!r}" if free else "'cross-section'"
    if said.shapes:
        question += f", at={said.shapes!r}"
    moved = {**said.couplings, **said.others}
    lines = [
        "import cevns",
        "",
        f"study = cevns.load({', '.join(arguments)})",
        f"model = study.model({question})",
        f"theta = model.parameters.at({moved!r}).values",
        "expected = model.expected(theta)",
    ]
    if said.fit:
        asked = repr(said.fit) if said.fit in NO_COUPLINGS else f"free=[{said.fit!r}]"
        held = f", at={said.held!r}" if said.held else ""
        asimov = ", asimov=True" if said.asimov else ""
        lines.append(f"fit = study.fit({asked}{held}{asimov}, minos='none')")
    return "\n".join([*lines, *said.unsaid])
