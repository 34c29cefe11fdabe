"""Combination files: several experiments under one name, to be studied together.

In its short form it is a list of experiments. In the long one every member has a short name and
what is set in its file, some are left out by default, measurements from elsewhere stand beside,
and what decides about a result is a named choice::

    name: mine
    set: {interaction.couplings: cadeddu2022}          # in all files
    combination:
      csi: {experiment: coherent-csi-2021, set: {parameters.t0.held: true}}
      caesium:
        external: {observable: {kind: weak-charge, nuclide: Cs133}, measured: -72.8 +/- 0.4}
    choices:
      pulse-time: {held: {}, free: {csi: {parameters.t0.held: false}}}

Behind a colon stands which members are meant, ``mine:csi`` or, of the usual ones,
``mine:-caesium,+other``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from cevns.exceptions import CevnsError, InputError, UnknownNameError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.document import Document, parse
from cevns.experiments.declaration.sections import ExternalEntry
from cevns.experiments.forms.section import Name, Section
from cevns.registry import canonical

__all__ = [
    "CHOICE",
    "SHIPPED",
    "CombinationFile",
    "Member",
    "Members",
    "alternatives",
    "other_file",
    "read_combination",
    "spelled",
]

EVERY = "all"
"""In place of a member among the changes of a choice: all files."""
CHOICE = "choose."
"""Before the name of a choice among changed fields."""
SHIPPED = "global"
"""The combination whose members a list names."""
_USUAL = "default"
"""In place of a member: all that are there when nothing is said."""


class Member(Section):
    """One set of data of a combination.

    Args:
        experiment: catalogue name, or path relative to the file.
        external: in its place, a measurement from elsewhere.
        set: changed fields of its file, as ``--set`` has them.
        default: whether it is there when nothing is said.
        also: other names that mean it.
    """

    experiment: str = ""
    external: dict[str, Any] | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    default: bool = True
    also: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Member:
        if bool(self.experiment) == (self.external is not None):
            raise InputError("a member of a combination is either 'experiment' or 'external'")
        if self.external is not None:
            ExternalEntry.model_validate(self.external)
        return self


class CombinationFile(Section):
    """What a combination file declares.

    Args:
        combination: catalogue names, or paths relative to the file; or members by short names.
        name: of the combination.
        title: a line for tables and figures.
        set: changed fields of all its files.
        choices: by name, named alternatives, the usual one first: changed fields by member. The
            field ``experiment`` takes another file, of ``external`` the fields are its own.
    """

    combination: dict[str, Member] | list[str]
    name: Name
    title: str = ""
    set: dict[str, Any] = Field(default_factory=dict)
    choices: dict[str, dict[str, dict[str, dict[str, Any]]]] = Field(default_factory=dict)

    @field_validator("combination")
    @classmethod
    def _some(cls, names: dict[str, Member] | list[str]) -> dict[str, Member] | list[str]:
        if not names:
            raise InputError("the combination is empty; name at least one experiment")
        return names

    @model_validator(mode="after")
    def _known(self) -> CombinationFile:
        for choice, options in self.choices.items():
            for option, changes in options.items():
                for member in changes:
                    if member != EVERY and member not in self.members:
                        raise InputError(
                            f"the choice {choice}: {option} changes {member!r}, which is no member"
                        )
        return self

    @property
    def members(self) -> dict[str, Member]:
        """The members by short name; in a list each has the name it is written with."""
        if isinstance(self.combination, dict):
            return self.combination
        return {name: Member(experiment=name) for name in self.combination}


@dataclass(frozen=True, eq=False)
class Members:
    """The chosen members of a combination.

    Args:
        name: of the combination; empty for what is no whole combination.
        title: a line for tables.
        paths: files of experiments by short name.
        external: measurements from elsewhere by short name, as sections of a file.
        changes: changed fields, as `cevns.load` takes them.
        choices: which alternative was taken, by the name of the choice.
        alternatives: of the choices that change one of these members, the usual one first.
        document: the file of the combination.
    """

    name: str
    title: str
    paths: Mapping[str, Path]
    external: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, str]
    choices: Mapping[str, str]
    alternatives: Mapping[str, tuple[str, ...]]
    document: Document


def read_combination(
    name_or_path: str | Path, choices: Mapping[str, str] | None = None
) -> Members | None:
    """A combination file and the experiments it names; None for the file of an experiment.

    Args:
        name_or_path: as in `cevns.load`; members may follow a colon.
        choices: alternatives by the name of the choice; the first of each by default.

    Raises:
        UnknownNameError: if there is no file, member, choice or alternative of that name.
        SchemaError: if the file breaks the schema, or names what is no experiment; file, line and
            field are named.
        InputError: if the file cannot be read, or the members do not make a combination.

    Examples:
        >>> members = read_combination("global:csi,lar")
        >>> [p.stem for p in members.paths.values()]
        ['coherent-csi-2021', 'coherent-lar-2020']
    """
    text, picked = _picked(name_or_path)
    path = loader.find(text)
    document = parse(path)
    if loader.COMBINATION not in document.values:
        if picked:
            raise InputError(f"{text} is one experiment, which has no members {','.join(picked)!r}")
        return None
    file = loader.checked(CombinationFile, document)
    chosen = _chosen(file, choices or {})
    names = _selected(file, picked)
    paths: dict[str, Path] = {}
    external: dict[str, Mapping[str, Any]] = {}
    every = dict(file.set)
    for choice, option in chosen.items():
        every |= file.choices[choice][option].get(EVERY, {})
    changes = {key: _text(value) for key, value in every.items()}
    for short in names:
        member = file.members.get(short) or Member(experiment=short)
        fields = dict(member.set)
        for choice, option in chosen.items():
            fields |= file.choices[choice][option].get(short, {})
        if member.external is not None:
            external[short] = {**member.external, **fields}
            continue
        paths[short] = _file(
            document, file, short, str(fields.pop("experiment", member.experiment))
        )
        changes |= {f"{paths[short].stem}:{key}": _text(value) for key, value in fields.items()}
    if not paths:
        raise InputError(
            f"{', '.join(external)} alone has no event counts; add an experiment: "
            "'cevns global' gives the result of each set alone, too"
        )
    known = _alternatives(file, names)
    return Members(file.name, file.title, paths, external, changes, chosen, known, document)


def spelled(text: str) -> str:
    """Members of the shipped combination, where a text names such, with its name.

    A short name alone is one; in a list, ``csi,lar``, one of them is enough.

    Examples:
        >>> spelled("csi,lar"), spelled("-pandax"), spelled("coherent-csi-2021")
        ('global:csi,lar', 'global:-pandax', 'coherent-csi-2021')
    """
    file = _checked(SHIPPED)
    named = [canonical(item.strip().lstrip("+-")) for item in text.split(",")]
    known = {canonical(n) for short, m in file.members.items() for n in (short, *m.also)}
    if len(named) > 1:
        known |= {_USUAL, *(canonical(m.experiment) for m in file.members.values())}
    return f"{SHIPPED}:{text}" if known.intersection(named) else text


def alternatives(name_or_path: str | Path = SHIPPED) -> dict[str, dict[str, tuple[str, ...]]]:
    """Alternatives of each choice of a combination, the usual one first, and the sets they change.

    Raises:
        UnknownNameError: if there is no file of that name.
        SchemaError: if the file breaks the schema.

    Examples:
        >>> alternatives()["sns-flux"]
        {'common': (), 'independent': ('csi', 'lar', 'ge-2024', 'ge-2026')}
    """
    file = _checked(name_or_path)
    return {
        choice: {option: tuple(changes) for option, changes in options.items()}
        for choice, options in file.choices.items()
    }


def other_file(experiment: str) -> tuple[tuple[str, str], ...]:
    """Choices of the shipped combination that take another file for an experiment.

    Examples:
        >>> other_file("coherent-ge-2024-count"), other_file("coherent-csi-2021")
        ((('ge-2024', 'grid'),), ())
    """
    file = _checked(SHIPPED)
    wanted = canonical(experiment)
    members = [n for n, m in file.members.items() if canonical(m.experiment) == wanted]
    return tuple(
        (choice, option)
        for choice, options in file.choices.items()
        for option, changes in options.items()
        if any("experiment" in changes.get(n, {}) for n in members)
    )


def _checked(name_or_path: str | Path) -> CombinationFile:
    """The file of a combination, by name or path."""
    return loader.checked(CombinationFile, parse(loader.find(name_or_path)))


def _picked(name_or_path: str | Path) -> tuple[str | Path, list[str]]:
    """What stands before and behind the colon that names members."""
    text = str(name_or_path)
    name, colon, members = text.rpartition(":")
    # of a path on a disk with a letter the colon is part of the path
    if not colon or len(name) < 2 or Path(text).exists():
        return name_or_path, []
    named = [m.strip() for m in members.split(",") if m.strip()]
    if not named:
        raise InputError(f"{text}: no data set follows the colon; name one, or remove the colon")
    return name, named


def _text(value: Any) -> str:
    """A value as it is written behind ``--set``; JSON is YAML."""
    return value if isinstance(value, str) else json.dumps(value)


def _chosen(file: CombinationFile, choices: Mapping[str, str]) -> dict[str, str]:
    """The alternative of every choice."""
    known = {canonical(name): name for name in file.choices}
    wanted = {}
    for name, option in choices.items():
        if canonical(name) not in known:
            raise UnknownNameError("choice", name, file.choices)
        options = {canonical(o): o for o in file.choices[known[canonical(name)]]}
        if canonical(option) not in options:
            raise UnknownNameError(f"alternative of {name}", option, options.values())
        wanted[known[canonical(name)]] = options[canonical(option)]
    return {name: wanted.get(name, next(iter(options))) for name, options in file.choices.items()}


def _alternatives(file: CombinationFile, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Alternatives by choice, of the choices that change one of the members."""
    felt = {EVERY, *names}
    return {
        choice: tuple(options)
        for choice, options in file.choices.items()
        if any(felt & set(changes) for changes in options.values())
    }


