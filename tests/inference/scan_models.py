"""Small models whose scans can be done by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.parameters import Gaussian, Parameter, Parameters


@dataclass(frozen=True, eq=False)
class Ring:
    """One bin: background + strength (x^2 + y^2) expected; the minimum is a circle."""

    observed: np.ndarray = field(default_factory=lambda: np.array([150.0]))
    name: str = "ring"
    parameters: Parameters = field(
        default_factory=lambda: Parameters(
            [
                Parameter("x", 0.9, lower=-2, upper=2, typical=0.3, role="poi"),
                Parameter("y", 0.1, lower=-2, upper=2, typical=0.3, role="poi"),
            ]
        )
    )

    def expected(self, theta):
        return 50.0 + 100.0 * np.sum(theta**2, axis=-1)[..., None]

    def components(self, theta):
        return {"all": self.expected(theta)}


JACOBIAN = np.array([[3.0, 1.0, 0.5], [0.0, 2.0, -1.0], [1.0, 0.0, 2.0], [1.0, 1.0, 1.0]])


@dataclass(frozen=True, eq=False)
class Plane:
    """Four full bins, linear in two parameters and a constrained nuisance: nearly Gaussian."""

    observed: np.ndarray = field(default_factory=lambda: np.full(4, 1e8))
    name: str = "plane"
    parameters: Parameters = field(
        default_factory=lambda: Parameters(
            [
                Parameter("a", 0.0, typical=1.0, role="poi"),
                Parameter("b", 0.0, typical=1.0, role="poi"),
                Parameter("z", 0.0, constraint=Gaussian(0.0, 1.0)),
            ]
        )
    )

    def expected(self, theta):
        return 1e8 + 1e4 * (theta @ JACOBIAN.T)

    def components(self, theta):
        return {"all": self.expected(theta)}

    @property
    def covariance(self):
        """Of a, b with z profiled: counts have errors of 1e4."""
        return np.linalg.inv(JACOBIAN.T @ JACOBIAN + np.diag([0.0, 0.0, 1.0]))[:2, :2]


@dataclass(frozen=True, eq=False)
class Mediator:
    """Ten bins of falling background and a signal g^2 of a shape that the mass decides."""

    mass: float = 1.0
    observed: np.ndarray = field(
        default_factory=lambda: np.round(100 * np.exp(-np.arange(10) / 4.0) + 3)
    )
    name: str = "mediator"
    parameters: Parameters = field(
        default_factory=lambda: Parameters(
            [
                Parameter("g", 0.5, lower=0.0, upper=50.0, typical=0.5, role="poi"),
                Parameter("background", 1.0, constraint=Gaussian(1.0, 0.05), lower=0.1),
            ]
        )
    )

    def expected(self, theta):
        bins = np.arange(10)
        signal = 10.0 / (1.0 + bins / self.mass)
        g, background = theta[..., :1], theta[..., 1:]
        return background * 100 * np.exp(-bins / 4.0) + g**2 * signal

    def components(self, theta):
        return {"all": self.expected(theta)}


@dataclass(frozen=True)
class Mediators:
    """One model for each mass."""

    name: str = "mediators"

    @property
    def parameters(self):
        return Mediator().parameters

    @property
    def structure(self):
        return Parameters([Parameter("mass", 1.0, unit="MeV", lower=0.01)])

    def model(self, structure):
        if set(structure) - {"mass"}:
            raise UnknownNameError("parameter", next(iter(structure)), ["mass"])
        return Mediator(structure.get("mass", 1.0))
