"""Rows of the comparison: declared in ``published/*.yaml``, computed on demand."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from cevns import datasets, registry
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load
from cevns.experiments.declaration.document import parse
from cevns.records import Result

__all__ = [
    "FOLDER",
    "Published",
    "Row",
    "about",
    "declared",
    "declared_with",
    "reproduce",
]

FOLDER = Path(__file__).parent / "published"


class Published(BaseModel):
    """A published number and how it is computed here.

    `accept` is the range of our value that counts as agreement and `because` its reason. Where
    `own` is given, it is the number of an independent program with the same inputs, the range is
    around it, and the published number, if there is one, is compared in the way of
    `Row.verdict`. What is not judged so has a `verdict`, and the note gives its reason: ours
    ``differs``; the published number is of another quantity, or nothing of ours stands beside it,
    ``not comparable``; or it is an ``input`` of ours, which says nothing about the calculation.

    A row that `needs` a public release is skipped where the release is not at hand. One of a
    `missing` experiment has no number of ours: the experiment's file says what is missing.

    A row that `needs_folder` is skipped where the folder named by ``CEVNS_DATA`` has none of that
    name: it is compared with curves of others, which have no licence to be shipped.

    Its `section` is the title of the file that declares it.

    A statement of several numbers, as at two distances, is one row with `numbers`: of each what is
    its own (`published`, `own`, `accept`, ..., fields of `compute` beside those of the row, or null
    where one has no counterpart).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    quantity: str
    source: str
    published: float | None = None
    own: float | None = None
    error_up: float | None = None
    error_down: float | None = None
    section: str = ""
    unit: str = ""
    digits: int = 3
    accept: tuple[float, float] | None = None
    because: str = ""
    note: str = ""
    verdict: Literal["differs", "not comparable", "input"] | None = None
    needs: str | None = None
    needs_folder: str | None = None
    missing: str | None = None
    compute: dict[str, Any] | None = None
    numbers: tuple[dict[str, Any], ...] = ()

    @property
    def each(self) -> tuple[Published, ...]:
        """The numbers of the row, each as a row of its own; itself where it is one number."""
        if not self.numbers:
            return (self,)
        common = self.model_dump(exclude={"numbers"}, exclude_unset=True)
        made = []
        for number in self.numbers:
            fields = {**common, **number}
            own = number.get("compute", {})
            fields["compute"] = None if own is None else {**(self.compute or {}), **own} or None
            made.append(Published.model_validate(fields))
        return tuple(made)

    @model_validator(mode="after")
    def _check(self) -> Published:
        if self.numbers:
            if {"published", "own", "accept", "missing"} & self.model_fields_set:
                raise InputError(
                    f"row {self.id!r}: beside 'numbers', each has its own published, own and accept"
                )
            _ = self.each  # each is checked
            return self
        if self.compute is not None and "kind" not in self.compute:
            raise InputError(f"row {self.id!r}: 'compute' needs a 'kind'")
        if self.missing is not None and (self.compute is not None or self.accept is not None):
            raise InputError(f"row {self.id!r}: what is 'missing' is neither computed nor judged")
        if self.accept is not None and not self.because:
            raise InputError(f"row {self.id!r}: a range to accept needs its reason ('because')")
        if self.published is None and self.own is None and self.missing is not None:
            return self
        if self.published is None and self.own is None:
            raise InputError(f"row {self.id!r}: without a published number give one of our 'own'")
        if self.verdict == "not comparable" and self.accept is not None and self.own is None:
            raise InputError(f"row {self.id!r}: what is not comparable has no range to accept")
        if self.verdict in ("differs", "not comparable") and not self.note:
            raise InputError(f"row {self.id!r}: the note says why it is {self.verdict!r}")
        return self


