"""Scans over a field of the experiment file: what is expected against mass, time or distance.

At each value the file is read anew with the field changed, as ``--set`` changes it, and expected
counts are fitted. So a number here is that of one run with that value.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cevns.analysis.coupling_families import Physics, askable
from cevns.analysis.question import Request, ask, together, with_physics
from cevns.analysis.scanning.field_record import FIELD, NUMBERS, FieldScan
from cevns.analysis.sensitivity.projecting import expected_number
from cevns.analysis.sensitivity.sensitivity_record import Expected
from cevns.analysis.sensitivity.topic import Quantity
from cevns.citations import Citations
from cevns.exceptions import InputError, SchemaError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import fast_form
from cevns.experiments.joint import changed
from cevns.experiments.questions import SCALE, SCALE_QUESTION, SIGNAL
from cevns.inference.fitting.levels import check_level
from cevns.inference.model.expectation import Model, digest
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.records import VERSION
from cevns.typing import ENGINE, Array

__all__ = ["is_field", "scan_field"]

Progress = Callable[[int, int], None]


def is_field(experiments: Sequence[Experiment], name: str) -> bool:
    """Whether a name is that of a field of the files, ``target.mass`` or ``NAME:target.mass``.

    A parameter that a file declares is none, and neither is what begins with no section.

    Examples:
        >>> from cevns.experiments import load
        >>> csi = load("coherent-csi-2021")
        >>> [is_field([csi], n) for n in ("target.mass", "live_time", "sns.flux", "eps_ee_u")]
        [True, True, False, False]
    """
    key = name.rpartition(":")[2].strip()
    section = key.partition(".")[0].replace("-", "_")
    for e in experiments:
        if key in e.declaration.parameters:
            return False
    return any(section in type(e.declaration).model_fields for e in experiments)


def scan_field(
    experiments: Sequence[Experiment],
    field: str,
    values: Sequence[float] | Array,
    *,
    unit: str = "",
    models: Physics | None = None,
    free: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    cl: float = 0.9,
    asimov: bool = False,
    out: Path | str | None = None,
    progress: Progress | None = None,
) -> FieldScan:
    """What is expected of experiments at each value of a field of their files.

    Args:
        experiments: one, or several together.
        field: as ``--set`` names it, ``target.mass``; of one of several ``NAME:target.mass``.
        values: of the field, increasing.
        unit: of the values; none for a plain number.
        models: new physics that the experiments have, which is made anew for the changed file.
        free: parameters of the interaction, or strengths of components, in place of the cross
            section relative to its prediction: the first is that of interest.
        at: values of other parameters of the interaction.
        fix: parameters of the model to hold.
        cl: confidence level of intervals and limits.
        asimov: whether expected counts stand for the data of an experiment that has some.
        out: HDF5 file.
        progress: told values done, and of how many.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if there are data and no `asimov`, the values do not increase, the field does
            not exist, holds no number or one of another unit, or nothing depends on it.
        FitError: if parameters cannot be told apart, or a limit does not exist.

    Examples:
        >>> from cevns.experiments import load
        >>> found = scan_field([load("coherent-ge-1")], "target.mass", [9.0, 36.0], unit="kg")
        >>> bool(found["significance"][1] > found["significance"][0])
        True
    """
    check_level(cl)
    target = None if out is None else check_target(out)
    points = _increasing(field, values)
    _refuse_data(experiments, field, asimov)
    request = Request(None if free else SCALE_QUESTION, tuple(free), at or {}, fix or {})
    quantity = _quantity(experiments, request)
    found: list[Expected] = []
    models_made: list[Model] = []
    for number, value in enumerate(points.tolist()):
        placed = _placed(experiments, field, f"{value!r} {unit}".strip(), models)
        asked = ask(*placed, request=request)
        tables = {e.name: e.response_tables for e in asked.experiments}
        model = fast_form(asked.held, tables)[0]
        interest = asked.one_interest("scans over a field")
        found.append(expected_number(asked.subject.name, quantity, model, interest, level=cl))
        models_made = [*models_made[:1], model]
        if progress is not None:
            progress(number + 1, len(points))
    constant = _constant(models_made[0], models_made[-1])
    datasets = {
        f"axis/{field}": points,
        **{f"expected/{n}": np.array([_numbers(x)[n] for x in found]) for n in NUMBERS},
    }
    if constant is None and all(_same(datasets[f"expected/{n}"]) for n in NUMBERS):
        ends = f"{points[0]:g} and {points[-1]:g} {unit}".rstrip()
        raise InputError(
            f"no expected number depends on {field} between {ends}: the counts may be "
            "given in the file or by a published table; scan another field"
        )
    run = {
        "method": FIELD,
        "experiments": [e.name for e in experiments],
        "title": together(*experiments).title,
        "axes": [field],
        "units": [unit],
        "logarithmic": [_logarithmic(points)],
        "confidence level": cl,
        "quantity": {
            "name": quantity.name,
            "title": quantity.title,
            "kind": quantity.kind,
            "unit": quantity.unit,
            "needs_zero": quantity.needs_zero,
        },
        "held": {**dict(at or {}), **{k: v for k, v in (fix or {}).items() if v is not None}},
        "overrides": {e.name: dict(e.overrides or {}) for e in experiments},
        "constant": constant or {},
        **_included(models_made[-1], interest, experiments),
        "citations": Citations.joined(e.citations for e in placed).records(),
        "grid": [points.tolist()],
        "model digest": hashlib.sha256("".join(map(digest, models_made)).encode()).hexdigest(),
        "version": VERSION,
    }
    if target is not None and target.exists():
        return FieldScan(read_scan(target, run))
    file = ScanFile(run, datasets, {"engine": ENGINE})
    if target is not None:
        write_scan(target, file, new=True)
    return FieldScan(file)


def _increasing(field: str, values: Sequence[float] | Array) -> Array:
    points = np.asarray(values, dtype=float)
    if points.ndim != 1 or points.size < 2 or not np.isfinite(points).all():
        raise InputError(f"{field}: give at least two finite values")
    if np.any(np.diff(points) <= 0.0):
        raise InputError(f"{field}: the values must increase")
    return points


def _logarithmic(points: Array) -> bool:
    """Whether values are equidistant in the logarithm."""
    if points[0] <= 0.0 or points.size < 3:
        return False
    steps = np.diff(np.log(points))
    return bool(np.allclose(steps, steps[0]))


def _same(numbers: Array) -> bool:
    """Whether a number is the same everywhere, which may be that it is nowhere."""
    return bool(np.array_equal(numbers, np.full_like(numbers, numbers[0]), equal_nan=True))


def _refuse_data(experiments: Sequence[Experiment], field: str, asimov: bool) -> None:
    with_data = [e.name for e in experiments if e.has_data]
    if with_data and not asimov:
        raise InputError(
            f"{' and '.join(with_data)} has data, which were taken with the {field} "
            "of its file and do not apply to other values; use the expected counts "
            "at each value with --asimov (asimov=True)"
        )


def _quantity(experiments: Sequence[Experiment], request: Request) -> Quantity:
    """The size of the cross section, or the first parameter that is free."""
    if not request.free:
        return Quantity(
            SCALE,
            "cross section relative to its prediction",
            poi=SCALE_QUESTION,
            kind="relative",
            needs_zero=True,
        )
    subject = together(*experiments)
    p = askable(experiments[0].interaction, subject)[request.free[0]]
    # what cannot lie below its nominal value is limited from above
    kind: Any = "limit" if p.value <= p.lower else "absolute"
    strength = subject.strengths.has(p.name) and p.value != 0.0
    return Quantity(p.name, p.description or p.name, kind=kind, unit=p.unit, needs_zero=strength)


def _placed(
    experiments: Sequence[Experiment], field: str, text: str, models: Physics | None
) -> tuple[Experiment, ...]:
    """The experiments with another value of the field.

    Raises:
        InputError: if the field does not exist, or cannot have the value.
    """
    names = [e.name for e in experiments]
    try:
        placed = changed(experiments, {field: text}, written=names)
    except SchemaError as error:
        raise InputError(f"the field {field} at {text}: {error.message}") from None
    if models is None:
        return placed
    # an interaction may depend on the distance, or on the target
    return with_physics(*(replace(e, process=None) for e in placed), physics=models)


def _numbers(x: Expected) -> dict[str, float]:
    """The numbers of a point; NaN for those that do not exist."""
    low, high = (math.nan, math.nan) if x.interval is None else x.interval
    own = {"lower": low, "upper": high}
    own |= {n: _or_nan(v) for n, v in vars(x).items() if n in NUMBERS}
    return own


def _or_nan(value: float | None) -> float:
    """The number; NaN where there is none, or no background against which it is one."""
    return math.nan if value is None or not math.isfinite(value) else float(value)


def _included(
    model: Model, interest: str, experiments: Sequence[Experiment]
) -> dict[str, list[str]]:
    """The channels whose counts are given, those beside, and what the error includes."""
    # of one experiment its parameters have the names of its file
    front = f"{experiments[0].name}." if len(experiments) == 1 else ""
    counts = model.totals_by_channel(model.parameters.values)
    on = [name for name, c in counts.items() if c.get(SIGNAL, 0.0) > 0.0]
    moved = [p.name for p in model.parameters if not p.fixed and p.name != interest]
    moved = [name.removeprefix(front) for name in moved]
    beside = [name for name in counts if name not in on]
    return {"channels": on, "channels beside": beside, "uncertainties": moved}


def _constant(first: Model, last: Model) -> dict[str, float] | None:
    """Components beside the signal whose counts are those of the other end; None if all are."""
    a, b = (m.totals_by_channel(m.parameters.values) for m in (first, last))
    same, moved = dict[str, float](), False
    for channel, counts in a.items():
        for name, count in counts.items():
            if not math.isclose(count, b[channel][name], rel_tol=1e-12):
                moved = True
            elif name != SIGNAL and count:
                same[f"{channel} {name}" if len(a) > 1 else name] = count
    return same if moved else None
