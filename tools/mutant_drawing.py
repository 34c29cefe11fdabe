"""Mutants of the source: small changes at random places, each of which a test should notice.

All places are found in the syntax tree, none by searching for text. Docstrings, annotations,
messages (f-strings, `raise`), `__all__`, blocks for type checkers and type aliases are left alone.
"""

from __future__ import annotations

import ast
import io
import random
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOMS: Final = ("rates", "detectors", "inference", "experiments", "analysis")
KINDS: Final = ("sign", "index", "dropped factor", "comparison", "off by one")
# Calls whose whole numbers are lengths, shapes or bounds.
SHAPED: Final = frozenset(
    ("range", "arange", "linspace", "zeros", "ones", "empty", "full", "eye", "reshape")
) | {"broadcast_to", "repeat", "tile", "roll"}
COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
SIGNS: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
}
TYPE_WORDS: Final = frozenset(("Literal", "Annotated", "Callable", "Union", "Optional"))


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of a file.

    Args:
        file: relative to the root of the project, with slashes.
        line: where the change begins, from 1.
        column: where the change begins, from 1, in characters.
        kind: one of `KINDS`.
        before: text that stands there.
        after: text in its place.
        first: line where the statement begins (of an `if` or a loop: its head).
        last: line where it ends.
    """

    file: str
    line: int
    column: int
    kind: str
    before: str
    after: str
    first: int
    last: int

    @property
    def key(self) -> tuple[str, int, int, str, str, str]:
        """What tells it from all other mutants of the same source."""
        return self.file, self.line, self.column, self.kind, self.before, self.after

    def applied(self, text: str) -> str:
        """The text of the file with the change.

        Raises:
            ValueError: if the text to be replaced is not there.
        """
        lines = text.splitlines(keepends=True)
        start = sum(map(len, lines[: self.line - 1])) + self.column - 1
        if not text.startswith(self.before, start):
            raise ValueError(f"{self.file}:{self.line}:{self.column} does not hold {self.before!r}")
        return text[:start] + self.after + text[start + len(self.before) :]


def _is_text(node: ast.AST) -> bool:
    """Whether a literal text, list or tuple: adding or multiplying these is no arithmetic."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.JoinedStr, ast.List, ast.Tuple))


def _whole(node: ast.AST | None) -> int | None:
    """The value of a whole number with or without a minus; None for all else."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None


class _Finder:
    """Collects the mutants of one file."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._operators = [
            (self._starts[t.start[0] - 1] + t.start[1], t.string)
            for t in tokenize.generate_tokens(io.StringIO(text).readline)
            if t.type == tokenize.OP
        ]
        self._first = self._last = 0
        self.found: list[Mutant] = []

    def _at(self, line: int, byte: int) -> int:
        """Position in the text; columns of syntax trees count bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:byte].decode())

    def _span(self, node: ast.expr) -> tuple[int, int]:
        """Where an expression begins and ends in the text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(
            node.end_lineno, node.end_col_offset
        )

    def _add(self, kind: str, start: int, end: int, after: str) -> None:
        line = next(i for i, s in enumerate(self._starts) if s > start)
        self.found.append(
            Mutant(
                self.file,
                line,
                start - self._starts[line - 1] + 1,
                kind,
                self.text[start:end],
                after,
                self._first,
                self._last,
            )
        )

    def _replace(self, kind: str, node: ast.expr, after: str) -> None:
        self._add(kind, *self._span(node), after)

    def _operator(self, kind: str, start: int, end: int, old: str, new: str) -> None:
        """Another operator in the place of one between two positions."""
        place = next(p for p, s in self._operators if start <= p < end and s == old)
        self._add(kind, place, place + len(old), new)

    def walk(self, node: ast.AST) -> None:
        """Go through a tree, past all that is no arithmetic."""
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.stmt):
            self._statement(node)
        elif isinstance(node, ast.BinOp):
            self._arithmetic(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            if _whole(node) is None:
                start, _ = self._span(node)
                self._add("sign", start, start + 1, "+")
                self.walk(node.operand)
        elif isinstance(node, ast.Compare):
            self._compare(node)
        elif isinstance(node, ast.Subscript):
            name = getattr(node.value, "id", getattr(node.value, "attr", ""))
            if name in TYPE_WORDS:
                return
            self._subscript(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.arg):
            return
        else:
            self._children(node)

    def _children(self, node: ast.AST, but: Sequence[str] = ()) -> None:
        for name, value in ast.iter_fields(node):
            if name in but:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.walk(child)

    def _statement(self, node: ast.stmt) -> None:
        body = getattr(node, "body", None)
        self._first = node.lineno
        last = body[0].lineno - 1 if body else node.end_lineno
        self._last = max(node.lineno, last or 0)
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for child in node.orelse:
                    self.walk(child)
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._children(node, ("returns", "type_params"))
            case ast.AnnAssign(value=value):
                if value is not None and "TypeAlias" not in ast.dump(node.annotation):
                    self.walk(value)
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                return
            case ast.Assert():
                self.walk(node.test)
            case ast.AugAssign(op=ast.Add() | ast.Sub()) if not _is_text(node.value):
                old, new = SIGNS[type(node.op)]
                start, end = self._span(node.target)[1], self._span(node.value)[0]
                self._operator("sign", start, end, f"{old}=", f"{new}=")
                self._children(node)
            case _ if type(node).__name__ == "TypeAlias":
                return
            case _:
                self._children(node)

    def _arithmetic(self, node: ast.BinOp) -> None:
        between = self._span(node.left)[1], self._span(node.right)[0]
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)) and not (
            _is_text(node.left) or _is_text(node.right)
        ):
            if type(node.op) in SIGNS:
                self._operator("sign", *between, *SIGNS[type(node.op)])
            else:
                kept = [node.left, node.right] if isinstance(node.op, ast.Mult) else [node.left]
                for operand in kept:
                    start, end = self._span(operand)
                    text = self.text[start:end]
                    simple = isinstance(operand, (ast.Name, ast.Constant, ast.Call, ast.Attribute))
                    self._replace("dropped factor", node, text if simple else f"({text})")
        self._children(node)

    def _compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if type(operator) in COMPARISONS:
                between = self._span(left)[1], self._span(right)[0]
                self._operator("comparison", *between, *COMPARISONS[type(operator)])
            left = right
        self._children(node)

    def _subscript(self, node: ast.Subscript) -> None:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            if isinstance(part, ast.Slice):
                for bound in (part.lower, part.upper):
                    value = _whole(bound)
                    if bound is not None and value is not None:
                        # a[-1 + 1:] would be everything: the other neighbour
                        self._replace("index", bound, str(-2 if value == -1 else value + 1))
                    elif bound is not None:
                        self._off_by_one(bound)
            elif (value := _whole(part)) is not None:
                self._replace("index", part, str(value + 1))
        self._children(node)

    def _call(self, node: ast.Call) -> None:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in SHAPED:
            for argument in node.args:
                self._off_by_one(argument)
        self._children(node)

    def _off_by_one(self, node: ast.expr) -> None:
        """Whole numbers in a length, shape or bound, in sums and products too."""
        if isinstance(node, ast.BinOp):
            self._off_by_one(node.left)
            self._off_by_one(node.right)
        elif isinstance(node, ast.Tuple):
            for part in node.elts:
                self._off_by_one(part)
        elif isinstance(node, ast.Constant) and (value := _whole(node)) is not None:
            self._replace("off by one", node, str(value + 1))


