"""Pages of the reactor experiments: each file has one, shows it, and names what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cevns.experiments import catalogue, load
from cevns.reproduction import declared

DOCS = Path(__file__).resolve().parents[2] / "docs" / "measurements"
PAGES = {p.stem: p.read_text(encoding="utf-8") for p in DOCS.glob("*.md")}
AT_REACTORS = [n for n in catalogue() if load(n).declaration.source.kind == "reactor"]
SHOWING = {name: text for name, text in PAGES.items() if "experiments/catalogue/" in text}


SOLAR = [n for n in catalogue() if load(n).declaration.source.kind == "sun"]


@pytest.mark.parametrize("name", AT_REACTORS + SOLAR)
def test_every_file_is_on_a_page(name):
    assert any(f"`{name}`" in text for text in PAGES.values())


@pytest.mark.parametrize("page", SHOWING)
def test_what_a_page_names_exists(page):
    text = SHOWING[page]
    for path in re.findall(r"literalinclude\} (\S+)", text):
        assert (DOCS / path).is_file()
    compared = re.search(r"compared\((.*)\)", text)
    assert compared is not None
    rows = [row.id for row in declared()]
    for begins in re.findall(r'"(.*?)"', compared[1]):
        assert any(row.startswith(begins) for row in rows), begins
    for name, variant in re.findall(r"cevns \w+ (\S+) .*variant=(\S+)", text):
        assert variant in load(name).declaration.variants
    index = (DOCS.parent / "index.md").read_text(encoding="utf-8")
    listed = f"\n{page}\n" in PAGES["reactors"]  # in its table of contents
    assert listed or f"\nmeasurements/{page}\n" in index


VARIANTS = [(n, v) for n in AT_REACTORS for v in load(n).declaration.variants]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_every_variant_is_another_experiment(name, variant):
    plain, other = (load(name, overrides=o).predict() for o in (None, {"variant": variant}))
    assert set(other) != set(plain) or other != pytest.approx(plain, rel=1e-3)
