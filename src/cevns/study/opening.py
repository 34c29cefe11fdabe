"""Opening a study: names, files of one's own, combinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cevns.analysis.coupling_families import Physics
from cevns.exceptions import InputError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.combination import read_combination
from cevns.experiments.declaration.patch import added
from cevns.experiments.joint import changed, load_all
from cevns.study.study import Study

__all__ = ["load", "of_models"]


def of_models(
    overrides: Mapping[str, str] | None, models: Physics | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Changed fields of the files themselves, and those of what new physics adds to them.

    Raises:
        UnknownNameError: if there is no such process.
        InputError: if a file of new physics cannot be read, or a value is no text.

    Examples:
        >>> of_models({"target.mass": "2 kg", "components.wimp-si.title": "WIMPs"}, "wimp-si")
        ({'target.mass': '2 kg'}, {'components.wimp-si.title': 'WIMPs'})
    """
    changes = loader.texts(overrides)
    if not isinstance(models, str) or not any("." in key for key in changes):
        return changes, {}
    places = tuple(f"{place}.".replace("_", "-") for place in added(models))
    later = {
        key: value
        for key, value in changes.items()
        if key.rpartition(":")[2].replace("_", "-").startswith(places)
    }
    return {key: value for key, value in changes.items() if key not in later}, later


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
            "@fit.yaml"}`` takes the curve of a file and its variations. What `models` lay over a
            file is changed by the same names: ``{"components.dm.source.angle": "70 deg"}``.
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
    own, later = of_models(overrides, models)
    loaded = load_all(names, data=data, overrides=own)
    study = Study(loaded, label=name, heading=title)
    if models is None:
        return study
    study = study.with_models(models)
    if not later:
        return study
    return replace(study, experiments=changed(study.experiments, later, written=names))
