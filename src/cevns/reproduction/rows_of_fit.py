"""Published numbers beside those of a fit that is at hand: nothing is computed for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cevns.exceptions import InputError
from cevns.experiments import catalogue, load
from cevns.experiments.questions import POI_PARAMETER
from cevns.reproduction.kinds.fit import field_of
from cevns.reproduction.published_rows import Published, Row, declared_with

__all__ = ["rows_of_fit"]

_KIND: Final = "fit"


def rows_of_fit(record: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows of `cevns.reproduction.reproduce` that are numbers of this very fit.

    A row is one of them where it names the experiment, the question and whether the data are
    expected counts as the fit has them, and changes or holds nothing.

    Args:
        record: of ``cevns fit``, of one shipped experiment as it is: with changed fields, other
            physics or parameters held otherwise it has none.

    Examples:
        >>> rows_of_fit({"experiment": "coherent-csi-2021", "overrides": {"target.mass": "1 kg"}})
        ()
    """
    name = record.get("experiment")
    if not isinstance(name, str) or name not in catalogue() or not _as_it_is(record, name):
        return ()
    found = (_row(p, record, name) for p in declared_with(_KIND, name) if not p.numbers)
    return tuple(row for row in found if row is not None)


def _as_it_is(record: Mapping[str, Any], name: str) -> bool:
    """Whether a fit is that of a shipped file with nothing changed or held beside."""
    if record.get("overrides") or record.get("patches"):
        return False
    experiment = load(name)
    if experiment.physics != record.get("physics") or record.get("question") not in POI_PARAMETER:
        return False
    parameters = experiment.model(str(record["question"])).parameters
    fitted = record.get("parameters", {})
    return {p.name: p.fixed for p in parameters} == {n: p["fixed"] for n, p in fitted.items()}


def _row(published: Published, record: Mapping[str, Any], name: str) -> Row | None:
    """A row with the number of the record; None where it is of another fit."""
    how = dict(published.compute or {})
    if how.pop("kind", "") != _KIND or how.pop("experiment", "") != name:
        return None
    field, scale = str(how.pop("field")), float(how.pop("scale", 1.0))
    over = how.pop("over", None)
    same = how.pop("poi", "count") == record.get("question")
    same = same and bool(how.pop("asimov", False)) == bool(record.get("asimov"))
    if how or not same:  # what is left changes or holds something
        return None
    try:
        ours = scale * field_of(record, field)
        ours /= 1.0 if over is None else field_of(record, str(over))
    except InputError:  # of a part that this record does not have
        return None
    return Row(published, ours)
