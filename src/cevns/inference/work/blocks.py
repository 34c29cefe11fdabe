"""Work in blocks: here, on a pool of processes, or on any executor, with the same result.

A *job* is everything that determines the work, and can be pickled; a *key* names a block
of it. Whoever computes a block starts the job (that takes time and is kept) and runs the
key. A block depends on the job and its key only, so neither the number of workers nor their
deaths nor the order matter. Blocks that are lost with a worker are computed again.
"""

from __future__ import annotations

import ast
import multiprocessing
import os
import pickle
import platform
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from cevns.exceptions import CevnsWarning, FitError, InputError

__all__ = [
    "Done",
    "Job",
    "Result",
    "available_cores",
    "executor_width",
    "one_blas_thread",
    "run_blocks",
]

Key = TypeVar("Key")
KeyIn = TypeVar("KeyIn", contravariant=True)
Result = TypeVar("Result")
ResultOut = TypeVar("ResultOut", covariant=True)

_POOL_PAYS_S = 6.0
"""Remaining work, in seconds, above which starting a pool of processes pays."""
_BUNDLE_S = 0.5
"""Work, in seconds, that is sent at a time: long beside the sending, short beside a run."""


class Job(Protocol[KeyIn, ResultOut]):
    """All that determines some work; picklable if it is to run in other processes."""

    @property
    def name(self) -> str:
        """What the work is called in messages."""

    def start(self) -> Callable[[KeyIn], ResultOut]:
        """Get ready, once a process: the function from a key to its block."""


@dataclass(frozen=True)
class Done(Generic[Key, Result]):
    """A finished block.

    Args:
        key: which.
        result: what the job made of it.
        seconds: how long it took.
        worker: who computed it, ``host:process``.
    """

    key: Key
    result: Result
    seconds: float
    worker: str


