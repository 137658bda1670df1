"""Output whose reader left (`comporta runs | head`): neither a command nor its exit code changes by it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast


class PatientStream:
    """A stream that goes on without a reader: from then on what is written goes nowhere."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """How many letters; all of them."""
        try:
            return self._file.write(text)
        except BrokenPipeError:
            self._forget_reader()
            return len(text)

    def flush(self) -> None:
        """What was written is on its way."""
        try:
            self._file.flush()
        except BrokenPipeError:
            self._forget_reader()

    def _forget_reader(self) -> None:
        # The system's own descriptor: what is buffered still, and what the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """Whoever prints in here, whatever library it is, does not end because nobody reads it."""
    with ExitStack() as stack:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if stream is not None:
                patient = PatientStream(stream)
                stack.callback(patient.flush)
                stack.enter_context(redirect(cast("TextIO", patient)))
        yield