def mutants_of(file: str, text: str) -> list[Mutant]:
    """All mutants of the text of a file, in the order of the text."""
    finder = _Finder(file, text)
    finder.walk(ast.parse(text))
    return sorted(set(finder.found))


def code_lines(text: str) -> int:
    """Number of lines that hold code: no blank ones, comments or docstrings."""
    tree = ast.parse(text)
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING):
            held.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), end_lineno=int(end)):
                held.difference_update(range(node.lineno, end + 1))
    return len(held)


def sources(root: Path) -> Iterator[tuple[str, str, str]]:
    """(room, file, text) of every file of the rooms."""
    for room in ROOMS:
        for path in sorted((root / "src" / "cevns" / room).rglob("*.py")):
            yield room, path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


@cache
def survey(root: Path) -> tuple[dict[str, int], dict[str, dict[tuple[str, int], list[Mutant]]]]:
    """Lines of code of every room, and its mutants by file and line."""
    size = dict.fromkeys(ROOMS, 0)
    lines: dict[str, dict[tuple[str, int], list[Mutant]]] = {r: {} for r in ROOMS}
    for room, file, text in sources(root):
        size[room] += code_lines(text)
        for mutant in mutants_of(file, text):
            lines[room].setdefault((file, mutant.line), []).append(mutant)
    return size, lines


def drawn(root: Path, number: int, seed: int) -> list[Mutant]:
    """Mutants drawn at random, as many of a room as it has lines of code in proportion.

    Within a room every line that can be changed is as likely as any other and is taken at most
    once, and of a line every kind of change. The first mutants of a larger number need not be
    those of a smaller one.

    Args:
        root: of the project.
        number: of mutants; fewer if there are not as many lines.
        seed: the same gives the same mutants as long as the sources are the same.
    """
    size, lines = survey(root)
    total = sum(size.values())
    shares = {room: number * size[room] / total for room in ROOMS}
    counts = {room: int(share) for room, share in shares.items()}
    by_rest = sorted(ROOMS, key=lambda r: counts[r] - shares[r])
    for room in by_rest[: number - sum(counts.values())]:
        counts[room] += 1
    chosen = []
    for room in ROOMS:
        rng = random.Random(f"{seed}:{room}")
        places = sorted(lines[room])
        for place in rng.sample(places, min(counts[room], len(places))):
            kind = rng.choice(sorted({m.kind for m in lines[room][place]}))
            chosen.append(rng.choice([m for m in lines[room][place] if m.kind == kind]))
    return chosen
