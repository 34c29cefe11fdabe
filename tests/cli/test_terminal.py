"""What reaches a terminal: text of the user as text, in any encoding; no arithmetic of others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import pytest

from cevns.cli.terminal.output import table
from cevns.cli.terminal.screen import screen
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


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("fit", NAME), {"efficiency", "qf.csi.1", "neutrino-induced"}),
        (("list", "parameters", "--model", "nsi"), {"sin2_theta_w", "eps_mutau_d", "relative"}),
        (("list", "data"), {"coherent-csi-2021", "coherent-lar-2020"}),
        (("list", "facilities"), {"sns-fts-with-sts", "hg-geant4", "daedalus"}),
        (("list", "results"), {"coherent-lar-engineering", "predicted", "arXiv:2110.07730,"}),
        (("systematics", NAME), {"form_factor", "statistical"}),
    ],
)
def test_tables_of_80_columns_break_no_names(cevns, monkeypatch, words, names):
    monkeypatch.setenv("COLUMNS", "80")
    done = cevns(*words)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    tables = [line for line in lines if line.startswith(" ")]
    assert max(map(len, tables)) <= 80
    assert names <= set(done.out.split())


def test_a_table_keeps_words_before_the_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    shown = table("", "name", "what", left=2)
    shown.add_row("a-very-long-name-of-something", "some words that give way to the name")
    screen_ = screen()
    with screen_.capture() as written:
        screen_.print(shown)
    assert "a-very-long-name-of-something" in written.get()
    assert max(map(len, written.get().splitlines())) <= 40


@pytest.mark.parametrize("terminal", [True, False])
def test_sentences_and_titles_end_between_words_on_a_terminal(monkeypatch, terminal):
    """In a pipe a sentence is one line, which a program may search."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    sentence = "expected counts in the analysis region of a germanium detector"
    shown = table(sentence, "name", "what")
    shown.add_row("a", "b")
    screen_ = screen()
    with screen_.capture() as written:
        screen_.print(sentence)
        screen_.print(shown)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", written.get())
    lines = [line.rstrip() for line in plain.splitlines()]
    wrapped = ["expected counts in the analysis region", "of a germanium detector"]
    assert lines[:2] == (wrapped if terminal else [sentence, sentence])
    assert (lines[2:4] == wrapped) == terminal


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

    monkeypatch.setattr("cevns.cli.printed.fit_tables._show_origin", noisy)
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
