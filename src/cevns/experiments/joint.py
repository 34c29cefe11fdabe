"""Several experiments together: parameters declared shared in their files are one quantity."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

from cevns.citations import Citations
from cevns.exceptions import CevnsWarning, InputError, UnknownNameError
from cevns.experiments.compatibility import check_together, is_shared
from cevns.experiments.counts_model import Key, build_model
from cevns.experiments.declaration import loader
from cevns.experiments.experiment import Experiment, load
from cevns.experiments.questions import BESIDE, FLUX, SCALE_QUESTION, SIGNAL, Poi, Question, ask
from cevns.inference import Model
from cevns.inference.model.joining import join
from cevns.parameters import Parameter, Parameters, fold_name
from cevns.processes import Interaction
from cevns.records import Explorable, Shown
from cevns.registry import canonical

__all__ = ["JointExperiment", "Named", "asked_first", "changed", "load_all", "load_joint"]


class Named(Shown, Explorable):
    """Common interface of several named experiments, for a joint experiment and a study."""

    experiments: tuple[Experiment, ...]

    def explored(self) -> tuple[Experiment, ...]:
        """Each of them."""
        return self.experiments

    def __repr__(self) -> str:
        """Kind and names."""
        return f"<{type(self).__name__} of {', '.join(self.names)}>"

    def _heading(self) -> tuple[str, str]:
        """Of one that of the experiment; of several their names and titles."""
        if len(self.experiments) == 1:
            return self.experiments[0]._heading()
        return repr(self), "; ".join(e.title for e in self.experiments)

    def _shown(self) -> dict[str, Any]:
        """The experiments in lines, and each of them."""
        if len(self.experiments) == 1:
            return self.experiments[0].shown
        lines = {
            e.name: {"title": e.title, "target": e.material.name, "data": e.has_data}
            for e in self.experiments
        }
        kept = ("title", "source", "target", "physics", "data")
        return {
            "experiments": lines,
            **{e.name: {k: e.shown[k] for k in kept} for e in self.experiments},
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the experiments."""
        return tuple(e.name for e in self.experiments)

    @property
    def cite(self) -> tuple[str, ...]:
        """Papers of all of them, each once."""
        return tuple(dict.fromkeys(c for e in self.experiments for c in e.cite))

    @property
    def citations(self) -> Citations:
        """References of all of them and their use."""
        return Citations.joined(e.citations for e in self.experiments)

    @property
    def strengths(self) -> Parameters:
        """Parameters that multiply further components, each name once."""
        found: dict[str, Parameter] = {}
        for p in (p for e in self.experiments for p in e.strengths):
            found.setdefault(fold_name(p.name), p)
        return Parameters(found.values())

    def __getitem__(self, name: str) -> Experiment:
        """One of them by name.

        Raises:
            UnknownNameError: if it is not among them.
        """
        for e in self.experiments:
            if canonical(e.name) == canonical(name):
                return e
        raise UnknownNameError("experiment", name, self.names)


def asked_first(experiments: Sequence[Experiment]) -> tuple[Experiment, ...]:
    """Those of which a joint fit asks, then those beside them; see `JointExperiment.asked`."""
    if len(experiments) < 2:
        return tuple(experiments)
    first = min(experiments, key=lambda e: e.is_beside).interaction.name

    def beside(e: Experiment) -> tuple[bool, bool]:
        return e.is_beside, e.is_beside and e.interaction.name != first

    return tuple(sorted(experiments, key=beside))


