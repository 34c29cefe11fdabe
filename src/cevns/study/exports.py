"""What a study gives to others: its likelihood or results in files that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cevns.analysis.question import requested
from cevns.experiments.joint import Named
from cevns.study.outlook import tiny_is_zero

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.likelihood_files.exporting import Export

__all__ = ["Exports"]


class Exports(Named):
    """Files of likelihoods and results."""

    @tiny_is_zero()
    def export(
        self,
        to: str,
        out: Path | str,
        *,
        poi: str | None = None,
        free: Sequence[str] = (),
        at: Mapping[str, float] | None = None,
        fix: Mapping[str, float | None] | None = None,
        asimov: bool = False,
        profile_shapes: bool = False,
        strict: bool = False,
        plan: ScanPlan | None = None,
        scans: Sequence[Path | str] = (),
        seed: int = 1,
        draws: int = 5000,
    ) -> Export:
        """Write the likelihood or the results; see `cevns.likelihood_files.exporting.export`.

        Args:
            to: ``histfactory``, ``hs3``, ``hepdata``, ``root``, ``csv`` or ``arviz``.
            out: the file, or the folder of a submission to HEPData.
            poi: the name of the question.
            free: parameters of the interaction, instead of `poi`.
            at: values of other parameters of the interaction.
            fix: parameters of the model to fix.
            asimov: use the expected counts as data.
            profile_shapes: free the shape parameters that are held in the experiment files.
            strict: raise an error and write nothing if the file does not reproduce the model.
            plan: points of new physics, which are written as a patchset (``histfactory``).
            scans: files of scans that are included in a submission (``hepdata``).
            seed: seed of the samples (``arviz``).
            draws: effective number of independent samples (``arviz``).

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if the format cannot express what is asked for, or there are no data.
            OutputError: if the file cannot be written.
            MissingExtraError: if a package that is needed to write it is not installed.

        Warns:
            CevnsWarning: if the file does not reproduce the model; the causes are named.

        Examples:
            >>> import tempfile
            >>> import cevns
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     found = cevns.load("coherent-csi-2021").export("csv", Path(folder) / "csi.csv")
            >>> print(found.written.lines[0])
            read back: all numbers of 99 bins are the same to the last bit
        """
        from cevns.likelihood_files.exporting import export
        from cevns.likelihood_files.published import Options

        return export(
            *self.experiments,
            to=to,
            out=out,
            request=requested(poi, free, at, fix),
            asimov=asimov,
            profile_shapes=profile_shapes,
            options=Options(strict=strict, seed=seed, draws=draws),
            plan=plan,
            scans=scans,
        )
