"""An experiment: a declaration with its physics built on demand."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cevns.citations import Citations
from cevns.detectors import Quenching
from cevns.exceptions import CevnsWarning, InputError
from cevns.experiments.citing import citations_of
from cevns.experiments.counts_model import build_model
from cevns.experiments.declaration import loader, quenching_override
from cevns.experiments.declaration.document import Document, parse
from cevns.experiments.declaration.patch import patched, read_patch
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.inputs.event_inputs import Inputs, load_inputs
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import Poi, Question, ask
from cevns.experiments.remarks import propagation
from cevns.inference import Model
from cevns.nuclear.couplings import couplings
from cevns.processes import Combined, Interaction, StandardModel, structure_of
from cevns.processes.framework.abilities import OfNuclides, choices_of, placed
from cevns.rates.electrons import STEPS
from cevns.records import Explorable, Shown
from cevns.records.record_tables import SUMMARY

if TYPE_CHECKING:
    from cevns.experiments.tables.features import ResponseTables

__all__ = ["Experiment", "load"]


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(Apparatus, Shown, Explorable):
    """One measurement or projection; make it with `load`.

    Args:
        declaration: the validated file.
        path: the file.
        document: the parsed file with the numbers of its lines.
        moved: sections that are at another place in the file.
        process: an interaction instead of the declared one.
        data: folder of the public release given by the user.
        overrides: fields changed from outside the file.
        shapes: structural values of the separate processes of further components.
    """

    main_table: ClassVar[str] = SUMMARY
    usual_question: ClassVar[str] = "count"
    """What is asked of it where nothing is said."""
    data: Path | None = None
    overrides: Mapping[str, str] | None = None
    shapes: Mapping[str, float] | None = None

    @property
    def physics(self) -> dict[str, str]:
        """Named physics choices, echoed in every result.

        Choices of a channel that differ from those of the file are named ``quenching.CHANNEL``, and
        choices for the source and process of a further component ``fluxes.COMPONENT``.
        """
        usual = super().physics
        named = {} if self.process is None else {"interaction": self.process.name}
        base = self.process.base if isinstance(self.process, Combined) else self.process
        if isinstance(base, StandardModel):
            named["couplings"] = couplings(base.couplings).name
            named["axial"] = "included" if base.axial else "left out"
        named |= choices_of(self.interaction)
        named |= self.physics_of(self.interaction)
        for channel, view in self.views.items():
            own = {} if view is self else view.physics
            named |= {f"{k}.{channel}": v for k, v in own.items() if usual.get(k) != v}
        for name, view in self.further.items():
            if self.declaration.components[name].source is not None:
                named |= {f"{k}.{name}": v for k, v in view.choices.items()}
        for name, process in self.own_processes.items():
            named |= {f"{k}.{name}": v for k, v in choices_of(process).items()}
        return {**usual, **named}

    @cached_property
    def own_processes(self) -> dict[str, Interaction]:
        """Separate processes of further components, at `shapes`."""
        own = super().own_processes
        return {name: placed(process, self.shapes or {}) for name, process in own.items()}

    def physics_of(self, process: Interaction) -> dict[str, str]:
        """Physics choices that a process adds: electrons, and the propagation in the Sun."""
        electrons = {"electrons": STEPS} if self.has_electrons(process) else {}
        sources = (view.declared_source for view in (self, *self.further.values()))
        return {**electrons, **propagation(process, sources)}

    def has_electrons(self, process: Interaction) -> bool:
        """Whether electron recoils are part of the signal of a process in any channel."""
        return any(view.sees_electrons(process) for view in self.views.values())

    def provenance(self) -> dict[str, Any]:
        """Name, physics choices, changed fields and inputs, as contained in every result."""
        patches = [p.path.name for p in self.document.patches]
        return {
            "experiment": self.name,
            "physics": self.physics,
            **({} if not self.declaration.missing else {"missing": self.declaration.missing}),
            **({} if self.unit == "events" else {"values_unit": self.unit}),
            "overrides": dict(self.overrides or {}),
            "inputs": self.inputs.record(),
            **({"patches": patches} if patches else {}),
            **({"structure": self.structure} if self.structure else {}),
            "citations": self.citations.records(),
        }

    @cached_property
    def citations(self) -> Citations:
        """References of the experiment and their use, without statistical methods and software."""
        return citations_of(self)

    @property
    def shown(self) -> dict[str, Any]:
        """Summary for notebooks: source, target, detector, axes, physics, data with digests."""
        values = self.document.values
        sections = ("source", "target", "detector", "axes", "backgrounds", "parameters")
        try:
            data = self.inputs.record()
            files = {f["name"]: {"role": f["role"], "sha256": f["sha256"]} for f in data["files"]}
        except InputError as error:  # a release that is not here hides nothing else
            files = {"": {"role": "", "sha256": str(error)}}
        return {
            "title": self.title,
            "cite": ", ".join(self.cite),
            "file": self.path.name,
            **{name: values[name] for name in sections if values.get(name)},
            "physics": self.physics,
            "data": files,
            "overrides": dict(self.overrides or {}),
        }

    def _shown(self) -> dict[str, Any]:
        return self.shown

    def _heading(self) -> tuple[str, str]:
        """The title, and target, source and data in a line."""
        values = self.document.values
        target, source = (values.get(n) or {} for n in ("target", "source"))
        what = " ".join(str(target[k]) for k in ("mass", "material") if target.get(k))
        where = f" at {source['distance']}" if source.get("distance") else ""
        data = "with data" if self.has_data else "without data: expected counts are fitted"
        parts = (what, f"source {source['kind']}{where}" if source.get("kind") else "", data)
        return f"{self.title} ({self.name})", "; ".join(filter(None, parts))

    @property
    def structure(self) -> dict[str, float]:
        """Values of structural parameters, such as a mediator mass, in all its processes."""
        processes = (self.interaction, *self.own_processes.values())
        found = {p.name: float(p.value) for each in processes for p in structure_of(each)}
        return found | {n: float(v) for n, v in (self.shapes or {}).items()}

    @cached_property
    def inputs(self) -> Inputs:
        """Observed counts and background shapes, which do not depend on the process."""
        of = self.declaration, self.document
        return self.built.once(of, self.data, lambda: load_inputs(self, self.data))

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """This experiment, for the same interface as several together."""
        return (self,)

    def explored(self) -> tuple[Experiment, ...]:
        """This one."""
        return (self,)

    @property
    def set_by_user(self) -> dict[str, str]:
        """Changed fields: a variant by its name, without the fields that it changes."""
        given = dict(self.overrides or {})
        variant = {"variant": given.get("variant", "")}
        if not variant["variant"]:
            return given
        own = loader.with_variant(self.document, variant)
        return {k: v for k, v in given.items() if k == "variant" or own.get(k) != v}

    @property
    def is_beside(self) -> bool:
        """Whether its signal is a reaction of some nuclides only, for example a charged current.

        Together with experiments of scattering on all nuclei it has no parameter of interest and
        constrains the shared parameters, such as the flux of the source.
        """
        return isinstance(self.interaction, OfNuclides)

    @property
    def has_data(self) -> bool:
        """Whether there are counts to fit; without them the file is a projection."""
        return None not in self.declaration.every_data

    @property
    def unit(self) -> str:
        """Unit of observed and expected numbers: ``events``, or that of published values."""
        return self.declaration.unit

    # -- models --------------------------------------------------------------------------------

    def model(
        self,
        poi: Poi | Question = "count",
        *,
        interactions: Sequence[Interaction] | None = None,
        shapes: Mapping[str, float] | None = None,
    ) -> Model:
        """The likelihood model for a question.

        Args:
            poi: ``count``, ``cross-section``, ``sin2-theta-w``, or names of parameters of the
                interaction and of strengths of components to leave free; or a result of `ask`.
            interactions: one process instead of the declared one.
            shapes: structural values of the separate processes of further components.

        Raises:
            UnknownNameError: if the question is unknown.
            InputError: if the declaration is inconsistent.

        Examples:
            >>> model = load("coherent-csi-2021").model("count")
            >>> model.parameters.names
            ('cevns', 'ssb', 'brn', 'nin', 't0', 'qf.csi.0', 'qf.csi.1', 'efficiency')
        """
        process = self.process if interactions is None else interactions[0]
        asked = poi if isinstance(poi, Question) else self.ask(poi, interactions=interactions)
        return build_model(
            self,
            lambda: self.inputs,
            asked,
            process,
            shapes={**(self.shapes or {}), **(shapes or {})},
        )

    def ask(self, poi: Poi, *, interactions: Sequence[Interaction] | None = None) -> Question:
        """A question to this experiment.

        Raises:
            UnknownNameError: if it is unknown.
        """
        process = self.interaction if interactions is None else interactions[0]
        return ask(poi, process, self.strengths)

    def prediction(self) -> float:
        """Expected signal in all channels at nominal values.

        It is the number of a data release if the file declares this.
        """
        declared = self.declaration.signal
        if self.process is None and declared is not None and declared.use == "released":
            return declared.count.value
        views = dict.fromkeys(self.views.values())
        return sum(view.prediction_of(view.signal()) * view.exposure for view in views)

    def predict(self) -> dict[str, float]:
        """Expected counts per component in all channels, before any fit."""
        model = self.model("count")
        return model.totals(model.parameters.values)

    def with_quenching(self, curve: Quenching, said: str = "") -> Experiment:
        """The experiment with another quenching curve, its variations as constrained parameters.

        The parameters that acted on the declared curve are removed; each variation of the new one
        becomes a parameter with its name, 0 +- 1, shared between experiments.

        Args:
            curve: a model, for example of `cevns.quenching.QuenchingFit.quenching`.
            said: description of the change in results; by default its kind.

        Raises:
            SchemaError: if the name of a variation is used already or invalid for a parameter.

        Examples:
            >>> from cevns.detectors.quenching.constant import Constant
            >>> flat = load("coherent-csi-2021").with_quenching(Constant(0.0878))
            >>> flat.quenching.parameters, [n for n in flat.declaration.parameters if "qf" in n]
            ((0.0878,), [])
        """
        document, echo = quenching_override.replaced(self.document, curve, said)
        overrides = {**(self.overrides or {}), quenching_override.FIELD: echo}
        declaration = loader.validate(document)
        return replace(self, declaration=declaration, document=document, overrides=overrides)

    def with_patch(self, path: str | Path | Document) -> Experiment:
        """The experiment with new physics of a file, see `cevns.experiments.declaration.patch`.

        Args:
            path: path of the file, or its content.

        Raises:
            SchemaError: if the patch does not fit the schema or the file.
            InputError: if it cannot be read.
        """
        patch = path if isinstance(path, Document) else read_patch(path)
        document = patched(self.document, patch)
        return replace(self, declaration=loader.validate(document), document=document)

    def with_changes(self, overrides: Mapping[str, str]) -> Experiment:
        """The experiment with changed fields, including those that a patch added.

        Args:
            overrides: plain fields, as for `load`.

        Raises:
            SchemaError: if a change breaks the schema.
            InputError: if a field does not exist.
        """
        everywhere = loader.in_channels(self.document, loader.texts(overrides))
        document = self.document.with_changes(everywhere)
        document = quenching_override.without_idle_pulls(document, everywhere)
        both = {**(self.overrides or {}), **overrides}
        # stages know their sections by identity: what did not change is not built again
        declaration = loader.validate(document)
        declaration = loader.keeping(self.declaration, declaration)
        return replace(self, declaration=declaration, document=document, overrides=both)

    @cached_property
    def response_tables(self) -> ResponseTables:
        """Response tables shared by the fast forms of its models (for scans)."""
        from cevns.experiments.tables.features import ResponseTables

        return ResponseTables()


def load(
    name_or_path: str | Path,
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Experiment:
    """Load an experiment by catalogue name or from a file.

    Args:
        name_or_path: ``"coherent-csi-2021"`` or a path to a YAML file.
        data: folder of the public release, or a parent that contains it by name.
        overrides: fields to change, ``{"target.mass": "20 kg"}``; ``{"detector.quenching":
            "@fit.yaml"}`` uses the curve of a file and its variations, and ``{"variant":
            "name"}`` applies the changes that the file declares under that name.

    Raises:
        UnknownNameError: if no experiment of that name is shipped.
        SchemaError: if the file breaks the schema; file, line and field are named.
        InputError: if the file cannot be read, or a field to change does not exist.

    Examples:
        >>> round(load("coherent-csi-2021").cross_section_cm2 * 1e40)
        187
    """
    overrides = loader.texts(overrides)
    path = loader.find(name_or_path)
    document = parse(path)
    curve_file = None
    if overrides:
        overrides = loader.with_variant(document, overrides)
        overrides, curve_file = quenching_override.split(overrides)
        everywhere = loader.in_channels(document, overrides)
        document = document.with_changes(everywhere)
        document = quenching_override.without_idle_pulls(document, everywhere)
    if data is not None:
        document = replace(document, data=Path(data))
    declaration = loader.validate(document)
    if overrides:
        _say_what_stays(declaration, everywhere)
    experiment = Experiment(
        declaration,
        path,
        document,
        data=Path(data) if data is not None else None,
        overrides=overrides or None,
    )
    if curve_file is None:
        return experiment
    curve = quenching_override.read_quenching(curve_file[1:])
    return experiment.with_quenching(curve, curve_file)


def _say_what_stays(declaration: ExperimentFile, overrides: Mapping[str, str]) -> None:
    """Warn of changes of a section that channels replace by separate ones."""
    for key in overrides:
        section = key.partition(".")[0]
        stay = [
            name
            for name, entry in declaration.channels.items()
            if section in entry.own
            and not {"channels", f"channels.{name}", f"channels.{name}.{key}"}.intersection(
                overrides
            )
        ]
        if stay:
            warnings.warn(
                f"{declaration.name}: {key} has no effect in {', '.join(stay)}, whose {section} "
                f"is their own; change channels.{stay[0]}.{key} too",
                CevnsWarning,
                stacklevel=3,
            )
