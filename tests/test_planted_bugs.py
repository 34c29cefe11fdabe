"""The bugs of `make planted-bugs` can be planted, and their tests exist: what is quick of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def tools():
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "tools"))
        yield
    sys.modules.pop("planted_bugs", None)


def test_each_bug_has_its_text_once_and_its_tests() -> None:
    from planted_bugs import BUGS

    texts = {b.name: (ROOT / "src/cevns" / b.path).read_text(encoding="utf-8") for b in BUGS}
    assert not [b.name for b in BUGS if texts[b.name].count(b.old) != 1]
    named = {ROOT / "tests" / test.partition("::")[0] for b in BUGS for test in b.tests}
    assert not [path for path in named if not path.exists()]