@dataclass(frozen=True)
class Row(Result):
    """A published number beside ours; `skipped` says why there is none of ours.

    A row of several numbers has them in `parts`, in their order, and none of its own; it agrees if
    all that are judged do.
    """

    published: Published
    ours: float | None
    skipped: str = ""
    parts: tuple[Row, ...] = ()

    @property
    def difference(self) -> float | None:
        """(ours - published) over the published uncertainty on that side; None without one."""
        p = self.published
        if self.ours is None or p.published is None or p.verdict == "not comparable":
            return None
        sigma = p.error_up if self.ours >= p.published else p.error_down
        return None if not sigma else (self.ours - p.published) / sigma

    @property
    def agrees(self) -> bool | None:
        """Whether ours lies in the accepted range; None where the row is only shown."""
        if self.parts:
            judged = [part.agrees for part in self.parts if part.agrees is not None]
            return all(judged) if judged else None
        accept = self.published.accept
        if accept is None or self.ours is None:
            return None
        return accept[0] <= self.ours <= accept[1]

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs``, ``not comparable`` or ``input``; ``no data`` without a release.

        A published number that stands beside that of an independent program agrees within its own
        error, or without one, within 5 % or its rounding.
        """
        p = self.published
        if p.missing is not None:
            return "not comparable"
        if self.skipped:
            return "no data"
        if p.verdict is not None:
            return "differs" if self.agrees is False and p.verdict == "input" else p.verdict
        if not self.agrees:
            return "not comparable" if self.agrees is None else "differs"
        beside = [one for one in self.parts or (self,) if one._stands_beside]
        return "agrees" if all(one._like_published for one in beside) else "differs"

    @property
    def _stands_beside(self) -> bool:
        """Whether a published number stands beside that of an independent program, and ours."""
        p = self.published
        return None not in (p.published, p.own, self.ours)

    @property
    def _like_published(self) -> bool:
        """Whether ours is the published number, within its error or 5 % and its rounding."""
        if self.difference is not None:
            return abs(self.difference) <= 1.0
        p = self.published
        assert p.published is not None
        assert self.ours is not None
        rounding = 0.5 * 10.0 ** -_decimals(p.published, p.digits)
        return abs(self.ours - p.published) <= max(0.05 * abs(p.published), rounding)

    @property
    def reason(self) -> str:
        """Why there is no number of ours, or what explains a difference."""
        return self.skipped or self.published.note

    @property
    def experiments(self) -> tuple[str, ...]:
        """Those that our numbers are computed with."""
        if self.skipped:
            return ()
        named = (
            one.compute["experiment"]
            for one in self.published.each
            if one.compute and "experiment" in one.compute
        )
        return tuple(dict.fromkeys(named))

    @property
    def published_text(self) -> str:
        """The published value with its uncertainty; empty where nothing is published."""
        if self.parts:
            return _joined([part.published_text for part in self.parts])
        p = self.published
        if p.published is None:
            return ""
        decimals = _decimals(p.published, p.digits)
        text = f"{p.published:.{decimals}f}"
        if p.error_up is not None and p.error_down is not None:
            up, down = f"{p.error_up:.{decimals}f}", f"{p.error_down:.{decimals}f}"
            text += f" ± {up}" if up == down else f" +{up} -{down}"
        return text

    @property
    def own_text(self) -> str:
        """The value of the independent program; empty where there is none."""
        if self.parts:
            return _joined([part.own_text for part in self.parts])
        p = self.published
        return "" if p.own is None else f"{p.own:.{_decimals(p.own, p.digits)}f}"

    @property
    def ours_text(self) -> str:
        """Our value with one digit more than published."""
        if self.parts:
            return _joined([part.ours_text for part in self.parts])
        if self.ours is None:
            return ""
        p = self.published
        like = p.published if p.own is None else p.own
        assert like is not None
        return f"{self.ours:.{_decimals(like, p.digits + 1)}f}"

    def to_dict(self) -> dict[str, Any]:
        """The row of the JSON of ``cevns reproduce``; lists where it has several numbers."""
        p = self.published
        found = {
            "id": p.id,
            "section": p.section,
            "quantity": p.quantity,
            "source": p.source,
            "unit": p.unit,
            "experiment": next(iter(self.experiments), None),
            "published": p.published,
            "published_error_up": p.error_up,
            "published_error_down": p.error_down,
            "own": p.own,
            "ours": self.ours,
            "difference_sigma": self.difference,
            "accept": None if p.accept is None else list(p.accept),
            "because": p.because,
            "agrees": self.agrees,
            "verdict": self.verdict,
            "skipped": self.skipped,
            "published_text": self.published_text,
            "own_text": self.own_text,
            "ours_text": self.ours_text,
            "note": p.note,
        }
        if self.parts:
            each = [part.to_dict() for part in self.parts]
            found |= {name: [one[name] for one in each] for name in _LISTED}
        return found


_LISTED: Final = (
    "published",
    "published_error_up",
    "published_error_down",
    "own",
    "ours",
    "difference_sigma",
    "accept",
)
"""What is a list in a row of several numbers."""


def _joined(texts: Sequence[str]) -> str:
    """Of several numbers; a dash where there is none, nothing where there are none at all."""
    return " / ".join(text or "-" for text in texts) if any(texts) else ""


def _decimals(value: float, digits: int) -> int:
    """Decimals that show `digits` significant digits of a value, none for large ones."""
    return max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else digits


_ID: Final = re.compile(r"\bid: ([\w.-]+)")
"""An id in a file: to read a file takes a hundred times as long as to look for the ids in it."""


def _begins(name: str, wanted: Sequence[str]) -> bool:
    """Whether an id is one of these, or begins with one; all do where none is given."""
    return not wanted or registry.canonical(name).startswith(tuple(wanted))


@cache
def declared(wanted: tuple[str, ...] = ()) -> tuple[Published, ...]:
    """Rows in the order of the files, which are read once: all, or those of some beginnings.

    Examples:
        >>> declared()[0].id
        'csi-2017-observed'
        >>> [row.id for row in declared(("y-hg",))]
        ['y_hg_105']
    """
    rows: list[Published] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        if any(_begins(i, wanted) for i in _ID.findall(path.read_text(encoding="utf-8"))):
            document = parse(path).values
            section = {"section": document["title"]}
            rows += [Published.model_validate(section | row) for row in document["rows"]]
    return tuple(row for row in rows if _begins(row.id, wanted))


def declared_with(kind: str, experiment: str) -> tuple[Published, ...]:
    """Rows of one kind whose numbers are computed with an experiment, in the order of the files.

    Args:
        kind: how they are computed.
        experiment: name of a shipped one.

    Examples:
        >>> declared_with("fit", "coherent-csi-2021")[0].id
        'csi-2021-cevns'
    """
    named = re.compile(rf"kind: {kind}, experiment: {re.escape(experiment)}(?![\w-])")
    texts = (p.read_text(encoding="utf-8") for p in sorted(FOLDER.glob("*.yaml")))
    ids = tuple(i for text in texts if named.search(text) for i in _ID.findall(text))
    wanted = {"kind": kind, "experiment": experiment}
    rows = declared(ids) if ids else ()
    return tuple(row for row in rows if wanted.items() <= (row.compute or {}).items())


def _rows_with(experiment: str) -> list[str]:
    """Ids of the rows that are computed with an experiment."""
    named = re.compile(rf"experiment: {re.escape(experiment)}(?![\w-])")
    texts = (p.read_text(encoding="utf-8") for p in FOLDER.glob("*.yaml"))
    ids = [i for text in texts if named.search(text) for i in _ID.findall(text)]
    return [
        registry.canonical(row.id)
        for row in (declared(tuple(map(registry.canonical, ids))) if ids else ())
        if any((one.compute or {}).get("experiment") == experiment for one in row.each)
    ]


def about() -> dict[str, str]:
    """What is compared in each section, and by what it is judged: a text by its title."""
    documents = (parse(path).values for path in sorted(FOLDER.glob("*.yaml")))
    return {document["title"]: document["about"] for document in documents}


def reproduce(ids: Sequence[str] = ()) -> Iterator[Row]:
    """Compute rows: all, or those whose id is given or begins with what is given.

    Args:
        ids: ids, beginnings of ids, or names of experiments, which stand for all rows that are
            computed with them.

    Raises:
        UnknownNameError: if nothing matches one of `ids`.

    Examples:
        >>> [row.agrees for row in reproduce(["csi-2021-observed"])]
        [True]
    """
    wanted: list[str] = []
    for original in ids:
        begin = registry.canonical(original)
        found = [begin] if declared((begin,)) else _rows_with(begin)
        if not found:
            known = (i for p in FOLDER.glob("*.yaml") for i in _ID.findall(p.read_text("utf-8")))
            first_words = {registry.canonical(i).partition("-")[0] for i in known}
            raise UnknownNameError("row", original, first_words)
        wanted += found
    rows = declared(tuple(wanted))
    for row in rows:
        reason = _why_skipped(row)
        parts = tuple(Row(one, None if reason else _computed(one), reason) for one in row.each)
        yield Row(row, None, reason, parts) if row.numbers else parts[0]


def _why_skipped(row: Published) -> str:
    """Why nothing can be computed here; empty where it can, or has no counterpart."""
    if row.missing is not None:
        return load(row.missing).declaration.missing
    if all(one.compute is None for one in row.each):
        return ""
    if row.needs is not None and datasets.find(row.needs) is None:
        return datasets.places.absent(row.needs)
    if row.needs_folder is not None and datasets.places.user_folder(row.needs_folder) is None:
        where = f"name a folder that holds {row.needs_folder!r} with {datasets.places.VARIABLE}"
        return f"the curves of other experiments are not available: {where}"
    return ""


def _computed(row: Published) -> float | None:
    """Our number; None where there is no counterpart."""
    if row.compute is None:
        return None
    fields = dict(row.compute)
    kind = registry.load("cevns.reproduction.kinds", "kind of row", fields.pop("kind"))
    return float(kind.compute(**fields))
