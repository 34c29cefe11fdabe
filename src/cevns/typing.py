"""Array types shared by all layers.

`Array` is what the quoted results are made of: a float64 NumPy array. `ArrayLike` is what
callers may pass. Functions that also run under JAX take an ``xp`` argument, the array namespace
(``numpy`` by default), and are annotated with `Array` although a tracer goes through them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
Namespace: TypeAlias = Any

__all__ = ["Array", "ArrayLike", "BoolArray", "IntArray", "Namespace"]
