"""The carried bibliography: every fragment parses, every source has one, and the reverse."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import cevns
from cevns.citations import Entry, entry, identifiers_in, library
from cevns.citations.bibtex_entry import parse
from cevns.citations.library import FOLDER
from cevns.citations.methods import METHODS, SOFTWARE
from cevns.citations.plain_text import escaped, markdown, text, without_tex
from cevns.citations.used import Citations, written

pybtex = pytest.importorskip("pybtex")

SOURCE = Path(cevns.__file__).parent
FRAGMENTS = sorted(FOLDER.glob("*.bib"))
ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z]+(-[a-z]+)?/\d{7}")
DOI = re.compile(r"10\.\d{4,9}/\S+")
BARE = {"eprint", "archiveprefix", "doi", "note", "checked"}
NO_RECORD = "no record"


def sources() -> dict[str, str]:
    """Every text of the package beside the bibliography, by its name."""
    kinds = {".py", ".yaml", ".csv", ".toml"}
    files = (p for p in SOURCE.rglob("*") if p.suffix in kinds and "citations" not in p.parts)
    return {str(p.relative_to(SOURCE)): p.read_text("utf-8") for p in files}


def test_fragments_are_plain_bibtex() -> None:
    from pybtex.database import parse_string

    for path in FRAGMENTS:
        content = path.read_text("ascii")  # no letter that an old style or program stumbles over
        ours = parse(content, path.name)
        found = parse_string(content, "bibtex")  # strict: it raises on whatever it does not like
        ((key, theirs),) = found.entries.items()
        assert (ours.key, ours.kind) == (key, theirs.type)
        fields = {name.lower(): value for name, value in theirs.fields.items()}
        assert {n: v for n, v in ours.fields.items() if n != "author"} == fields
        assert ("author" in ours.fields) == ("author" in theirs.persons)
        assert ours.bibtex() == content.rstrip("\n")  # one layout


def test_fragments_say_where_they_were_read_or_hold_an_identifier_alone() -> None:
    for path in FRAGMENTS:
        fields = parse(path.read_text("ascii")).fields
        assert fields["checked"], path
        if fields["checked"] == NO_RECORD:
            assert set(fields) <= BARE, path
        else:
            assert "title" in fields, path
        if "eprint" in fields:
            assert ARXIV.fullmatch(fields["eprint"]), path
            assert fields["archiveprefix"] == "arXiv", path
            assert path.stem == f"arxiv-{fields['eprint'].replace('/', '-')}"
        if "doi" in fields:
            assert DOI.fullmatch(fields["doi"]), path


def test_keys_and_identifiers_are_unique() -> None:
    entries = [parse(p.read_text("ascii")) for p in FRAGMENTS]
    names = [n.casefold() for e in entries for n in (e.key, *e.identifiers) if n]
    twice = {n for n, k in Counter(names).items() if k > 1}
    # an entry without another key has its identifier as the key
    assert {n for n in twice if not any(n == e.key.casefold() for e in entries)} == set()
    assert len({e.key.casefold() for e in entries}) == len(entries) == len(library())


def test_every_identifier_of_the_source_has_an_entry() -> None:
    known = {n.casefold() for e in library().values() for n in e.identifiers}
    missing = {
        name: where
        for where, content in sources().items()
        for name in identifiers_in(content)
        if name.casefold() not in known
    }
    assert missing == {}, "write references/NAME.bib with eprint or doi and 'checked = {no record}'"


def test_every_entry_is_named_in_the_source() -> None:
    named = {i.casefold() for content in sources().values() for i in identifiers_in(content)}
    items = {i.casefold() for _, items in METHODS.values() for i in items} | set(SOFTWARE)
    quoted = {
        q.casefold()
        for content in sources().values()
        for q in re.findall(r'"([\w:./-]+)"', content)
    }
    unused = [
        path.stem
        for path in FRAGMENTS
        for e in [parse(path.read_text("ascii"))]
        if not {n.casefold() for n in (path.stem, e.key, *e.identifiers)} & (named | items | quoted)
    ]
    assert unused == []


def test_plain_styles_take_every_entry() -> None:
    from pybtex.database import parse_string
    from pybtex.plugin import find_plugin

    used = Citations.joined(Citations.of([key], "a test & more") for key in library())
    bibliography = parse_string(used.bibtex(), "bibtex")
    assert set(bibliography.entries) == set(library())
    for style in ("plain", "unsrt", "alpha"):
        made = find_plugin("pybtex.style.formatting", style)().format_bibliography(bibliography)
        backend = find_plugin("pybtex.backends", "latex")()
        shown = {e.key: e.text.render(backend) for e in made}
        # an entry of which a plain style would print nothing cites nobody
        assert [key for key, line in shown.items() if len(line) < 8] == []


def test_the_entry_of_cevns_is_that_of_its_citation_file() -> None:
    root = SOURCE.parents[1]
    if not (root / "CITATION.cff").is_file():
        pytest.skip("an installed package has no CITATION.cff")
    said = YAML(typ="safe").load(root / "CITATION.cff")
    own = library()["cevns"].fields
    assert without_tex(own["title"]) == said["title"]
    assert own["version"] == said["version"] == cevns.__version__
    assert without_tex(own["author"]) == said["authors"][0]["name"]
    (paper,) = said["references"]
    measured = library()["arXiv:2110.07730"].fields
    assert (measured["title"], measured["doi"]) == (paper["title"], paper["doi"])
    assert (measured["volume"], measured["pages"]) == (str(paper["volume"]), paper["start"])


def test_every_command_of_the_entries_has_a_plain_text() -> None:
    values = (v for p in FRAGMENTS for v in parse(p.read_text("ascii")).fields.values())
    commands = {name for value in values for name in re.findall(r"\\([A-Za-z]{2,})", value)}
    assert {c for c in commands if without_tex(rf"\{c}{{\nu}}").startswith(c)} <= {"sin"}


HEADLINES = [
    "arXiv:1708.01294",
    "arXiv:2110.07730",
    "arXiv:2003.10630",
    "arXiv:2406.13806",
    "arXiv:2501.05206",
    "arXiv:2408.02877",
    "arXiv:2407.10892",
    "arXiv:physics/9711021",
    "arXiv:1007.1727",
    "arXiv:hep-ph/9902259",
    "arXiv:1307.5458",
    "arXiv:2109.03116",
    "minuit",
    "iminuit",
    "numpy",
    "scipy",
    "matplotlib",
    "emcee",
    "histfactory",
]


@pytest.mark.parametrize("item", HEADLINES)
def test_headline_papers_have_a_record(item: str) -> None:
    found = entry(item)
    assert found.carried
    assert {"title", "author"} <= found.fields.keys()
    assert found.fields["checked"] != NO_RECORD


def test_the_reader_agrees_with_pybtex_on_what_people_paste() -> None:
    from pybtex.database import parse_string

    pasted = (
        '@Article{Klein:1999qj,\n author = "Klein, Spencer and {Ny,strand}, J{\\"o}akim",\n'
        '   title = "{A {nested} \\"{a}, with = signs}", year = 1999,\n month={feb} ,\n'
        "pages = {1--2}\n}\n"
    )
    ours, theirs = parse(pasted), parse_string(pasted, "bibtex").entries["Klein:1999qj"]
    assert ours.kind == "article"
    assert ours.fields["title"] == theirs.fields["title"]
    assert {k: ours.fields[k] for k in ("year", "month", "pages")} == {
        k: theirs.fields[k] for k in ("year", "month", "pages")
    }
    assert parse(ours.bibtex()) == ours


@pytest.mark.parametrize(
    "item",
    [
        "arXiv:2110.07730v2",
        "https://arxiv.org/abs/2110.07730v1",
        "https://doi.org/10.1103/PhysRevLett.129.081801",
    ],
)
def test_addresses_and_versions_are_identifiers(item: str) -> None:
    assert entry(item).key == "arXiv:2110.07730"
    own = entry("arXiv:hep-ph/9912345v3")
    assert own.identifiers == ("arXiv:hep-ph/9912345",)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("title = {a}", "begins with @KIND"),
        ("@misc{a, title = {b", "'title' of a is not closed"),
        ("@misc{a, title = {b}, title = {c}}", "given twice"),
        ("@misc{a, title = }", "has no value"),
        ("@misc{a, title = {b}} @misc{c, title = {d}}", "a closing brace in a"),
    ],
)
def test_what_is_no_entry_is_refused_in_a_sentence(broken: str, said: str) -> None:
    with pytest.raises(cevns.exceptions.InputError, match=re.escape(said)):  # type: ignore[attr-defined]
        parse(broken, "mine.yaml")


def test_text_and_markdown_of_an_entry() -> None:
    own = Entry(
        "mine",
        "article",
        {
            "author": r"M{\"u}ller, Jos{\'e} K. and Doe, J.",
            "title": "{On} $^{40}$Ar \\& more",
            "journal": "J. Tests",
            "volume": "1",
            "year": "2026",
            "pages": "2--3",
            "doi": "10.1234/a_b",
        },
    )
    assert text(own) == (
        "J. K. Müller and J. Doe, On ⁴⁰Ar & more, J. Tests 1 (2026) 2–3, doi:10.1234/a_b"
    )
    assert markdown(own).startswith("J. K. Müller and J. Doe, *On ⁴⁰Ar & more*, J. Tests 1 (2026)")
    assert markdown(own).endswith("[doi:10.1234/a_b](https://doi.org/10.1234/a_b)")
    assert without_tex(r"{$\bar{\nu}_e$}-e, B{\oe}hm") == "ν\u0304_e-e, Bœhm"
    assert without_tex(escaped("Łódź, 5 % & Müller_ß")) == "Łódź, 5 % & Müller_ß"
    assert escaped("Bœhm, Æ") == r"B{\oe}hm, {\AE}"
    assert written(["none: ours", "file: theirs", "a"], ("b",)) == ("b", "a")


def test_only_fragments_that_are_needed_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("cevns.citations.library")
    for cached in ("_fragment", "_carried", "_index", "_known"):
        getattr(module, cached).cache_clear()
    read: list[str] = []
    monkeypatch.setattr(
        module, "parse", lambda text, where: read.append(where) or parse(text, where)
    )
    # a DOI is looked for in the entry of the arXiv number beside it; words are no name
    items = ["arXiv:2110.07730", "doi:10.1103/PhysRevLett.129.081801", "iminuit", "our logbook"]
    found = Citations.of(items, "data")
    assert read == ["arxiv-2110.07730.bib", "iminuit.bib"]
    assert [e.carried for e, _ in found.pairs] == [True, True, False]
    # what is named otherwise is found as well
    assert module.entry("Cowan:2010js") is module.entry("arXiv:1007.1727")
    assert module.entry("x" * 300).carried is False


def test_every_name_of_every_entry_leads_to_it() -> None:
    for path in FRAGMENTS:
        own = parse(path.read_text("ascii"))
        for name in (path.stem, own.key, *own.identifiers):
            assert entry(name).key == own.key, name
            assert entry(name.upper()).key == own.key, name
