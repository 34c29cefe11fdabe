"""What all tests share: a comparison that could not fail is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ApproxScalar: Any = type(pytest.approx(1.0))
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/google-chrome")


@pytest.fixture(autouse=True, scope="session")
def _comparisons_can_fail() -> Iterator[None]:
    """Refuse `pytest.approx` of numbers so small that its default tolerance accepts zero for them.

    That tolerance is 1e-12, which every cross section in cm2 meets.
    """
    plain: Any = ApproxScalar.tolerance

    def tolerance(self: Any) -> float:
        found: float = plain.fget(self)
        if self.abs is None and 0.0 < abs(self.expected) <= found:
            raise AssertionError(
                f"approx({self.expected!r}) accepts zero too: compare ratios, or give abs=0"
            )
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApproxScalar, "tolerance", property(tolerance))
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; of a module, as its event loop would be in the way of others."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((p for p in CHROMIUM if Path(p).is_file()), None)
    if found is None:
        pytest.skip(f"there is none of {', '.join(CHROMIUM)}; install the package chromium")
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found)
        yield chromium
        chromium.close()
