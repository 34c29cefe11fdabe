"""The tables in the record of a result: for notebooks, as text, and as data frames.

A record is what ``to_dict`` gives. Its tables are found by their form and named by their place:

- a list of mappings, and a mapping of mappings, whose names are the first column;
- lists of numbers of the same length that stand together, named by the first of them;
- a mapping of single values, as names and values.

Single values at the top are the table ``summary``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from cevns.exceptions import MissingExtraError, UnknownNameError

if TYPE_CHECKING:
    import pandas

__all__ = [
    "SUMMARY",
    "RecordTable",
    "columns_of",
    "data_frame",
    "finite",
    "main",
    "main_name",
    "page",
    "tables",
    "written",
]

SUMMARY: Final = "summary"
_ORIGIN: Final = frozenset(
    {
        "physics", "overrides", "inputs", "patches", "structure", "assumptions", "shared",
        "citations",
    }
)  # fmt: skip
"""Where a result is from, rather than what it says."""
_HEAD: Final = ("version", "engine", "seed")
_CURVE: Final = 4
"""Numbers of a list from which on it is a column; fewer are written in a line."""
_ROWS: Final = 12
_COLUMNS: Final = 12
_LETTERS: Final = 70
_BYTES: Final = 16_000
"""Of a page, beside the list of what it leaves out."""
_TABLE: Final = "border-collapse:collapse;margin:0.3em 0;text-align:right"
_RULE: Final = "border-bottom:1px solid currentColor;"


@dataclass(frozen=True)
class RecordTable:
    """A table of a record.

    Args:
        columns: headings.
        rows: cells of each row; None where there is none.
        named: whether the first column holds the names of the rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    named: bool = False

    def text(self, most: int = 20) -> str:
        """Aligned columns.

        Args:
            most: rows that are written.
        """
        shown = [[written(c) for c in row] for row in (self.columns, *self.rows[:most])]
        left = [self.is_text(i) for i in range(len(self.columns))]
        width = [max(len(row[i]) for row in shown) for i in range(len(self.columns))]
        lines = [
            "  ".join(
                c.ljust(w) if side else c.rjust(w)
                for c, w, side in zip(row, width, left, strict=True)
            ).rstrip()
            for row in shown
        ]
        more = len(self.rows) - most
        return "\n".join([*lines, f"... {more} further rows"] if more > 0 else lines)

    def is_text(self, index: int) -> bool:
        """Whether a column holds words."""
        return any(isinstance(row[index], str) and row[index] for row in self.rows)

    def is_empty(self, index: int) -> bool:
        """Whether no row has anything but no or nothing in a column."""
        return all(row[index] is None or row[index] in ("", False) for row in self.rows)

    def html(self, most: int = _ROWS) -> str:
        """The table as an element of its own, in the colours of what is around it."""
        # a column that says nothing of any row is not shown
        said = [i for i in range(len(self.columns)) if not i or not self.is_empty(i)]
        left_out = [self.columns[i] for i in said[_COLUMNS:]]
        sides = {i: "left" if self.is_text(i) else "right" for i in said[:_COLUMNS]}

        def line(tag: str, cells: tuple[Any, ...], style: str) -> str:
            inside = ""
            for i, side in sides.items():
                own = f"{style}text-align:{side}" if style or side == "left" else ""
                begin = f'<{tag} style="{own}">' if own else f"<{tag}>"
                inside += f"{begin}{escape(written(cells[i]))}</{tag}>"
            return f"<tr>{inside}</tr>"

        body = "".join(line("td", row, "") for row in self.rows[:most])
        head = f"<thead>{line('th', self.columns, _RULE)}</thead>"
        table = f'<table cellpadding="3" style="{_TABLE}">{head}<tbody>{body}</tbody></table>'
        left = []
        if len(self.rows) > most:
            left.append(f"{len(self.rows) - most} further rows")
        if left_out:
            left.append(f"columns {escape(', '.join(left_out)[:400])}")
        table = f'<div style="overflow-x:auto">{table}</div>'  # a wide one scrolls by itself
        return f"{table}<div>and {' and '.join(left)}</div>" if left else table


def written(cell: Any) -> str:
    """A cell as shown: six digits of a number, a dash where there is none."""
    if cell is None or cell == "":
        return "" if cell == "" else "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    text = str(cell)
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


