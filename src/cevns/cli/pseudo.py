"""``cevns toys``: pseudo-experiments."""

from __future__ import annotations

from cevns.cli import options


def toys(experiment: options.ExperimentName) -> None:
    """Poisson toys."""
    raise SystemExit(experiment)
