"""A model whose expectation is compiled by JAX, for a single fit with that engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cevns.inference.minimum.engines import JaxEngine
from cevns.inference.model.expectation import Model, linearise
from cevns.parameters import Parameters
from cevns.typing import Array, Namespace

__all__ = ["CompiledModel"]


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """The same model, evaluated through XLA: NumPy arrays in, NumPy arrays out.

    A single fit gains nothing from it (dispatch costs what the arithmetic does), but it shows
    that both engines agree.

    Args:
        model: what to compile.

    Raises:
        MissingExtraError: if jax is not installed.
    """

    model: Model

    @cached_property
    def _engine(self) -> JaxEngine:
        return JaxEngine()

    @cached_property
    def _linearised(self) -> Any:
        xp = self._engine.xp
        return self._engine.compile(lambda theta: linearise(self.model, theta, xp))

    @cached_property
    def _expected(self) -> Any:
        xp = self._engine.xp
        return self._engine.compile(lambda theta: self.model.expected(theta, xp))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def parameters(self) -> Parameters:
        """The model's parameters."""
        return self.model.parameters

    @property
    def observed(self) -> Array:
        """The model's counts."""
        return self.model.observed

    def components(self, theta: Array) -> Mapping[str, Array]:
        """The model's components, without compilation."""
        return self.model.components(theta)

    def expected(self, theta: Array, xp: Namespace = np) -> Array:  # noqa: ARG002
        """Expected counts, compiled."""
        with self._engine.context():
            return np.asarray(self._expected(np.asarray(theta, dtype=float)))

    def linearise(self, theta: Array, xp: Namespace = np) -> tuple[Array, Array]:  # noqa: ARG002
        """Expected counts and derivatives, compiled."""
        with self._engine.context():
            mu, jac = self._linearised(np.asarray(theta, dtype=float))
        return np.asarray(mu), np.asarray(jac)