class _Queue(Generic[Key, Result]):
    """Keys that wait; a finished block may add some."""

    def __init__(
        self, keys: Iterable[Key], follow: Callable[[Done[Key, Result]], Iterable[Key]] | None
    ) -> None:
        self.waiting = deque(keys)
        self.finished = 0
        self.seconds = 0.0
        self._follow = follow

    def done(self, block: Done[Key, Result]) -> Done[Key, Result]:
        self.finished += 1
        self.seconds += block.seconds
        if self._follow:
            self.waiting.extend(self._follow(block))
        return block

    @property
    def mean_s(self) -> float:
        """Seconds a block takes."""
        return self.seconds / self.finished if self.finished else 0.0

    def bundle(self, width: int) -> tuple[Key, ...]:
        """The keys to send next; one until their time is known, few when the end is near."""
        size = int(_BUNDLE_S / self.mean_s) if self.mean_s > 0 else 1
        size = max(1, min(size, len(self.waiting) // (2 * width)))
        return tuple(self.waiting.popleft() for _ in range(size))


def run_blocks(
    job: Job[Key, Result],
    keys: Iterable[Key],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    follow: Callable[[Done[Key, Result]], Iterable[Key]] | None = None,
) -> Iterator[Done[Key, Result]]:
    """Blocks as they are finished, in any order.

    Args:
        job: the work.
        keys: which of its blocks.
        workers: processes; by default one a core where that pays. One means in this process.
        executor: any `concurrent.futures.Executor` in place of the process pool.
        follow: more keys, from a finished block.

    Yields:
        Each block once.

    Raises:
        InputError: if the job cannot be pickled and needs to be.
        FitError: if the worker processes die again and again.

    Examples:
        >>> class Squares:
        ...     name = "squares"
        ...
        ...     def start(self):
        ...         return lambda key: key**2
        >>> [(d.key, d.result) for d in run_blocks(Squares(), range(3), workers=1)]
        [(0, 0), (1, 1), (2, 4)]
    """
    queue = _Queue(keys, follow)
    if executor is not None:
        dumps = getattr(executor, "dumps", pickle.dumps)
        yield from _on_executor(_run_elsewhere, (_pickled(job, dumps),), queue, executor)
        return
    cores = available_cores() if workers is None else workers
    guarded = cores == 1 or _guarded()
    if queue.waiting and (workers is None or workers == 1 or not guarded):
        with one_blas_thread():
            run = job.start()
        while queue.waiting:
            yield queue.done(_run(run, queue.waiting.popleft()))
            pays = workers is not None or queue.mean_s * len(queue.waiting) > _POOL_PAYS_S
            if cores > 1 and pays and queue.waiting:
                if guarded:
                    break
                cores = 1
                warnings.warn(
                    f"{job.name} runs on one worker: processes begin with the script, which would "
                    "call itself; put its calls below 'if __name__ == \"__main__\":'",
                    CevnsWarning,
                    stacklevel=2,
                )
    if queue.waiting:
        yield from _in_pool(_pickled(job), queue, cores)


def _guarded() -> bool:
    """Whether the script that runs can begin in a new process without doing its work again.

    A new process imports it; what stands below ``if __name__ == "__main__":`` is left out then.
    """
    main = vars(sys.modules["__main__"])
    path, spec = main.get("__file__"), main.get("__spec__")
    if path is None or (spec is not None and spec.name.endswith("__main__")):
        return True  # it is not imported
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    tests = (node.test for node in tree.body if isinstance(node, ast.If))
    return any(isinstance(n, ast.Name) and n.id == "__name__" for t in tests for n in ast.walk(t))


def _in_pool(
    payload: bytes, queue: _Queue[Key, Result], workers: int
) -> Iterator[Done[Key, Result]]:
    """On processes of this machine; a new pool where a process has died."""
    context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
    while queue.waiting:
        before = queue.finished
        try:
            # each process is told the job once: one with large tables takes long to send
            how: Any = {"mp_context": context, "initializer": _begin, "initargs": (payload,)}
            with ProcessPoolExecutor(workers, **how) as pool:
                yield from _on_executor(_run_in_pool, (), queue, pool)
        except BrokenProcessPool:
            if queue.finished == before:
                raise FitError(
                    "the worker processes died: out of memory, or a script without "
                    "'if __name__ == \"__main__\":' around its calls; or run with workers=1"
                ) from None


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Hold back Ctrl-C: a pool that is half started waits for its processes for ever.

    Processes that are started here never see it; whoever started them ends them.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        if sys.platform == "win32":
            yield
        else:
            ensure_running()  # it would unblock the signal
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            try:
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
    if came:
        signal.raise_signal(signal.SIGINT)


def _on_executor(
    call: Callable[..., list[Done[Any, Any]]],
    told: tuple[bytes, ...],
    queue: _Queue[Key, Result],
    executor: Executor,
) -> Iterator[Done[Key, Result]]:
    """Keep a few bundles in flight: enough to feed all workers, few enough for the memory.

    Each is a call with the keys, and before them what else it is to be told.
    """
    running: dict[Future[list[Done[Key, Result]]], tuple[Key, ...]] = {}
    ours = isinstance(executor, ProcessPoolExecutor)  # which starts processes as calls come
    try:
        while queue.waiting or running:
            width = executor_width(executor)
            while queue.waiting and len(running) < 2 * width:
                keys = queue.bundle(width)
                try:
                    with _interrupted_later() if ours else nullcontext():
                        running[executor.submit(call, *told, keys)] = keys
                except BaseException:
                    queue.waiting.extendleft(reversed(keys))
                    raise
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                blocks = future.result()
                del running[future]
                for block in blocks:
                    yield queue.done(block)
    except CancelledError:
        raise FitError("the blocks were cancelled, because the scheduler was stopped") from None
    finally:
        for future, keys in running.items():
            future.cancel()
            queue.waiting.extendleft(reversed(keys))


def _run(run: Callable[[Key], Result], key: Key) -> Done[Key, Result]:
    started = time.perf_counter()
    with one_blas_thread():
        result = run(key)
    seconds = time.perf_counter() - started
    return Done(key, result, seconds, f"{platform.node()}:{os.getpid()}")


def _run_in_pool(keys: tuple[Any, ...]) -> list[Done[Any, Any]]:
    """Some blocks in a process of our own pool."""
    return _run_elsewhere(_told[0], keys)


def _run_elsewhere(payload: bytes, keys: tuple[Any, ...]) -> list[Done[Any, Any]]:
    """Some blocks on any executor."""
    with one_blas_thread():
        run = _started(payload)
    return [_run(run, key) for key in keys]


@lru_cache(maxsize=2)
def _started(payload: bytes) -> Callable[[Any], Any]:
    """A pickled job, started; kept, because that takes time."""
    job: Job[Any, Any] = pickle.loads(payload)
    return job.start()


def _pickled(job: Job[Any, Any], dumps: Callable[[Any], bytes] = pickle.dumps) -> bytes:
    try:
        return dumps(job)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise InputError(
            f"{job.name} cannot be sent to other processes ({error}); run with one worker"
        ) from None


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def executor_width(executor: Executor) -> int:
    """Calls that an executor runs at the same time, as far as it says so."""
    known = getattr(executor, "_max_workers", None)
    return max(1, known) if isinstance(known, int) else available_cores()


_blas_lock = threading.Lock()
_blas_users: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """The same arithmetic everywhere, and no contention: small products gain nothing from more.

    The limit is one of the whole process: the first thread to enter sets it, and the last to
    leave restores what was before.
    """
    from threadpoolctl import threadpool_limits

    with _blas_lock:
        _blas_users.append(None if _blas_users else threadpool_limits(1))
    try:
        yield
    finally:
        with _blas_lock:
            if len(_blas_users) == 1:
                _blas_users[0].restore_original_limits()
                _blas_users.clear()
            else:
                _blas_users.pop()


_told: list[bytes] = []
"""The job of a process of the pool, pickled."""


def _begin(payload: bytes) -> None:
    """Set up a process of the pool."""
    from threadpoolctl import threadpool_limits

    _told[:] = [payload]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which cleans up
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    threadpool_limits(1)  # contending BLAS threads slow small matrix products fivefold


def _leave_with_parent() -> None:
    """End this process when its parent has ended, killed perhaps: nobody wants its blocks."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
