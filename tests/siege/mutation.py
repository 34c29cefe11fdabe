"""Mutants of experiment files and of command lines, each drawn from a seed and a number."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from ruamel.yaml import YAML

__all__ = ["mutated_text", "mutated_words", "places"]

Tree = Any
Place = tuple[str | int, ...]
Rng = np.random.Generator

FACTORS = (
    0.0,
    -1.0,
    1e30,
    1e-30,
    1e3,
    1e-3,
    1e300,
    float("nan"),
    float("inf"),
    0.5,
    2.0,
    1e5,
    1e-5,
)
MILD = (0.3, 0.7, 0.9, 0.99, 1.01, 1.1, 1.5, 3.0)
UNITS = ("m", "keVee", "keVnr", "kg", "ns", "us", "d", "/keV/kg/d", "%", "eV", "cm2", "parsec")
NONSENSE: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        "",
        " ",
        "x" * 3000,
        "\u03bc\u2603",
        "\u202e\u0007",
        "1 +/- -1",
        "0 +/- 0",
    ),
    *("nan", "inf +/- inf", "1e999 kg", "../..", "/", "~", "~nobody/x.yaml", "@", "{}", "a.b.c"),
    *("1 +/- 1e300", "1e-320 m", "-0.0", "1:2", "2001-01-01", "0x10", "1_000"),
    *(
        [],
        {},
        [[]],
        [None],
        [0],
        [1, 1],
        [2, 1],
        [float("nan")],
        {"kind": "no-such"},
        {"kind": None},
    ),
    *(
        {"a": {"b": []}},
        [{"kind": "constant"}],
        {"file": "nowhere.csv"},
        {"": 1},
        10**400,
        -(2**63),
    ),
)


def places(tree: Tree, at: Place = ()) -> Iterator[tuple[Place, Tree]]:
    """All places of a tree below its root, with what is there."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in entries:
        yield (*at, key), value
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def _put(tree: Tree, place: Place, value: Any) -> None:
    for key in place[:-1]:
        tree = tree[key]
    tree[place[-1]] = value


def _pick(rng: Rng, found: Sequence[Any]) -> Any:
    return found[int(rng.integers(len(found)))]


