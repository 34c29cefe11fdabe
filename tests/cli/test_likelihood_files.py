"""Likelihood files on the command line: known by their content, and where they do not belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def workspace(background: list[float]) -> dict[str, Any]:
    """A signal, and a background with a pull, in two bins."""
    mu = {"name": "mu", "type": "normfactor", "data": None}
    size = {"name": "size", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}
    samples = [
        {"name": "s", "data": [5.0, 5.0], "modifiers": [mu]},
        {"name": "b", "data": background, "modifiers": [size]},
    ]
    return {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [12.0, 11.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of JSON files of every kind."""
    monkeypatch.chdir(tmp_path)
    good = workspace([9.0, 8.0])
    contents = {
        "w.json": good,
        "w.histfactory": good,
        "hs3.json": {"distributions": [], "data": []},
        "patches.json": {"patches": [], "metadata": {}, "version": "1.0.0"},
        "result.json": {"version": "0.1.0", "engine": "numpy"},
        "a.json": {"a": 1},
        "large.json": {"a": [1.0] * 100_000},
        "below.json": workspace([9.0, -20.0]),
        "mixed.json": workspace([9.0, -2.0]),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


def test_the_suffix_does_not_matter(cevns, files):
    first, second = (cevns("fit", f"w.{end}") for end in ("json", "histfactory"))
    assert first.code == second.code == 0, second.err
    assert second.out == first.out.replace("w.json", "w.histfactory")


def test_it_is_printed_as_other_fits_are(cevns, files):
    done = cevns("fit", "w.json", "--fix", "size")
    plain = " ".join(done.out.split())
    assert "parameter value HESSE MINOS prior pull" in plain
    assert "size 0 fixed 0 ± 1" in plain
    assert "held in this fit, so not in its errors: size" in plain
    assert "mu = 0.6" in plain
    assert "; mu = 0 is rejected at " in plain
    assert "chi2 " in plain
    assert "+-" not in plain
    assert "iminuit" not in plain


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "w.json"), "w.json: this is a likelihood file (HistFactory or HS3): 'cevns fit'"),
        (("predict", "w.histfactory"), "this is a likelihood file"),
        (("profile", "hs3.json"), "this is a likelihood file"),
        (("fit", "result.json"), "this is a result of cevns: 'cevns report'"),
        (("show", "patches.json"), "this is a patchset of HistFactory"),
        (("fit", "a.json"), "a.json: this is a JSON file that is no experiment file; 'cevns fit'"),
        (("show", "large.json"), "large.json: this is a JSON file that is no experiment file"),
        (("report", "w.json", "--out", "x.html"), "'cevns fit w.json --json FIT.json' fits it"),
        (("cite", "w.json"), "w.json is a likelihood file and no result"),
        (
            ("fit", "below.json"),
            "the sample 'b' of channel 'c' has -20 events in bin 2 of 2, so that a negative count",
        ),
        (("fit", "mixed.json"), "; the sample 'b' of channel 'c' has -2 events in bin 2 of 2"),
    ],
)
def test_where_they_do_not_belong_one_sentence_says_so(words, said, cevns, files):
    done = cevns(*words)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1, done.err
    assert said in done.err
    assert "schema" not in done.err
