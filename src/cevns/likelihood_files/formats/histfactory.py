"""HistFactory: a workspace of pyhf (JSON), and a patchset for grids of new physics.

The schema of a workspace allows nothing beside the model. What the file says of itself stands in
the name of its measurement, in short, and in ``NAME.metadata.json`` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from cevns import files
from cevns.exceptions import DataError
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.closure import close
from cevns.likelihood_files.encoding import encode
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    TextTable,
    Written,
    WrittenFormat,
    answer_for,
)
from cevns.likelihood_files.histograms import CODES
from cevns.likelihood_files.inspected_histograms import histogram_tables
from cevns.likelihood_files.patchsets import patched, patchset_document
from cevns.likelihood_files.published import Published
from cevns.likelihood_files.workspace_document import (
    digest,
    metadata_path,
    read_workspace_document,
    workspace_document,
)

__all__ = ["MODEL", "HistFactory", "workspace_content"]


def workspace_content(published: Published) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A workspace, what there is to say of it, and the line of its closure.

    Raises:
        InputError: if the model cannot be expressed, or (strict) not well enough.
    """
    encoded = encode(published.model, published.data, published.interest)
    document = workspace_document(encoded.histograms, published.name)
    # what is compared is what a reader gets
    read_back = assembled(read_workspace_document(json.loads(json.dumps(document)), "the export"))
    closure = close(encoded, read_back, published.interest, null=published.null)
    answer_for(closure, published, "HistFactory")
    document["measurements"][0]["name"] = _said(published, closure.summary())
    record = {
        **published.record(),
        "format": "HistFactory JSON 1.0.0",
        "workspace_sha256": digest(document),
        "interpolation": CODES,
        "lumi_stands_for": encoded.linear[0] if encoded.linear else None,
        "parameters": published.written_parameters(encoded),
        "closure": closure.record(),
    }
    return document, record, closure.summary()


def _said(published: Published, summary: str) -> str:
    codes = ", ".join(f"{k} {v}" for k, v in CODES.items())
    return f"{published.statement} Interpolation: {codes}. Closure: {summary}."


def _written(path: Path, document: Mapping[str, Any]) -> None:
    files.write(path, json.dumps(document, allow_nan=False) + "\n")


