"""What is refused is refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cevns.exceptions import CevnsError


@contextmanager
def refused(sentence: str, kind: type[CevnsError] = CevnsError) -> Iterator[None]:
    """Expect an error whose message has `sentence`, on one line."""
    with pytest.raises(kind, match=sentence) as caught:
        yield
    assert "\n" not in str(caught.value)
