"""A server in this process: the address it listens on, and an ordered end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from comporta.errors import BadProject

LOOPBACK_ADDRESSES = ("127.0.0.1", "localhost", "::1")
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. port 0: any that is free. Raises BadProject when the address cannot be
    taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        raise BadProject(f"{host}:{port}: cannot listen there ({why}). Choose another with --port.") from None
    listener.listen(_BACKLOG)
    return listener


def url_of(listener: socket.socket, host: str, scheme: str = "http") -> str:
    """The URL of a listening socket, by the name of its host."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{listener.getsockname()[1]}"


@contextmanager
def ignoring_repeated_signals() -> Iterator[None]:
    """uvicorn drains on a signal, then raises it again: an ordered end is not a failure."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ignore(number: int, frame: Any) -> None:
        return None

    before = {number: signal.signal(number, ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
