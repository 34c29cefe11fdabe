"""Blocks on a cluster: a dask scheduler as an executor.

The scheduler hands blocks of dead workers to others. If the scheduler or this client dies, what
was finished is on disk and the same command goes on from there.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cevns.exceptions import FitError, InputError, MissingExtraError

__all__ = ["TIMEOUT_S", "ClusterExecutor", "scheduler"]

TIMEOUT_S = 10.0
"""How long a scheduler may take to answer."""
_COUNT_S = 5.0
"""Time after which the workers are counted again: a cluster grows and shrinks."""
_CLOSE_S = 2.0
_LEAST = 8
"""Calls that are sent at the same time at least: a cluster that starts workers on demand counts
what waits."""


class ClusterExecutor(Executor):
    """The workers of a dask client as a `concurrent.futures.Executor`.

    Args:
        client: a connected `distributed.Client`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner = client.get_executor(pure=False)
        self._threads, self._counted = 0, -_COUNT_S
        self._sent: tuple[bytes, Any] | None = None

    @property
    def _max_workers(self) -> int:
        """Threads of all workers, as `cevns.inference.work.blocks.executor_width` asks."""
        if time.monotonic() - self._counted > _COUNT_S:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._threads = sum(w["nthreads"] for w in workers.values())
            self._counted = time.monotonic()
        return max(self._threads, _LEAST)

    def dumps(self, job: Any) -> bytes:
        """Pickled with the code of what the workers cannot import, like a user's script."""
        from cloudpickle import dumps

        return bytes(dumps(job))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """One call on some worker."""
        there = [self._there(a) if isinstance(a, bytes) else a for a in args]
        future: Future[Any] = self._inner.submit(fn, *there, **kwargs)
        return future

    def _there(self, payload: bytes) -> Any:
        """A pickled job on the cluster: sent once, then from worker to worker.

        It is the result of a task, which the scheduler repeats where its worker has gone.
        """
        import dask

        if self._sent is None or self._sent[0] is not payload:
            # it would warn of what is sent again and again, which this is not
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
                self._sent = payload, self._client.submit(bytes, payload, pure=False)
        return self._sent[1]


@contextmanager
def scheduler(where: str) -> Iterator[Executor]:
    """The executor of a running dask scheduler.

    Args:
        where: its address (``tcp://host:8786``), or the scheduler file that
            ``dask scheduler --scheduler-file`` wrote.

    Raises:
        MissingExtraError: if `distributed` is not installed.
        InputError: if no scheduler answers there, or its workers have another version of cevns.
        FitError: if blocks kill their workers again and again.
    """
    if find_spec("distributed") is None:
        raise MissingExtraError("distributed", "dist", "--scheduler")
    from distributed import Client, KilledWorker

    # what dask logs about lost connections is said here in one sentence
    for part in ("distributed", "distributed.client", "distributed.utils", "distributed.comm"):
        logging.getLogger(part).setLevel(logging.CRITICAL + 1)
    try:
        address = _address(where)
        _knock(address)
        client: Any = Client(address, timeout=TIMEOUT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except InputError:
        raise
    except Exception as error:  # whatever a stranger at that address may answer
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"no dask scheduler answers at {where} ({reason}); start one with 'dask scheduler', "
            "or omit --scheduler"
        ) from None
    try:
        _check_workers(client, where)
        yield ClusterExecutor(client)
    except KilledWorker as error:
        raise FitError(
            f"a block of the work killed several workers of {where}: they may have too little "
            f"memory ({error})"
        ) from None
    finally:
        client.close(timeout=_CLOSE_S)


def _address(where: str) -> str:
    """The address, from the scheduler file if it is one.

    Raises:
        InputError: if the file does not exist, or it is of another kind.
    """
    path = Path(where)
    if not where.endswith(".json") and not path.is_file():
        return where
    if not path.is_file():
        raise InputError(f"there is no scheduler file {where}; start a scheduler that writes it")
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["address"])
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{where} is not a scheduler file; start a scheduler that writes it"
        ) from None


def _knock(address: str) -> None:
    """Raise if nobody can be there: a client of dask would try again and again.

    Raises:
        OSError: if the connection is refused, or there is no such host.
        ValueError: if it is no address.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    host, port = parse_host_port(place)
    if scheme in ("tcp", "tls"):
        socket.create_connection((host, port), timeout=TIMEOUT_S).close()


def _check_workers(client: Any, where: str) -> None:
    """Make sure that those who are there compute with the same code.

    Raises:
        InputError: if a worker has no cevns or another version of it.
    """
    ours = version("cevns")
    for worker, theirs in client.run(version, "cevns", on_error="return").items():
        if theirs != ours:
            has = f"cevns {theirs}" if isinstance(theirs, str) else "no cevns"
            raise InputError(
                f"the worker {worker} of {where} has {has} where this is cevns {ours}; start the "
                "workers in the same environment"
            )