def _drop(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    place, _ = _pick(rng, found)
    for key in place[:-1]:
        tree = tree[key]
    del tree[place[-1]]


def _double(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    place, value = _pick(rng, found)
    for key in place[:-1]:
        tree = tree[key]
    if isinstance(tree, list):
        tree.insert(place[-1], copy.deepcopy(value))
    else:
        tree[f"{place[-1]}{_pick(rng, ('2', '.x', '_', ' '))}"] = copy.deepcopy(value)


def _swap(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    (one, first), (two, second) = _pick(rng, found), _pick(rng, found)
    if one[: len(two)] != two and two[: len(one)] != one:
        _put(tree, one, copy.deepcopy(second))
        _put(tree, two, copy.deepcopy(first))


def _scale(
    tree: Tree,
    rng: Rng,
    found: list[tuple[Place, Tree]],
    factors: Sequence[float] = FACTORS,
) -> None:
    """One number, plain or in the first, second or third word of a text."""
    numbers = [(p, v) for p, v in found if _numbers(v)]
    if not numbers:
        return
    place, value = _pick(rng, numbers)
    factor = _pick(rng, factors)
    if isinstance(value, str):
        words = value.split()
        n = _pick(rng, _numbers(value))
        words[n] = repr(float(words[n]) * factor)
        _put(tree, place, " ".join(words))
    else:
        _put(tree, place, float(value) * factor)


def _numbers(value: Any) -> list[int]:
    """Which words of a value are numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    out = []
    for n, word in enumerate(str(value).split()):
        try:
            float(word)
        except ValueError:
            continue
        out.append(n)
    return out


def _unit(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    texts = [(p, v) for p, v in found if _numbers(v)]
    if not texts:
        return
    place, value = _pick(rng, texts)
    words = str(value).split()
    if len(words) > 1 and not _numbers(words[-1]):
        words.pop()
    _put(tree, place, " ".join([*words, _pick(rng, UNITS)]))


def _nonsense(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    _put(tree, _pick(rng, found)[0], copy.deepcopy(_pick(rng, NONSENSE)))


def _truncate(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    lists = [(p, v) for p, v in found if isinstance(v, list | dict) and v]
    if not lists:
        return
    place, value = _pick(rng, lists)
    kept = int(rng.integers(len(value)))
    cut = value[:kept] if isinstance(value, list) else dict(list(value.items())[:kept])
    _put(tree, place, cut)


def _shuffle(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    lists = [(p, v) for p, v in found if isinstance(v, list)]
    if lists:
        place, value = _pick(rng, lists)
        _put(tree, place, [value[i] for i in rng.permutation(len(value))])


def _retype(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    place, value = _pick(rng, found)
    if isinstance(value, dict):
        new: Any = _pick(rng, ([value], list(value), list(value.values()), str(value)))
    elif isinstance(value, list):
        new = _pick(rng, ([value], {str(i): v for i, v in enumerate(value)}, str(value)))
    else:
        new = _pick(rng, ([value], {"value": value}, str(value), bool(value), [value, value]))
    _put(tree, place, new)


def _rename(tree: Tree, rng: Rng, found: list[tuple[Place, Tree]]) -> None:
    """A section with the name of another, or the kind of another."""
    named = [(p, v) for p, v in found if p[-1] == "kind"]
    if named and rng.random() < 0.5:
        _put(tree, _pick(rng, named)[0], _pick(rng, (*KINDS, *(v for _, v in named))))
        return
    place, value = _pick(rng, found)
    name = _pick(rng, found)[0][-1]
    for key in place[:-1]:
        tree = tree[key]
    if isinstance(tree, dict):
        del tree[place[-1]]
        tree[name] = value


KINDS = ("constant", "linear", "table", "lindhard", "gaussian", "poisson", "gamma", "sigmoid")
KINDS += ("step", "flat", "exponential", "polynomial", "identity", "matrix", "sns", "helm")
KINDS += ("magnetic-moment", "nsi", "standard-model", "light-vector", "log-normal", "beta", "power")
MUTATIONS: tuple[Callable[[Tree, Rng, list[tuple[Place, Tree]]], None], ...] = (
    *(_drop, _double, _swap, *(_scale,) * 8, _unit, _nonsense, _nonsense),
    *(_truncate, _shuffle, _retype, _rename),
)


def mutated_text(text: str, rng: Rng, keep: int = 3, *, mild: bool = False) -> str:
    """A YAML text after one to three mutations, of which the first `keep` are done.

    One in twenty is a text with a line doubled, dropped or cut instead. `mild` ones change
    numbers only, so little that many files are still usable.
    """
    if not mild and rng.random() < 0.05:
        lines = text.splitlines()
        n = int(rng.integers(len(lines)))
        new = _pick(rng, ([lines[n], lines[n]], [], [lines[n][: len(lines[n]) // 2]]))
        return "\n".join([*lines[:n], *new, *lines[n + 1 :]]) + "\n"
    tree = YAML(typ="safe").load(text)
    for _ in range(min(keep, _pick(rng, (1, 1, 1, 2, 3)))):
        found = list(places(tree))
        if found and mild:
            _scale(tree, rng, found, MILD)
        elif found:
            _pick(rng, MUTATIONS)(tree, rng, found)
    out = io.StringIO()
    writer = YAML(typ="safe")
    writer.allow_unicode = True
    writer.width = 10**6
    writer.dump(tree, out)
    return out.getvalue()


WORDS = (
    "",
    "-1",
    "0",
    "nan",
    "inf",
    "1e30",
    "1e-30",
    "x",
    "a=b",
    "=",
    "1:0:3",
    "0:1",
    "0:1:0",
    "-",
)
WORDS += ("--", "\u2603", "x" * 2000, "None", "[]", "{}", "5 kg", "a/b", ":", "1,2", "nsi", "count")
WORDS += (
    "eps_ee_u=nan:1:3",
    "eps_ee_u=0:1e300:3",
    "eps_ee_u=0",
    "a:b=c",
    "/dev/null/x",
    ".",
    "~nobody",
)


def mutated_words(
    words: Sequence[str], rng: Rng, options: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """A command line after one to three mutations: words dropped, swapped, doubled, replaced.

    Args:
        words: the command and what follows it.
        rng: decides.
        options: of any command, each with a value; they are added, or their names with nonsense.
    """
    out = list(words)
    for _ in range(_pick(rng, (1, 1, 2, 3))):
        # the command itself mostly stays
        n, m = (int(rng.integers(min(1, len(out) - 1), len(out))) for _ in range(2))
        match int(rng.integers(7)):
            case 0 if len(out) > 1:
                del out[n]
            case 1:
                out[n], out[m] = out[m], out[n]
            case 2:
                out.insert(n, out[m])
            case 3 | 4:
                out[n] = _pick(rng, WORDS)
            case 5:
                out += _pick(rng, options)
            case _:
                out += [_pick(rng, options)[0], _pick(rng, WORDS)]
    return tuple(out)
