"""Small models whose scans can be done by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.inference import Channel, Component, Model
from cevns.inference.model.shapes import fixed
from cevns.parameters import Gaussian, Parameter, Parameters


def counting_model(name, parameters, observed, **components):
    """One channel of templates that nothing moves: `(counts, *strength)` by component."""
    made = tuple(Component(n, fixed(c), tuple(s)) for n, (c, *s) in components.items())
    channel = Channel(name, np.asarray(observed, dtype=float), made)
    return Model(name, Parameters(parameters), (channel,))


def ring(observed=150.0):
    """One bin: background + strength (x^2 + y^2) expected; the minimum is a circle."""
    couplings = [
        Parameter("x", 0.9, lower=-2, upper=2, typical=0.3, role="poi"),
        Parameter("y", 0.1, lower=-2, upper=2, typical=0.3, role="poi"),
    ]
    one = np.full(1, 100.0)
    return counting_model(
        "ring",
        couplings,
        [observed],
        x=(one, "x", "x"),
        y=(one, "y", "y"),
        background=(0.5 * one,),
    )


JACOBIAN = np.array([[3.0, 1.0, 0.5], [0.0, 2.0, -1.0], [1.0, 0.0, 2.0], [1.0, 1.0, 1.0]])
PLANE_COVARIANCE = np.linalg.inv(JACOBIAN.T @ JACOBIAN + np.diag([0.0, 0.0, 1.0]))[:2, :2]
"""Of a, b with z profiled: counts have errors of 1e4."""


def plane():
    """Four full bins, linear in two parameters and a constrained nuisance: nearly Gaussian."""
    parameters = [
        Parameter("a", 0.0, typical=1.0, role="poi"),
        Parameter("b", 0.0, typical=1.0, role="poi"),
        Parameter("z", 0.0, constraint=Gaussian(0.0, 1.0)),
    ]
    slopes = {n: (1e4 * JACOBIAN[:, k], n) for k, n in enumerate("abz")}
    counts = np.full(4, 1e8)
    return counting_model("plane", parameters, counts, **slopes, background=(counts,))


def mediator(mass=1.0):
    """Ten bins of falling background and a signal g^2 of a shape that the mass decides."""
    bins = np.arange(10)
    parameters = [
        Parameter("g", 0.5, lower=0.0, upper=50.0, typical=0.5, role="poi"),
        Parameter("background", 1.0, constraint=Gaussian(1.0, 0.05), lower=0.1),
    ]
    falling = 100 * np.exp(-bins / 4.0)
    return counting_model(
        "mediator",
        parameters,
        np.round(falling + 3),
        signal=(10.0 / (1.0 + bins / mass), "g", "g"),
        background=(falling, "background"),
    )


@dataclass(frozen=True)
class Mediators:
    """One model for each mass."""

    name: str = "mediators"

    @property
    def parameters(self):
        return mediator().parameters

    @property
    def structure(self):
        return Parameters([Parameter("mass", 1.0, unit="MeV", lower=0.01)])

    def model(self, structure):
        if set(structure) - {"mass"}:
            raise UnknownNameError("parameter", next(iter(structure)), ["mass"])
        return mediator(structure.get("mass", 1.0))
