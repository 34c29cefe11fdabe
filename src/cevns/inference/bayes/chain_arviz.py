"""All that is used of ArviZ, in one place: its interface changes with version 1."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from cevns.exceptions import InputError, MissingExtraError
from cevns.typing import Array

__all__ = ["arviz", "inference_data", "r_hat"]


def arviz() -> Any:
    """The module.

    Raises:
        MissingExtraError: if it is not installed.
        InputError: if it is version 1 or later.
    """
    with warnings.catch_warnings():
        # said at the first import of every version before 1, whatever is used of it
        warnings.filterwarnings("ignore", r"\s*ArviZ is undergoing", FutureWarning)
        try:
            import arviz as module
        except ImportError:
            raise MissingExtraError("arviz", "bayes", "a Bayesian analysis") from None
    if int(module.__version__.partition(".")[0]) >= 1:
        raise InputError(
            f"a Bayesian analysis needs arviz below version 1, not {module.__version__}: "
            "pip install 'arviz<1'"
        )
    return module


def r_hat(chains: Array) -> Array:
    """Rank-normalised split R-hat of each parameter, ``(n_steps, n_chains, n_par) -> (n_par,)``.

    One where all chains have explored the same distribution (Vehtari, Gelman, Simpson, Carpenter,
    Bürkner, arXiv:1903.08008).
    """
    rhat = arviz().rhat
    return np.array([float(rhat(np.ascontiguousarray(c.T))) for c in np.moveaxis(chains, 2, 0)])


def inference_data(
    samples: Mapping[str, Array], log_posterior: Array, attributes: Mapping[str, Any]
) -> Any:
    """An ``arviz.InferenceData``.

    Args:
        samples: by name, each ``(n_steps, n_chains)``.
        log_posterior: same shape.
        attributes: of the group ``posterior``; numbers and texts.
    """
    group = {name: np.ascontiguousarray(values.T) for name, values in samples.items()}
    found = arviz().from_dict(
        posterior=group, sample_stats={"lp": np.ascontiguousarray(log_posterior.T)}
    )
    found.posterior.attrs.update(attributes)
    return found
