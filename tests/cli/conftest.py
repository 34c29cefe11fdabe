"""The command line in this process, and a user's file to spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cevns.cli import run
from cevns.experiments.declaration.loader import CATALOGUE

NAME = "coherent-csi-2021"


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither CEVNS_DATA nor a cache, so that the carried tables are used."""
    cache = tmp_path_factory.mktemp("cache") / "none"
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: cache)


@pytest.fixture
def cevns(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command and return what it did."""

    def call(*arguments: str | Path) -> Done:
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of the CsI[Na] file, ``mine.yaml``, and its tables."""
    shutil.copytree(CATALOGUE / NAME, tmp_path / NAME)
    shutil.copy(CATALOGUE / f"{NAME}.yaml", tmp_path / "mine.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path
