"""What a study says of experiments that are not built or not done: expected errors and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from cevns import analysis  # which imports what a method asks for when it is called
from cevns.experiments.joint import Named

__all__ = ["Projections", "tiny_is_zero"]


@contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Densities far in their tails underflow, also for users who let NumPy raise errors."""
    with np.errstate(under="ignore"):
        yield


class Projections(Named):
    """Expected errors and limits of the experiments of a study."""

    @tiny_is_zero()
    def sensitivity(
        self,
        topic: str,
        *,
        years: Sequence[float] = (),
        flux_error: Sequence[float] = (),
        exposure_factor: float = 1.0,
        at: Mapping[str, float] | None = None,
    ) -> analysis.Sensitivity:
        """What the experiments would measure of a topic, each alone and all together.

        See `cevns.analysis.sensitivity.projecting.sensitivity_of`.

        Args:
            topic: ``cross-section``, ``sin2-theta-w``, ``nsi``, ... (`cevns list topics`).
            years: of running, each of them; by default the exposure of the files.
            flux_error: relative errors of the flux, each of them; by default those of the files.
            exposure_factor: on every exposure, beside the years.
            at: values that the topic holds, ``{"dm2_41": 3.0}``.

        Raises:
            UnknownNameError: if there is no such topic.
            InputError: if a number is impossible, an experiment counts no years or has no flux, or
                cannot answer the topic.
            FitError: if parameters cannot be told apart, or a limit does not exist.

        Examples:
            >>> import cevns
            >>> study = cevns.load("coherent-cryocsi", overrides={"variant": "sensitivity"})
            >>> study.sensitivity("sin2-theta-w", years=[3], flux_error=[0.05]).headline.written
            '0.011'
        """
        return analysis.sensitivity_of(
            *self.experiments,
            name=topic,
            years=years,
            flux_errors=flux_error,
            exposure_factor=exposure_factor,
            at=at,
        )
