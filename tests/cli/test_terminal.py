"""What reaches a terminal: text of the user as text, in any encoding; no arithmetic of others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import pytest

from cevns.exceptions import CevnsWarning

NAME = "coherent-csi-2021"
TITLE = "[/b] [tl] [red]seen[/red] :smile: \\[x] \x1b[31m\x9b2J"
SHOWN = "[/b] [tl] [red]seen[/red] :smile: \\[x] \\x1b[31m\\x9b2J"


@pytest.fixture
def titled(folder):
    """The experiment with a title full of markup and escape sequences."""
    path = folder / "mine.yaml"
    yaml = '"' + TITLE.replace("\\", "\\\\").replace("\x1b", "\\e").replace("\x9b", "\\x9b") + '"'
    path.write_text(re.sub("(?m)^title: .*$", lambda _: f"title: {yaml}", path.read_text()))
    return path


@pytest.mark.parametrize("command", ["fit", "rate", "predict", "systematics", "limit"])
def test_a_title_is_text(cevns, titled, command):
    done = cevns(command, titled.name)
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert "\x9b" not in done.out
    if command in ("fit", "systematics"):
        assert SHOWN in done.out


def test_a_component_has_a_title_of_text(cevns, folder):
    path = folder / "mine.yaml"
    text = path.read_text()
    path.write_text(re.sub("(  nin:\n    title: ).*", r'\1"[/b][tl] \\e[31m"', text))
    done = cevns("fit", path.name)
    assert done.code == 0, done.err
    assert "[/b][tl] \\x1b[31m" in done.out


def test_a_sentence_has_no_escape_sequence(cevns, folder):
    done = cevns("fit", "\x1b[31m[/b].yaml")
    assert done.code == 2
    assert "no experiment file \\x1b[31m[/b].yaml" in done.err


def test_only_our_own_warnings_are_said(cevns, monkeypatch):
    def noisy(*_: object) -> None:
        warnings.warn("arithmetic", RuntimeWarning, stacklevel=1)
        warnings.warn("IntegrationWarning of another library", UserWarning, stacklevel=1)
        warnings.warn("with care", CevnsWarning, stacklevel=1)

    monkeypatch.setattr("cevns.cli.terminal.fit_tables._show_origin", noisy)
    assert cevns("fit", NAME).err == "cevns: warning: with care\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", NAME),
        ("xsec", "Cs133"),
        ("list",),
        ("list", "parameters"),
        ("data", "where", NAME),
        ("fit", "σ.yaml"),
    ],
    ids=" ".join,
)
def test_a_terminal_of_ascii(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "cevns", *arguments],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert (done.stdout + done.stderr).isascii()
    assert b"Traceback" not in done.stderr
    assert done.returncode == (2 if arguments[-1] == "σ.yaml" else 0), done.stderr
    if arguments == ("fit", NAME):
        assert b"+/-" in done.stdout
