"""What a fit says of one experiment: components, its part of the answer, its block of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cevns.experiments.experiment import Experiment
from cevns.inference import Channel, FitResult, FittedParameter, Model
from cevns.inference.fitting.intervals import Significance
from cevns.typing import Array

__all__ = [
    "CM2_UNIT",
    "ComponentCount",
    "Contribution",
    "ExperimentResult",
    "in_cm2",
    "short",
]

CM2_UNIT = "e-40 cm2"


@dataclass(frozen=True)
class ComponentCount:
    """Events of one component in the analysis region.

    Args:
        name: of the component.
        title: a line for tables.
        prediction: before the fit; of a background its prior.
        prediction_error: prior uncertainty.
        fit: fitted count.
        error: HESSE error of the fitted count, propagated from all parameters.
    """

    name: str
    title: str
    prediction: float
    prediction_error: float
    fit: float
    error: float

    def to_dict(self) -> dict[str, float]:
        """Numbers by name."""
        return {
            "prediction": self.prediction,
            "prediction_error": self.prediction_error,
            "fit": self.fit,
            "error": self.error,
        }


@dataclass(frozen=True)
class Contribution:
    """What one experiment brings to a common parameter.

    Args:
        alone: the parameter from this experiment only.
        without: from all the others; None where there are none.
        share: of the profiled Fisher information (`information_shares`).
    """

    alone: FittedParameter
    without: FittedParameter | None
    share: float


@dataclass(frozen=True, eq=False)
class ExperimentResult:
    """One experiment in a fit.

    Args:
        experiment: which.
        model: of the fit.
        fit: the record of the minimiser.
        channel: its channel in the model.
        components: events in its analysis region; the signal comes first.
        deviance: its part of -2 ln L.
        poi: its own parameter of interest, where the question has one each.
        significance: of that against zero.
        contribution: to the common parameter of interest, where there is one.
        asimov: whether the data were Asimov data.
    """

    experiment: Experiment
    model: Model = field(repr=False)
    fit: FitResult = field(repr=False)
    channel: Channel = field(repr=False)
    components: Mapping[str, ComponentCount]
    deviance: float
    poi: FittedParameter | None = None
    significance: Significance | None = None
    contribution: Contribution | None = None
    asimov: bool = False

    @property
    def bins(self) -> slice:
        """Where its counts stand among those of the fit."""
        return self.model.bins[self.channel.name]

    @property
    def observed(self) -> Array:
        """Fitted counts, ``(energy, time)`` or ``(energy, pulse shape, time)``."""
        return self.fit.data.counts[self.bins].reshape(self.channel.cells)

    def expected(self) -> dict[str, Array]:
        """Fitted counts per component, each shaped like `observed`."""
        prefix = f"{self.channel.name}." if len(self.model.channels) > 1 else ""
        return {
            c.name: self.fit.components[prefix + c.name][self.bins].reshape(self.channel.cells)
            for c in self.channel.components
        }

    def channel_record(self) -> dict[str, Any]:
        """The block ``channels.NAME`` of the JSON."""
        return {
            "cells": list(self.channel.cells),
            "observed": round(float(self.observed.sum()), 9),
            "expected": {n: float(c.sum()) for n, c in self.expected().items()},
            "deviance": self.deviance,
        }

    def to_dict(self) -> dict[str, Any]:
        """The block ``experiments.NAME`` of the JSON."""
        c = self.contribution
        return {
            **self.experiment.provenance(),
            "components": {k.name: k.to_dict() for k in self.components.values()},
            "observed": round(float(self.observed.sum()), 9),
            "observed_counts": self.observed.ravel().tolist(),
            "deviance": self.deviance,
            "poi": None if self.poi is None else short(self.poi),
            "significance": None if self.significance is None else self.significance.z,
            "contribution": c
            and {
                "alone": short(c.alone),
                "without": c.without and short(c.without),
                "information_share": c.share,
            },
        }


def in_cm2(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter's record with cross sections in cm2, as all output has them."""
    if parameter.get("unit") != CM2_UNIT:
        return parameter
    out = dict(parameter)
    for key in ("value", "error", "error_up", "error_down"):
        if out.get(key) is not None:
            out[key] = out[key] * 1e-40
    out["unit"] = "cm2"
    return out


def short(p: FittedParameter) -> dict[str, Any]:
    """Name, value, errors and unit of a fitted parameter (cross sections in cm2)."""
    record = in_cm2(p.to_dict())
    return {k: record[k] for k in ("name", "value", "error", "error_up", "error_down", "unit")}
