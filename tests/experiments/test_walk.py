"""The way of one value: from the function that MIGRAD minimises to the spline of the response."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import CodeType

import pytest

import cevns
from cevns.detectors.framework.splines import UniformSpline
from cevns.inference.fitting import minuit

MOST = 8
"""Frames of this package between MINUIT and the spline, the function that it calls included."""


def walk(monkeypatch: pytest.MonkeyPatch, method: str) -> set[tuple[CodeType, ...]]:
    """The stacks below MINUIT from which a spline is evaluated in a fit."""
    found: set[tuple[CodeType, ...]] = set()
    original = getattr(UniformSpline, method)

    def noted(self: UniformSpline, *arguments: object) -> object:
        frame, stack = sys._getframe(1), []
        while frame is not None and frame.f_code.co_filename != minuit.__file__:
            if not frame.f_code.co_name.startswith("<"):  # a comprehension is part of its function
                stack.append(frame.f_code)
            frame = frame.f_back
        if frame is not None:
            found.add((*stack, frame.f_code))
        return original(self, *arguments)

    monkeypatch.setattr(UniformSpline, method, noted)
    cevns.load("coherent-csi-2021").fit("cross-section", minos="none")
    return found


def test_from_the_minimiser_to_the_spline_in_eight_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stacks = walk(monkeypatch, "evaluate")
    values = [s for s in stacks if s[-1].co_name == "value"]
    assert values, "MIGRAD evaluates the response of CsI"
    names = [[c.co_qualname for c in s] for s in values]
    assert max(map(len, values)) <= MOST, names


def only_forwards(code: CodeType) -> bool:
    """Whether a function does nothing but call another one with what it got."""
    tree = ast.parse(Path(code.co_filename).read_text(encoding="utf-8"))
    (function,) = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef)
        and n.name == code.co_name
        and n.lineno - len(n.decorator_list) <= code.co_firstlineno <= n.lineno
    ]
    body = [
        n
        for n in function.body
        if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    ]
    if len(body) != 1 or not isinstance(body[0], ast.Return | ast.Expr):
        return False
    call = body[0].value
    return isinstance(call, ast.Call) and all(isinstance(a, ast.Name) for a in call.args)


def test_no_frame_only_forwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("evaluate", "evaluate_with_derivative"):
        stacks = walk(monkeypatch, method)
        for stack in (s for s in stacks if s[0].co_qualname.startswith("ResponseTable")):
            assert [c.co_qualname for c in stack if only_forwards(c)] == []


def test_what_only_forwards_is_seen() -> None:
    assert only_forwards(forwarding.__code__)
    assert not only_forwards(only_forwards.__code__)


def forwarding(code: CodeType) -> bool:
    """Nothing of its own."""
    return only_forwards(code)
