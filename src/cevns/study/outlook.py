"""Expected errors and limits of a study, for experiments that have not been done yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cevns import analysis  # which imports what a method asks for when it is called
from cevns.analysis.coupling_families import Physics
from cevns.experiments.joint import Named
from cevns.typing import Array

__all__ = ["Projections", "tiny_is_zero"]


@contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Densities far in their tails underflow, also for users who let NumPy raise errors."""
    with np.errstate(under="ignore"):
        yield


class Projections(Named):
    """Expected errors and limits of the experiments of a study."""

    models: Physics | None

    @tiny_is_zero()
    def scan_field(
        self,
        field: str,
        values: Sequence[float] | Array,
        *,
        unit: str = "",
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Mapping[str, float | None] | None = None,
        cl: float = 0.9,
        asimov: bool = False,
        out: Path | str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> analysis.FieldScan:
        """Expected results as a function of a number in the files: mass, time, distance, threshold.

        See `cevns.analysis.scanning.field_scan.scan_field`.

        Args:
            field: name of the field as in ``--set``, ``target.mass``.
            values: values of the field, increasing.
            unit: unit of the values.
            free: parameters instead of the cross section relative to its prediction; the first is
                the parameter of interest.
            at: values of other parameters of the interaction.
            fix: parameters of the model to fix.
            cl: confidence level of intervals and limits.
            asimov: use expected counts even if there are data.
            out: HDF5 file.
            progress: called with the number of values done and the total number.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if there are data and `asimov` is false, or the values are invalid.
            FitError: if parameters are degenerate, or a limit does not exist.

        Examples:
            >>> import cevns
            >>> found = cevns.load("coherent-ge-1").scan_field("target.mass", [9, 36], unit="kg")
            >>> [round(100 * e, 1) for e in found["error"].tolist()]
            [12.2, 10.7]
        """
        return analysis.scan_field(
            self.experiments,
            field,
            values,
            unit=unit,
            models=self.models,
            free=free,
            at=at,
            fix=fix,
            cl=cl,
            asimov=asimov,
            out=out,
            progress=progress,
        )

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
        """Expected results of the experiments on a topic, of each alone and of all together.

        See `cevns.analysis.sensitivity.projecting.sensitivity_of`.

        Args:
            topic: ``cross-section``, ``sin2-theta-w``, ``nsi``, ... (`cevns list topics`).
            years: one or more running times; by default the exposure of the files.
            flux_error: one or more relative errors of the flux; by default those of the files.
            exposure_factor: factor on every exposure, in addition to `years`.
            at: values of fixed parameters of the topic, ``{"dm2_41": 3.0}``.

        Raises:
            UnknownNameError: if there is no such topic.
            InputError: if a number is invalid, the exposure of an experiment is not given in years,
                or an experiment has no flux or is not sensitive to the topic.
            FitError: if parameters are degenerate, or a limit does not exist.

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
