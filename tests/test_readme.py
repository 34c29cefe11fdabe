"""What the README says can be typed can be typed, and what it links to is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cevns
from cevns import datasets
from cevns.reproduction import declared
from cevns.sources.facilities.pion_facility import facilities

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "src" / "cevns" / "experiments" / "templates" / "reactor.yaml"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The lines `$ cevns ...`, without their comments."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.split("#")[0].removeprefix("$ ").strip() for line in lines if "$ cevns" in line]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert not missing


def test_first_screens_hold_the_two_commands() -> None:
    first = "\n".join(README.splitlines()[:40])
    assert "make demo" in first
    assert "make test" in first


def test_python_example_runs(tmp_path: Path) -> None:
    examples = blocks("python")
    assert examples
    for code in examples:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("line", commands())
def test_command_lines_run(line: str, tmp_path: Path) -> None:
    words = shlex.split(line)
    assert words[0] == "cevns"
    if words[1] == "global" and datasets.find("coherent-lar-2020") is None:
        pytest.skip("needs the argon release")
    if words[1] == "inspect":  # the file that the command before has written
        cevns.load("coherent-csi-2021").export("histfactory", tmp_path / words[2])
    # the reader's own file, which the command before has written
    own = {} if words[1] == "init" else {"my-detector.yaml": str(TEMPLATE)}
    done = subprocess.run(
        [sys.executable, "-c", "from cevns.cli import main; main()"]
        + [own.get(word, word) for word in words[1:]],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_front_page_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 120


def test_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sentence = README[README.index("The extras") : README.index("add figures")]
    named = set(re.findall(r"`([\w-]+)`", sentence))
    assert named == set(project["optional-dependencies"])
    for extras in re.findall(r"cevns\[([\w,]+)\]", "".join(blocks("console"))):
        assert set(extras.split(",")) <= named


def test_numbers_of_rows_and_facilities() -> None:
    (shown, rows) = re.findall(r"^These are (\w+) of more than (\d+) rows", README, re.MULTILINE)[0]
    table = README.partition("<!-- reproduce:begin -->")[2].partition("<!-- reproduce:end -->")[0]
    assert (shown, table.count("\n| ") - 2) == ("eight", 8)
    assert int(rows) < len(declared()) < int(rows) + 100
    (places,) = re.findall(r"at (\d+) facilities", README)
    assert int(places) == len(facilities())
