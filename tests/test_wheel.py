"""The wheel as it is published: what is in it, and a fit with it outside of the sources.

`make wheel-test` names the wheel in CEVNS_WHEEL and runs this in a new environment without any
extra; elsewhere a wheel is built here. `make image-test` names a command in CEVNS_COMMAND.
"""

from __future__ import annotations

import email
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST_BYTES = 3_000_000
"""Of the 2.75 MB at the time of writing 1.54 are modules, 0.61 the templates of XENONnT, which are
carried for its fit, 0.27 other tables, 0.05 the bibliography, and 0.25 the lists of 1270 files."""

# The command of the wheel, which stands before whatever else is installed, without any network.
OFFLINE = """
import socket, sys
def refused(*_, **__):
    raise OSError("the network is not for this test")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
sys.path.insert(0, sys.argv.pop(1))
import cevns
from cevns.cli import main
print(cevns.__file__, file=sys.stderr)
main()
"""


def build(folder: Path) -> Path:
    """The wheel of this checkout, built by the backend without any download."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("CEVNS_WHEEL")
    return (ROOT / given).resolve() if given else build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`cevns` of the wheel, or the command that is named."""
    named = os.environ.get("CEVNS_COMMAND")
    if named:
        return shlex.split(named)
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(request.getfixturevalue("wheel")) as archive:
        archive.extractall(site)
    return [sys.executable, "-I", "-c", OFFLINE, str(site)]


def test_fit_outside_of_the_sources_and_offline(command: list[str], tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CEVNS", "PYTHON"))}
    home = {} if "CEVNS_COMMAND" in os.environ else {"HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, "fit", "coherent-csi-2021", "--json", "-"],
        cwd=tmp_path,
        env={**environment, **home},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    if "CEVNS_COMMAND" not in os.environ:
        assert Path(done.stderr.splitlines()[0]) == Path(command[-1]) / "cevns" / "__init__.py"
    document = json.loads(done.stdout)
    assert document["inputs"]["origin"] == "carried"
    assert document["version"] == PROJECT["version"]
    count = document["poi"]["value"]
    assert count == pytest.approx(306, abs=20)  # arXiv:2110.07730, with its error
    page = (ROOT / "docs/measurements/coherent-csi-2021.md").read_text(encoding="utf-8")
    stated = re.search(r"^\| CEvNS \| 306 ± 20 \| ([\d.]+) \+", page, flags=re.MULTILINE)
    assert stated is not None
    # the digits of the page: half of the last one, and the fit's own stopping distance
    assert count == pytest.approx(float(stated[1]), abs=0.06)


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "src"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of the project's files")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    beside = f"cevns-{PROJECT['version']}.dist-info/"
    sources = {name.removeprefix("src/") for name in listed.stdout.split("\0") if name}
    present = {name for name in sources if (ROOT / "src" / name).is_file()}
    files = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    assert names == present | {beside + name for name in files}


def test_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        stem = f"cevns-{PROJECT['version']}.dist-info"
        about = email.message_from_bytes(archive.read(f"{stem}/METADATA"))
        entry_points = archive.read(f"{stem}/entry_points.txt").decode()
    assert about["Version"] == PROJECT["version"]
    assert about["Requires-Python"] == PROJECT["requires-python"]
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about["Description-Content-Type"] == "text/markdown"
    assert about.get_all("Provides-Extra") == sorted(PROJECT["optional-dependencies"])
    assert "cevns = cevns.cli:main" in entry_points


@pytest.mark.skipif("CEVNS_WHEEL" in os.environ, reason="this wheel was built elsewhere")
def test_the_same_sources_make_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


@pytest.mark.skipif("CEVNS_WHEEL" not in os.environ, reason="no wheel is installed here")
def test_the_command_is_installed() -> None:
    """In the environment of `make wheel-test`: the script of the wheel, not of the sources."""
    script = Path(sys.executable).with_name("cevns")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"cevns {PROJECT['version']}\n"
    code = "import cevns; print(cevns.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert "site-packages" in Path(done.stdout.strip()).parts
