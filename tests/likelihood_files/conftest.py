"""Experiments that are exported, and files of them that several tests look into."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import cevns
from cevns.study import Study

PUBLIC = os.environ.get("CEVNS_DATA")  # read before any test hides it


@pytest.fixture(autouse=True)
def _carried(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither CEVNS_DATA nor a cache, so that the carried tables are used."""
    cache = tmp_path_factory.mktemp("cache") / "none"
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: cache)


@pytest.fixture(scope="session")
def csi() -> Study:
    """The CsI[Na] measurement on the tables the package carries (studies do not change)."""
    held = os.environ.pop("CEVNS_DATA", None)
    try:
        study = cevns.load("coherent-csi-2021")
        _ = study.experiments[0].inputs
    finally:
        if held is not None:
            os.environ["CEVNS_DATA"] = held
    return study


@pytest.fixture(scope="session")
def lar() -> Study:
    """The argon measurement, whose data are in its release alone."""
    name = "coherent-lar-2020"
    if not PUBLIC or not (Path(PUBLIC) / name).is_dir():
        pytest.skip(f"CEVNS_DATA does not name a folder with the public release {name}")
    return cevns.load(name, data=PUBLIC)


@pytest.fixture(scope="session")
def exported(csi: Study, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The CsI[Na] count in a format; written once."""
    folder = tmp_path_factory.mktemp("exports")
    endings = {"histfactory": ".json", "hs3": ".hs3.json", "csv": ".csv", "root": ".root",
               "hepdata": "", "arviz": ".nc"}  # fmt: skip
    known: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in known:
            out = folder / f"csi-{name}{endings[name]}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                csi.export(name, out, draws=300)
            known[name] = out
        return known[name]

    return write
