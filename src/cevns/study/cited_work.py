"""Whom experiments and results cite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cevns.analysis.coupling_families import Physics
from cevns.citations import Citations, of_methods
from cevns.exceptions import InputError
from cevns.files import expanded
from cevns.records import Result
from cevns.records.record_files import PAGES, checked, read_record, record_of_page
from cevns.study.opening import load
from cevns.study.study import Study

__all__ = ["cite", "is_result"]

_SCAN = (".h5", ".hdf5")


def is_result(what: object) -> bool:
    """Whether something is the name of a result file and not of an experiment.

    Examples:
        >>> is_result("fit.json"), is_result("scan.h5"), is_result("coherent-csi-2021")
        (True, True, False)
        >>> is_result("report.html")
        True
    """
    known = (".json", *_SCAN, *PAGES)
    return isinstance(what, str | Path) and Path(what).suffix.casefold() in known


def cite(
    *what: str | Path | Study | Result | Mapping[str, Any],
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    models: Physics | None = None,
) -> Citations:
    """Whom to cite for experiments and results, each with what it was used for.

    Args:
        what: names or files of experiments, studies, results, their JSON, and files of results:
            the JSON of ``--json``, scans and reports. For an experiment, the references of a fit
            are given.
        data: as in `cevns.load`, for experiments given by name.
        overrides: as in `cevns.load`.
        models: as in `cevns.load`.

    Returns:
        Entries with their uses: ``.bibtex()``, ``.text()`` and ``.markdown()`` write them.

    Raises:
        InputError: if nothing is named, or a file is not a result file.
        UnknownNameError, SchemaError: as in `cevns.load`.

    Examples:
        >>> import cevns
        >>> used = cevns.cite("coherent-csi-2021")
        >>> print(used.text().splitlines()[0])
        [1] COHERENT Collaboration, Measurement of the Coherent ...
        >>> used.roles("klein-nystrand-1999")
        ('form factor',)
    """
    if not what:
        raise InputError("nothing is given; name at least one experiment or result")
    found = []
    for one in what:
        if isinstance(one, Study):
            found.append(one.citations + of_methods("fit", "asymptotic"))
        elif isinstance(one, str | Path) and not is_result(one):
            study = load(one, data=data, overrides=overrides, models=models)
            found.append(study.citations + of_methods("fit", "asymptotic"))
        elif isinstance(one, str | Path):
            found.append(_of_file(expanded(one)))
        else:
            record = one.to_dict() if isinstance(one, Result) else one
            found.append(_of_record(record, "this record"))
    used, software = Citations.joined(found), of_methods()
    # the software of all of them stands behind what each has of its own
    return Citations(tuple(p for p in used.pairs if p not in software.pairs)) + software


def _of_file(path: Path) -> Citations:
    if path.suffix.casefold() in _SCAN:
        from cevns.analysis.scanning.scan_files import read as read_scan

        return Citations.read(read_scan(path).to_dict()["citations"])
    page = path.suffix.casefold() in PAGES
    return _of_record(record_of_page(path) if page else read_record(path), str(path))


def _of_record(record: Any, where: str) -> Citations:
    record = checked(record, where)
    listed = record.get("citations")
    if not isinstance(listed, list) or not all(isinstance(c, Mapping) for c in listed):
        raise InputError(
            f"{where} has no list of citations, as written by an earlier version: compute it "
            "again, or cite its experiments by name"
        )
    return Citations.read(listed)
