"""What a program writes, within a time and a size, whatever it or what it started does."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PAUSE = 0.05


class CommandOutput(NamedTuple):
    """code: the exit code; of a program that wrote too much, of its being killed."""

    output: bytes
    code: int


def output_of(words: list[str], folder: Path, *, seconds: float, longest: int) -> CommandOutput:
    """What the program wrote until it ended, or one byte more than `longest` if it wrote more.

    Its errors go nowhere: nobody could tell whether they hold a secret. All that it leaves running in its
    process group ends with it. Raises TimeoutError; OSError, where it cannot be started.
    """
    until = time.monotonic() + seconds
    program = subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert program.stdout is not None
    pipe = program.stdout.fileno()
    os.set_blocking(pipe, False)
    data = bytearray()
    try:
        while len(data) <= longest:
            # Asked before reading: all that an ended program wrote is in the pipe by then.
            ended = program.poll() is not None
            part = _part(pipe, longest + 1 - len(data))
            if part:
                data += part
            elif ended:
                break  # another may hold the pipe still: the program itself has written all it will
            elif time.monotonic() >= until:
                raise TimeoutError
            elif part is None:
                select.select([pipe], [], [], _PAUSE)
            else:
                time.sleep(_PAUSE)  # it closed the pipe, and goes on
            if time.monotonic() >= until and program.poll() is None:
                raise TimeoutError
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
        code = program.wait()
        program.stdout.close()
    return CommandOutput(bytes(data), code)


def _part(pipe: int, size: int) -> bytes | None:
    """What can be read now: empty at the end, None where there is nothing yet."""
    try:
        return os.read(pipe, size)
    except BlockingIOError:
        return None
