"""Central differences of a model's expectation, against which its derivatives are tested."""

from __future__ import annotations

import numpy as np

from cevns.inference import Model
from cevns.typing import Array


def differences(model: Model, theta: Array) -> Array:
    """Derivatives of expected counts, ``(B, n_par) -> (B, n_par, n_bins)``."""
    p = model.parameters
    low, high = np.array([q.lower for q in p]), np.array([q.upper for q in p])
    scale = np.array([max(q.scale, 1e-3 * abs(q.value)) for q in p])
    # cube root of the rounding error: where truncation and rounding balance
    steps = 6e-6 * np.diag(scale)
    up = np.minimum(theta[:, None] + steps, np.maximum(high, theta[:, None]))
    down = np.maximum(theta[:, None] - steps, np.minimum(low, theta[:, None]))
    width = np.einsum("bii->bi", up - down)[..., None]
    slopes: Array = (model.expected(up) - model.expected(down)) / width
    return slopes
