"""What whoever starts processes and replaces them needs: pauses that grow, words for an end, signals as
bytes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from comporta.records.signal_name import signal_name

END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def growing_pause(ends: int, first: float, longest: float) -> float:
    """Seconds until the next start, where so many in a row ended too soon: doubled each time. 0 for none."""
    return 0.0 if ends == 0 else min(longest, first * 2.0 ** min(ends - 1, 20))


def exit_text(code: int) -> str:
    """How a process ended, as a sentence. code: negative for a signal."""
    if code < 0:
        name = signal_name(-code)
        why = " The system ran out of memory, or someone killed it." if name == "SIGKILL" else ""
        return f"it died of {name}.{why}"
    return f"it ended itself with exit code {code}."


@contextmanager
def signals_as_bytes(write_end: int, numbers: Sequence[int] = END_SIGNALS) -> Iterator[None]:
    """Each of these signals puts its number as a byte into this pipe, so that a loop that waits on files sees
    it. In another thread than the main one nothing is caught. Started by `nohup`, SIGHUP stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: Any) -> None:
        os.write(write_end, bytes([number]))

    before = {
        number: signal.signal(number, note)
        for number in numbers
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
