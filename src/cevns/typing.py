"""Array types shared by all layers, and arrays that nobody can write to.

`Array` is what the quoted results are made of: a float64 NumPy array. `ArrayLike` is what
callers may pass.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

ENGINE: Final = "numpy"
"""What computes all numbers; every result and every file of toys says so."""

__all__ = ["ENGINE", "Array", "ArrayLike", "BoolArray", "IntArray", "frozen"]


def frozen(array: Array) -> Array:
    """An array as it is now: a copy that cannot be changed, for what is kept and shared.

    Examples:
        >>> frozen(np.ones(2)).flags.writeable
        False
    """
    out = array.copy()
    out.setflags(write=False)
    return out
