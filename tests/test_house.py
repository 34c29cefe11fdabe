"""The order of the house: who imports whom, how large rooms and files are, what is public."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
ROOT = "cevns"
# Rooms whose modules are entries found by name: as many as there are, and named as they like.
REGISTRIES = {
    "analysis/topics",
    "analysis/event_formats",
    "cli/commands",
    "processes",
    "sources",
    "detectors/efficiency",
    "detectors/pulse_shape",
    "detectors/quenching",
    "detectors/resolution",
    "detectors/responses",
    "inference/factors",
    "inference/statistics",
    "likelihood_files/formats",
    "nuclear/form_factors",
    "reproduction/kinds",
    "rates/observables",
    "report/gallery",
}
MOST_MODULES, MOST_LINES = 12, 500


@cache
def modules() -> dict[str, Path]:
    """Every file by its dotted name."""
    found = {}
    for path in sorted((SOURCE / ROOT).rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    """A parsed module."""
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def called_imports(name: str) -> Iterator[str]:
    """Modules that are imported by a call with a literal name."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value)


def imports(name: str) -> Iterator[str]:
    """Modules of the package that a module imports anywhere, in functions and for types too.

    The package itself is among them where one of its own names is imported.
    """
    known = modules()
    wanted = list(called_imports(name))
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            wanted += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: a relative import"
            base = node.module or ""
            wanted += [f"{base}.{a.name}" for a in node.names]
    for each in wanted:
        while each and each not in known:
            each = each.rpartition(".")[0]
        if each and each != name:
            yield each


@cache
def graph() -> dict[str, frozenset[str]]:
    """Arrows between modules; a package that collects names of its members is none."""
    return {
        name: frozenset(
            i
            for i in imports(name)
            if not (path.name == "__init__.py" and i.startswith(f"{name}."))
            and not name.startswith(f"{i}.")
        )
        for name, path in modules().items()
    }


def reachable(name: str) -> set[str]:
    """All that a module imports, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph()[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@cache
def circles() -> list[list[str]]:
    """Groups of modules that import each other, directly or not."""
    beyond = {name: reachable(name) for name in graph()}
    found = {
        frozenset(other for other in seen if name in beyond[other])
        for name, seen in beyond.items()
        if name in seen
    }
    return sorted(sorted(c) for c in found)


def room(name: str) -> str:
    """The folder of a module, below the package."""
    return modules()[name].parent.relative_to(SOURCE / ROOT).as_posix()


def rooms() -> list[str]:
    """All rooms."""
    return sorted({room(n) for n in modules()})


@pytest.mark.parametrize("place", rooms())
def test_no_circle_of_imports(place):
    assert not [c for c in circles() if any(room(n) == place for n in c)]


def test_the_check_finds_circles(monkeypatch):
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"a"}}
    monkeypatch.setitem(globals(), "graph", lambda: {k: frozenset(v) for k, v in arrows.items()})
    assert circles.__wrapped__() == [["b", "c"]]


def test_no_import_hides_in_a_call():
    hidden = [(n, i) for n in modules() for i in called_imports(n) if i.startswith(ROOT)]
    assert not hidden


def test_no_module_imports_the_package_above_it():
    assert not [n for n in modules() if ROOT in imports(n)]


def test_no_module_imports_a_private_module_of_another_room():
    private = [
        (name, other)
        for name in modules()
        for other in imports(name)
        if other.rpartition(".")[2].startswith("_") and room(name) != room(other)
    ]
    assert not private


@pytest.mark.parametrize("place", rooms())
def test_a_room_can_be_overlooked(place):
    entries = [n for n, p in modules().items() if room(n) == place and not p.stem.startswith("__")]
    assert place in REGISTRIES or len(entries) <= MOST_MODULES


def test_no_file_is_long():
    lengths = {n: len(p.read_text(encoding="utf-8").splitlines()) for n, p in modules().items()}
    assert not {n: length for n, length in lengths.items() if length > MOST_LINES}


def test_no_two_modules_have_one_name():
    names = Counter(
        p.stem
        for n, p in modules().items()
        if not p.stem.startswith("__") and room(n) not in REGISTRIES
    )
    assert not [n for n, count in names.items() if count > 1]


def test_axes_of_bins_and_formats_of_figures_are_said_once():
    texts = {n: p.read_text(encoding="utf-8") for n, p in modules().items()}
    assert [n for n, text in texts.items() if "class BinAxis" in text] == ["cevns.records"]
    with_formats = [n for n, text in texts.items() if re.search(r'"\.?png"[,:]', text)]
    assert with_formats == ["cevns.report.figure_files"]


# Modules that look for what may be there by its name, and why they have to.
LOOKED_FOR = {
    "cevns.experiments.declaration.builder": "marks of type hints",
    "cevns.experiments.declaration.document": "positions that the reader of YAML leaves at a node",
    "cevns.experiments.declaration.loader": "the fields of a section, which may be a union",
    "cevns.experiments.inputs.table_reader": "a sample is a table or a list of events",
    "cevns.processes": "a module of the registry holds MODEL or PROCESS",
    "cevns.processes.framework.trial": "what a user's process lacks is said",
    "cevns.processes.framework.user_models": "nothing is known yet of what a user's file holds",
    "cevns.report.gallery": "an entry of the gallery is a module",
}
PHYSICS = ("analysis", "experiments", "processes", "rates", "report", "sources", "study")


def looks_for_attributes(code: ast.AST) -> bool:
    """Whether there is a ``hasattr``, or a ``getattr`` with a value for what is not there."""
    calls = [n for n in ast.walk(code) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return any(
        c.func.id == "hasattr" or (c.func.id == "getattr" and len(c.args) > 2) for c in calls
    )


def test_abilities_are_declared():
    physics = [n for n in modules() if room(n).partition("/")[0] in PHYSICS]
    found = {n for n in physics if looks_for_attributes(tree(n))}
    assert not found - LOOKED_FOR.keys(), "declare a protocol and ask with isinstance"


def test_the_check_finds_attributes_that_are_looked_for():
    assert looks_for_attributes(ast.parse("x = hasattr(source, 'time_pdf')"))
    assert looks_for_attributes(ast.parse("x = getattr(process, 'steep', False)"))
    assert not looks_for_attributes(ast.parse("x = getattr(self, name); isinstance(x, Steep)"))


def public_names(name: str) -> list[str] | None:
    """What ``__all__`` lists; None without it."""
    for node in tree(name).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def test_every_module_says_what_is_public():
    lists = {n: public_names(n) for n in modules() if tree(n).body[1:] and not n.endswith("__")}
    assert not [n for n, names in lists.items() if names is None]
    assert not [n for n, names in lists.items() if len(set(names or ())) < len(names or ())]
