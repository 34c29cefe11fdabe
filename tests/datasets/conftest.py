"""A release with the structure of coherent-csi-2021 and made-up events, and the real one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cevns.datasets import csi2021, releases

EFFICIENCY = """\
# Nominal efficiency model
1.3 0.28 10.8 -0.33

# Syst model, +1 sigma
1.4 0.27 9.8 -0.36
# Syst model, +1 sigma
1.2 0.29 11.8 -0.30
"""
SCINTILLATION = """\
# Coefficients given as: a b c d
0.055 4.3 -111 840
0.061 3.5 -85 595
0.049 5.1 -137 1085
0.0549 3.9 -93 630
0.0551 4.7 -130 1050
"""


def _table(path: Path, columns: list[np.ndarray], header: str = "") -> None:
    rows = "\n".join(" ".join(f"{v:.6g}" for v in row) for row in zip(*columns, strict=True))
    path.write_text(header + rows + "\n")


@pytest.fixture(scope="session")
def _made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-up") / csi2021.NAME
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name, n in csi2021.MINIMUM_EVENTS.items():
        pe, time = rng.uniform(6, 250, n), rng.uniform(0, 6, n)
        _table(folder / name, [pe, time], "# List of selected events\n# PE, microsecond\n")
    for name in ("brn", "nin"):
        pe, time = (0.5 * (e[1:] + e[:-1]) for e in (csi2021.PE_EDGES, csi2021.TIME_EDGES_US))
        _table(folder / f"{name}PE.txt", [pe, np.exp(-pe / 50)])
        _table(folder / f"{name}Trec.txt", [time, np.exp(-(((time - 0.7) / 0.2) ** 2))])
    (folder / "effCoefficients.txt").write_text(EFFICIENCY)
    (folder / "scintRespCoefficients.txt").write_text(SCINTILLATION)
    return folder


@pytest.fixture
def made_up(_made_up: Path, tmp_path: Path) -> Path:
    """A private copy, for tests that spoil it."""
    return Path(shutil.copytree(_made_up, tmp_path / "data" / csi2021.NAME))


@pytest.fixture
def public_data() -> Path:
    """The folder with the public releases, as CEVNS_DATA names it."""
    folder = os.environ.get("CEVNS_DATA")
    if not folder:
        pytest.skip("CEVNS_DATA does not name a folder with the public releases")
    return Path(folder)


@pytest.fixture
def public_csi(public_data: Path) -> Path:
    folder = public_data / csi2021.NAME
    if not folder.is_dir():
        pytest.skip(f"CEVNS_DATA does not hold {csi2021.NAME}")
    return folder


@pytest.fixture
def no_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No CEVNS_DATA and an empty cache, whose folder is returned."""
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: cache)
    return cache


@pytest.fixture
def ordinary_user():
    """Drop the rights of root, who may write and read everywhere, for one test."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def toy_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A catalogue with one small release, ``toy``; returns the folder with its files."""
    files = tmp_path / "served"
    files.mkdir()
    (files / "whole+1.txt").write_bytes(b"1 2\n" * 20_000)
    (files / "beginning.txt").write_bytes(b"3 4\n")
    (files / "extra.bin").write_bytes(b"\0\1")
    from cevns.datasets.digests import sha256

    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "toy.toml").write_text(
        f"""
title = "Toy"
cite = []
edition = "first"
url = "http://127.0.0.1:9/{{file}}"
[files]
"whole+1.txt" = {{ role = "a", sha256 = "{sha256(files / "whole+1.txt")}" }}
"beginning.txt" = {{ role = "b", sha256_prefix = ["{sha256(files / "beginning.txt")[:8]}"] }}
"extra.bin" = {{ role = "c", optional = true }}
"""
    )
    monkeypatch.setattr(releases, "CATALOGUE", catalogue)
    releases._read.cache_clear()
    yield files
    releases._read.cache_clear()
