"""The process of a version's own environment, seen from a server: asked one frame at a time, started again
where it dies or hangs."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from comporta import errors
from comporta.errors import BadProject, BadRequest, ComportaError
from comporta.opened.environment_messages import (
    EnvironmentAsk,
    EnvironmentOrder,
    EnvironmentReply,
    frame_of_bytes,
    frame_to_bytes,
    receive,
    send,
)
from comporta.opened.environments import python_of
from comporta.records.signal_name import signal_name

if TYPE_CHECKING:
    from collections.abc import Mapping

START_SECONDS = 120.0
ANSWER_SECONDS = 30.0
"""How long a process may take to load its version, and to answer one frame."""
WORKER = "comporta.opened.environment_worker"
_LONGEST_PAUSE = 60.0
_PROCESS = "the process of its own environment"


class EnvironmentFault(Exception):
    """What the version's own code raised in its process: its class, and what it said."""


class EnvironmentProcess:
    """A started process that has loaded its version."""

    def __init__(self, folder: Path, order: EnvironmentOrder, body: bytes) -> None:
        """Raises what loading raised there; BadProject where the environment does not start."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [python_of(folder), "-I", "-m", WORKER, str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    # What a terminal sends to all is for the server: this one ends with it.
                    process_group=0,
                )
        except OSError as error:
            ours.close()
            raise BadProject(f"{folder}: its Python does not start ({error}).") from error
        self._link = ours
        try:
            ours.settimeout(START_SECONDS)
            reply, _ = self.ask(order, body)
            if reply.error:
                raise _error_of(reply)
            ours.settimeout(ANSWER_SECONDS)
        except BaseException:
            self.end()
            raise

    def ask(self, message: EnvironmentAsk | EnvironmentOrder, body: bytes) -> tuple[EnvironmentReply, bytes]:
        """What it answers. Raises OSError or ValueError where it has ended or gives no answer in time."""
        send(self._link, message, body)
        got = receive(self._link, EnvironmentReply)
        if got is None:
            raise ConnectionError("it ended")
        return got

    def end(self) -> str:
        """Ends it at once, and says how it had ended before, if it had."""
        self._link.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        code = self._process.poll()
        if code is None:
            self._process.kill()
            self._process.wait()
            return ""
        return f"by {signal_name(-code)}" if code < 0 else f"with exit code {code}"


class _Seat:
    """The one process of a client, or None while there is none. Held by what starts it again, which a client
    that nobody needs any more must not be."""

    def __init__(self, process: EnvironmentProcess) -> None:
        self.process: EnvironmentProcess | None = process
        self.closed = threading.Event()
        self.lock = threading.Lock()

    def take(self) -> EnvironmentProcess | None:
        with self.lock:
            process, self.process = self.process, None
        return process

    def close(self) -> None:
        """Where nobody needs it any more: also in the middle of what must not wait."""
        self.closed.set()
        if (process := self.take()) is not None:
            try:
                threading.Thread(target=process.end, daemon=True).start()
            except RuntimeError:  # the interpreter ends
                process.end()

    def put(self, process: EnvironmentProcess) -> None:
        with self.lock:
            if not self.closed.is_set():
                self.process = process
                return
        process.end()


class EnvironmentClient:
    """A version in a process of its environment. Shared by threads, which it serves one after another; the
    process ends with it. name: of the version."""

    def __init__(self, name: str, folder: Path, order: EnvironmentOrder, body: bytes) -> None:
        """Raises what loading raises there; BadProject."""
        self.name = name
        self._start = (folder, order, body)
        self._turn = threading.Lock()
        self._seat = _Seat(_start(*self._start))
        weakref.finalize(self, self._seat.close)

    def ask(self, ask: EnvironmentAsk, frame: pl.DataFrame) -> pl.DataFrame:
        """What the version answers. Raises BadRequest, 503, where its process is gone, EnvironmentFault and
        what of Comporta's errors it raised."""
        body = frame_to_bytes(frame)
        with self._turn:
            process = self._seat.process
            if process is None:
                raise BadRequest(f"{self.name}: {_PROCESS} is being started again. Ask again.", 503)
            try:
                reply, answer = process.ask(ask, body)
            except (OSError, ValueError) as error:
                ended = f"ended {self._replace(process)}".rstrip()
                how = (
                    f"gave no answer in {ANSWER_SECONDS:.0f} s" if isinstance(error, TimeoutError) else ended
                )
                text = f"{self.name}: {_PROCESS} {how}, and is being started again."
                print(text, file=sys.stderr, flush=True)  # the log of the server that asks
                raise BadRequest(f"{text} Ask again.", 503) from error
            # Interrupted in between, its next answer would be this one's.
            except BaseException:
                self._replace(process)
                raise
        if reply.error:
            raise _error_of(reply)
        return frame_of_bytes(answer)

    def _replace(self, process: EnvironmentProcess) -> str:
        """Ends this process and starts another, beside; how it had ended."""
        self._seat.take()
        how = process.end()
        threading.Thread(target=_start_again, args=(self.name, self._seat, *self._start), daemon=True).start()
        return how


def _start(folder: Path, order: EnvironmentOrder, body: bytes) -> EnvironmentProcess:
    """A process. Raises BadProject where it ends or hangs before it has loaded the version."""
    try:
        return EnvironmentProcess(folder, order, body)
    except ComportaError:
        raise
    except (OSError, ValueError) as error:
        raise BadProject(f"{folder}: its process did not load the version ({error}).") from error


def _start_again(name: str, seat: _Seat, folder: Path, order: EnvironmentOrder, body: bytes) -> None:
    """Tries until it is there, or nobody needs it: each time after twice the pause."""
    pause = 0.5
    while not seat.closed.is_set():
        try:
            seat.put(_start(folder, order, body))
            return
        # A boundary: whatever its code raises, it may load the next time.
        except Exception as error:
            print(f"{name}: {_PROCESS} does not start ({error}).", file=sys.stderr, flush=True)
            seat.closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _error_of(reply: EnvironmentReply) -> Exception:
    """The error of Comporta's that was raised there, or EnvironmentFault."""
    kind = getattr(errors, reply.error, None)
    if isinstance(kind, type) and issubclass(kind, ComportaError):
        return kind(reply.message)
    return EnvironmentFault(f"{reply.error}: {reply.message}")


def order_of(
    source: Path,
    live: Path,
    parts: Mapping[str, bytes],
    codecs: tuple[str, ...],
    compute: tuple[str, ...],
) -> tuple[EnvironmentOrder, bytes]:
    """The first message to a process, and the bytes that follow it."""
    parts = dict(sorted(parts.items()))  # as JSON has them
    order = EnvironmentOrder(
        protocol=1,
        source=str(source),
        live=str(live),
        codecs=codecs,
        compute=compute,
        parts={name: len(data) for name, data in parts.items()},
    )
    return order, b"".join(parts.values())