def _selected(file: CombinationFile, picked: list[str]) -> list[str]:
    """Short names of the members that are meant, and names of files beside them."""
    usual = [name for name, member in file.members.items() if member.default]
    plain = any(not item.startswith(("+", "-")) for item in picked)
    out = [] if plain else list(usual)
    for item in picked:
        if item == _USUAL:
            out += [name for name in usual if name not in out]
            continue
        name = _short(file, item.lstrip("+-"))
        if item.startswith("-"):
            if name not in out:
                raise InputError(f"{name} is excluded but is not among {', '.join(out)}")
            out.remove(name)
        elif name in out:
            raise InputError(f"{name} is given twice; name each data set once")
        else:
            out.append(name)
    if not out:
        raise InputError(f"no data set remains in {file.name}; keep at least one data set")
    return out


def _short(file: CombinationFile, name: str) -> str:
    """The short name of a member, or the name of a file that is none."""
    for short, member in file.members.items():
        if canonical(name) in {canonical(n) for n in (short, member.experiment, *member.also)}:
            return short
    try:
        loader.find(name)
    except UnknownNameError:
        known = (*file.members, *loader.catalogue())
        raise UnknownNameError("set of data", name, known) from None
    return name


def _file(document: Document, file: CombinationFile, short: str, written: str) -> Path:
    """The file of a member.

    Raises:
        SchemaError: if it is none of an experiment.
    """
    place: list[str | int] = [loader.COMBINATION, short]
    if isinstance(file.combination, list):
        place[1] = file.combination.index(short) if short in file.combination else 0
    if short not in file.members:
        return loader.find(written)
    try:
        target = loader.find(written, document.path.parent)
        inner = parse(target)
    except CevnsError as error:
        raise document.error(str(error), place) from None
    if loader.COMBINATION in inner.values:
        raise document.error(f"{written} is a combination itself; name its experiments", place)
    return target
