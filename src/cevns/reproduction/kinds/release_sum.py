"""The sum of a table of a public release."""

from __future__ import annotations

from cevns import datasets
from cevns.exceptions import UnknownNameError

__all__ = ["compute"]


def compute(release: str, role: str) -> float:
    """Sum of the contents of a released histogram.

    Args:
        release: its name.
        role: of the histogram in it.

    Raises:
        InputError: if the release is nowhere.
        UnknownNameError: if it has no such role.
    """
    samples = datasets.locate(release).load().samples
    if role not in samples:
        raise UnknownNameError(f"role in {release}", role, samples)
    return float(samples[role].content.sum())
