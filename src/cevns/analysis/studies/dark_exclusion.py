"""Limits on dark matter of a beam over CEvNS for many data sets: observed, expected, toys.

The counts of chi go with the square of its coupling, ``N = s N_1`` with ``s = (y/y_1)^2``, so that
-2 ln L, minimised over the nuisance parameters, is smooth in s. It is fitted at a few s for all
data sets at once; between them it is a cubic spline. The limit is where it has risen by the
quantile of a chi2 (2.71 at 90 %) above its lowest value at ``s >= 0``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.analysis.question import ask, requested
from cevns.exceptions import FitError, InputError
from cevns.experiments.declaration.beam import beam_fields
from cevns.experiments.declaration.document import Document
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import fast_form
from cevns.inference.fitting.upper_limits import RISES
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.inference.model.mapped import Mapped
from cevns.typing import Array

__all__ = ["before", "dark_model", "square_limits", "with_dark_source"]

_STEPS: Final = np.linspace(0.0, 1.0, 15) ** 1.5
_FINE: Final = 4001
_EVENTS: Final = 150.0
"""Where the steps end: more than any limit of CsI."""


def with_dark_source(
    experiment: Experiment, process: str, source: Mapping[str, Any] | None = None
) -> Experiment:
    """An experiment with dark matter of its beam over CEvNS, as the component ``dm``.

    Args:
        experiment: one whose source says distance, protons and angle.
        process: such as ``dark-photon``.
        source: fields of the source `meson-decay`, ``{"bremsstrahlung": "coherent-like"}``.

    Raises:
        SchemaError: if a field is unknown.
        InputError: if the source of the experiment cannot say its beam.
    """
    taken = beam_fields(
        experiment.document.values["source"],
        ("distance", "protons", "angle", "pulse_sigma"),
        source or {},
    )
    form_factor = experiment.declaration.interaction.form_factor
    entry = {
        "title": "dark matter",
        "source": {"kind": "meson-decay", **taken, **(source or {})},
        "interaction": {"kind": process, "form_factor": form_factor},
    }
    return experiment.with_patch(
        Document(Path("dark matter of the beam"), {"components": {"dm": entry}}, None)
    )


def dark_model(experiment: Experiment, at: Mapping[str, float], name: str = "y_dm") -> Model:
    """The likelihood of an experiment with dark matter in it, on tables.

    Args:
        experiment: of `with_dark_source`.
        at: masses, and whatever else of the dark sector is held.
        name: the coupling that is free.

    Raises:
        InputError: if a mass is missing, or no channel of the source is open.
    """
    model = ask(experiment, request=requested(None, (name,), at, None)).held
    return fast_form(model, {experiment.name: experiment.response_tables})[0]


def before(model: Model, last: int) -> Model:
    """The same likelihood without the cells of its time axis from number `last` on.

    Counts that constrain a background stay those of the whole time: they were not taken from the
    cells that are left out.

    Raises:
        InputError: if the model is not one channel of energies and times.
    """
    (channel,) = model.channels
    if len(channel.cells) != 2 or not 0 < last <= channel.cells[1]:
        raise InputError("times can only be omitted from a channel of energies and times")
    number = np.arange(channel.n_bins).reshape(channel.cells)[:, :last].ravel()
    onto = np.eye(channel.n_bins)[number]
    components = tuple(replace(c, shape=Mapped(c.shape, onto)) for c in channel.components)
    early = replace(
        channel,
        observed=channel.observed[number],
        components=components,
        floor=None if channel.floor is None else channel.floor[number],
        shape=(channel.cells[0], last),
    )
    return model.with_channels({channel.name: early})


def square_limits(
    model: Model, data: Sequence[Data], *, name: str = "y_dm", level: float = 0.9
) -> Array:
    """Upper limits on a coupling of which counts go with the square, one for each data set.

    Args:
        model: of `dark_model`.
        data: each one data set or many.
        name: of the coupling.
        level: confidence level.

    Returns:
        The limits of all data sets in order.

    Raises:
        FitError: if a fit fails, or a limit lies beyond 150 events.
    """
    p = model.parameters[name]
    start = model.parameters.at({name: p.scale}).values
    size = model.totals(start)["dm"]
    if not size > 0.0:
        raise InputError(f"{name} has no limit here, because its signal is not observable")
    largest = p.scale * np.sqrt(_EVENTS / size)
    sets = Data.joined([_many(d) for d in data])
    fitter = BatchFitter(model, fix=(name,))
    rise = np.empty((len(_STEPS), sets.counts.shape[1]))
    for row, step in zip(rise, _STEPS, strict=True):
        at = model.parameters.at({name: largest * np.sqrt(step)}).values
        row[:] = fitter.fit(sets, at).valid_nll
    if not np.isfinite(rise).all():
        raise FitError(f"a fit at a fixed {name} does not converge")
    found: Array = largest * np.sqrt(_crossings(rise, RISES["bounded"](level)))
    return found


def _many(data: Data) -> Data:
    """A data set as a batch."""
    if data.counts.ndim == 2:
        return data
    return Data(data.counts[:, None], data.auxiliary[:, None])


def _crossings(rise: Array, height: float) -> Array:
    """Where each column has risen by a height above its lowest value, in units of the range."""
    from scipy.interpolate import CubicSpline

    fine = np.linspace(0.0, 1.0, _FINE)
    q = CubicSpline(_STEPS, rise)(fine)
    q = q - q.min(axis=0)
    below = q <= height
    if below[-1].any():
        raise FitError(f"a limit lies beyond {_EVENTS:g} events; the steps end there")
    last = _FINE - 1 - np.argmax(below[::-1], axis=0)
    columns = np.arange(q.shape[1])
    low, high = q[last, columns], q[last + 1, columns]
    found: Array = fine[last] + (height - low) / (high - low) * (fine[1] - fine[0])
    return found
