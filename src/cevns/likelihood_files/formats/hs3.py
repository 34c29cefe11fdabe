"""HS3 (JSON, version 0.2): the same likelihood, with as many linear factors as there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from cevns import files
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.closure import close
from cevns.likelihood_files.encoding import Rules, encode
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    Written,
    WrittenFormat,
    answer_for,
)
from cevns.likelihood_files.histograms import CODES
from cevns.likelihood_files.hs3_document import HS3_VERSION, hs3_document, read_hs3_document
from cevns.likelihood_files.inspected_histograms import histogram_tables
from cevns.likelihood_files.published import Published

__all__ = ["MODEL", "Hs3", "hs3_content"]


def hs3_content(published: Published) -> tuple[dict[str, Any], dict[str, Any], str]:
    """An HS3 document, what it says of itself, and the line of its closure.

    Raises:
        InputError: if the model cannot be expressed, or (strict) not well enough.
    """
    encoded = encode(published.model, published.data, published.interest, Rules(rates="all"))
    plain = hs3_document(encoded.histograms, "", (), {})
    read_back = assembled(read_hs3_document(json.loads(json.dumps(plain)), "the export"))
    closure = close(encoded, read_back, published.interest, null=published.null)
    answer_for(closure, published, "HS3")
    record = {
        **published.record(),
        "format": f"HS3 {HS3_VERSION}",
        "interpolation": CODES,
        "parameters": published.written_parameters(encoded),
        "closure": closure.record(),
    }
    said = f"{published.statement} Closure: {closure.summary()}."
    return (
        hs3_document(encoded.histograms, said, published.cite, record),
        record,
        closure.summary(),
    )


class Hs3(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "HS3 likelihood (JSON)"

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`."""
        files.check_writable(out)

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        document, record, line = hs3_content(published)
        files.write(out, json.dumps(document, indent=1, allow_nan=False) + "\n")
        return Written((out,), (f"closure: {line}",), record)

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        metadata = candidate.json.get("metadata")
        return isinstance(metadata, Mapping) and "hs3_version" in metadata

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        document = candidate.json
        histograms = read_hs3_document(document, candidate.path)
        _ = assembled(histograms)
        tables, content = histogram_tables(histograms)
        metadata = document["metadata"]
        lines = (f"HS3 {metadata['hs3_version']}", str(metadata.get("description", "")))
        return Inspection(
            "HS3 likelihood",
            tuple(line for line in lines if line),
            tables,
            {**content, "metadata": metadata},
        )


MODEL = Hs3
