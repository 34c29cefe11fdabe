"""A study: one or several experiments, and what one asks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cevns import analysis  # which imports what a method asks for when it is called
from cevns.analysis.coupling_families import Form, Physics, askable, structural
from cevns.analysis.question import Subject, laid_over, requested, together, with_physics
from cevns.detectors import Quenching
from cevns.exceptions import InputError
from cevns.experiments.declaration.patch import split
from cevns.experiments.description import counted
from cevns.experiments.experiment import Experiment
from cevns.experiments.experiment import load as load_experiment
from cevns.experiments.joint import asked_first
from cevns.inference import Model
from cevns.parameters import Parameters
from cevns.records.by_experiment import ByExperiment, ExpectedCounts
from cevns.study.exports import Exports
from cevns.study.outlook import Projections, tiny_is_zero

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import Ranges

__all__ = ["Study"]

Fix = Mapping[str, float | None]


@dataclass(frozen=True, eq=False, repr=False)
class Study(Projections, Exports):
    """One or several experiments; open it with `cevns.load`.

    The fitted quantity is given by a question: either `poi`, a name (by default ``count`` for one
    experiment and ``cross-section-scale`` for several; ``cross-section``, ``sin2-theta-w``), or
    `free`, parameters of the interaction and strengths of components. `at` fixes others of these,
    and `fix` fixes parameters of the model, at a value or (None) at their nominal value.

    Args:
        experiments: at least one, with different names.
        models: new physics in the interaction of all experiments, which already contain it.
        label: name of the combination; by default the names of the experiments.
        heading: its title; likewise.

    Raises:
        InputError: if there is no experiment, or one occurs twice.
    """

    experiments: tuple[Experiment, ...]
    models: Physics | None = None
    label: str = field(default="", repr=False)
    heading: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.experiments:
            raise InputError("a study needs at least one experiment")
        object.__setattr__(self, "experiments", asked_first(self.experiments))
        for i, first in enumerate(self.experiments):
            for second in self.experiments[i + 1 :]:
                if first.name != second.name:
                    continue
                raise InputError(
                    f"{first.name} is given twice; name each experiment once"
                    if first.path == second.path
                    else f"{first.path} and {second.path} are both called {first.name}; give one "
                    "another name"
                )

    # -- what it is ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the combination, or the names of the experiments."""
        return self.label or " + ".join(self.names)

    @property
    def title(self) -> str:
        """A line for tables and figures."""
        return self.heading or " + ".join(e.title for e in self.experiments)

    def provenance(self) -> dict[str, Any]:
        """Physics choices, changed fields and inputs; for several experiments those of each."""
        if len(self.experiments) == 1:
            return self.experiments[0].provenance()
        return {"experiments": {e.name: e.provenance() for e in self.experiments}}

    @property
    def subject(self) -> Subject:
        """The experiment, or all as one.

        Raises:
            InputError: if two of them contain the same data or are incompatible.
        """
        return together(*self.experiments)

    @tiny_is_zero()
    def model(
        self,
        poi: str | None = None,
        *,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
    ) -> Model:
        """The likelihood model of a question.

        Raises:
            UnknownNameError: if the question or a parameter is unknown.
            InputError: if the question is inconsistent, or the experiments are incompatible.

        Examples:
            >>> import cevns
            >>> cevns.load("coherent-csi-2021").model().parameters.names[:3]
            ('cevns', 'ssb', 'brn')
        """
        return analysis.ask(*self.experiments, request=requested(poi, free, at, fix)).held

    @property
    def couplings(self) -> Parameters:
        """Parameters of the interaction, structural parameters, and strengths of components."""
        return askable(self.experiments[0].interaction, self)

    @property
    def structural(self) -> tuple[str, ...]:
        """Structural parameters, which change the shapes, such as a mediator mass."""
        return structural(self.experiments[0].interaction, self).names

    def with_models(self, models: Physics) -> Study:
        """The same study with new physics in the interaction of all experiments; see `cevns.load`.

        A process that scatters particles of another source (WIMPs of the halo) is added to CEvNS
        as a further component, unless the source of the experiment emits these particles.

        Raises:
            UnknownNameError: if there is no such interaction.
            InputError: if it cannot be built.
        """
        if isinstance(models, list | tuple) and any(isinstance(m, str) for m in models):
            raise InputError(f"models={models!r}: join names with '+', as in 'nsi+light-vector'")
        patches, process = split(models) if isinstance(models, str) else ([], models)
        changed = self.experiments
        for path in patches:
            changed = tuple(e.with_patch(path) for e in changed)
        if isinstance(process, str):
            changed, process = laid_over(changed, process)
        if process == "":
            return replace(self, experiments=changed)
        return replace(self, experiments=with_physics(*changed, physics=process), models=process)

    def with_quenching(self, curve: Quenching) -> Study:
        """The same study with another quenching curve, its variations as constrained parameters.

        Raises:
            InputError: if the experiments have different targets, which need separate curves.
        """
        targets = {e.material.atoms for e in self.experiments}
        if len(targets) > 1:
            raise InputError(
                "these experiments have different targets, but a quenching curve applies to one; "
                "change it in one file with the override 'NAME:detector.quenching'"
            )
        return replace(self, experiments=tuple(e.with_quenching(curve) for e in self.experiments))

    # -- before any fit ------------------------------------------------------------------------

    @tiny_is_zero()
    def predict(self, *, at: Mapping[str, float] | None = None) -> ByExperiment[ExpectedCounts]:
        """Expected counts in the analysis region, by experiment and component.

        Examples:
            >>> import cevns
            >>> counts = cevns.load("coherent-csi-2021").predict()["coherent-csi-2021"]
            >>> round(counts["cevns"])
            331
        """
        found = analysis.expected_counts(*self.experiments, at=at)
        return ByExperiment({e.name: counted(e, found[e.name]) for e in self.experiments})

    @tiny_is_zero()
    def flux(self, *, at: Mapping[str, float] | None = None) -> ByExperiment[analysis.Flux]:
        """Fluxes of the sources at the detectors; see `cevns.analysis.expected.fluxes`."""
        return ByExperiment(analysis.fluxes(*self.experiments, at=at))

    @tiny_is_zero()
    def rate(
        self, *, at: Mapping[str, float] | None = None, points: int = 200
    ) -> ByExperiment[analysis.Rate]:
        """Recoil spectra and counts, by experiment; see `cevns.analysis.expected.recoil_rate`."""
        return ByExperiment(analysis.rates(*self.experiments, at=at, points=points))

    @tiny_is_zero()
    def compare(self, *, sigmas: float = 3.0) -> dict[str, analysis.Comparison]:
        """Changes from the first experiment to each other one, by the other's name.

        A single experiment with changed fields is compared with its unchanged file or variant.

        Args:
            sigmas: significance at which a change of a single experiment counts as detected.

        Raises:
            InputError: if there is only one experiment and nothing was changed.
        """
        first, *others = self.experiments
        if not others:
            if not first.overrides:
                raise InputError(
                    f"{first.name} is compared with another experiment, which is to be named too, "
                    "or with itself after a change of a field"
                )
            changed, others = first, [first]
            variant = {k: v for k, v in first.overrides.items() if k == "variant"}
            first = load_experiment(first.path, data=first.data, overrides=variant)
            if variant and first.document.values == changed.document.values:
                first = load_experiment(first.path, data=first.data)
        return {other.name: analysis.compare(first, other, sigmas=sigmas) for other in others}

    # -- fits ----------------------------------------------------------------------------------

    @tiny_is_zero()
    def fit(
        self,
        poi: str | None = None,
        *,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        asimov: bool = False,
        minos: str = "poi",
        gof_toys: int = 0,
        contributions: bool = True,
        widths: Sequence[tuple[str, float]] = (),
    ) -> analysis.Measurement:
        """Fit; see `cevns.analysis.measuring.measure`.

        Args:
            poi: the name of the question.
            free: parameters of the interaction, instead of `poi`.
            at: values of other parameters of the interaction.
            fix: parameters of the model to fix.
            asimov: fit the expected counts, which gives the expected precision.
            minos: ``"poi"``, ``"all"`` or ``"none"``.
            gof_toys: toys for a goodness-of-fit p-value.
            contributions: for several experiments, also fit each alone and all the others.
            widths: for several experiments, repeat the fit with other widths of constraints.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if there are no data, or the question is inconsistent.
            FitError: if a fit does not converge.

        Examples:
            >>> import cevns
            >>> fit = cevns.load("coherent-csi-2021").fit()
            >>> round(fit.z, 1)
            11.5
        """
        return analysis.measure(
            *self.experiments,
            request=requested(poi, free, at, fix),
            use_asimov=asimov,
            minos=minos,
            gof_toys=gof_toys,
            contributions=contributions,
            widths=widths,
        )

    @tiny_is_zero()
    def profile(
        self,
        parameter: str | None = None,
        *,
        poi: str | None = None,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        asimov: bool = False,
        points: int = 41,
    ) -> analysis.Profile:
        """Profile a parameter; see `cevns.analysis.profiling.profile_experiments`."""
        return analysis.profile_experiments(
            *self.experiments,
            parameter=parameter,
            request=requested(poi, free, at, fix),
            use_asimov=asimov,
            points=points,
        )

    @tiny_is_zero()
    def systematics(
        self,
        poi: str | None = None,
        *,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        asimov: bool = False,
    ) -> analysis.Systematics:
        """Effect of every uncertainty; see `cevns.analysis.systematic_effects`."""
        request = requested(poi, free, at, fix)
        return analysis.systematic_effects(*self.experiments, request=request, use_asimov=asimov)

    @tiny_is_zero()
    def toys(
        self,
        n: int,
        *,
        seed: int,
        poi: str | None = None,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        exact: bool = False,
        out: Path | str | None = None,
        workers: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> analysis.ToyStudy:
        """Draw and fit pseudo-experiments; see `cevns.analysis.toy_study.study_toys`."""
        return analysis.study_toys(
            *self.experiments,
            n=n,
            seed=seed,
            request=requested(poi, free, at, fix),
            exact=exact,
            out=out,
            workers=workers,
            progress=progress,
        )

    # -- scans and limits ----------------------------------------------------------------------

    @tiny_is_zero()
    def plan(
        self,
        ranges: Ranges,
        *,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        cl: float = 0.9,
        asimov: bool = False,
        form: Form = "tabulated",
    ) -> analysis.ScanPlan:
        """The plan of a scan; see `cevns.analysis.scanning.scan_plan.scan_plan`.

        Args:
            ranges: the values of each scanned parameter, for one or two parameters.
            free: further parameters of the interaction, or strengths of components, to profile.
            at: values of other parameters of the interaction.
            fix: nuisance parameters to fix.
            cl: confidence level.
            asimov: use the counts expected at nominal values, which gives the sensitivity.
            form: ``tabulated`` or ``exact``.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if a range leaves the physical region, nothing is scanned, or there are
                no data.
        """
        return analysis.scan_plan(
            self.subject,
            self.models,
            ranges,
            free=free,
            at=at,
            fix=fix,
            cl=cl,
            asimov_data=asimov,
            form=form,
        )

    @tiny_is_zero()
    def scan(
        self,
        ranges: Ranges | analysis.ScanPlan,
        method: str = "profile",
        *,
        toys: int = 1000,
        draws: int = 5000,
        seed: int = 1,
        toys_at: str | None = None,
        refine: int = 0,
        out: Path | str | None = None,
        workers: int | None = None,
        executor: Executor | None = None,
        progress: Callable[[int, int, float], None] | None = None,
        **options: Any,
    ) -> analysis.Scan:
        """Scan one or two parameters; see `cevns.analysis.scanning.scan_task.scan`.

        Args:
            ranges: the values of each scanned parameter, or a plan.
            method: ``profile``, ``fc``, ``cls`` or ``bayes``.
            toys: maximum number of toys at a point (``fc``, ``cls``).
            draws: wanted number of independent draws (``bayes``).
            seed: master seed.
            toys_at: points at which toys are drawn: ``anchors``, which all points of a plane
                share, or ``every-point`` (``fc``).
            refine: how many times the cells of a profile scan are halved along its contour.
            out: HDF5 file; the same call resumes an interrupted scan from it.
            workers: number of processes.
            executor: any `concurrent.futures.Executor` instead of processes.
            progress: called with the work done, the total, and the work per second.
            options: options of `plan`: ``free``, ``at``, ``fix``, ``cl``, ``asimov``, ``form``.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if the method cannot be used with the ranges, or `out` belongs to another
                scan.
            DataError: if `out` is truncated.
            FitError: if fits fail.

        Examples:
            >>> import cevns
            >>> study = cevns.load("coherent-csi-2021", models="nsi")
            >>> len(study.scan({"eps_ee_u": [-0.3 + 0.05 * i for i in range(23)]}).intervals)
            2
        """
        if isinstance(ranges, analysis.ScanPlan) and options:
            raise InputError(f"{', '.join(options)}: the plan already contains these")
        plan = ranges if isinstance(ranges, analysis.ScanPlan) else self.plan(ranges, **options)
        found = analysis.scan(
            plan,
            method,
            toys=toys,
            draws=draws,
            seed=seed,
            toys_at=toys_at,
            refine=refine,
            out=out,
            workers=workers,
            executor=executor,
            progress=progress,
        )
        assert found is not None  # only a share of a scan has no result
        return found

    @tiny_is_zero()
    def limit(
        self,
        *,
        level: float = 0.9,
        events: float | None = None,
        observed: int | None = None,
        background: float = 0.0,
        asimov: bool = False,
        method: str = "profile",
        toys: int = 1000,
        seed: int = 1,
        workers: int | None = 1,
        progress: Callable[[int, int, float], None] | None = None,
    ) -> analysis.CevnsLimit:
        """Upper limit on CEvNS itself; see `cevns.analysis.count_limit.cevns_limit`.

        The allowed intervals of a parameter of new physics are the ``intervals`` of a `scan`.

        Raises:
            InputError: if there are several experiments, no data, or a number is impossible.
            FitError: if a fit does not converge.
        """
        if len(self.experiments) > 1 or self.models is not None:
            raise InputError(
                "a limit on CEvNS applies to one experiment in the Standard Model; of several, "
                "or of new physics, scan a parameter"
            )
        return analysis.cevns_limit(
            self.experiments[0],
            level=level,
            events=events,
            observed=observed,
            background=background,
            expected=asimov,
            method=method,
            toys=toys,
            seed=seed,
            workers=workers,
            progress=progress,
        )

    @tiny_is_zero()
    def upper_limit(
        self,
        parameter: str | None = None,
        *,
        at: Mapping[str, float] | None = None,
        fix: Fix | None = None,
        level: float = 0.9,
        asimov: bool = False,
    ) -> analysis.StrengthLimit:
        """Upper limit on an added component; see `cevns.analysis.studies.strength_limit`."""
        asked = requested(None, () if parameter is None else (parameter,), at, fix)
        return analysis.strength_limit(*self.experiments, request=asked, level=level, asimov=asimov)
