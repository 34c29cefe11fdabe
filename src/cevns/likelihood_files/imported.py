"""A likelihood that a file brings: a workspace of HistFactory or HS3, fitted like an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns import records
from cevns.citations import Citations
from cevns.exceptions import DataError, FitError, InputError, UnknownNameError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.intervals import Significance, significance
from cevns.inference.fitting.quoted_fit import MinosChoice, fit
from cevns.inference.model.data import asimov as asimov_data
from cevns.inference.model.expectation import Fix, Model
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.file_format import Candidate
from cevns.likelihood_files.histograms import FACTOR_CODES, HistogramModel
from cevns.likelihood_files.hs3_document import read_hs3_document
from cevns.likelihood_files.workspace_document import (
    digest,
    metadata_path,
    read_workspace_document,
)
from cevns.parameters import Parameters
from cevns.records import Result
from cevns.typing import BoolArray

__all__ = ["ImportedFit", "ImportedLikelihood", "is_likelihood_file", "read_likelihood"]

_CHOICES: Final = ("measurement", "normsys")


@dataclass(frozen=True, eq=False)
class ImportedFit(Result):
    """Result of fitting a likelihood of a file.

    Args:
        likelihood: what was fitted.
        fit: the record of the minimiser.
        significance: of the parameter of interest against zero; None where there is none.
        asimov: whether the data were Asimov data.
    """

    likelihood: ImportedLikelihood
    fit: FitResult
    significance: Significance | None
    asimov: bool = False

    @property
    def counts(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Nominal and fitted counts of each sample, by channel."""
        model = self.likelihood.model
        nominal = model.totals_by_channel(model.parameters.values)
        fitted = model.totals_by_channel(self.fit.theta)
        return {
            channel: {n: (count, fitted[channel][n]) for n, count in own.items()}
            for channel, own in nominal.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns fit FILE.json``."""
        likelihood = self.likelihood
        record = {
            **records.head(),
            **self.fit.to_dict(),
            "citations": likelihood.citations.records(),
            "engine": records.head()["engine"],
            "experiment": likelihood.histograms.name,
            "inputs": {
                "origin": str(likelihood.path),
                "files": [
                    {
                        "role": "likelihood (digest of pyhf)",
                        "name": likelihood.path.name,
                        "sha256": likelihood.sha256,
                    }
                ],
                "warnings": [],
            },
            "choices": dict(likelihood.choices),
            "asimov": self.asimov,
            "significance": None if self.significance is None else self.significance.z,
            "channels": {
                name: {
                    "observed": float(likelihood.model.channel(name).observed.sum()),
                    "samples": {n: {"nominal": a, "fit": b} for n, (a, b) in own.items()},
                }
                for name, own in self.counts.items()
            },
        }
        return records.cited(record, "fit", "asymptotic")


@dataclass(frozen=True, eq=False)
class ImportedLikelihood:
    """A likelihood that a file brings; read it with `read_likelihood`.

    Args:
        path: of the file.
        histograms: what it holds.
        sha256: digest of the document.
        choices: what the file leaves open and was chosen.
        citations: whose likelihood it is, as far as the file, or that beside it, says so.
    """

    path: Path
    histograms: HistogramModel
    sha256: str
    choices: Mapping[str, str]
    citations: Citations = field(default_factory=Citations)

    @cached_property
    def model(self) -> Model:
        """The model with its data."""
        return assembled(self.histograms)

    def fit(
        self,
        poi: str | None = None,
        *,
        fix: Fix | None = None,
        asimov: bool = False,
        minos: MinosChoice = "poi",
    ) -> ImportedFit:
        """Fit it.

        Args:
            poi: the parameter of interest; that of the file by default.
            fix: parameters that are held, at a value or (None) where they are.
            asimov: fit the expected counts.
            minos: ``"poi"``, ``"all"``, ``"none"`` or names.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if the counts are impossible.
            FitError: if the fit does not converge.
        """
        try:
            return self._fit(poi, fix or {}, asimov=asimov, minos=minos)
        except (FitError, InputError) as error:
            below = next(_negative(self.histograms), "")
            if not below or isinstance(error, UnknownNameError):
                raise
            raise type(error)(f"{error}; {below}") from None

    def _fit(self, poi: str | None, fix: Fix, *, asimov: bool, minos: MinosChoice) -> ImportedFit:
        name = self.model.parameters[poi].name if poi else self.histograms.poi or None
        model = self.model
        if name is not None:
            model = model.with_parameters(
                Parameters(
                    replace(p, role="poi" if p.name == name else "nuisance")
                    for p in model.parameters
                )
            )
        data = asimov_data(model) if asimov else None
        model = model.with_parameters(model.parameters.fix(fix))
        best = fit(model, data=data, poi=name, minos=minos)
        against = None
        if name is not None:
            p = model.parameters[name]
            if not p.fixed and p.constraint is None and p.lower <= 0.0:
                against = significance(model, name, data=best.data, best=best)
        return ImportedFit(self, best, against, asimov)


def is_likelihood_file(path: Path | str) -> bool:
    """Whether a file holds a likelihood, by its content, whatever its suffix.

    Raises:
        DataError: if it begins as JSON does and is none.
    """
    candidate = Candidate(Path(path))
    # YAML may begin as JSON does
    if candidate.path.suffix.casefold() in (".yaml", ".yml") or not candidate.path.is_file():
        return False
    found = candidate.json
    return (
        {"channels", "measurements"} <= set(found)
        or "distributions" in found
        or ({"patches", "metadata"} <= set(found))
    )


def read_likelihood(
    path: Path | str, choices: Mapping[str, str] | None = None
) -> ImportedLikelihood:
    """Read a workspace of HistFactory, or HS3 as cevns writes it.

    Args:
        path: of the file.
        choices: ``measurement``, the name of one of several; ``normsys``, the interpolation code
            ``code4`` (default) or ``code1`` of a workspace, which cannot name it.

    Raises:
        DataError: if it is no such file, or holds modifiers that are not read.
        UnknownNameError: if a choice or its value is unknown.
        InputError: if a choice has no meaning for the file.

    Examples:
        >>> import tempfile
        >>> import cevns
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = cevns.load("coherent-csi-2021").export("hs3", Path(folder) / "csi.json")
        ...     found = read_likelihood(Path(folder) / "csi.json")
        >>> found.model.parameters.names[:3]
        ('mu', 't0', 'qf.csi.0')
    """
    candidate, asked = Candidate(Path(path)), dict(choices or {})
    for name in asked:
        if name not in _CHOICES:
            raise UnknownNameError("choice of a likelihood file", name, _CHOICES)
    code = asked.get("normsys", "code4")
    if code not in FACTOR_CODES:
        raise UnknownNameError("interpolation code of normsys", code, FACTOR_CODES)
    document = candidate.json
    if "patches" in document:
        raise InputError(
            f"{path} is a patchset, which contains only signals; fit one with its "
            "workspace: 'pyhf patchset apply WORKSPACE.json PATCHSET.json --name "
            "POINT --output-file FILE.json'"
        )
    if "distributions" in document:
        if asked:
            raise InputError(f"{path} is an HS3 file, which has no choices")
        found = read_hs3_document(document, path)
    elif "channels" in document:
        found = read_workspace_document(
            document,
            path,
            measurement=asked.get("measurement"),
            normsys="code1" if code == "code1" else "code4",
        )
    else:
        raise DataError("is neither a HistFactory workspace nor an HS3 file", path=path)
    for channel in found.channels:
        sizes = {s.name: len(s.nominal) for s in channel.samples}
        if len(set(sizes.values())) > 1:
            said = ", ".join(f"{name!r} has {size}" for name, size in sizes.items())
            text = f"the samples of channel {channel.name!r} have different numbers of bins"
            raise DataError(f"{text}: {said}", path=path)
        total = sum(s.nominal for s in channel.samples)
        if np.any(np.asarray(total) < 0.0):
            text = next(_negative(found, channel.name, np.asarray(total) < 0.0))
            raise DataError(f"{text}, so that a negative count is expected there", path=path)
    sha256 = digest(document)
    return ImportedLikelihood(Path(path), found, sha256, asked, _citations(document, path, sha256))


def _negative(
    found: HistogramModel, name: str | None = None, of: BoolArray | None = None
) -> Iterator[str]:
    """Sentences on contents below zero, perhaps in some bins of one channel only."""
    for channel in found.channels:
        for sample in channel.samples if name in (None, channel.name) else ():
            below = sample.nominal < 0.0
            for b in np.flatnonzero(below if of is None else below & of):
                yield (
                    f"the sample {sample.name!r} of channel {channel.name!r} has "
                    f"{sample.nominal[b]:g} events in bin {b + 1} of {len(below)}"
                )


def _citations(document: Mapping[str, Any], path: Path | str, sha256: str) -> Citations:
    """Whom a likelihood cites: publications of HS3, or the metadata beside their workspace."""
    metadata = document.get("metadata")
    publications = metadata.get("publications") if isinstance(metadata, Mapping) else None
    try:
        if isinstance(publications, list):
            return Citations.of([str(p) for p in publications], "measurement")
        beside = Candidate(metadata_path(Path(path)))
        if beside.path.is_file() and beside.json.get("workspace_sha256") == sha256:
            return Citations.read(beside.json.get("citations", ()))
    except (InputError, DataError):  # of a file by others, or one that is damaged
        pass
    return Citations()