def tables(record: Mapping[str, Any]) -> dict[str, RecordTable]:
    """All tables of a record by their names, in its order; those of its origin come last.

    Examples:
        >>> found = tables({"level": 0.9, "x": [1.0, 2, 3, 4], "y": {"a": [1.0, 4, 9, 16]}})
        >>> list(found), found["x"].columns
        (['summary', 'x'], ('x', 'y.a'))
    """
    found: dict[str, RecordTable] = {}
    single: dict[str, Any] = {}
    _collect("", record, found, single)
    first = {k: v for k, v in single.items() if k not in _HEAD}
    last = {k: v for k, v in single.items() if k in _HEAD}
    out = {SUMMARY: _pairs(first)} if first else {}
    out |= {k: t for k, t in found.items() if not _of_origin(k)}
    out |= {k: t for k, t in found.items() if _of_origin(k)}
    return out | ({"version": _pairs(last)} if last else {})


def columns_of(named: Mapping[str, Iterable[Any]]) -> RecordTable:
    """A table of columns of the same length."""
    return RecordTable(tuple(named), tuple(zip(*(map(_plain, named.values())), strict=True)))


def main(found: Mapping[str, RecordTable], usual: str = "") -> RecordTable:
    """The main table of a record; an empty one where there is none at all."""
    return found[main_name(found, usual)] if found else RecordTable((), ())


def main_name(found: Mapping[str, RecordTable], usual: str = "") -> str:
    """Its name: the usual one of a class if it is there, else the first that says no origin."""
    said = [n for n in found if n not in (SUMMARY, "version") and not _of_origin(n)]
    return usual if usual in found else next(iter(said), next(iter(found)))


