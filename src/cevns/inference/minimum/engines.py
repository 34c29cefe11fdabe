"""The two array engines behind the batched fits: NumPy, always there, and JAX, faster.

The same code runs on both through the array namespace `xp`; an engine adds what differs:
compilation, the loop, and 64-bit arithmetic, which for JAX is switched on in a context so that
the user's own setting stays untouched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from cevns.exceptions import InputError, MissingExtraError
from cevns.typing import Array, Namespace

__all__ = [
    "Engine",
    "JaxEngine",
    "NumpyEngine",
    "State",
    "compile_cache",
    "engine",
    "pin_one_core",
    "to_numpy",
]

EngineName = Literal["numpy", "jax"]
State = TypeVar("State")


class NumpyEngine:
    """Plain NumPy, one batch after the other."""

    name: EngineName = "numpy"
    xp: Namespace = np
    chunk: int = 512  # fits evaluated together: calls are amortised, the arrays stay in cache

    def context(self) -> AbstractContextManager[Any]:
        """Divisions by zero are part of the algorithm: they mark a step as impossible."""
        return np.errstate(divide="ignore", invalid="ignore", over="ignore")

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return function

    def loop(
        self, more: Callable[[State], Any], body: Callable[[State], State], state: State
    ) -> State:
        """``while more(state): state = body(state)``."""
        while more(state):
            state = body(state)
        return state


class JaxEngine:
    """JAX on the default device, in double precision."""

    name: EngineName = "jax"
    chunk: int = 256  # larger ones leave the cache: XLA's loops slow down twofold

    def __init__(self) -> None:
        if find_spec("jax") is None:
            raise MissingExtraError("jax", "jax", "the jax engine")
        import jax

        self._jax = jax
        self.xp: Namespace = jax.numpy

    def context(self) -> AbstractContextManager[Any]:
        """64-bit arithmetic for the block, whatever the user's setting is."""
        switch: Any = getattr(self._jax, "enable_x64", None)
        if switch is None:  # before jax 0.8 it stood elsewhere
            switch = import_module("jax.experimental").enable_x64
        manager: AbstractContextManager[Any] = switch(True)
        return manager

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Compiled by XLA at its first call."""
        compiled: Callable[..., Any] = self._jax.jit(function)
        return compiled

    def loop(
        self, more: Callable[[State], Any], body: Callable[[State], State], state: State
    ) -> State:
        """A compiled while loop."""
        result: State = self._jax.lax.while_loop(more, body, state)
        return result


Engine = NumpyEngine | JaxEngine


def engine(name: str) -> Engine:
    """The engine called `name`; ``auto`` is jax where it is installed.

    Raises:
        InputError: if there is no such engine.
        MissingExtraError: if jax is asked for and not installed.
    """
    if name == "auto":
        name = "jax" if find_spec("jax") is not None else "numpy"
    if name not in ("numpy", "jax"):
        raise InputError(f"unknown engine {name!r}; use numpy, jax or auto")
    return JaxEngine() if name == "jax" else NumpyEngine()


def pin_one_core() -> None:
    """Make this process use one thread for BLAS and for XLA; for worker processes.

    Contending BLAS threads slow small matrix products by a factor of five. Must run before jax
    is imported.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = (
            f"{flags} --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1".strip()
        )


def compile_cache(folder: Path | None = None) -> None:
    """Let this process keep compiled JAX programs on disk; for worker processes and commands.

    A second run then starts in half a second instead of three. Must run before jax is imported;
    a folder the user has chosen stays.
    """
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cevns" / "jax"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder or default))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def to_numpy(value: Any) -> Array:
    """A NumPy float array."""
    return np.asarray(value, dtype=float)
