"""A server of several worker processes on one port."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable

import msgspec

from comporta.acts.serve.sealing import SEAL_SECONDS
from comporta.acts.serve.servable import require_servable
from comporta.acts.serve.worker_count import threads_of_each
from comporta.acts.serve.worker_process import WorkerOrder
from comporta.errors import BadProject
from comporta.http.listening import LOOPBACK_ADDRESSES, listen, reserve, url_of
from comporta.opened.project import OpenProject
from comporta.records import encode
from comporta.records.executor import thread_variables
from comporta.serve.greeting import greet
from comporta.serve.server_options import DEFAULT_OPTIONS, ServerOptions, require_options
from comporta.serve.shared_pages import PRESENT, TURNS, SharedPages, shared_memory
from comporta.serve.supervisor import Supervisor
from comporta.serve.worker_messages import MessageReader, WorkerReady


def serve_with_workers(
    opened: OpenProject,
    workers: int,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    durable: bool = False,
    tokens: bool = False,
    every: float = SEAL_SECONDS,
    options: ServerOptions = DEFAULT_OPTIONS,
    await_release: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Answers requests until interrupted, with so many processes. The rest as in `serving.serve`. Raises
    NotFound when nothing was released yet, BadProject where the workers cannot begin."""
    require_servable(opened, await_release=await_release)
    require_options(options)
    if opened.settings.ledger.startswith("memory:"):
        raise BadProject(
            "ledger: found memory://, which lies in one process, and several workers. Use --workers 1."
        )
    with contextlib.ExitStack() as stack:
        listener = listen(host, port)
        stack.callback(listener.close)
        listener.setblocking(False)
        url = url_of(listener, host, options.scheme)
        if options.grpc is not None:
            reserved = stack.enter_context(reserve(host, options.grpc, "--grpc"))
            options = msgspec.structs.replace(options, grpc=reserved.getsockname()[1])
        memory = shared_memory(workers)
        stack.callback(os.close, memory)
        pages = SharedPages(memory, workers).pages
        order = WorkerOrder(
            root=str(opened.root),
            file="" if opened.file is None else str(opened.file),
            host=host,
            durable=durable,
            asks=tokens or host not in LOOPBACK_ADDRESSES,
            every=every,
            workers=workers,
            listener=listener.fileno(),
            memory=memory,
            options=options,
        )

        def start(index: int) -> WorkerProcess:
            return WorkerProcess(msgspec.structs.replace(order, index=index))

        def begin(ready: WorkerReady) -> None:
            greet(say, url, ready.model, ready.tokens, workers, options.grpc)

        def leave(index: int) -> None:
            pages[index].words[PRESENT] = 0

        def turns(index: int) -> int:
            return int(pages[index].words[TURNS])

        Supervisor(
            start, workers, on_ready=begin, on_drain=listener.close, on_end=leave, turns=turns, say=say
        ).run()


class WorkerProcess:
    """A worker, started. It leads a process group of its own: what a terminal sends to all goes to its
    supervisor, which tells it."""

    def __init__(self, order: WorkerOrder) -> None:
        reading, writing = os.pipe()
        order = msgspec.structs.replace(order, messages=writing)
        threads = thread_variables(threads_of_each(order.workers))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "comporta.acts.serve.worker_process", encode(order).decode()],
                stdin=subprocess.PIPE,
                pass_fds=(order.listener, order.memory, writing),
                env={**threads, **os.environ},
                process_group=0,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.pid, self.messages = self._process.pid, MessageReader(reading)

    def wait(self) -> int:
        """Its exit code, once it is dead."""
        code = self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        return code

    def signal(self, number: int) -> None:
        """Nothing where it is dead."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
