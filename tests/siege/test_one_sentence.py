"""What once ended in a traceback, or never: one sentence, or the right number."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import cevns
from cevns.cli import run
from cevns.exceptions import CevnsError, InputError
from cevns.experiments.declaration.document import LARGEST
from cevns.experiments.declaration.loader import CATALOGUE

NAME = "coherent-csi-2021"
TEXT = (CATALOGUE / f"{NAME}.yaml").read_text()


@pytest.mark.parametrize(
    "end",
    [
        "? [a, b]\n: c",
        "? [a, [b, {c: d}]]\n: c",
        "? {a: b}\n: c",
        "variants: {a: {? [b] : c}}",
        "components: {? {a: b} : {}}",
        "variants: &x {<<: *x}",
        "variants: &x {a: {<<: *x}}",
        "variants: &x {a: [*x]}",
        "external: &x [*x]",
    ],
)
def test_yaml_that_is_no_tree_of_names(tmp_path, end):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{TEXT}{end}\n")
    with pytest.raises(InputError, match=r"mine\.yaml"):
        cevns.load(path)


def test_a_field_that_is_no_text_behind_set():
    with pytest.raises(InputError, match="the name of a field is a list or a section"):
        cevns.load(NAME, overrides={"target": "{[a, b]: c}"})


@pytest.mark.parametrize(
    "overrides",
    [
        {1: "a"},
        {"target.mass": 20},
        {"target.mass": None},
        {"axes.energy.edges": [8, 12, 16]},
        {("a", "b"): "c"},
        {"variant": 1},
        {"detector.quenching": 3},
        {None: None},
        "target.mass=3 kg",
        ["target.mass"],
        3,
    ],
)
@pytest.mark.parametrize("names", [(NAME,), (NAME, "coherent-csi-2017")])
def test_overrides_are_texts(names, overrides):
    with pytest.raises(InputError, match="give fields and values as texts, overrides="):
        cevns.load(*names, overrides=overrides)


@pytest.mark.parametrize("path", [".", "/"])
def test_a_folder_is_no_scan(capsys, path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("h5py")
    assert run(["plot", path]) == 2
    assert capsys.readouterr().err == f"cevns: {path}: there is no such file\n"


def test_without_an_axis_in_time():
    assert run(["fit", NAME, "--set", "axes.time=null"]) == 0


def test_numpy_that_raises_errors():
    usual = cevns.load(NAME).fit().fit["cevns"].value
    with np.errstate(all="raise"):
        assert cevns.load(NAME).fit().fit["cevns"].value == usual
        cevns.load(NAME).predict()
        cevns.load(NAME).rate()


NOWHERE = """\
import pwd, sys
def unknown(*_): raise KeyError
pwd.getpwuid = unknown
from cevns.cli import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="homes of POSIX")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("fit", NAME), 0),
        (("data", "where", NAME), 0),
        (("data", "list"), 0),
        (("rate", "~/mine.yaml"), 2),
        (("rate", NAME, "--data", "~/x"), 2),
        (("rate", NAME, "--model", "~/x.py"), 2),
        (("rate", NAME, "--set", "detector.quenching=@~/x.yaml"), 2),
    ],
)
def test_a_user_without_a_home(tmp_path, words, code):
    known = {k: v for k, v in os.environ.items() if not k.startswith(("HOME", "XDG", "CEVNS"))}
    done = subprocess.run(
        [sys.executable, "-c", NOWHERE, *words],
        env=known,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == (1 if code else 0), done.stderr
    assert not code or "there is no such home folder" in done.stderr


@pytest.mark.parametrize("kind", ["device", "pipe", "large"])
def test_a_file_that_does_not_end(tmp_path, kind):
    path = tmp_path / "mine.yaml"
    if kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("edges: [" + "1.25, " * (LARGEST // 6) + "1]\n")
    started = time.monotonic()
    with pytest.raises(CevnsError, match="CSV files" if kind == "large" else "name a file"):
        cevns.load(path)
    assert time.monotonic() - started < 1.0
