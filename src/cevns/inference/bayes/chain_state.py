"""A chain as far as it has come: plain arrays, from which it goes on bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import InputError
from cevns.inference.bayes.posterior_modes import Modes
from cevns.inference.work.checkpoint import difference
from cevns.typing import ENGINE, Array

__all__ = ["ChainState", "RandomState"]

RandomState = tuple[str, NDArray[np.uint32], int, int, float]
"""As ``numpy.random.RandomState.get_state`` gives it."""


@dataclass(frozen=True, eq=False)
class ChainState:
    """All steps of a chain and the state of its random numbers.

    Args:
        fingerprint: what was sampled and how; chains with another one are refused.
        coordinates: ``(n_steps, n_walkers, n_free)``.
        log_posterior: ``(n_steps, n_walkers)``.
        accepted: accepted proposals of each walker, ``(n_walkers,)``.
        random: state of the generator.
        modes: where the walkers started.
    """

    fingerprint: Mapping[str, Any]
    coordinates: Array = field(repr=False)
    log_posterior: Array = field(repr=False)
    accepted: Array = field(repr=False)
    random: RandomState = field(repr=False)
    modes: Modes = field(repr=False)

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.coordinates)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as arrays of numbers, for any file format."""
        text = json.dumps(dict(self.fingerprint), sort_keys=True).encode()
        return {
            "fingerprint": np.frombuffer(text, dtype=np.uint8),
            "coordinates": self.coordinates,
            "log_posterior": self.log_posterior,
            "accepted": self.accepted,
            "random_key": self.random[1],
            "random_rest": np.array(self.random[2:], dtype=float),
            "mode_centres": self.modes.centres,
            "mode_roots": self.modes.roots,
            "mode_weights": self.modes.weights,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ChainState:
        """The inverse of `arrays`.

        Raises:
            InputError: if an array is missing or they do not fit together.
        """
        try:
            position, has_gauss, cached = (float(v) for v in arrays["random_rest"])
            state = cls(
                fingerprint=json.loads(np.asarray(arrays["fingerprint"]).tobytes()),
                coordinates=np.asarray(arrays["coordinates"], dtype=float),
                log_posterior=np.asarray(arrays["log_posterior"], dtype=float),
                accepted=np.asarray(arrays["accepted"], dtype=float),
                random=(
                    "MT19937",
                    np.asarray(arrays["random_key"], dtype=np.uint32),
                    int(position),
                    int(has_gauss),
                    cached,
                ),
                modes=Modes(
                    *(np.asarray(arrays[f"mode_{k}"]) for k in ("centres", "roots", "weights"))
                ),
            )
        except (KeyError, ValueError) as error:
            raise InputError(f"the saved chain is incomplete ({error}); start a new one") from None
        if state.coordinates.shape[:2] != state.log_posterior.shape or not len(state):
            raise InputError("the saved chain is truncated; start a new one")
        return state

    def check(self, fingerprint: Mapping[str, Any]) -> None:
        """Raise if the chain is not of this fingerprint.

        Raises:
            InputError: naming the first difference.
        """
        before = self.fingerprint.get("engine", ENGINE)
        if before != ENGINE:
            raise InputError(
                f"the saved chain was begun with the engine {before}, and NumPy is the only one: "
                "begin a new chain"
            )
        if what := difference(self.fingerprint, fingerprint):
            raise InputError(
                f"the saved chain is a different one: {what}; continue it with the "
                "original settings or start a new one"
            )
