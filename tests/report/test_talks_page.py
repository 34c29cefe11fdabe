"""The page of the two talks: no slide and no number is left out, and what it names is there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from cevns.experiments import catalogue
from cevns.registry import canonical
from cevns.report.gallery import entries
from cevns.reproduction.published_rows import declared
from cevns.sources.facilities.pion_facility import facilities

PAGE = Path(__file__).resolve().parents[2] / "docs" / "talks.md"
TALKS = (
    "konovalov-2020-results-and-future-of-coherent.txt",
    "scholberg-2021-cevns-experimental-programs.txt",
)
# lines that cite: their numbers are volumes, pages and identifiers
CITATION = re.compile(
    r"arXiv|\bPR[DL]\b|PRD\d|\bPLB\b|JHEP|\bNIM\b|Phys\.|Nucl\.|IEEE|https?:|ZhETF|thesis|"
    r"Exp\. Tech|Physics Letters|Science|et al|DOI|S\. Brice"
)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
# powers of ten, years, names such as ^{39}Ar, F_{90}, R877-100 and COHERENT-1, counts of a list,
# and what belongs to a formula in a line
NOT_A_NUMBER = (
    r"10\^\{?-?\d+\}?", r"\b(19|20)\d\d\b", r"[\^_]\{?-?\d+\}?", r"[A-Za-z]\w*-\d[\w-]*",
    r"\b\d+-\d+-[A-Z]+\b", r"[A-Za-z]+_?\d+\w*", r"\b\dD\b", r"^\s*\d\. ", r"\\pi/\d",
    r"\b1/[A-Z]", r"\\sqrt\{[^}]*\}",
)  # fmt: skip
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Slide:
    """A line of the page."""

    count: int
    title: str
    shown: str
    here: str


def slides() -> list[list[Slide]]:
    """Both tables of the page."""
    found: list[list[Slide]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| | slide"):
            found.append([])
        cells = [c.strip() for c in line.strip("|").split("|")]
        if found and line.startswith("| ") and cells[0].isdigit():
            assert len(cells) == 4, line
            found[-1].append(Slide(int(cells[0]), *cells[1:]))
    return found


def numbers(text: str) -> set[float]:
    """What is a number in a text, without formulae, citations, years and names."""
    text = FORMULA.sub(" ", text)
    lines = [line for line in text.splitlines() if not CITATION.search(line)]
    text = "\n".join(lines).replace("\\%", "%")
    for pattern in NOT_A_NUMBER:
        text = re.sub(pattern, " ", text, flags=re.MULTILINE)
    return {float(n) for n in NUMBER.findall(text)}


def segments(text: str, titles: list[str]) -> list[str]:
    """The text of each slide, which goes from its title to the next title."""
    at = []
    for title in titles:
        begin = at[-1] + 1 if at else 0
        place = text.find(title, begin)
        assert place >= 0, f"{title!r} is not in the text behind the slide before it"
        at.append(place)
    assert not numbers(text[: at[0]])
    return [text[a:b] for a, b in zip(at, [*at[1:], len(text)], strict=True)]


def test_slides_are_counted_and_each_has_an_answer():
    for table in slides():
        assert [s.count for s in table] == list(range(1, len(table) + 1))
        for s in table:
            named = re.search(r"`[^`]+`|\]\([^)]+\)", s.here)
            reason = re.match(r"None: \w+ \w+", s.here)
            assert named or reason, s


def test_what_the_page_names_is_there():
    gallery = {e.name for e in entries()}
    rows = {canonical(r.id) for r in declared()}
    other = {canonical(n) for n in catalogue()} | {canonical(n) for n in facilities()}
    for s in (s for table in slides() for s in table):
        for name in re.findall(r"`([^`]+)`", s.here):
            wanted = canonical(name)
            known = wanted in gallery or wanted in other
            assert known or any(r.startswith(wanted) for r in rows), (s.title, name)
        for link in re.findall(r"\]\(([^)#]+)", s.here):
            assert (PAGE.parent / link).is_file(), (s.title, link)


def test_new_entries_of_the_talks_are_named():
    text = PAGE.read_text(encoding="utf-8")
    for name in ("coherent-status", "summary-worldwide", "efforts-worldwide", "lar-systematics"):
        assert f"`{name}`" in text


@pytest.mark.parametrize("k", range(len(TALKS)))
def test_every_number_of_a_slide_is_on_its_line(k):
    data = os.environ.get("CEVNS_DATA")
    if not data or not (path := Path(data).parent / "talks" / TALKS[k]).is_file():
        pytest.skip("the texts of the talks, no part of the project, are not beside CEVNS_DATA")
    table = slides()[k]
    parts = segments(path.read_text(encoding="utf-8"), [s.title for s in table])
    missing = {}
    for s, text in zip(table, parts, strict=True):
        left_out = numbers(text) - numbers(s.shown)
        if left_out:
            missing[s.count, s.title] = sorted(left_out)
    assert not missing