class HistFactory(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "HistFactory workspace or patchset (JSON)"
    takes_grids: ClassVar[bool] = True

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`."""
        for path in (out, metadata_path(out), _patchset_path(out)):
            files.check_writable(path)

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        if published.plan is not None:
            return self._patchset(published, out)
        document, record, line = workspace_content(published)
        _written(metadata_path(out), record)
        _written(out, document)
        return Written((out, metadata_path(out)), (f"closure: {line}",), record)

    def _patchset(self, published: Published, out: Path) -> Written:
        """The workspace of the backgrounds, and a patch for each point."""
        assert published.plan is not None
        plan = published.plan
        found = patched(plan)
        closure = found.closure(plan.data)
        answer_for(closure, published, "patchset")
        record = {
            **published.record(),
            "physics": plan.physics | {"interaction": plan.family.interaction.name},
            "question": plan.family.question.name,
            "asimov": plan.is_asimov,
            "held": {
                p.name: p.value
                for p in found.first.model.parameters
                if p.fixed and p.name not in found.labels
            },
            "format": "HistFactory JSON 1.0.0 with a patchset",
            "interpolation": CODES,
            "lumi_stands_for": found.first.linear[0] if found.first.linear else None,
            "parameters": published.written_parameters(found.first),
            "labels": list(found.labels),
            "units": list(found.units),
            "points": len(found.points),
            "closure": closure.record(),
        }
        description = (
            f"{published.statement} A signal for each point of {' x '.join(found.labels)}, the "
            "Standard Model included; hold mu at 1. There is no INSPIRE record: the reference "
            f"ins0000000 is a placeholder. Closure: {closure.summary()}."
        )
        workspace, patches = patchset_document(
            found, _said(published, closure.summary()), description, record
        )
        _written(metadata_path(out), {**record, "workspace_sha256": digest(workspace)})
        _written(_patchset_path(out), patches)
        _written(out, workspace)
        written = (out, _patchset_path(out), metadata_path(out))
        return Written(written, (f"closure: {closure.summary()}",), record)

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        found = candidate.json
        return {"channels", "measurements", "observations"} <= set(found) or (
            {"patches", "metadata"} <= set(found)
        )

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        document = candidate.json
        if "patches" in document:
            return _inspected_patchset(document, candidate.path)
        measurements = document.get("measurements")
        backgrounds = _of_a_patchset(candidate)
        lines = []
        if isinstance(measurements, list):
            lines = [str(m["name"]) for m in measurements if isinstance(m, dict) and "name" in m]
        lines.append(f"sha256 {digest(document)}, as patchsets know it")
        if backgrounds:
            lines.append(f"its signals are in {backgrounds}")
            document = _without_poi(document)
        histograms = read_workspace_document(document, candidate.path)
        _ = assembled(histograms)
        tables, content = histogram_tables(histograms)
        return Inspection(
            "HistFactory workspace",
            tuple(lines),
            tables,
            {**content, "sha256": digest(candidate.json), "measurements": lines[:-1]},
        )


def _patchset_path(out: Path) -> Path:
    return out.with_name(f"{out.stem}.patchset.json")


def _of_a_patchset(candidate: Candidate) -> str:
    """The patchset beside a workspace that knows it by its digest; empty for none."""
    beside = Candidate(_patchset_path(candidate.path))
    if not beside.path.is_file():
        return ""
    metadata = beside.json.get("metadata")
    known = metadata.get("digests") if isinstance(metadata, Mapping) else None
    if not isinstance(known, Mapping) or known.get("sha256") != digest(candidate.json):
        return ""
    return beside.path.name


def _without_poi(document: Mapping[str, Any]) -> dict[str, Any]:
    """The backgrounds alone, without the parameter that multiplies the signals."""
    names = {m["name"] for c in document["channels"] for s in c["samples"] for m in s["modifiers"]}
    measurements = [
        {**m, "config": {**m["config"], "poi": m["config"]["poi"] if m["config"]["poi"] in names
                         else ""}}
        for m in document["measurements"]
    ]  # fmt: skip
    return {**document, "measurements": measurements}


def _inspected_patchset(document: Mapping[str, Any], path: Path) -> Inspection:
    try:
        metadata = document["metadata"]
        labels = [str(n) for n in metadata["labels"]]
        units = [str(u) for u in metadata.get("units", [""] * len(labels))]
        rows = []
        for patch in document["patches"]:
            values = [float(v) for v in patch["metadata"]["values"]]
            added = [o["value"] for o in patch["patch"] if o["op"] == "add"]
            samples = [v["data"] for v in added if isinstance(v, Mapping) and "data" in v]
            events = f"{sum(map(sum, samples)):.6g}" if samples else ""
            name = str(patch["metadata"]["name"])
            rows.append((name, *(f"{v:.6g}" for v in values), events))
        digests = {str(k): str(v) for k, v in metadata["digests"].items()}
        description = str(metadata["description"])
        heads = [f"{n} [{u}]" if u else n for n, u in zip(labels, units, strict=True)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"is no patchset of HistFactory: {type(error).__name__} {error}", path=path
        ) from None
    if any(len(row) != len(labels) + 2 for row in rows):
        raise DataError("has a patch with another number of values than labels", path=path)
    table = TextTable(f"{len(rows)} patches", ("patch", *heads, "events"), tuple(rows))
    lines = (description, *(f"of the workspace with {k} {v}" for k, v in digests.items()))
    content = {
        "labels": labels,
        "units": units,
        "patches": len(rows),
        "digests": digests,
        "description": description,
    }
    return Inspection("HistFactory patchset", lines, (table,), content)


MODEL = HistFactory
