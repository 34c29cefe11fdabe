"""What a counting search discovers: expected significance, limits, and where background ends it.

Everything is for expected (Asimov) counts and for many signals at once, as arrays.
"""

from __future__ import annotations

from cevns.inference.discovery.asimov_search import AsimovSearch, Profiled
from cevns.inference.discovery.reach import Reached, discovery_limits, indices, strengths_at_index

__all__ = [
    "AsimovSearch",
    "Profiled",
    "Reached",
    "discovery_limits",
    "indices",
    "strengths_at_index",
]