@dataclass(frozen=True, eq=False, repr=False)
class JointExperiment(Named):
    """Several experiments; make it with `load_joint`.

    Args:
        experiments: at least one; with different names and data. Those without a parameter of
            interest come last (`asked`).

    Raises:
        InputError: if two of them contain the same data or are incompatible.
    """

    usual_question: ClassVar[str] = SCALE_QUESTION
    """What is asked of them where nothing is said."""
    experiments: tuple[Experiment, ...]

    def __post_init__(self) -> None:
        if not self.experiments:
            raise InputError("a joint fit needs at least one experiment")
        object.__setattr__(self, "experiments", asked_first(self.experiments))
        for a, b in combinations(self.experiments, 2):
            check_together(a, b)

    @property
    def asked(self) -> tuple[Experiment, ...]:
        """Experiments to which a question applies; the others constrain shared parameters.

        These are the experiments of CEvNS or, if there are none (`Experiment.is_beside`), those of
        the reaction that is named first.
        """
        cevns = tuple(e for e in self.experiments if not e.is_beside)
        first = self.experiments[0].interaction.name
        return cevns or tuple(e for e in self.experiments if e.interaction.name == first)

    @property
    def name(self) -> str:
        """The names, joined."""
        return " + ".join(self.names)

    @property
    def title(self) -> str:
        """A line for tables and figures."""
        return " + ".join(e.title for e in self.experiments)

    def provenance(self) -> dict[str, Any]:
        """Physics choices, changed fields and inputs of each."""
        return {"experiments": {e.name: e.provenance() for e in self.experiments}}

    # -- models --------------------------------------------------------------------------------

    def model(
        self,
        poi: Poi | Question = SCALE_QUESTION,
        *,
        interactions: Sequence[Interaction] | None = None,
        shapes: Mapping[str, float] | None = None,
    ) -> Model:
        """The joint likelihood model for a question.

        Args:
            poi: ``cross-section-scale`` (every predicted cross section times one factor),
                ``sin2-theta-w``, ``flux`` (one where all declare the same source, else one for
                each), a number for each experiment with common nuisances (``count``,
                ``cross-section``), or names of parameters of the interaction and of strengths of
                components to leave free; or a result of `ask`.
            interactions: one for each experiment instead of the declared ones.
            shapes: structural values of the separate processes of further components.

        Raises:
            UnknownNameError: if the question is unknown.
            InputError: if a shared parameter is declared differently; both files are named.

        Examples:
            >>> model = load_joint(["coherent-csi-2021"]).model()
            >>> model.parameters.names[:3]
            ('cross_section_scale', 'sns.flux', 'form_factor.csi')
        """
        asked = poi if isinstance(poi, Question) else self.ask(poi, interactions=interactions)
        own = [e.process for e in self.experiments]
        processes: Sequence[Interaction | None] = own if interactions is None else interactions
        models, external = {}, set[Key]()
        measured: dict[Key, tuple[str, list[str]]] = {}
        for e, process in zip(self.experiments, processes, strict=True):
            models[e.name] = build_model(
                e,
                partial(getattr, e, "inputs"),
                replace(asked, name=asked.of_each) if e in self.asked else Question(BESIDE),
                process,
                left_out=external,
                shapes={**(e.shapes or {}), **(shapes or {})},
            )
            external |= e.external.keys()
            for c in e.declaration.correlations:
                if all(is_shared(e, n) for n in c.parameters):
                    external.add(tuple(c.parameters))
                    known = [n for n in c.parameters if models[e.name].parameters.has(n)]
                    first, others = measured.setdefault(tuple(c.parameters), (e.name, known))
                    if others != known:
                        raise InputError(
                            f"{', '.join(c.parameters)} have one covariance, which counts once; "
                            f"the question leaves {', '.join(others) or 'none'} of them in {first} "
                            f"and {', '.join(known) or 'none'} in {e.name}: ask for the cross "
                            "section"
                        )
        _warn_half_shared(models)
        common = {e.name: _by_material(e, models[e.name]) for e in self.experiments}
        if asked.one_flux:
            common |= {e.name: {**common[e.name], FLUX: FLUX} for e in self.asked}
        return join(models, common=common, scale=asked.scale)

    def ask(self, poi: Poi, *, interactions: Sequence[Interaction] | None = None) -> Question:
        """A question to these experiments.

        Raises:
            UnknownNameError: if it is unknown.
            InputError: if the strength of a component is not one quantity in all of them.
        """
        first = self.experiments[0].interaction if interactions is None else interactions[0]
        question = ask(poi, first, self.strengths, several=True)
        if question.frees_the_flux:
            return replace(question, one_flux=_have_one_flux(self.asked))
        for name in question.strengths:
            apart = [e.name for e in self.asked if not is_shared(e, name)]
            without = [e.name for e in self.asked if not e.strengths.has(name)]
            if without:
                raise InputError(
                    f"{name!r} is asked of several experiments together, but "
                    f"{' and '.join(without)} has no component of that name: use only the "
                    "others"
                )
            if apart:
                raise InputError(
                    f"{name!r} is asked of several experiments together and is not declared with "
                    f"'shared: true' in {' and '.join(apart)}; declare it so in every file, or "
                    "ask one experiment"
                )
        return question


def load_joint(
    names: Sequence[str | Path],
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
) -> JointExperiment:
    """Load experiments to be fitted together.

    Args:
        names: catalogue names or paths.
        data: folder that contains the public releases by name.
        overrides: fields to change: ``{"target.mass": "20 kg"}`` in every file, or in one of
            them ``{"coherent-csi-2021:target.mass": "20 kg"}``.

    Raises:
        UnknownNameError: if an experiment is unknown, or a change names one that is not given.
        InputError: if two files are the same experiment, share data, or are incompatible.

    Examples:
        >>> load_joint(["coherent-csi-2021"]).names
        ('coherent-csi-2021',)
    """
    return JointExperiment(load_all(names, data=data, overrides=overrides))


