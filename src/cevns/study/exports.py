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
            poi: the question by name.
            free: or parameters of the interaction.
            at: values of other parameters of the interaction.
            fix: parameters of the model to hold.
            asimov: take the expected counts as data.
            profile_shapes: let the shapes float that the files hold.
            strict: raise where the file is not as good as the model, and write nothing.
            plan: points of new physics, which make a patchset (``histfactory``).
            scans: files of scans that belong to a submission (``hepdata``).
            seed: of samples (``arviz``).
            draws: independent draws that they are worth.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if the format cannot express what is asked for, or there are no data.
            OutputError: if it cannot be written there.
            MissingExtraError: if what writes it is not installed.

        Warns:
            CevnsWarning: if the file is not as good as the model; the causes are named.

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
