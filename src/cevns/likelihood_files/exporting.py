"""Write the likelihood or the results of experiments into a file that others read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cevns.analysis.question import Request
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.likelihood_files.file_format import Candidate, Inspection, Written, format_of, writer
from cevns.likelihood_files.published import Options, publish
from cevns.records import Result

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan

__all__ = ["Export", "export", "inspect"]


@dataclass(frozen=True)
class Export(Result):
    """What an export wrote, and what its closure found.

    Args:
        format: name of the format.
        written: files and checks.
    """

    format: str
    written: Written

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, the main one first."""
        return self.written.files

    def __str__(self) -> str:
        """Files and checks in lines."""
        names = ", ".join(map(str, self.files))
        return "\n".join([f"{self.format}: {names}", *self.written.lines])

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns export``."""
        return {
            **self.written.record,
            "to": self.format,
            "files": [str(f) for f in self.files],
        }


def export(
    *experiments: Experiment,
    to: str,
    out: Path | str,
    request: Request | None = None,
    asimov: bool = False,
    profile_shapes: bool = False,
    options: Options | None = None,
    plan: ScanPlan | None = None,
    scans: Sequence[Path | str] = (),
) -> Export:
    """Write the likelihood or the results of experiments.

    Args:
        experiments: at least one.
        to: name of the format: ``histfactory``, ``hs3``, ``hepdata``, ``root``, ``csv``, ``arviz``.
        out: the file, or the folder of a submission to HEPData; a file that is there is replaced.
        request: what is asked; by default the usual question.
        asimov: take the expected counts as data.
        profile_shapes: let the shapes float that the files hold.
        options: of single formats.
        plan: points of new physics, which make a patchset (histfactory).
        scans: files of scans that belong to a submission (hepdata).

    Raises:
        UnknownNameError: if there is no such format.
        InputError: if it cannot express what is asked for, or (strict) not well enough.
        OutputError: if it cannot be written there.
        MissingExtraError: if what writes it is not installed.

    Examples:
        >>> import tempfile
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2021").experiments
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found = export(*csi, to="histfactory", out=Path(folder) / "csi.json")
        >>> [f.name for f in found.files]
        ['csi.json', 'csi.metadata.json']
    """
    chosen, path = writer(to), Path(out)
    chosen.check_extras(grid=plan is not None, scans=bool(scans))
    chosen.prepare(path)
    published = publish(
        *experiments,
        request=request or Request(),
        asimov=asimov,
        profile_shapes=profile_shapes,
        options=options,
        plan=plan,
        scans=_scans(scans, experiments),
    )
    return Export(to, chosen.write(published, path))


def _scans(paths: Sequence[Path | str], experiments: Sequence[Experiment]) -> tuple[Any, ...]:
    """Scans from their files.

    Raises:
        InputError: if one is of other experiments.
    """
    if not paths:
        return ()
    from cevns.analysis.scanning.scan_record import Scan

    names = [e.name for e in experiments]
    found = []
    for path in paths:
        scan = Scan.read(path)
        of = list(scan.file.run["experiments"])
        if sorted(of) != sorted(names):
            raise InputError(
                f"{path} is a scan of {' and '.join(of)}, and not of {' and '.join(names)}; a "
                "submission holds results of its own experiments"
            )
        found.append(scan)
    return tuple(found)


def inspect(path: Path | str) -> Inspection:
    """What is in a file that cevns writes.

    Args:
        path: of the file, or of the folder of a submission.

    Raises:
        DataError: if it is no such file, or damaged.
        MissingExtraError: if what reads it is not installed.

    Examples:
        >>> inspect("no such file")
        Traceback (most recent call last):
            ...
        cevns.exceptions.DataError: no such file: the file does not exist
    """
    candidate = Candidate(Path(path))
    return format_of(candidate).inspect(candidate)