def load_all(
    names: Sequence[str | Path],
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    common: Mapping[str, str] | None = None,
) -> tuple[Experiment, ...]:
    """Load one or several experiments with the changes for each.

    Args:
        names: catalogue names or paths.
        data: folder that contains the public releases by name.
        overrides: fields to change, as for `load_joint`.
        common: fields set by a combination, which `overrides` take precedence over. Its settings
            of the interaction apply to scattering on all nuclei, not to reactions of some of them.

    Raises:
        UnknownNameError: if an experiment is unknown, or a change names one that is not given.
        InputError: if a file or a change cannot be used.
    """
    overrides = loader.texts(overrides)
    if len(names) == 1 and not common and not any(":" in key for key in overrides):
        one = load(names[0], data=data, overrides=overrides)
        if data is not None and not one.declaration.releases:
            raise InputError(f"--data: {one.name} names no public release")
        return (one,)
    plain = tuple(load(n) for n in names)
    changes = [
        {k: v for k, v in own.items() if not (e.is_beside and k.startswith("interaction."))} | other
        for e, own, other in zip(
            plain,
            _for_each(plain, names, common or {}),
            _for_each(plain, names, overrides),
            strict=True,
        )
    ]
    loaded = []
    for name, experiment, change in zip(names, plain, changes, strict=True):
        at = data if experiment.declaration.releases else None
        loaded.append(load(name, data=at, overrides=change or None))
    if data is not None and not any(e.data for e in loaded):
        raise InputError("--data: none of these experiments names a public release")
    return tuple(loaded)


def changed(
    experiments: Sequence[Experiment],
    overrides: Mapping[str, str],
    *,
    written: Sequence[str | Path],
) -> tuple[Experiment, ...]:
    """Loaded experiments with the changes for each.

    Args:
        experiments: experiments with all components added to them.
        overrides: as for `load_all`.
        written: the name or path of each, as given by the user.

    Raises:
        UnknownNameError: if a change names an experiment that is not given.
        InputError: if a change cannot be used.
    """
    meant = _for_each(experiments, written, overrides)
    return tuple(e.with_changes(m) if m else e for e, m in zip(experiments, meant, strict=True))


def _for_each(
    experiments: Sequence[Experiment], written: Sequence[str | Path], overrides: Mapping[str, str]
) -> list[dict[str, str]]:
    """The changes of each.

    Raises:
        UnknownNameError: if a change names an experiment that is not given.
    """
    changes: list[dict[str, str]] = [{} for _ in experiments]
    for key, value in overrides.items():
        who, colon, field = key.partition(":")
        chosen = [i for i, e in enumerate(experiments) if not colon or _called(e, written[i], who)]
        if not chosen:
            raise UnknownNameError("experiment in --set", who, [e.name for e in experiments])
        for i in chosen:
            changes[i][field if colon else key] = value
    return changes


def _called(experiment: Experiment, written: str | Path, who: str) -> bool:
    """Whether `who` is this experiment: its name, or the name or path given by the user."""
    names = {experiment.name, str(written), Path(written).stem}
    return canonical(who) in {canonical(n) for n in names}


def _have_one_flux(experiments: Sequence[Experiment]) -> bool:
    """Whether all experiments are declared to have the same flux.

    This is the case if the same shared parameters change it, by which files declare a common
    source, and if its nominal value is the same: one reactor has two fluxes at two distances.
    """
    moving = []
    for e in experiments:
        if not all(is_shared(e, n) for n in e.flux_parameters):
            return False
        moving.append({fold_name(n) for n in e.flux_parameters})
    if not moving[0] or any(names != moving[0] for names in moving):
        return False
    fluxes = [e.flux_cm2_s for e in experiments]
    apart = [e for e, f in zip(experiments, fluxes, strict=True) if not _alike(f, fluxes[0])]
    if apart:
        first = experiments[0]
        warnings.warn(
            f"{first.name} and {apart[0].name} share {', '.join(sorted(moving[0]))}, but their "
            f"nominal fluxes are {fluxes[0]:.4g} and {apart[0].flux_cm2_s:.4g} /cm2/s: each is "
            "fitted with a separate flux; declare the same nominal flux (source.fluxes) if it is "
            "the same",
            CevnsWarning,
            stacklevel=4,
        )
    return not apart


def _alike(a: float | None, b: float | None) -> bool:
    """Equal except for rounding."""
    return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9)


def _by_material(experiment: Experiment, model: Model) -> dict[str, str]:
    """Parameters of a model that are shared within a material, to their joint names.

    Raises:
        InputError: if the channels of the experiment have several materials.
    """
    entries = experiment.declaration.parameters
    names = [n for n in model.parameters.names if n in entries and entries[n].shared == "material"]
    kinds = dict.fromkeys(v.material.name for v in experiment.views.values())
    if names and len(kinds) > 1:
        raise InputError(
            f"{experiment.name}: {names[0]!r} is 'shared: material', and the channels are of "
            f"{' and '.join(kinds)}; give a parameter to each material"
        )
    return {n: f"{n}.{kind.casefold()}" for n in names for kind in kinds}


def _warn_half_shared(models: Mapping[str, Model]) -> None:
    """Warn if one file declares a parameter shared and another one declares it not shared."""
    shared = {fold_name(p.name): n for n, m in models.items() for p in m.parameters if p.shared}
    for name, model in models.items():
        for p in model.parameters:
            where = shared.get(fold_name(p.name))
            if where is not None and not p.shared and p.name != SIGNAL:
                warnings.warn(
                    f"{p.name!r} is shared in {where} but not in {name}: they are fitted as two "
                    "quantities with a constraint each; add 'shared: true' if they are one",
                    CevnsWarning,
                    stacklevel=4,
                )
