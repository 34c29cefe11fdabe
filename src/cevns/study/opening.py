"""Opening a study: names, files of one's own, combinations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cevns.analysis.coupling_families import Physics
from cevns.exceptions import InputError
from cevns.experiments.declaration.combination import read_combination
from cevns.experiments.joint import load_all
from cevns.study.study import Study

__all__ = ["load"]


def load(
    *names_or_paths: str | Path,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    models: Physics | None = None,
) -> Study:
    """Open one or several experiments; several are studied together.

    Args:
        names_or_paths: catalogue names (``"coherent-csi-2021"``), paths to experiment files, or
            to combination files, which name several.
        data: folder of the public release, or a parent that contains it by name.
        overrides: fields to change: ``{"target.mass": "20 kg"}`` in every file, or in one of
            several ``{"coherent-csi-2021:target.mass": "20 kg"}``; ``{"detector.quenching":
            "@fit.yaml"}`` takes the curve of a file and its variations.
        models: new physics in the interaction of all: a name of ``cevns list interactions``
            (several with ``+``), a file of one's own, an interaction as an object, which is taken
            as it is, or extensions of the Standard Model.

    Raises:
        UnknownNameError: if a name is unknown.
        SchemaError: if a file breaks the schema; file, line and field are named.
        InputError: if a file cannot be read, a field to change does not exist, or two files are
            the same experiment.

    Examples:
        >>> import cevns
        >>> study = cevns.load("coherent-csi-2021", models="nsi")
        >>> round(study.fit(free=("eps_ee_u",), minos="none").fit["eps_ee_u"].value, 3)
        0.004
    """
    if not names_or_paths:
        raise InputError("nothing is named; load at least one experiment")
    names: list[str | Path] = []
    name = title = ""
    for given in names_or_paths:
        combined = read_combination(given)
        if combined is None:
            names.append(given)
            continue
        file, inside = combined
        names += inside
        if len(names_or_paths) == 1:
            name, title = file.name, file.title
    loaded = load_all(names, data=data, overrides=overrides)
    study = Study(loaded, label=name, heading=title)
    return study if models is None else study.with_models(models)
