"""A process of its own that answers with one record: what code does that runs in it, such as a project's
file, what it prints, and how it ends the process, is no part of the answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from comporta.records import Record, decode, encode
from comporta.serve.child_processes import exit_text

R = TypeVar("R", bound=Record)
PATIENCE = 120.0
"""Seconds for a project's file to be run: it may import much, and the machine be busy."""


class NoAnswer(NamedTuple):
    """Why there is none, as a sentence."""

    why: str


def ask_process(
    module: str, *words: str, answer: type[R], seconds: float = PATIENCE, folder: Path | None = None
) -> R | NoAnswer:
    """What `python -m MODULE WORDS…` answers by `answer_with`. folder: in which it runs; None: in ours."""
    command = [sys.executable, "-P", "-m", module, *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=seconds, check=False, cwd=folder, process_group=0,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return NoAnswer(f"it took more than {seconds:g} s.")
    try:
        return decode(done.stdout, answer)
    except msgspec.MsgspecError:  # ended by what it ran, or killed, as where memory ran out
        return NoAnswer(exit_text(done.returncode))


def take_output() -> int:
    """Where the answer goes. What is printed from now on goes to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    return answer


def answer_with(output: int, record: Record) -> None:
    """Says it, once. output: of `take_output`."""
    with os.fdopen(output, "wb") as stream:
        stream.write(encode(record))
