"""Best-of timing and one way to print it."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

Result = TypeVar("Result")


def best(function: Callable[[], object], repeats: int) -> float:
    """Smallest wall time of a call in seconds, after one call that warms up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def report(what: str, seconds: float, peer: str, peer_seconds: float) -> None:
    """One line: ours, the peer, the ratio."""
    print(
        f"{what}: {1e3 * seconds:.3g} ms; {peer}: {1e3 * peer_seconds:.4g} ms; "
        f"ratio {peer_seconds / seconds:,.0f}"
    )


def pyhf_with(optimizer: Any) -> str:
    """Set up pyhf with its fastest backend that is installed, jax or NumPy; its name."""
    import pyhf

    name = "jax" if find_spec("jax") else "numpy"
    pyhf.set_backend(name, optimizer)
    return name


def cpu(function: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of this process for a call with one BLAS thread, and what it returns.

    On a machine that others use too it says what an idle core would take.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        start = time.process_time()
        result = function()
        return time.process_time() - start, result
