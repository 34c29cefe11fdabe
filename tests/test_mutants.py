"""The drawing of mutants: the same for a seed, each one a program, none in what is only text."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def drawing():
    """The tool as a module."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import mutant_drawing

        yield mutant_drawing
    finally:
        sys.path.remove(str(ROOT / "tools"))


SAMPLE = '''\
"""Of a module: a * b < 1 - 2, x[0]."""

__all__ = ["f"][0:1]
Pair: TypeAlias = tuple[Literal[1], Literal[2 - 1]]
if TYPE_CHECKING:
    n = 1 + 2


def f(a: Literal[-1], b: tuple[int, 3 - 2] = ()) -> g[1 + 1]:
    """Of a function: a + b == 0."""
    if a < b:  # a > b
        raise ValueError(f"{a - 1} of" + name[0] + str(a * b))
    assert a, b[1] - 1
    y: h[0] = "ä" + "b"
    return "ä" if a else -x[-1] * (a +  # not a - here
        b)


def g(x, n):
    """."""
    n += 1
    return x[1:-1, n] / 2.0 + zeros((3, n - 1)), [0] * n
'''


def test_of_a_sample(drawing):
    found = drawing.mutants_of("f.py", SAMPLE)
    product = SAMPLE[SAMPLE.index("-x[-1]") :].partition(")")[0] + ")"
    right = "(a +  # not a - here\n        b)"
    assert [(m.line, m.kind, m.before, m.after) for m in found] == [
        (11, "comparison", "<", "<="),
        (15, "dropped factor", product, "(-x[-1])"),
        (15, "dropped factor", product, right),
        (15, "sign", "-", "+"),
        (15, "index", "-1", "0"),
        (15, "sign", "+", "-"),
        (21, "sign", "+=", "-="),
        (22, "dropped factor", "x[1:-1, n] / 2.0", "(x[1:-1, n])"),
        (22, "index", "1", "2"),
        (22, "index", "-1", "-2"),
        (22, "sign", "+", "-"),
        (22, "off by one", "3", "4"),
        (22, "sign", "-", "+"),
        (22, "off by one", "1", "2"),
    ]
    assert {(m.first, m.last) for m in found} == {(11, 11), (15, 16), (21, 21), (22, 22)}


def test_a_mutant_is_another_program_with_the_same_words(drawing):
    """A mutant parses, computes something else, and has the docstrings of the original."""

    def words(tree):
        nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
        return [ast.get_docstring(n) for n in ast.walk(tree) if isinstance(n, nodes)]

    for mutant in drawing.drawn(ROOT, 60, 1):
        text = (ROOT / mutant.file).read_text(encoding="utf-8")
        tree, other = ast.parse(text), ast.parse(mutant.applied(text))
        assert ast.dump(other) != ast.dump(tree), mutant
        assert words(other) == words(tree), mutant


def test_drawn_by_a_seed_from_all_rooms_by_their_size(drawing):
    first = drawing.drawn(ROOT, 60, 1)
    assert first == drawing.drawn(ROOT, 60, 1)
    assert len({(m.file, m.line) for m in first}) == 60
    assert len(set(first) & set(drawing.drawn(ROOT, 60, 2))) < 15
    size, _ = drawing.survey(ROOT)
    drawn = Counter(m.file.split("/")[2] for m in first)
    for room in drawing.ROOMS:
        assert abs(drawn[room] - 60 * size[room] / sum(size.values())) < 1.0
