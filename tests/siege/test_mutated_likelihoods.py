"""Likelihood files with one value replaced: they are read, or refused in one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cevns
from cevns.exceptions import CevnsError
from cevns.inference import Likelihood
from cevns.likelihood_files.exporting import inspect
from cevns.likelihood_files.imported import read_likelihood

JUNK: tuple[Any, ...] = (None, -1.0, 0, "x", "", [], {}, [None], 1e308, True)
SMALL: dict[str, Any] = {
    "channels": [
        {
            "name": "c",
            "samples": [
                {
                    "name": "s",
                    "data": [5.0, 3.0],
                    "modifiers": [
                        {"name": "mu", "type": "normfactor", "data": None},
                        {"name": "lumi", "type": "lumi", "data": None},
                        {"name": "n", "type": "normsys", "data": {"hi": 1.2, "lo": 0.9}},
                        {"name": "st", "type": "staterror", "data": [1.0, 0.5]},
                    ],
                },
                {
                    "name": "b",
                    "data": [50.0, 30.0],
                    "modifiers": [
                        {"name": "h", "type": "histosys",
                         "data": {"hi_data": [55.0, 31.0], "lo_data": [44.0, 28.0]}},
                        {"name": "st", "type": "staterror", "data": [2.0, 1.5]},
                        {"name": "ss", "type": "shapesys", "data": [2.0, 1.5]},
                        {"name": "sf", "type": "shapefactor", "data": None},
                    ],
                },
            ],
        }
    ],
    "observations": [{"name": "c", "data": [52.0, 35.0]}],
    "measurements": [
        {"name": "m", "config": {"poi": "mu", "parameters": [
            {"name": "lumi", "auxdata": [1.0], "sigmas": [0.1], "bounds": [[0.5, 1.5]],
             "inits": [1.0]},
            {"name": "st", "sigmas": [0.1, 0.2], "auxdata": [1.0, 1.0]},
        ]}}
    ],
    "version": "1.0.0",
}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands; of lists of numbers the first."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        numbers = bool(value) and all(isinstance(v, int | float) for v in value)
        for k, inner in enumerate(value[:1] if numbers else value):
            yield from places(inner, (*path, k))


def mutants(document: dict[str, Any], every: int) -> Iterator[dict[str, Any]]:
    """One place replaced by some kind of junk, or left out: one in `every` of all."""
    number = 0
    for path in places(document):
        for junk in (*JUNK, ...):
            number += 1
            if number % every:
                continue
            changed = copy.deepcopy(document)
            inner: Any = changed
            for key in path[:-1]:
                inner = inner[key]
            if junk is ...:
                del inner[path[-1]]
            else:
                inner[path[-1]] = junk
            yield changed


@pytest.fixture(scope="module")
def hs3(tmp_path_factory) -> dict[str, Any]:
    """A small HS3 file as it is written here."""
    study = cevns.load("nucleus-10g")
    out: Path = tmp_path_factory.mktemp("hs3") / "n.json"
    study.export("hs3", out, asimov=True)
    document: dict[str, Any] = json.loads(out.read_text())
    document["misc"] = {}
    return document


@np.errstate(all="ignore")
def withstands(document: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(document))
    for read in (lambda: inspect(path), lambda: evaluated(path)):
        said = None
        try:
            read()
        except CevnsError as error:
            said = error
        assert said is None or (said.exit_code == 2 and "\n" not in str(said))


def evaluated(path: Path) -> None:
    model = read_likelihood(path).model
    Likelihood.of(model).twice_nll(model.parameters.values)


EVERY = pytest.mark.parametrize("every", [31, pytest.param(3, marks=pytest.mark.slow)])


@EVERY
def test_workspaces(every, tmp_path):
    evaluated(written(SMALL, tmp_path))
    for changed in mutants(SMALL, every):
        withstands(changed, tmp_path / "w.json")


@EVERY
def test_hs3(every, hs3, tmp_path):
    evaluated(written(hs3, tmp_path))
    for changed in mutants(hs3, every):
        withstands(changed, tmp_path / "h.json")


@EVERY
def test_patchsets(every, tmp_path):
    sample = SMALL["channels"][0]["samples"][0]
    patch = {"op": "add", "path": "/channels/0/samples/0", "value": sample}
    document = {
        "metadata": {
            "labels": ["m"],
            "units": ["MeV"],
            "digests": {"sha256": "0" * 64},
            "references": {"hepdata": "ins0000000"},
            "description": "one",
        },
        "patches": [{"metadata": {"name": "a", "values": [1.0]}, "patch": [patch]}],
        "version": "1.0.0",
    }
    assert inspect(written(document, tmp_path)).content["patches"] == 1
    for changed in mutants(document, every):
        withstands(changed, tmp_path / "p.json")


def written(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "as-it-is.json"
    path.write_text(json.dumps(document))
    return path
