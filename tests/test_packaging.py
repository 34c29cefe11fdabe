"""What is true of the repository as a whole: versions, no foreign names, a light start."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

import cevns
from cevns.reproduction import Row, declared

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]

# Hosts that the project may name: publications, archives of data, standards. Package indexes
# are not among them: where a package comes from is the user's choice.
HOSTS = {
    "127.0.0.1",  # the server that tests of downloads start
    "arxiv.org",
    "doi.org",
    "zenodo.org",
    "github.com",
    "json-schema.org",
    "keepachangelog.com",
    "semver.org",
    "w3.org",  # the name of SVG in a file, which nothing asks for
}
# Names of files in the public data releases, which are read where the user has them.
RELEASE_FILES = re.compile(
    r"^(dataBeamO\w+|data_(anti)?coincidence_\w+|brn(PE|Trec)|nin(PE|Trec)|effCoefficients"
    r"|scintRespCoefficients|arrivalTimePDF_\w+|promptPDF|(brn|delbrn|cevns|bkg)pdf.*"
    r"|datanobkgsub|qfData_\w+)\.txt$|^snsFlux2D\.root$",
    re.IGNORECASE,
)


def tracked() -> list[Path]:
    """The files under version control."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of the project's files")
    return [p for name in listing.split("\0") if name and (p := ROOT / name).is_file()]


def lines() -> list[tuple[str, str]]:
    """(file:line, text) of every line of text under version control."""
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT)
        found += [(f"{name}:{i}", line) for i, line in enumerate(text.splitlines(), 1)]
    return found


def test_version_is_the_same_everywhere() -> None:
    citation: dict[str, Any] = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert citation["version"] == VERSION
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d[^\]]*)\]", changelog, flags=re.MULTILINE)
    assert released[0] == VERSION
    assert cevns.__version__ == VERSION


def test_citation_has_what_cff_requires() -> None:
    citation: dict[str, Any] = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    for entry in (citation, *citation["references"]):
        assert entry["title"]
        assert entry["authors"]
    assert citation["message"]
    assert citation["license"] == PROJECT["project"]["license"]


def test_no_foreign_hosts() -> None:
    """Every address in the project is of a known kind."""
    address = re.compile(r"\b(?:https?|ftp|ssh)://([\w.-]+)")
    foreign = [
        (where, host)
        for where, line in lines()
        for host in address.findall(line)
        if host.removeprefix("www.") not in HOSTS
    ]
    assert not foreign


def test_no_paths_of_a_machine() -> None:
    absolute = re.compile(r"(?<![\w.<>~}])/(?:home|root|work|opt|mnt|Users|var|srv)/|\bfile:/{2}")
    assert not [(where, line) for where, line in lines() if absolute.search(line)]


def test_no_test_looks_for_the_sources_beside_the_package() -> None:
    """The tests of a release run with the wheel, beside which there is no `docs` and no `tools`."""
    beside = re.compile(r"cevns\.__file__\)\.(resolve\(\)\.)?parents\[[1-9]")
    assert not [(where, line) for where, line in lines() if beside.search(line)]


def test_no_file_of_a_public_release() -> None:
    assert not [p for p in tracked() if RELEASE_FILES.search(p.name)]


def test_no_large_files() -> None:
    """Carried tables and figures are small; 500 kB holds any of them several times."""
    assert not [(p, size) for p in tracked() if (size := p.stat().st_size) > 500_000]


def test_command_line_starts_light() -> None:
    """Help needs none of the numerical stack: it is printed in under 0.3 s."""
    code = (
        "import sys\n"
        "from cevns.cli import main\n"
        "sys.argv = ['cevns', '--help']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'iminuit', 'pydantic', 'pooch'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def updater() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "write_comparison", ROOT / "tools/write_comparison.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def uncomputed() -> list[Row]:
    """Every row without a number of ours."""
    return [
        Row(row, None, parts=tuple(Row(one, None) for one in row.each) if row.numbers else ())
        for row in declared()
    ]


def test_comparison_is_written_between_the_markers() -> None:
    tool = updater()
    assert doctest.testmod(tool).failed == 0
    row = {
        "id": tool.CHOSEN[0],
        "section": next(iter(tool.about())),
        "quantity": "CEvNS count | fit",
        "source": "a paper",
        "published_text": "306 +- 20",
        "own_text": "",
        "ours_text": "311.8 +32.1 -31.0",
        "difference_sigma": -0.42,
        "verdict": "agrees",
        "unit": "events",
        "note": "see the text",
        "skipped": "",
    }
    rows = [
        row,
        {**row, "verdict": "differs", "difference_sigma": None, "unit": "", "note": "other inputs"},
        {**row, "published_text": "", "own_text": "310", "note": ""},
    ]
    body = tool.page(rows).splitlines()
    assert body[0].startswith(
        "All 3 rows: 2 agree, 1 differs. 2 of them have a published number: 1 agrees, 1 differs."
    )
    table = [line for line in body if line.startswith("|")]
    ours = "311.8 +32.1 -31.0"
    first = rf"| CEvNS count \| fit | 306 +- 20 | a paper | – | {ours} | −0.4 σ | agrees [1] |"
    assert table[2] == first
    assert table[3].endswith("| – | **differs** [2] |")
    assert table[4] == rf"| CEvNS count \| fit | – | a paper | 310 | {ours} | −0.4 σ | agrees |"
    assert body[-3:] == ["[1] see the text", "", "[2] other inputs"]
    front = tool.chosen({**row, "id": i} for i in tool.CHOSEN).splitlines()
    assert len(front) == 2 + len(tool.CHOSEN)
    text = f"before\n{tool.BEGIN}\nold\n{tool.END}\nafter\n"
    assert tool.replace_block(text, "new") == f"before\n{tool.BEGIN}\nnew\n{tool.END}\nafter\n"
    with pytest.raises(ValueError, match="once each"):
        tool.replace_block("no markers", "new")
    for path in (tool.README, tool.PAGE):
        now = path.read_text(encoding="utf-8")
        assert tool.replace_block(now, "x") != now


def test_the_comparison_has_every_row_as_declared() -> None:
    """What needs no calculation; `make readme` brings it up to date."""
    tool = updater()
    found = tool.PAGE.read_text(encoding="utf-8").splitlines()
    cells = [tuple(line.split(" | ")[:4]) for line in found if line.startswith("| ")]
    declared = [row.to_dict() for row in uncomputed()]
    dash = "–"
    assert [c for c in cells if not c[0].startswith(("| quantity", "| ---"))] == [
        (
            f"| {tool.quantity(row)}",
            row["published_text"] or dash,
            tool.cell(row["source"]),
            row["own_text"] or dash,
        )
        for row in declared
    ]
    reasons = {line.partition("] ")[2] for line in found if line.startswith("[")}
    # of a release that is not here the reason is another
    assert {" ".join(row["note"].split()) for row in declared} - {""} <= reasons
    assert any("**differs** [" in line for line in found)
    assert not any(line.endswith(("differs** |", "not comparable |")) for line in found)
