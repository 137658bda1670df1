"""What a worker tells its supervisor: records, a line of JSON each."""

from __future__ import annotations

import os
import threading

import msgspec

from comporta.records import Record, encode


class WorkerReady(Record, frozen=True, kw_only=True, tag="ready"):
    """It has looked at every release once. model: one that is released. tokens: how many are valid; None:
    none is asked for."""

    model: str | None = None
    tokens: int | None = None


class WorkerLine(Record, frozen=True, kw_only=True, tag="line"):
    """Something that a person should read."""

    text: str


class WorkerFailure(Record, frozen=True, kw_only=True, tag="failure"):
    """It cannot go on."""

    message: str


WorkerMessage = WorkerReady | WorkerLine | WorkerFailure
_decoder = msgspec.json.Decoder(WorkerMessage)


class MessageWriter:
    """The worker's end of a pipe. Used by several threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()

    def send(self, message: WorkerMessage) -> None:
        """Nothing where the supervisor is gone."""
        data = memoryview(encode(message) + b"\n")
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except BrokenPipeError:
                return

    def say(self, text: str) -> None:
        """A line for a person."""
        self.send(WorkerLine(text=text))


class MessageReader:
    """The supervisor's end. ended: whether the worker closed its own, which it does as it ends."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.ended = descriptor, False
        self._rest = b""
        os.set_blocking(descriptor, False)

    def read(self) -> list[WorkerMessage]:
        """What came since. Raises msgspec.MsgspecError on what is no message."""
        while not self.ended:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                break
            self.ended = not data
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return [_decoder.decode(line) for line in lines]

    def close(self) -> None:
        os.close(self.descriptor)
