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
    assert capsys.readouterr().err == f"cevns: {path}: the file does not exist\n"


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


@pytest.mark.parametrize("sigma", ["1 ps", "15 us", "50 ms"])
def test_a_pulse_of_any_width_takes_bounded_work(monkeypatch, sigma):
    """A picosecond took half a minute and 2 GB before it was refused, 15 us once took 9 GB."""
    from cevns.sources.arrivals import pulsed

    sizes = []

    def counted(t, t0, *others):
        sizes.append(np.broadcast(t, t0).size)
        return exact(t, t0, *others)

    exact = pulsed.emg_pdf
    monkeypatch.setattr(pulsed, "emg_pdf", counted)
    experiment = cevns.load(NAME, overrides={"source.pulse_sigma": sigma}).experiments[0]
    if sigma == "1 ps":
        with pytest.raises(InputError, match="declare a broader resolution or pulse"):
            _ = experiment.times
    else:
        assert experiment.times[0].n_bins == len(experiment.time_edges) - 1
    assert max(sizes) < 4e6
    assert sum(sizes) < 4e7


SCRIPT = """\
import os, pathlib, sys, warnings
from dataclasses import dataclass
from cevns.inference.work.blocks import run_blocks

@dataclass(frozen=True)
class Squares:
    name: str = "the scan"
    def start(self):
        return lambda key: key**2

pathlib.Path("begun-" + str(os.getpid())).touch()
{guard}    done = list(run_blocks(Squares(), range(20), workers=2))
{guard}    print(sorted(d.result for d in done)[-1], len({{d.worker for d in done}}))
"""


@pytest.mark.parametrize("guard", ["if True:\n", "if __name__ == '__main__':\n"])
def test_a_script_without_a_guard_runs_on_one_worker(tmp_path, guard):
    path = tmp_path / "script.py"
    first, _, rest = SCRIPT.partition("{guard}")
    path.write_text(first.replace("{{", "{") + guard + rest.replace("{guard}", "").format())
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("361 "), done.stderr
    told = "the scan runs on one worker" in done.stderr
    assert told == ("True" in guard)
    if told:
        assert done.stdout == "361 1\n"
        assert len(list(tmp_path.glob("begun-*"))) == 1