def data_frame(
    found: Mapping[str, RecordTable], wanted: str = "", usual: str = ""
) -> pandas.DataFrame:
    """A table as a data frame; the names of rows are its index, a summary is one row.

    Args:
        found: all tables.
        wanted: name of one; by default that of `main_name`.
        usual: of the class.

    Raises:
        UnknownNameError: if there is none of that name.
        MissingExtraError: if pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", "notebook", "a data frame") from None
    if not found:
        return pd.DataFrame()
    if wanted and wanted not in found:
        raise UnknownNameError("table of this result", wanted, found)
    name = wanted or main_name(found, usual)
    table = found[name]
    if name == SUMMARY:
        return pd.DataFrame([dict(table.rows)])
    frame = pd.DataFrame(list(table.rows), columns=list(table.columns))
    return frame.set_index(table.columns[0]) if table.named else frame


def page(title: str, found: Mapping[str, RecordTable], usual: str = "", said: str = "") -> str:
    """A title, an answer, the main table open and the others folded up, as one element.

    It sets no colour, so that it suits light and dark themes, and styles nothing outside itself.
    What would make it longer than 20 kB is named and left out.
    """
    opened = main_name(found, usual) if found else ""
    first = ""
    for most in (2 * _ROWS, _ROWS, _ROWS // 2, 1):
        first = found[opened].html(most) if found else ""
        if len(first.encode()) <= _BYTES // 2:
            break
    names = [n for n in found if n != opened]
    size, folded = len(first.encode()), {}
    # what lies deep in the record, and what is long, is best read in a data frame
    for name in sorted(names, key=lambda n: (n != SUMMARY, n.count("."))):
        part = _folded(name, found[name], 3 * _ROWS if name == SUMMARY else _ROWS)
        if size + len(part.encode()) <= _BYTES:
            folded[name] = part
            size += len(part.encode())
    left = [n for n in names if n not in folded]
    # in the order of the record; what lies deep in it comes last
    shown = [folded[n] for n in sorted(names, key=lambda n: n.count(".") > 1) if n in folded]
    answer = [f"<div>{escape(said)}</div>"] if said else []
    parts = [f"<div><b>{escape(title)}</b></div>", *answer, first, *shown]
    if left:
        more = ", ".join(left[:20]) + (" ..." if len(left) > 20 else "")
        parts.append(f"<div>further tables, for to_pandas: {escape(more)}</div>")
    return f"<div>{''.join(parts)}</div>"


def _folded(name: str, table: RecordTable, most: int) -> str:
    return f"<details><summary>{escape(name)}</summary>{table.html(most)}</details>"


def _of_origin(name: str) -> bool:
    return not _ORIGIN.isdisjoint(name.split("."))


def _pairs(values: Mapping[str, Any]) -> RecordTable:
    return RecordTable(("name", "value"), tuple((str(k), v) for k, v in values.items()), True)


def _plain(value: Any) -> Any:
    """Arrays and their numbers as plain ones, tuples as lists."""
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping | str | bool | int | float) or value is None:
        return value
    from numpy import generic, ndarray

    return value.tolist() if isinstance(value, ndarray | generic) else value


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _is_column(value: Any) -> bool:
    """Whether it is a list of numbers that is long enough."""
    if not isinstance(value, list) or len(value) < _CURVE:
        return False
    return all(v is None or isinstance(v, int | float) for v in value)


def _fits_a_cell(raw: Any) -> bool:
    """Whether it is a single value or a short list of them."""
    value = _plain(raw)
    return _is_single(value) or (
        isinstance(value, list) and len(value) < _CURVE and all(map(_is_single, value))
    )


def _cell(raw: Any) -> Any:
    """A value as it stands in a table."""
    value = _plain(raw)
    return _in_line(value) if isinstance(value, list) else value


def _in_line(value: list[Any]) -> str:
    """A list that is no column, in words."""
    if value and all(isinstance(v, list) for v in value):
        inner = ", ".join(_in_line(v) for v in value[:4])
        return f"{len(value)} lists" if len(inner) > _LETTERS else inner
    if all(map(_is_single, value)):
        short = ", ".join(written(v) for v in value)
        if len(short) <= 2 * _LETTERS:
            return f"[{short}]"
    return f"{len(value)} values"


def _collect(
    path: str, node: Mapping[str, Any], found: dict[str, RecordTable], single: dict[str, Any]
) -> None:
    """Find the tables of a mapping; its single values are gathered beside them."""
    columns: dict[str, list[Any]] = {}
    for key, raw in node.items():
        value, name = _plain(raw), f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            each = {str(k): _plain(v) for k, v in value.items()}
            if not each:
                continue
            if all(map(_is_column, each.values())):
                columns |= {f"{key}.{k}": v for k, v in each.items()}
            elif all(isinstance(v, Mapping) for v in each.values()):
                _rows(name, list(each), list(each.values()), found)
            else:
                own: dict[str, Any] = {}
                _collect(name, each, found, own)
                if own:
                    found[name] = _pairs(own)
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            _rows(name, None, value, found)
        elif _is_column(value):
            columns[str(key)] = value
        elif isinstance(value, list):
            if value:
                single[str(key)] = _in_line(value)
        else:
            single[str(key)] = value
    groups: dict[int, dict[str, list[Any]]] = {}
    for key, values in columns.items():
        groups.setdefault(len(values), {})[key] = values
    for group in groups.values():
        first = next(iter(group))
        found[f"{path}.{first}" if path else first] = columns_of(group)


def _rows(
    name: str,
    names: list[str] | None,
    rows: list[Mapping[str, Any]],
    found: dict[str, RecordTable],
) -> None:
    """A table of mappings; what they hold deeper down are tables of their own, after it."""
    flat: list[dict[str, Any]] = []
    deeper: list[tuple[str, Mapping[str, Any]]] = []
    for i, row in enumerate(rows):
        cells: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for key, raw in row.items():
            value = _plain(raw)
            short = value if isinstance(value, Mapping) else {}
            if short and all(map(_fits_a_cell, short.values())):
                cells |= {f"{key}.{k}": _cell(v) for k, v in short.items()}
            elif (
                isinstance(value, Mapping)
                or _is_column(value)
                or (isinstance(value, list) and value and isinstance(value[0], Mapping))
            ):
                rest[key] = value
            else:
                cells[key] = _cell(value)
        flat.append(cells)
        deeper.append((f"{name}.{names[i] if names else i}", rest))
    heads = tuple(dict.fromkeys(k for cells in flat for k in cells))
    # what one row says in several columns and another does not have is no column itself
    begun = {h.rpartition(".")[0] for h in heads}
    none = {h for h in begun if all(c.get(h) is None for c in flat)}
    heads = tuple(h for h in heads if h not in none)
    if names is not None and heads:
        # the name of a row often stands in it once more
        again = "name" in heads and [c.get("name") for c in flat] == names
        heads = tuple(h for h in heads if h != "name") if again else heads
        label = "name" if "name" not in heads else "key"
        body = tuple((n, *(c.get(h) for h in heads)) for n, c in zip(names, flat, strict=True))
        found[name] = RecordTable((label, *heads), body, named=True)
    elif heads:
        found[name] = RecordTable(heads, tuple(tuple(c.get(h) for h in heads) for c in flat))
    for below, left in deeper:
        _collect(below, left, found, {})


def finite(value: Any) -> bool:
    """Whether a cell is a number that can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
