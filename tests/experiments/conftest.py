"""The shipped experiment, and copies of its file that tests may change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cevns.experiments import Experiment, load
from cevns.experiments.declaration.loader import CATALOGUE

NAME = "coherent-csi-2021"
PUBLIC = os.environ.get("CEVNS_DATA")  # read before any test hides it


@pytest.fixture(scope="session")
def csi() -> Experiment:
    """The CsI[Na] measurement on the tables the package carries (experiments do not change)."""
    held = os.environ.pop("CEVNS_DATA", None)
    try:
        experiment = load(NAME)
        _ = experiment.inputs
    finally:
        if held is not None:
            os.environ["CEVNS_DATA"] = held
    return experiment


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither CEVNS_DATA nor a cache: the carried tables are used."""
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path / "no-cache")


@pytest.fixture
def release() -> Path:
    """The folder with the public releases."""
    if not PUBLIC or not (Path(PUBLIC) / NAME).is_dir():
        pytest.skip(f"CEVNS_DATA does not name a folder with the public release {NAME}")
    return Path(PUBLIC)


@pytest.fixture
def written(tmp_path: Path, carried: None) -> Callable[..., Path]:
    """A file of a text, in which pairs (old, new) change all that is alike."""

    def write(text: str, *changes: tuple[str, str]) -> Path:
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def user_file(tmp_path: Path, carried: None) -> Callable[..., Path]:
    """A user's own copy of the CsI[Na] file with its tables; pairs (old, new) change its text."""
    shutil.copytree(CATALOGUE / NAME, tmp_path / NAME)
    text = (CATALOGUE / f"{NAME}.yaml").read_text()

    def write(*changes: tuple[str, str], name: str = "mine.yaml") -> Path:
        changed = text
        for old, new in changes:
            assert old in changed, f"the shipped file does not hold {old!r}"
            changed = changed.replace(old, new, 1)
        path = tmp_path / name
        path.write_text(changed)
        return path

    return write
