"""An experiment: a declaration with its physics built on demand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.detectors import Quenching
from cevns.exceptions import InputError
from cevns.experiments.counts_model import build_model
from cevns.experiments.declaration import assembly, loader
from cevns.experiments.declaration.document import parse
from cevns.experiments.inputs.event_inputs import Inputs, load_inputs, load_released
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.questions import Poi, Question, ask
from cevns.inference import Model
from cevns.processes import Interaction
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.measurement import Measurement
    from cevns.analysis.profiling import Profile
    from cevns.analysis.recoil_rate import Rate
    from cevns.analysis.systematics import Systematics
    from cevns.analysis.toy_study import ToyStudy
    from cevns.experiments.tables.features import ResponseFeatures

__all__ = ["NOTHING", "Experiment", "load"]

NOTHING = 1e-9
"""Share of the recoils below which a signal is rounding of the response tables, not a signal."""


@dataclass(frozen=True, eq=False)
class Experiment(Apparatus):
    """One measurement or projection; make it with `load`.

    Args:
        declaration: the validated file.
        path: the file.
        document: the parsed file, which knows its lines.
        data: folder the user named for the public release.
        overrides: fields changed from outside the file.
    """

    data: Path | None = None
    overrides: Mapping[str, str] | None = None

    def provenance(self) -> dict[str, Any]:
        """Name, physics choices, changed fields and inputs, as every result has them."""
        from cevns.analysis.measurement import inputs_record

        return {
            "experiment": self.name,
            "physics": self.physics,
            "overrides": dict(self.overrides or {}),
            "inputs": inputs_record(self),
        }

    @cached_property
    def inputs(self) -> Inputs:
        """Observed counts and background shapes."""
        if self.declaration.signal is not None:
            return load_released(self.declaration, self.path, data=self.data)
        return load_inputs(
            self.declaration, self.path, data=self.data, time_efficiency=self.time_efficiency
        )

    @property
    def has_data(self) -> bool:
        """Whether there are counts to fit; without, the file is a projection."""
        return self.declaration.data is not None

    # -- models --------------------------------------------------------------------------------

    def model(self, poi: Poi = "count", *, interaction: Interaction | None = None) -> Model:
        """The likelihood model for a question.

        Args:
            poi: ``count``, ``cross-section``, ``sin2-theta-w``, or names of parameters of the
                interaction to leave free.
            interaction: another process in place of the declared one.

        Raises:
            UnknownNameError: if the question is unknown.
            InputError: if the declaration does not fit together.

        Examples:
            >>> model = load("coherent-csi-2021").model("count")
            >>> model.parameters.names
            ('cevns', 'ssb', 'brn', 'nin', 't0', 'qf.csi.0', 'qf.csi.1', 'efficiency')
        """
        return build_model(self, self.ask(poi, interaction=interaction), interaction)

    def ask(self, poi: Poi, *, interaction: Interaction | None = None) -> Question:
        """A question to this experiment.

        Raises:
            UnknownNameError: if it is unknown.
        """
        return ask(poi, self.interaction if interaction is None else interaction)

    def prediction(self, *, interaction: Interaction | None = None, released: bool = True) -> float:
        """Signal that is expected in the analysis region at nominal values.

        Args:
            interaction: another process in place of the declared one.
            released: take the number of a release where the file says so.
        """
        declared = self.declaration.signal
        if released and interaction is None and declared is not None and declared.use == "released":
            return declared.count.value
        return self.prediction_of(self.signal(interaction=interaction))

    def signal(
        self, couplings: tuple[str, ...] = (), *, interaction: Interaction | None = None
    ) -> Signal:
        """The exact signal in energy and time, with some parameters of the interaction free."""
        process = self.interaction if interaction is None else interaction
        binding = assembly.bind(
            self.declaration,
            couplings,
            process,
            self.quenching.variation_names,
            tuple(self.energy_efficiency.varied),
            self.source,
        )
        pulse = binding.pulse_time
        fold, curve, response = self.stages(process)
        nominal = assembly.declared_parameters(self.declaration)
        return Signal(
            fold=fold,
            quenching=curve,
            response=response,
            times=self.times,
            binding=binding,
            pulse_time_us=0.0 if pulse is None else nominal[pulse].value,
        )

    def predict(self) -> dict[str, float]:
        """Expected counts per component in the analysis region, before any fit."""
        model = self.model("count")
        return {n: float(c.sum()) for n, c in model.components(model.parameters.values).items()}

    def fit(
        self,
        poi: str = "count",
        *,
        asimov: bool = False,
        fix: Mapping[str, float | None] | None = None,
        minos: str = "poi",
        gof_toys: int = 0,
    ) -> Measurement:
        """Fit the experiment; see `cevns.analysis.measurement.measure`.

        Examples:
            >>> import cevns
            >>> fit = cevns.load("coherent-csi-2021").fit()
            >>> round(fit.z, 1)
            11.5
        """
        from cevns.analysis.measurement import measure

        return measure(self, poi=poi, use_asimov=asimov, fix=fix, minos=minos, gof_toys=gof_toys)

    def profile(
        self,
        parameter: str | None = None,
        *,
        poi: str = "count",
        asimov: bool = False,
        fix: Mapping[str, float | None] | None = None,
        points: int = 41,
    ) -> Profile:
        """Profile a parameter; see `cevns.analysis.profiling.profile_experiment`."""
        from cevns.analysis.profiling import profile_experiment

        return profile_experiment(
            self, parameter, poi=poi, use_asimov=asimov, fix=fix, points=points
        )

    def systematics(self, poi: str = "count", *, asimov: bool = False) -> Systematics:
        """Effect of every uncertainty; see `cevns.analysis.systematics.systematics`."""
        from cevns.analysis.systematics import systematics

        return systematics(self, poi, use_asimov=asimov)

    def toys(self, n: int, *, seed: int, poi: str = "count", **options: Any) -> ToyStudy:
        """Draw and fit pseudo-experiments; see `cevns.analysis.toy_study.study_toys`."""
        from cevns.analysis.toy_study import study_toys

        return study_toys(self, n, seed=seed, poi=poi, **options)

    def rate(self, *, points: int = 200) -> Rate:
        """Recoil spectrum and expected counts; see `cevns.analysis.recoil_rate.rate`."""
        from cevns.analysis.recoil_rate import rate

        return rate(self, points=points)

    def with_quenching(self, curve: Quenching) -> Experiment:
        """The experiment with another curve; see `cevns.analysis.quenching_study`."""
        from cevns.analysis.quenching_study import with_quenching

        return with_quenching(self, curve)

    def response_features(self, signal: Signal) -> ResponseFeatures:
        """The response of a signal on features, made once for every interaction (for scans)."""
        from cevns.experiments.tables.features import response_features

        nodes = signal.fold.nodes.tobytes()  # with recoils of electrons or without, steep or not
        if nodes not in self._features:
            declared = assembly.declared_parameters(self.declaration).values()
            nominal = {p.name: p.value for p in declared}
            scale = {p.name: p.scale for p in declared}
            self._features[nodes] = response_features(signal, nominal, scale)
        return self._features[nodes]

    @cached_property
    def _features(self) -> dict[bytes, ResponseFeatures]:
        return {}

    # -- helpers -------------------------------------------------------------------------------

    def _nominal(self, signal: Signal) -> dict[str, Array]:
        """Nominal values of everything a signal may depend on."""
        declared = assembly.declared_parameters(self.declaration).values()
        return {
            p.name: np.asarray(p.value) for p in (*signal.fold.interaction.parameters, *declared)
        }

    def prediction_of(self, signal: Signal) -> float:
        """Signal in the analysis region at nominal values."""
        total = float(signal.evaluate(self._nominal(signal)).sum())
        recoils = float(signal.fold.spectrum().sum())
        if not math.isfinite(recoils):
            raise InputError(
                f"{self.name}: the number of recoils is not finite; check mass, source and distance"
            )
        if not total > NOTHING * recoils:
            raise InputError(
                f"{self.name}: no CEvNS event is expected in the analysis region; check threshold, "
                "axes and source"
            )
        return total


def load(
    name_or_path: str | Path,
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Experiment:
    """Load an experiment by catalogue name or from a file of one's own.

    Args:
        name_or_path: ``"coherent-csi-2021"`` or a path to a YAML file.
        data: folder of the public release, or a parent that contains it by name.
        overrides: fields to change, ``{"target.mass": "20 kg"}``; ``{"detector.quenching":
            "@fit.yaml"}`` takes the curve of a file and its variations.

    Raises:
        UnknownNameError: if no experiment of that name is shipped.
        SchemaError: if the file breaks the schema; file, line and field are named.
        InputError: if the file cannot be read, or a field to change does not exist.

    Examples:
        >>> round(load("coherent-csi-2021").cross_section_cm2 * 1e40)
        187
    """
    path = loader.find(name_or_path)
    document = parse(path)
    curve_file = None
    if overrides:
        from cevns.analysis.quenching_study import read_quenching, split, with_quenching

        overrides, curve_file = split(overrides)
        document = document.with_changes(overrides)
    declaration = loader.validate(document)
    experiment = Experiment(
        declaration, path, document, Path(data) if data is not None else None, overrides
    )
    if curve_file is None:
        return experiment
    return with_quenching(experiment, read_quenching(curve_file[1:]), curve_file)
