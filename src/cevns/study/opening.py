"""Opening a study: names, files of one's own, combinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cevns.analysis.coupling_families import Physics
from cevns.exceptions import InputError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.combination import CHOICE, SHIPPED, Members, read_combination
from cevns.experiments.declaration.patch import added
from cevns.experiments.experiment import Experiment
from cevns.experiments.joint import changed, load_all
from cevns.registry import canonical
from cevns.study.combined_study import CombinedStudy
from cevns.study.study import Study

__all__ = ["load", "of_models"]


def of_models(
    overrides: Mapping[str, str] | None, models: Physics | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Changed fields of the files, and those of the sections that new physics adds to them.

    Raises:
        UnknownNameError: if there is no such process.
        InputError: if a file of new physics cannot be read, or a value is not text.

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
    *names_or_paths: str | Path | Sequence[str | Path],
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    models: Physics | None = None,
) -> Study:
    """Open one or several experiments; several are studied together.

    Args:
        names_or_paths: catalogue names (``"coherent-csi-2021"``), paths to experiment files, or
            paths to combination files, which name several experiments. ``"global"`` is the
            combination of the package; its members are selected after a colon,
            ``"global:csi,lar"``, or as a list, ``["csi", "lar"]``. A list always has the
            configuration of ``"global"``; several separate arguments are independent files, each
            with its own declarations.
        data: folder of the public release, or a parent that contains it by name.
        overrides: fields to change: ``{"target.mass": "20 kg"}`` in every file,
            ``{"coherent-csi-2021:target.mass": "20 kg"}`` in one of several files, and for a
            combination also by its short name, ``{"csi:target.mass": "20 kg"}``.
            ``{"detector.quenching": "@fit.yaml"}`` uses the curve of a file and its variations.
            Fields that `models` add to a file are changed in the same way,
            ``{"components.dm.source.angle": "70 deg"}``. ``{"choose.NAME": "ALTERNATIVE"}``
            selects another alternative of a choice of a combination.
        models: new physics in the interaction of all experiments: a name of ``cevns list
            interactions`` (several joined with ``+``), a file of the user, an interaction as an
            object, which is used unchanged, or extensions of the Standard Model.

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
        raise InputError("no experiment is named; name at least one experiment")
    given = [_listed(n) for n in names_or_paths]
    wanted, fields = _choices(overrides)
    combined = [read_combination(n, wanted) for n in given]
    whole = combined[0] if len(given) == 1 else None
    if wanted and whole is None:
        raise InputError(
            f"choose.{next(iter(wanted))}: a choice belongs to a combination; name "
            "only that combination"
        )
    names: list[str | Path] = []
    for name, members in zip(given, combined, strict=True):
        if members is not None and members.changes and whole is None:
            raise InputError(
                f"{name} defines common settings of its members; name it alone, with other files "
                "after its colon"
            )
        names += [name] if members is None else members.paths.values()
    shared = {} if whole is None else whole.changes
    own, later = of_models(_by_file(fields, whole), models)
    loaded = load_all(names, data=data, overrides=own, common=shared)
    study = _study(loaded, whole)
    if models is None:
        return study
    study = study.with_models(models)
    if not later:
        return study
    return replace(study, experiments=changed(study.experiments, later, written=names))


def _listed(name: str | Path | Sequence[str | Path]) -> str | Path:
    """A list as members of the combination of the package."""
    if isinstance(name, str | Path):
        return name
    return f"{SHIPPED}:{','.join(str(n) for n in name)}"


def _choices(overrides: Mapping[str, str] | None) -> tuple[dict[str, str], dict[str, str]]:
    """Alternatives of choices, by name, and changed fields."""
    every = loader.texts(overrides)
    wanted = {k.removeprefix(CHOICE): v for k, v in every.items() if k.startswith(CHOICE)}
    return wanted, {k: v for k, v in every.items() if not k.startswith(CHOICE)}


def _by_file(fields: Mapping[str, str], whole: Members | None) -> dict[str, str]:
    """Changed fields of members, ``csi:target.mass``, by the names of their files.

    Raises:
        InputError: if a field of one file is changed under two names.
    """
    files = {} if whole is None else {canonical(n): p.stem for n, p in whole.paths.items()}
    written: dict[str, str] = {}
    for key in fields:
        who, colon, field = key.partition(":")
        full = f"{files.get(canonical(who), who)}:{field}" if colon else key
        if full in written:
            raise InputError(f"{written[full]} and {key} are the same field; change it once")
        written[full] = key
    return {full: fields[key] for full, key in written.items()}


def _study(loaded: tuple[Experiment, ...], whole: Members | None) -> Study:
    """A study of experiments, with the external measurements of a combination."""
    if whole is None:
        return Study(loaded)
    if whole.external:
        # it counts once, wherever it stands
        patch = replace(whole.document, values={"external": dict(whole.external)})
        loaded = (loaded[0].with_patch(patch), *loaded[1:])
    sets = {short: e.name for short, e in zip(whole.paths, loaded, strict=True)}
    return CombinedStudy(
        loaded,
        label=whole.name,
        heading=whole.title,
        sets={**sets, **{short: f"{loaded[0].name}.{short}" for short in whole.external}},
        choices=whole.choices,
        alternatives=whole.alternatives,
    )
