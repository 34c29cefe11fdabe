"""What a reactor sends to a detector: of an experiment, or of a site that is written out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cevns.experiments import load
from cevns.sources.reactor import Reactor

__all__ = ["compute"]


def compute(
    experiment: str | None = None,
    overrides: Mapping[str, str] | None = None,
    site: Mapping[str, Any] | None = None,
    emitted: bool = False,
    scale: float = 1.0,
) -> float:
    """Antineutrinos per cm2 and second at full power, or (with `emitted`) per second in all.

    Args:
        experiment: by its name.
        overrides: fields of its file.
        site: in its place fields of a `cevns.sources.reactor.Reactor`.
        emitted: whether those that the reactor emits are asked for.
        scale: factor on the result.
    """
    if site is not None:
        source = Reactor(**{"live_time_d": 1.0, **site})
    else:
        assert experiment is not None
        found = load(experiment, overrides=overrides).source
        assert isinstance(found, Reactor)
        source = found
    if emitted:
        return scale * source.fissions_per_s * source.antineutrinos_per_fission
    return scale * sum(source.flux_cm2_s(flavour) for flavour in source.flavours)
